//! Which context is what: Envoy may run several plugins and many requests in one
//! VM, and names each by a number.
//!
//! Nothing is kept of a request that goes on at once, so Envoy need not tell when
//! one begins and ends: two calls less for each.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;

use crate::configuration::Configuration;
use crate::exchange::{Exchange, FIRST_TICK};
use crate::host::{Host, Level};
use crate::inject::{Action, EAGER_TICK, Inject};
use crate::record::STATE_KEY;

/// Everything of one VM.
#[derive(Default)]
pub struct Plugins {
    roots: BTreeMap<u32, Root>,
    /// One for all plugins `inject` of the VM; the configuration that came last
    /// counts.
    inject: Option<Inject>,
}

enum Root {
    Exchange(Box<Exchange>),
    Inject { tick: u32 },
}

impl Plugins {
    /// One without any.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            roots: BTreeMap::new(),
            inject: None,
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
                match &mut self.inject {
                    Some(inject) => inject.configure(configuration),
                    None => self.inject = Some(Inject::new(configuration)),
                }
                ("inject", Root::Inject { tick: EAGER_TICK })
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
            Some(Root::Inject { tick }) => {
                if let Some(inject) = &mut self.inject {
                    inject.tick(host, tick);
                }
            }
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
        match &mut self.inject {
            Some(inject) => inject.request(host, context),
            // Never configured: its capability list is too short. Nothing goes
            // on.
            None => Inject::refuse(host),
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
        Root::Inject { tick } => *tick,
    };
    host.tick_every(tick)
        .map_err(|_| "proxy_set_tick_period_milliseconds")?;
    if matches!(root, Root::Inject { .. }) {
        host.shared(STATE_KEY)
            .map_err(|_| "proxy_get_shared_data")?;
    }
    Ok(())
}
