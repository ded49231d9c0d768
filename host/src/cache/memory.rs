//! Tokens in the memory of this process.

use keyhole_policy::cache::{CacheKey, Entry};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OwnedMutexGuard;

/// One slot a key. Keys come from the embedder's own settings and token file,
/// so there are as many as it has identities.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<CacheKey, Arc<Slot>>>);

#[derive(Debug, Default)]
struct Slot {
    /// Held over an exchange.
    gate: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entry: Option<Entry>,
    failures: u64,
    last_failure: Option<Instant>,
}

/// The right to make the exchange for a slot.
#[derive(Debug)]
pub(super) struct MemoryPlace {
    slot: Arc<Slot>,
    _gate: OwnedMutexGuard<()>,
    /// Whether an exchange failed while this one waited for it.
    pub(super) seen_failure: bool,
}

impl Memory {
    fn slot(&self, key: &CacheKey) -> Arc<Slot> {
        lock(&self.0).entry(*key).or_default().clone()
    }

    pub(super) fn read(&self, key: &CacheKey) -> Option<Entry> {
        lock(&self.slot(key).state).entry.clone()
    }

    pub(super) async fn wait(&self, key: &CacheKey, within: Duration) -> Option<MemoryPlace> {
        let slot = self.slot(key);
        let failures = lock(&slot.state).failures;
        let gate = slot.gate.clone().lock_owned();
        let gate = tokio::time::timeout(within, gate).await.ok()?;
        let seen_failure = lock(&slot.state).failures != failures;
        Some(MemoryPlace {
            slot,
            _gate: gate,
            seen_failure,
        })
    }

    pub(super) fn try_now(&self, key: &CacheKey) -> Option<MemoryPlace> {
        let slot = self.slot(key);
        let gate = slot.gate.clone().try_lock_owned().ok()?;
        Some(MemoryPlace {
            slot,
            _gate: gate,
            seen_failure: false,
        })
    }
}

impl MemoryPlace {
    pub(super) fn keep(&self, entry: Entry) {
        lock(&self.slot.state).entry = Some(entry);
    }

    pub(super) fn fail(&self) {
        let mut state = lock(&self.slot.state);
        state.failures += 1;
        state.last_failure = Some(Instant::now());
    }

    pub(super) fn failed_within(&self, time: Duration) -> bool {
        let last = lock(&self.slot.state).last_failure;
        last.is_some_and(|when| when.elapsed() < time)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half done here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
