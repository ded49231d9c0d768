//! Streams: those of the runtime, passed on, and the one to a request's body.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;

use crate::Guard;
use crate::bindings::exports::wasi::io::streams as wit;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::io::poll::{self, Pollable};
use crate::bindings::wasi::io::streams as real;
use crate::body::Body;
use wit::StreamError;

/// `blocking-write-and-flush` takes no more at once (WASI 0.2).
const WRITE_BYTES: usize = 4096;

/// How much is moved at once by calls that say no number of their own, in bytes.
const MOVE_BYTES: u64 = 64 * 1024;

/// What is read from.
pub(crate) enum Input {
    /// Standard input.
    Terminal(&'static real::InputStream),
    /// An answer's body.
    Answer(real::InputStream),
}

/// What is written to.
pub(crate) enum Output {
    /// Standard output or standard error.
    Terminal(&'static real::OutputStream),
    /// A request's body.
    Body(Rc<Body>),
}

impl wit::Guest for Guard {
    type InputStream = Input;
    type OutputStream = Output;
}

/// Something that is ready.
pub(crate) fn ready() -> Pollable {
    monotonic_clock::subscribe_duration(0)
}

/// Writes all of it.
pub(crate) fn write(stream: &real::OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes
        .chunks(WRITE_BYTES)
        .try_for_each(|chunk| stream.blocking_write_and_flush(chunk))
}

impl Input {
    fn real(&self) -> &real::InputStream {
        match self {
            Self::Terminal(stream) => stream,
            Self::Answer(stream) => stream,
        }
    }

    fn read_something(&self, length: u64) -> Result<Vec<u8>, StreamError> {
        loop {
            let bytes = self.real().read(length)?;
            if !bytes.is_empty() || length == 0 {
                return Ok(bytes);
            }
            poll::poll(&[&self.real().subscribe()]);
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

impl wit::GuestInputStream for Input {
    fn read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        self.real().read(len)
    }

    fn blocking_read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        self.read_something(len)
    }

    fn skip(&self, len: u64) -> Result<u64, StreamError> {
        self.real()
            .read(len.min(MOVE_BYTES))
            .map(|bytes| length(&bytes))
    }

    fn blocking_skip(&self, len: u64) -> Result<u64, StreamError> {
        self.read_something(len.min(MOVE_BYTES))
            .map(|bytes| length(&bytes))
    }

    fn subscribe(&self) -> Pollable {
        self.real().subscribe()
    }
}

impl Output {
    fn put(&self, bytes: &[u8]) -> Result<(), StreamError> {
        match self {
            Self::Terminal(stream) => write(stream, bytes),
            Self::Body(body) => body.put(bytes).map_err(|_| StreamError::Closed),
        }
    }
}

/// What was written is there when the call returns, so there is nothing to flush and
/// nothing to wait for.
impl wit::GuestOutputStream for Output {
    fn check_write(&self) -> Result<u64, StreamError> {
        Ok(MOVE_BYTES)
    }

    fn write(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.put(&contents)
    }

    fn blocking_write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.put(&contents)
    }

    fn flush(&self) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_flush(&self) -> Result<(), StreamError> {
        Ok(())
    }

    fn subscribe(&self) -> Pollable {
        ready()
    }

    fn write_zeroes(&self, len: u64) -> Result<(), StreamError> {
        self.put(&vec![0; len.min(MOVE_BYTES) as usize])
    }

    fn blocking_write_zeroes_and_flush(&self, len: u64) -> Result<(), StreamError> {
        self.write_zeroes(len)
    }

    fn splice(&self, src: wit::InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        let bytes = src.get::<Input>().real().read(len.min(MOVE_BYTES))?;
        self.put(&bytes).map(|()| length(&bytes))
    }

    fn blocking_splice(
        &self,
        src: wit::InputStreamBorrow<'_>,
        len: u64,
    ) -> Result<u64, StreamError> {
        let bytes = src.get::<Input>().read_something(len.min(MOVE_BYTES))?;
        self.put(&bytes).map(|()| length(&bytes))
    }
}
