//! The grants: one file a capability.
//!
//! A grant is a value that is built before any guest code runs, can be
//! printed and compared, and is enforced where the guest's call arrives.
//! [`GrantsCtx`] is what a store holds for them; [`Env`], [`SingleFile`] and
//! [`Endpoint`] each add their own WASI interfaces to a linker, so that any
//! component, in any embedder's linker, can be given exactly one of them.

pub mod env;
pub mod file;
pub mod limits;
pub mod request;
pub(crate) mod result;

pub use env::Env;
pub use file::SingleFile;
pub use limits::Limits;
pub use request::Endpoint;

use crate::audit::{Audit, SharedAudit};
use crate::call::{Call, Refusal};
use crate::network::Network;
use std::sync::{Arc, Mutex};
use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::clocks::WasiClocksCtx;
use wasmtime_wasi_http::WasiHttpCtx;

/// The release of WASI whose names a linker bears; wasmtime matches any other
/// 0.2 to it.
pub(crate) const WASI: &str = "0.2.12";

/// What a store holds for the grants: the granted values and what the guest
/// has done with them. Nothing is granted that is not given to the builder.
pub struct GrantsCtx {
    pub(crate) table: ResourceTable,
    pub(crate) env: Env,
    pub(crate) file: Option<SingleFile>,
    pub(crate) file_fault: Option<file::FileFault>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) network: Option<Network>,
    pub(crate) clocks: WasiClocksCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) http_hooks: request::Hooks,
    pub(crate) call: Call,
}

impl GrantsCtx {
    /// Starts with nothing granted.
    #[must_use]
    pub fn builder() -> GrantsCtxBuilder {
        GrantsCtxBuilder::default()
    }

    /// What the guest asked for and did not get, in its order.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        self.call.refusals()
    }

    /// The resources that the guest holds.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

/// A store's data that has a [`GrantsCtx`] in it.
///
/// The streams and pollables of the granted interfaces live in
/// [`GrantsCtx::table`]: an embedder that links `wasi:io` or `wasi:clocks`
/// from wasmtime-wasi beside them returns that very table from its own
/// `WasiView`.
pub trait GrantsView: Send {
    /// The grants of this store.
    fn grants(&mut self) -> &mut GrantsCtx;
}

/// Collects the grants of a store.
#[derive(Default)]
pub struct GrantsCtxBuilder {
    env: Env,
    file: Option<SingleFile>,
    endpoint: Option<Endpoint>,
    network: Option<Network>,
    audit: Option<SharedAudit>,
}

impl GrantsCtxBuilder {
    /// Grants these variables.
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Grants this file.
    #[must_use]
    pub fn file(mut self, file: SingleFile) -> Self {
        self.file = Some(file);
        self
    }

    /// Grants requests to this endpoint, sent through this network.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint, network: Network) -> Self {
        self.endpoint = Some(endpoint);
        self.network = Some(network);
        self
    }

    /// Sends every decision to this sink.
    #[must_use]
    pub fn audit(self, audit: impl Audit + 'static) -> Self {
        self.shared_audit(Some(Arc::new(Mutex::new(audit))))
    }

    pub(crate) fn shared_audit(mut self, audit: Option<SharedAudit>) -> Self {
        self.audit = audit;
        self
    }

    /// The state for one store.
    #[must_use]
    pub fn build(self) -> GrantsCtx {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::MAX_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits::MAX_FIELDS);
        let form = self.endpoint.as_ref().and_then(Endpoint::form);
        let call = Call::new(self.audit, form.and_then(|form| form.claims()));
        GrantsCtx {
            table,
            env: self.env,
            file: self.file,
            file_fault: None,
            endpoint: self.endpoint,
            network: self.network,
            // Not the whole of a `WasiCtx`, which seeds generators of randomness.
            clocks: WasiClocksCtx::default(),
            http,
            http_hooks: request::Hooks,
            call,
        }
    }
}

/// Ties the grants' implementations to a store for wasmtime's linker.
pub(crate) struct HasGrants;

impl HasData for HasGrants {
    type Data<'a> = &'a mut GrantsCtx;
}
