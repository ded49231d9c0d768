//! `--retry-propagation`: what is said while a new federated credential
//! spreads. Whether and when to ask again is the exchange's to decide
//! (`keyhole_exchange::retry`); this tells from the sandbox's events how it
//! goes.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keyhole_host::audit::{AuditEvent, Capability, Decision};
use keyhole_report::{ExitClass, Failure};

/// A refusal that is followed by nothing for this long is being waited out: the
/// shortest wait is 1.6 s, and a run that ends has ended by then.
const SILENCE: Duration = Duration::from_secs(1);

/// How often it is looked whether there is something to say.
const TICK: Duration = Duration::from_millis(250);

/// What is known of the tries of one run. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Propagation {
    /// How long to go on; none: not at all.
    limit: Option<Duration>,
    tries: Arc<Mutex<Tries>>,
}

#[derive(Debug, Default)]
struct Tries {
    asked: u32,
    /// When the first refusal came.
    since: Option<Instant>,
    /// The last refusal that nothing has followed yet, until it is told.
    refused: Option<(Instant, u16)>,
}

impl Propagation {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self {
            limit,
            tries: Arc::default(),
        }
    }

    /// Takes note of an event of the sandbox.
    pub(crate) fn observe(&self, event: &AuditEvent) {
        if event.capability != Capability::Request || event.decision != Decision::Allowed {
            return;
        }
        let mut tries = self.lock();
        match event.status {
            // Those are waited for by other rules.
            Some(408 | 429) => {}
            Some(status @ 400..500) => {
                let now = Instant::now();
                tries.since.get_or_insert(now);
                tries.refused = Some((now, status));
            }
            Some(_) => {}
            // One that failed has a detail; one that goes out has its id there.
            None => {
                tries.refused = None;
                let failed = |detail: &String| detail.starts_with("failed: ");
                if !event.detail.as_ref().is_some_and(failed) {
                    tries.asked += 1;
                }
            }
        }
    }

    /// Runs an exchange and says on standard error, a line a try, that it goes
    /// on.
    pub(crate) async fn tell<T>(&self, exchange: impl Future<Output = T>) -> T {
        let Some(limit) = self.limit else {
            return exchange.await;
        };
        let mut exchange = pin!(exchange);
        loop {
            tokio::select! {
                biased;
                output = &mut exchange => return output,
                () = tokio::time::sleep(TICK) => self.say(limit),
            }
        }
    }

    fn say(&self, limit: Duration) {
        let mut tries = self.lock();
        match tries.refused {
            Some((when, status)) if when.elapsed() >= SILENCE => {
                tries.refused = None;
                let so_far = tries.since.map_or(Duration::ZERO, |since| since.elapsed());
                tracing::warn!(
                    target: "keyhole",
                    "the authority refused with HTTP {status}, as it does while a new federated \
                     credential spreads: it will be asked again (asked {} so far, {} s of {} s)",
                    times(tries.asked),
                    so_far.as_secs(),
                    limit.as_secs_f64(),
                );
            }
            _ => {}
        }
    }

    /// Adds to a refusal how long it was tried.
    pub(crate) fn explain(&self, mut failure: Failure) -> Failure {
        let tries = self.lock();
        if let (Some(limit), Some(since)) = (self.limit, tries.since)
            && failure.class == ExitClass::Refused
            && tries.asked > 1
        {
            failure.message += &format!(
                "; asked {} in {} s (--retry-propagation {}s)",
                times(tries.asked),
                since.elapsed().as_secs(),
                limit.as_secs_f64(),
            );
        }
        failure
    }

    fn lock(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".into(),
        count => format!("{count} times"),
    }
}
