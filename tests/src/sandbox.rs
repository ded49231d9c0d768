//! The sandbox in this process, with its audit log kept.

use crate::World;
use keyhole_exchange::scope::Scope;
use keyhole_exchange::settings::{Flags, Settings};
use keyhole_host::audit::{AuditEvent, Decision};
use keyhole_host::{AccessToken, Artifact, Builder, Error, Keyhole, TlsRoots, TokenRequest};
use std::sync::{Arc, Mutex, PoisonError};

/// A [`Keyhole`] and what it logged.
pub struct Sandbox {
    /// The sandbox.
    pub keyhole: Keyhole,
    events: Arc<Mutex<Vec<AuditEvent>>>,
}

impl Sandbox {
    /// The exchange component in a pod.
    #[must_use]
    pub fn honest(world: &World) -> Self {
        let exchange = Artifact::embedded().expect("the exchange component");
        Self::new(world, exchange, |builder| builder).expect("a sandbox")
    }

    /// A component in a pod.
    ///
    /// # Errors
    /// What the builder says.
    pub fn new(
        world: &World,
        artifact: Artifact,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self, Error> {
        Self::with_settings(world, &world.settings(&Flags::default()), artifact, change)
    }

    /// A component in a pod, with settings of its own.
    ///
    /// # Errors
    /// What the builder says.
    pub fn with_settings(
        world: &World,
        settings: &Settings,
        artifact: Artifact,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self, Error> {
        let events = Arc::new(Mutex::new(Vec::new()));
        let log = events.clone();
        let builder = Keyhole::builder()
            .artifact(artifact)
            .settings(settings.clone())
            .roots(TlsRoots::from_file(world.emulator.ca_file()).expect("the emulator's CA"))
            .audit(move |event: &AuditEvent| lock(&log).push(event.clone()));
        let keyhole = change(builder).build()?;
        Ok(Self { keyhole, events })
    }

    /// One exchange, on an event loop of its own.
    ///
    /// # Errors
    /// What the exchange says.
    pub fn get_token(&self) -> Result<AccessToken, Error> {
        self.get_token_for(None)
    }

    /// One exchange for another scope than that of the settings.
    ///
    /// # Errors
    /// What the exchange says.
    pub fn get_token_for(&self, scope: Option<Scope>) -> Result<AccessToken, Error> {
        let request = TokenRequest {
            scope,
            ..TokenRequest::default()
        };
        block_on(self.keyhole.get_token(request))
    }

    /// What was logged since the last time somebody asked.
    #[must_use]
    pub fn events(&self) -> Vec<AuditEvent> {
        std::mem::take(&mut *lock(&self.events))
    }
}

/// The rules of the refusals among events, in order.
#[must_use]
pub fn refused(events: &[AuditEvent]) -> Vec<&'static str> {
    events
        .iter()
        .filter(|event| event.decision == Decision::Refused)
        .map(|event| event.rule.unwrap_or("no rule"))
        .collect()
}

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop")
        .block_on(future)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
