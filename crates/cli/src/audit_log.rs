//! `--audit`: every decision of the sandbox, one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyhole_host::audit::AuditEvent;
use keyhole_report::{ExitClass, Failure};
use rustix::fs::OFlags;

use crate::flags::AuditTarget;
use crate::log::Stderr;

/// An open audit log.
pub(crate) struct AuditLog {
    out: Box<dyn Write + Send>,
    name: String,
    broken: bool,
}

impl AuditLog {
    /// Opens the log, before anything is done that belongs into it. Files are
    /// appended to, and made readable for their owner alone.
    ///
    /// # Errors
    /// The file or descriptor cannot be opened for writing.
    pub(crate) fn open(target: &AuditTarget) -> Result<Self, Failure> {
        let (path, name) = match target {
            AuditTarget::Stderr => {
                return Ok(Self {
                    out: Box::new(Stderr),
                    name: "standard error".into(),
                    broken: false,
                });
            }
            // Opening it by its name in /dev/fd needs no unsafe code. The
            // descriptor must be open for writing, not a socket.
            AuditTarget::Descriptor(number) => (
                PathBuf::from(format!("/dev/fd/{number}")),
                format!("fd:{number}"),
            ),
            AuditTarget::File(path) => (path.clone(), path.display().to_string()),
        };
        let create = matches!(target, AuditTarget::File(_));
        match open(&path, create) {
            Ok(file) => Ok(Self {
                out: Box::new(file),
                name,
                broken: false,
            }),
            Err(error) => Err(Failure::new(
                ExitClass::Configuration,
                format!("the audit log {name} cannot be opened: {error}"),
                "Give --audit a file that can be written, - for standard error, or fd:N for an \
                 open descriptor.",
            )),
        }
    }

    /// Writes one event. A log that cannot be written any more is said once
    /// and does not end the exchange.
    pub(crate) fn write(&mut self, event: &AuditEvent) {
        if self.broken {
            return;
        }
        let written = serde_json::to_string(event)
            .map_err(io::Error::from)
            .and_then(|line| {
                let mut line = keyhole_report::json_for_display(&line);
                line.push('\n');
                self.out.write_all(line.as_bytes())
            });
        if let Err(error) = written {
            self.broken = true;
            tracing::error!(target: "keyhole", "the audit log {} ends here: {error}", self.name);
        }
    }
}

/// How long a reader that does not read is waited for, all writes together: a
/// pipe takes more than an honest exchange writes, and what waits here waits
/// beyond the timeout.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is looked for again.
const INTERVAL: Duration = Duration::from_millis(5);

/// A file whose reader, if it has one, is waited for a little while.
struct Patient {
    file: File,
    left: Duration,
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let Some(left) = self.left.checked_sub(INTERVAL) else {
                        return Err(io::Error::other("its reader does not read"));
                    };
                    self.left = left;
                    std::thread::sleep(INTERVAL);
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens without waiting, now and for each write: a FIFO that nobody reads
/// would be waited for without end.
fn open(path: &Path, create: bool) -> io::Result<Patient> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .append(true)
        .create(create)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    Ok(Patient {
        file,
        left: PATIENCE,
    })
}
