//! The environment: the listed variables, nothing inherited.

use super::{GrantsCtx, GrantsView, HasGrants};
use crate::audit::{AuditEvent, Capability};
use serde::Serialize;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::cli::environment;

/// The variables a guest sees, with their values. It sees no other, whatever
/// the process has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Env(Vec<(String, String)>);

impl Env {
    /// Grants exactly these variables.
    pub fn new<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Env(variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect())
    }

    /// The variables with their values, in the guest's order.
    #[must_use]
    pub fn variables(&self) -> &[(String, String)] {
        &self.0
    }

    /// Adds `wasi:cli/environment` to a linker. Arguments and the working
    /// directory are empty.
    ///
    /// # Errors
    /// If the linker has that interface already.
    pub fn add_to_linker<T: GrantsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
        environment::add_to_linker::<T, HasGrants>(linker, T::grants)
    }
}

impl environment::Host for GrantsCtx {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let names: Vec<_> = self.env.0.iter().map(|(name, _)| name.as_str()).collect();
        self.call
            .log(AuditEvent::allowed(Capability::Env, names.join(" ")));
        Ok(self.env.0.clone())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}
