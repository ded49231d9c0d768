//! A caller's body on its way to the upstream.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::bindings::wasi::http::types::{IncomingBody, IncomingRequest, OutgoingBody};
use crate::bindings::wasi::io::poll::Pollable;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::pump::{Progress, Pump};

/// A body up to this many bytes is kept until the answer is there, so that it
/// can be sent a second time: what kubectl applies is smaller as a rule.
const KEPT_BYTES: u64 = 64 * 1024;

/// How much is read at once, in bytes.
const READ_BYTES: u64 = 16 * 1024;

/// A caller's body.
pub(crate) enum Body {
    None,
    /// All of it.
    Kept(Rc<Vec<u8>>),
    /// Of any length; it can be sent once. The stream has to go before its body.
    Stream(InputStream, IncomingBody),
}

/// The caller's body was cut off.
pub(crate) struct CutOff;

impl Body {
    /// Takes it from a request: whole if it is short, else as it comes.
    pub(crate) fn of(request: &IncomingRequest, length: Option<u64>) -> Result<Self, CutOff> {
        if length == Some(0) {
            return Ok(Self::None);
        }
        let body = request.consume().map_err(|()| CutOff)?;
        let stream = body.stream().map_err(|()| CutOff)?;
        match length {
            Some(length) if length <= KEPT_BYTES => {
                read_all(&stream).map(|all| Self::Kept(Rc::new(all)))
            }
            Some(_) => Ok(Self::Stream(stream, body)),
            // Servers do not show whether there is a body in chunks.
            None if is_at_end(&stream)? => Ok(Self::None),
            None => Ok(Self::Stream(stream, body)),
        }
    }

    /// The same body once more, if it can be sent a second time.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            Self::None => Some(Self::None),
            Self::Kept(all) => Some(Self::Kept(Rc::clone(all))),
            Self::Stream(..) => None,
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

fn read_all(stream: &InputStream) -> Result<Vec<u8>, CutOff> {
    let mut all = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(StreamError::Closed) => return Ok(all),
            Err(StreamError::LastOperationFailed(_)) => return Err(CutOff),
        }
    }
}

/// Waits until there is a first byte or the end. Nothing is taken: a read of no
/// bytes tells whether the stream is closed.
fn is_at_end(stream: &InputStream) -> Result<bool, CutOff> {
    let ready = stream.subscribe();
    ready.block();
    match stream.read(0) {
        Ok(_) => Ok(false),
        Err(StreamError::Closed) => Ok(true),
        Err(StreamError::LastOperationFailed(_)) => Err(CutOff),
    }
}

/// A body that is being sent.
pub(crate) enum Upload {
    /// The fields in the order in which they have to go.
    Kept {
        all: Rc<Vec<u8>>,
        sent: usize,
        ready: Option<Pollable>,
        to: OutputStream,
        sink: OutgoingBody,
    },
    Stream(Pump),
    Done,
}

impl Upload {
    /// Starts to send a body.
    pub(crate) fn start(body: Body, sink: OutgoingBody) -> Option<Self> {
        let to = sink.write().ok()?;
        match body {
            Body::None => None,
            Body::Kept(all) => Some(Self::Kept {
                all,
                sent: 0,
                ready: None,
                to,
                sink,
            }),
            Body::Stream(from, source) => Some(Self::Stream(Pump::started(source, from, sink, to))),
        }
    }

    /// Sends what can be sent now.
    pub(crate) fn advance(&mut self) -> Progress {
        let progress = match self {
            Self::Kept { all, sent, to, .. } => write(all, sent, to),
            Self::Stream(pump) => return pump.advance(),
            Self::Done => return Progress::Done,
        };
        if progress == Progress::Done
            && let Self::Kept {
                ready, to, sink, ..
            } = core::mem::replace(self, Self::Done)
        {
            drop((ready, to));
            if OutgoingBody::finish(sink, None).is_err() {
                return Progress::SinkClosed;
            }
        }
        progress
    }

    /// What has to be ready before it goes on.
    pub(crate) fn waits_for(&mut self) -> Option<&Pollable> {
        match self {
            Self::Kept { ready, to, .. } => Some(ready.get_or_insert_with(|| to.subscribe())),
            Self::Stream(pump) => pump.waits_for(),
            Self::Done => None,
        }
    }
}

fn write(all: &[u8], sent: &mut usize, to: &OutputStream) -> Progress {
    while let Some(rest) = all.get(*sent..).filter(|rest| !rest.is_empty()) {
        let room = match to.check_write() {
            Ok(0) => return Progress::Waiting,
            Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
            Err(_) => return Progress::SinkClosed,
        };
        let now = rest.get(..room).unwrap_or(rest);
        if to.write(now).is_err() {
            return Progress::SinkClosed;
        }
        *sent += now.len();
    }
    Progress::Done
}
