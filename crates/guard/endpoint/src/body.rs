//! A request's body: kept until it is finished, then judged, and only then is there
//! a request at all.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use keyhole_policy::Rule;
use keyhole_policy::form::MAX_BODY;
use zeroize::Zeroizing;

use crate::bindings::exports::wasi::http::types as wit;
use crate::bindings::exports::wasi::io::streams::OutputStream;
use crate::bindings::wasi::http::types::FutureIncomingResponse;
use crate::fields::{Entries, Fields};
use crate::streams::Output;
use crate::{handler, rule};
use wit::ErrorCode;

/// A body and what becomes of it, seen by its writer and by who waits for the answer.
#[derive(Default)]
pub(crate) struct Body {
    written: RefCell<Zeroizing<Vec<u8>>>,
    end: Cell<Option<Result<(), Rule>>>,
    /// The judged headers, once the request was handed over.
    headers: RefCell<Option<Entries>>,
    pub(crate) sent: RefCell<Option<Sent>>,
}

/// What became of a request.
pub(crate) type Sent = Result<FutureIncomingResponse, ErrorCode>;

/// It takes no more.
pub(crate) struct Full;

impl Body {
    /// Writes to it, up to one byte more than a form may have.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<(), Full> {
        let mut written = self.written.borrow_mut();
        if self.end.get().is_some() || written.len() > MAX_BODY {
            return Err(Full);
        }
        let room = MAX_BODY + 1 - written.len();
        written.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        Ok(())
    }

    /// No more is written: it is whole, or a rule is broken.
    fn finish(&self, end: Result<(), Rule>) -> Result<(), ErrorCode> {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            self.send_if_whole();
        }
        match &*self.sent.borrow() {
            Some(Err(code)) => Err(code.clone()),
            _ => Ok(()),
        }
    }

    /// The request was handed over, and its head is the granted one.
    pub(crate) fn hand_over(&self, headers: Entries) {
        self.headers.replace(Some(headers));
        self.send_if_whole();
    }

    /// Nobody will finish it.
    pub(crate) fn give_up(&self, broken: Rule) {
        let _ = self.finish(Err(broken));
    }

    fn send_if_whole(&self) {
        let Some(end) = self.end.get() else { return };
        let Some(headers) = self.headers.take() else {
            return;
        };
        let written = self.written.take();
        let sent = match end {
            Ok(()) => handler::send(headers, &written),
            Err(broken) => {
                rule::refuse(broken);
                Err(ErrorCode::HttpRequestDenied)
            }
        };
        self.sent.replace(Some(sent));
    }
}

/// The writer's end.
pub(crate) struct OutgoingBody {
    body: Rc<Body>,
    stream_is_taken: Cell<bool>,
}

impl OutgoingBody {
    pub(crate) fn of(body: &Rc<Body>) -> Self {
        Self {
            body: Rc::clone(body),
            stream_is_taken: Cell::new(false),
        }
    }
}

impl wit::GuestOutgoingBody for OutgoingBody {
    fn write(&self) -> Result<OutputStream, ()> {
        match self.stream_is_taken.replace(true) {
            true => Err(()),
            false => Ok(OutputStream::new(Output::Body(Rc::clone(&self.body)))),
        }
    }

    fn finish(this: wit::OutgoingBody, trailers: Option<wit::Trailers>) -> Result<(), ErrorCode> {
        let this: Self = this.into_inner();
        let trailers = trailers.map(|fields| fields.into_inner::<Fields>().take());
        this.body.finish(match trailers {
            Some(trailers) if !trailers.is_empty() => Err(Rule::RequestTrailers),
            _ => Ok(()),
        })
    }
}

impl Drop for OutgoingBody {
    /// A body that is let go before it is finished is cut off.
    fn drop(&mut self) {
        self.body.give_up(Rule::RequestBodyIncomplete);
    }
}
