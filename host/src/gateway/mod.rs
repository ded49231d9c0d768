//! The gateway: a reverse proxy that adds the access token to requests.
//!
//! Two components, and never in one store: the exchange may read the federated
//! token and reach the authority, the gateway reads what callers send and may
//! reach one upstream. What passes between them is the access token, and it
//! passes through `tokens`, which keeps it for all requests. A caller's
//! connection has a gateway instance of its own, so that no caller's bytes meet
//! another's.

mod guarded;
mod linker;
mod listener;
mod pool;
mod server;
mod tokens;
mod upload;
mod upstream;

pub use listener::{ListenError, Listener};

use crate::artifact::{Artifact, Loaded};
use crate::audit::SharedAudit;
use crate::builder::load;
use crate::error::Error;
use crate::grants::limits::FUEL_SLICE;
use crate::grants::{Env, Limits};
use crate::imports;
use crate::keyhole::Keyhole;
use crate::network::{Network, TlsRoots};
use keyhole_exchange::cloud::Scheme;
use keyhole_proxy_rules::settings::Settings;
use linker::State;
use std::sync::Arc;
use tokens::Tokens;
use upstream::Upstream;
use wasmtime::{Engine, Store};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};

/// Linear memory of one request in bytes: its head, and a body of 64 KiB that
/// may have to be sent twice, several times over.
const MAX_MEMORY: usize = 4 * 1024 * 1024;

/// Instances of one connection: one that ends, with what is left of an upload, and
/// the next.
const INSTANCES: usize = 2;

/// Fuel between two waits for something outside: a hundred times what the
/// longest head costs. A body of any length waits again and again.
const FUEL: u64 = 1_000_000_000;

/// Bytes that one call from the guest may make the host allocate: a head of
/// 64 KiB in many short headers, as the guest and as the host have it.
const HOSTCALL_FUEL: usize = 1024 * 1024;

/// Component handles of one request: an honest one holds under 20 at a time.
const MAX_HANDLES: usize = 256;

/// Adds the access token to the requests of one upstream.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Inner>,
    upstream: Arc<Upstream>,
}

struct Inner {
    engine: Engine,
    component: ProxyPre<State>,
    env: Env,
    settings: Settings,
    limits: Limits,
    tokens: Arc<Tokens>,
}

impl Gateway {
    /// A gateway component with the one upstream of these settings, whose name
    /// `roots` prove, and with the tokens of `keyhole`. `connections` is the
    /// number of callers at a time.
    ///
    /// # Errors
    /// [`Error::Artifact`] and [`Error::Import`] if the component is no gateway;
    /// [`Error::Configuration`] for an upstream over plain HTTP that is not
    /// allowed with `insecure_http`.
    pub fn new(
        keyhole: Keyhole,
        artifact: Artifact,
        settings: Settings,
        roots: Option<TlsRoots>,
        insecure_http: bool,
        connections: usize,
    ) -> Result<Self, Error> {
        let plain = settings.upstream.scheme() == Scheme::Http;
        if plain && !insecure_http {
            return Err(Error::Configuration {
                message: format!(
                    "the upstream {} would get the access token in plain text",
                    settings.upstream.url()
                ),
                next_step: "use https://, or allow it for this loopback upstream with \
                            --insecure-http"
                    .into(),
            });
        }
        let engine = artifact.engine_for_many(connections * INSTANCES, MAX_MEMORY)?;
        let loaded = load(&engine, artifact, keyhole.grants().timeout)?;
        let component = component(&engine, &loaded)?;
        let audit: Option<SharedAudit> = keyhole.audit();
        let network = match roots {
            Some(roots) => keyhole.network().trusting(roots),
            None if plain => Network::plain(None),
            None => keyhole.network().trusting(TlsRoots::from_environment()?),
        };
        let tokens = Arc::new(Tokens::new(keyhole));
        let upstream = Upstream::new(&settings, network, audit, Arc::clone(&tokens));
        let shared = Arc::new(Inner {
            engine,
            component,
            env: Env::new(for_guest(&settings)),
            settings,
            limits: Limits {
                memory: MAX_MEMORY,
                fuel: FUEL,
                ..Limits::default()
            },
            tokens,
        });
        Ok(Gateway {
            shared,
            upstream: Arc::new(upstream),
        })
    }

    /// What it does.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The same with connections to the upstream of its own: a connection stays
    /// with the thread that made it.
    fn on_another_thread(&self) -> Self {
        Gateway {
            upstream: Arc::new(self.upstream.on_another_thread()),
            ..self.clone()
        }
    }

    /// A new instance.
    async fn instance(&self) -> wasmtime::Result<Instance> {
        let mut store = self.store()?;
        let exports = self.shared.component.instantiate_async(&mut store).await?;
        Ok(Instance { store, exports })
    }

    fn store(&self) -> wasmtime::Result<Store<State>> {
        let inner = &*self.shared;
        let state = State::new(
            inner.env.clone(),
            Arc::clone(&self.upstream),
            inner.limits.limiter(),
        );
        let mut store = Store::new(&inner.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_fuel(FUEL)?;
        store.fuel_async_yield_interval(Some(FUEL_SLICE))?;
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.set_max_component_handles(MAX_HANDLES);
        Ok(store)
    }
}

/// The settings as the component sees them: the host itself ends what takes too
/// long.
fn for_guest(settings: &Settings) -> Vec<(String, String)> {
    let without_limit = Settings {
        header_timeout: None,
        ..settings.clone()
    };
    without_limit.to_env()
}

/// An instance, and the store that it lives in.
struct Instance {
    store: Store<State>,
    exports: Proxy,
}

/// The component, ready for instances. No guest code runs.
fn component(engine: &Engine, loaded: &Loaded) -> Result<ProxyPre<State>, Error> {
    let unlisted = loaded
        .imports
        .iter()
        .find(|import| !imports::is_of_gateway(import));
    if let Some(name) = unlisted {
        return Err(Error::Import { name: name.clone() });
    }
    linker::linker(engine)
        .and_then(|linker| linker.instantiate_pre(&loaded.component))
        .and_then(ProxyPre::new)
        .map_err(|error| {
            Error::artifact(
                format!("the component is not a gateway: {error:#}"),
                "it must export wasi:http/incoming-handler",
            )
        })
}
