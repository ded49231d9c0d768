//! Work on other people's bytes by libraries that take them for good: it may panic, or
//! take without end.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The name of the threads in which this is done.
const THREAD: &str = "untrusted";

/// What comes of the work; nothing if it panicked or took longer than that. What takes
/// too long goes on until the program ends.
pub(crate) fn within<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = mpsc::sync_channel(1);
    let send = move || {
        // Nobody waits any more if this fails.
        let _ = done.send(work());
    };
    let started = thread::Builder::new().name(THREAD.into()).spawn(send);
    started.ok().and_then(|_| result.recv_timeout(timeout).ok())
}

/// Whether this thread is one of those, whose panics are a result and no bug of ours.
pub(crate) fn is_here() -> bool {
    thread::current().name() == Some(THREAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_or_takes_too_long_has_no_result() {
        let minute = Duration::from_secs(60);
        assert_eq!(within(minute, || 1), Some(1));
        assert_eq!(
            within(minute, || -> u8 { panic!("as other people's code does") }),
            None
        );
        let (_keep, never) = mpsc::channel::<u8>();
        assert_eq!(
            within(Duration::from_millis(1), move || never.recv().ok()),
            None
        );
    }
}
