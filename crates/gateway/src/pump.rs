//! Bytes from one stream to another, as fast as the slower one: the host moves
//! them, so constant memory of its own is all that a body of any size takes.

use crate::bindings::wasi::http::types::{FutureTrailers, IncomingBody, OutgoingBody};
use crate::bindings::wasi::io::poll::Pollable;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::head;

/// How much is moved at once, in bytes.
const MOVE_BYTES: u64 = 64 * 1024;

/// How many times something is moved before it is looked whether something else
/// has to be done: a body that comes fast is not to hold up the other one.
const MOVES: usize = 64;

/// A body on its way. What is dropped before [`Progress::Done`] ends as a body
/// that was cut off, on both sides.
pub(crate) struct Pump {
    state: State,
}

enum State {
    Moving(Moving),
    /// In the order in which they have to go.
    Trailers(Option<Pollable>, FutureTrailers, OutgoingBody),
    Over,
}

/// The fields in the order in which they have to go: streams before their bodies.
struct Moving {
    /// Of the source and of the sink, made when they are first waited for.
    from_ready: Option<Pollable>,
    to_ready: Option<Pollable>,
    from: InputStream,
    to: OutputStream,
    source: IncomingBody,
    sink: OutgoingBody,
    /// Whether it waits for the sink.
    full: bool,
}

/// How far a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on when [`Pump::waits_for`] is ready.
    Waiting,
    /// All of it has been handed over, trailers included.
    Done,
    /// It was cut off where it comes from.
    SourceFailed,
    /// Nobody takes it any more.
    SinkClosed,
}

impl Pump {
    pub(crate) fn new(source: IncomingBody, sink: OutgoingBody) -> Option<Self> {
        let (from, to) = (source.stream().ok()?, sink.write().ok()?);
        Some(Self::started(source, from, sink, to))
    }

    /// One whose streams have been taken already.
    pub(crate) fn started(
        source: IncomingBody,
        from: InputStream,
        sink: OutgoingBody,
        to: OutputStream,
    ) -> Self {
        Self {
            state: State::Moving(Moving {
                from_ready: None,
                to_ready: None,
                from,
                to,
                source,
                sink,
                full: false,
            }),
        }
    }

    /// Moves what can be moved now.
    pub(crate) fn advance(&mut self) -> Progress {
        if let State::Moving(moving) = &mut self.state {
            match moving.advance() {
                Progress::Done => {}
                other => return other,
            }
        }
        self.state = match core::mem::replace(&mut self.state, State::Over) {
            State::Moving(moving) => {
                let (sink, trailers) = moving.end();
                State::Trailers(None, trailers, sink)
            }
            other => other,
        };
        let State::Trailers(_, trailers, _) = &self.state else {
            return Progress::Done;
        };
        let found = match trailers.get() {
            None => return Progress::Waiting,
            Some(Ok(Ok(found))) => found,
            Some(_) => return Progress::SourceFailed,
        };
        let kept = found.and_then(|trailers| head::trailers(&trailers));
        match core::mem::replace(&mut self.state, State::Over) {
            State::Trailers(ready, trailers, sink) => {
                drop((ready, trailers));
                match OutgoingBody::finish(sink, kept) {
                    Ok(()) => Progress::Done,
                    Err(_) => Progress::SourceFailed,
                }
            }
            State::Moving(_) | State::Over => Progress::Done,
        }
    }

    /// Whether nobody takes it any more. A sink is looked at when something goes
    /// there, so of a watch in which nothing happens this is not known otherwise.
    pub(crate) fn is_abandoned(&self) -> bool {
        match &self.state {
            State::Moving(moving) => moving.to.check_write().is_err(),
            State::Trailers(..) | State::Over => false,
        }
    }

    /// What has to be ready before it goes on.
    pub(crate) fn waits_for(&mut self) -> Option<&Pollable> {
        Some(match &mut self.state {
            State::Moving(moving) => moving.waits_for(),
            State::Trailers(ready, trailers, _) => {
                ready.get_or_insert_with(|| trailers.subscribe())
            }
            State::Over => return None,
        })
    }
}

impl Moving {
    /// Until one of the two has to be waited for, or the source is at its end.
    fn advance(&mut self) -> Progress {
        for _ in 0..MOVES {
            let room = match self.to.check_write() {
                Ok(room) => room,
                Err(_) => return Progress::SinkClosed,
            };
            self.full = room == 0;
            if self.full {
                return Progress::Waiting;
            }
            match self.to.splice(&self.from, room.min(MOVE_BYTES)) {
                Ok(0) => return Progress::Waiting,
                Ok(_) => {}
                // Which of the two was closed it does not say.
                Err(error) => {
                    let source = match error {
                        StreamError::Closed => Progress::Done,
                        StreamError::LastOperationFailed(_) => Progress::SourceFailed,
                    };
                    return match self.to.check_write() {
                        Ok(_) => source,
                        Err(_) => Progress::SinkClosed,
                    };
                }
            }
        }
        Progress::Waiting
    }

    fn waits_for(&mut self) -> &Pollable {
        match self.full {
            true => self.to_ready.get_or_insert_with(|| self.to.subscribe()),
            false => self.from_ready.get_or_insert_with(|| self.from.subscribe()),
        }
    }

    /// The sink, and what may still come behind the source.
    fn end(self) -> (OutgoingBody, FutureTrailers) {
        let Self {
            from_ready,
            to_ready,
            from,
            to,
            source,
            sink,
            ..
        } = self;
        drop((from_ready, to_ready, from, to));
        (sink, IncomingBody::finish(source))
    }
}
