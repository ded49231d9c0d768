//! Standard output and standard error.

use keyhole_report::ExitClass;

use crate::bindings::wasi::cli::{stderr, stdout};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};

/// `blocking-write-and-flush` takes no more at once (WASI 0.2).
const WRITE_BYTES: usize = 4096;

/// Both streams, taken once: in browsers, jco's shim gives each time the same
/// stream, and what is dropped is closed for good.
pub(crate) struct Streams {
    stdout: OutputStream,
    stderr: OutputStream,
}

impl Streams {
    /// Takes them.
    pub(crate) fn take() -> Self {
        Self {
            stdout: stdout::get_stdout(),
            stderr: stderr::get_stderr(),
        }
    }

    /// Prints a result, and answers how that went. A reader that went away is no
    /// failure: it has what it wanted.
    pub(crate) fn print(&self, text: &str) -> ExitClass {
        match write(&self.stdout, text) {
            Ok(()) | Err(StreamError::Closed) => ExitClass::Done,
            Err(StreamError::LastOperationFailed(_)) => {
                self.say("error: standard output cannot be written\n");
                ExitClass::Configuration
            }
        }
    }

    /// Says why there is none. Nothing is left to tell it to if this fails.
    pub(crate) fn say(&self, text: &str) {
        let _ = write(&self.stderr, text);
    }

    /// Leaves them open.
    pub(crate) fn keep(self) {
        core::mem::forget(self);
    }
}

fn write(stream: &OutputStream, text: &str) -> Result<(), StreamError> {
    text.as_bytes()
        .chunks(WRITE_BYTES)
        .try_for_each(|chunk| stream.blocking_write_and_flush(chunk))
}
