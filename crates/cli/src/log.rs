//! Log lines on standard error.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::flags::{LogFlags, LogFormat, LogLevel};
use crate::{progress, terminal};

/// What our own crates call their targets begins with this. Lines of libraries
/// are not shown: what they hold is not ours to promise.
const OURS: &str = "keyhole";

/// Sends log lines to standard error as the flags say.
pub(crate) fn install(flags: &LogFlags) {
    let level = match flags.level() {
        LogLevel::Off => return,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let filter = Targets::new().with_target(OURS, level);
    let layer = fmt::layer().with_writer(Stderr);
    let layer = match flags.log_format {
        LogFormat::Json => layer.json().with_filter(filter).boxed(),
        LogFormat::Text => layer
            .without_time()
            .with_ansi(terminal::style(&io::stderr()).colors)
            .with_filter(filter)
            .boxed(),
    };
    registry().with(layer).init();
}

/// Standard error, a line at a time and out of the spinner's way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        progress::above(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}
