//! Standard streams: taken once each and kept, for a runtime may share one stream
//! among all who take it, and close it when the first lets go.

use alloc::boxed::Box;
use alloc::string::String;

use once_cell::race::OnceBox;

use crate::Guard;
use crate::bindings::exports::wasi::cli::{stderr, stdin, stdout};
use crate::bindings::exports::wasi::io::streams::{InputStream, OutputStream};
use crate::bindings::wasi::cli as outside;
use crate::bindings::wasi::io::streams as real;
use crate::streams::{Input, Output, write};

static STDIN: OnceBox<real::InputStream> = OnceBox::new();
static STDOUT: OnceBox<real::OutputStream> = OnceBox::new();
static STDERR: OnceBox<real::OutputStream> = OnceBox::new();

fn error_stream() -> &'static real::OutputStream {
    STDERR.get_or_init(|| Box::new(outside::stderr::get_stderr()))
}

/// A line for people, in which nothing acts on the terminal. Whether it can be written
/// changes nothing.
pub(crate) fn say(line: &str) {
    let mut said = String::from("keyhole guard: ");
    for c in line.chars() {
        match c.is_control() {
            true => said.extend(c.escape_default()),
            false => said.push(c),
        }
    }
    said.push_str(".\n");
    let _ = write(error_stream(), said.as_bytes());
}

impl stdin::Guest for Guard {
    fn get_stdin() -> InputStream {
        let real = STDIN.get_or_init(|| Box::new(outside::stdin::get_stdin()));
        InputStream::new(Input::Terminal(real))
    }
}

impl stdout::Guest for Guard {
    fn get_stdout() -> OutputStream {
        let real = STDOUT.get_or_init(|| Box::new(outside::stdout::get_stdout()));
        OutputStream::new(Output::Terminal(real))
    }
}

impl stderr::Guest for Guard {
    fn get_stderr() -> OutputStream {
        OutputStream::new(Output::Terminal(error_stream()))
    }
}
