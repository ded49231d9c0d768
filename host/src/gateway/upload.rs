//! A caller's body as it comes in.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error as HttpFault;

/// A caller that sends nothing of a body for this long is not waited for: it has
/// one of a limited number of places.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a caller has done wrong with its body, if anything.
#[derive(Clone, Default)]
pub(super) struct Fate(Arc<OnceLock<Fault>>);

/// What a caller did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It broke off, or sent what is no body.
    Broken,
    /// It sent nothing for too long.
    Silent,
}

impl Fate {
    pub(super) fn fault(&self) -> Option<Fault> {
        self.0.get().copied()
    }

    fn set(&self, fault: Fault) {
        self.0.get_or_init(|| fault);
    }
}

/// A caller's body.
pub(super) struct Upload {
    body: Incoming,
    silence: Pin<Box<Sleep>>,
    fate: Fate,
}

impl Upload {
    pub(super) fn new(body: Incoming, fate: Fate) -> Self {
        Upload {
            body,
            silence: Box::pin(tokio::time::sleep(PATIENCE)),
            fate,
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = HttpFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpFault>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Err(error))) => {
                self.fate.set(Fault::Broken);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(frame) => {
                self.silence.as_mut().reset(Instant::now() + PATIENCE);
                Poll::Ready(frame.map(|frame| frame.map_err(HttpFault::from)))
            }
            Poll::Pending => {
                if self.silence.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.fate.set(Fault::Silent);
                Poll::Ready(Some(Err(HttpFault::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
