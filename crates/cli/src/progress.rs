//! The spinner: on standard error, on a terminal only, gone when it is done.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// Log lines come from anywhere and must not be written through the spinner.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

const FRAME: Duration = Duration::from_millis(100);

/// A spinner while something is waited for. Dropping it takes it away.
#[derive(Debug)]
pub(crate) struct Spinner(());

impl Spinner {
    /// Shows a spinner, if standard error is a terminal.
    pub(crate) fn start(text: &str) -> Self {
        if terminal::is_interactive(&io::stderr()) {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(text.to_owned());
            bar.enable_steady_tick(FRAME);
            replace(Some(bar));
        }
        Self(())
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        clear();
    }
}

/// Changes what the spinner says, if there is one.
pub(crate) fn say(text: &str) {
    if let Some(bar) = &*SHOWN.lock().unwrap_or_else(PoisonError::into_inner) {
        bar.set_message(text.to_owned());
    }
}

/// Takes the spinner away.
pub(crate) fn clear() {
    if let Some(bar) = replace(None) {
        bar.finish_and_clear();
    }
}

/// Runs `write`, which writes whole lines, with the spinner out of its way.
pub(crate) fn above<T>(write: impl FnOnce() -> T) -> T {
    let bar = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn replace(bar: Option<ProgressBar>) -> Option<ProgressBar> {
    std::mem::replace(
        &mut *SHOWN.lock().unwrap_or_else(PoisonError::into_inner),
        bar,
    )
}
