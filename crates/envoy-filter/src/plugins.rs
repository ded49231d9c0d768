//! Which context is what: Envoy may run several plugins and many requests in one
//! VM, and names each by a number.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;

use crate::configuration::Configuration;
use crate::exchange::{Exchange, FIRST_TICK};
use crate::host::{Host, Level};
use crate::inject::{Action, Cache, EAGER_TICK, Inject};
use crate::record::STATE_KEY;

/// Everything of one VM.
#[derive(Default)]
pub struct Plugins {
    roots: BTreeMap<u32, Root>,
    /// Requests, each with its root.
    requests: BTreeMap<u32, u32>,
    cache: Cache,
}

enum Root {
    Exchange(Box<Exchange>),
    Inject(Inject),
}

impl Plugins {
    /// One without any.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            roots: BTreeMap::new(),
            requests: BTreeMap::new(),
            cache: Cache::new(),
        }
    }

    /// A request; a root context is known once it is configured.
    pub fn created(&mut self, context: u32, root: u32) {
        if root != 0 {
            self.requests.insert(context, root);
        }
    }

    /// A plugin's configuration has been loaded. False stops Envoy's start.
    pub fn configured(&mut self, host: &impl Host, context: u32) -> bool {
        let bytes = host.configuration().unwrap_or_default();
        let (name, root) = match Configuration::read(&bytes) {
            Ok(Configuration::Exchange(configuration)) => {
                let exchange = Exchange::new(configuration, host.now());
                ("exchange", Root::Exchange(Box::new(exchange)))
            }
            Ok(Configuration::Inject(configuration)) => {
                ("inject", Root::Inject(Inject::new(configuration)))
            }
            Err(wrong) => {
                host.log(Level::Error, &format!("keyhole: {wrong}"));
                return false;
            }
        };
        if let Err(missing) = probe(host, &root) {
            let line = format!(
                "keyhole: {missing} is not among the allowed capabilities of the plugin `{name}`; \
                 `keyhole envoy check` names all that are missing"
            );
            host.log(Level::Error, &line);
            return false;
        }
        self.roots.insert(context, root);
        true
    }

    /// Time has passed.
    pub fn tick(&mut self, host: &impl Host, context: u32) {
        match self.roots.get_mut(&context) {
            Some(Root::Exchange(exchange)) => exchange.tick(host),
            Some(Root::Inject(inject)) => inject.tick(host, &mut self.cache),
            None => {}
        }
    }

    /// A call was answered.
    pub fn answered(
        &mut self,
        host: &impl Host,
        context: u32,
        call: u32,
        headers: usize,
        size: usize,
    ) {
        if let Some(Root::Exchange(exchange)) = self.roots.get_mut(&context) {
            exchange.answered(host, call, headers, size);
        }
    }

    /// A request's headers are there.
    pub fn request(&mut self, host: &impl Host, context: u32) -> Action {
        let root = self.requests.get(&context);
        let root = root.and_then(|root| self.roots.get_mut(root));
        match root {
            Some(Root::Inject(inject)) => inject.request(host, &mut self.cache, context),
            // Of a plugin that is no filter or was never configured: its
            // capability list is too short. Nothing goes on.
            _ => Inject::refuse(host),
        }
    }

    /// A context has ended.
    pub fn deleted(&mut self, context: u32) {
        match self.requests.remove(&context) {
            Some(root) => {
                if let Some(Root::Inject(inject)) = self.roots.get_mut(&root) {
                    inject.forget(context);
                }
            }
            None => {
                self.roots.remove(&context);
            }
        }
    }
}

/// Makes the calls that can be made before there is anything to do; the other
/// ones only show when they are needed.
fn probe(host: &impl Host, root: &Root) -> Result<(), &'static str> {
    if host.now() == 0 {
        return Err("proxy_get_current_time_nanoseconds");
    }
    let tick = match root {
        Root::Exchange(_) => FIRST_TICK,
        Root::Inject(_) => EAGER_TICK,
    };
    host.tick_every(tick)
        .map_err(|_| "proxy_set_tick_period_milliseconds")?;
    if matches!(root, Root::Inject(_)) {
        host.shared(STATE_KEY)
            .map_err(|_| "proxy_get_shared_data")?;
    }
    Ok(())
}
