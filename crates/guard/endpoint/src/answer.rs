//! The answer, with the headers that the host would show too.

use alloc::borrow::ToOwned as _;
use alloc::rc::Rc;
use core::cell::Cell;

use keyhole_policy::{Rule, header};

use crate::bindings::exports::wasi::http::types as wit;
use crate::bindings::exports::wasi::io::streams::InputStream;
use crate::bindings::wasi::http::types as real;
use crate::bindings::wasi::io::poll::Pollable;
use crate::body::Body;
use crate::fields::Fields;
use crate::streams::{Input, ready};
use wit::ErrorCode;

/// An answer to come.
pub(crate) struct FutureAnswer {
    body: Rc<Body>,
    is_taken: Cell<bool>,
}

impl FutureAnswer {
    pub(crate) fn of(body: Rc<Body>) -> Self {
        Self {
            body,
            is_taken: Cell::new(false),
        }
    }
}

impl wit::GuestFutureIncomingResponse for FutureAnswer {
    fn subscribe(&self) -> Pollable {
        match &*self.body.sent.borrow() {
            Some(Ok(answer)) => answer.subscribe(),
            _ => ready(),
        }
    }

    fn get(&self) -> Option<Result<Result<wit::IncomingResponse, ErrorCode>, ()>> {
        if self.is_taken.get() {
            return Some(Err(()));
        }
        // While it waits here, nobody can finish the body.
        if self.body.sent.borrow().is_none() {
            self.body.give_up(Rule::RequestBodyIncomplete);
        }
        let result = match &*self.body.sent.borrow() {
            Some(Ok(answer)) => answer.get()?.map(|result| {
                result.map(|response| wit::IncomingResponse::new(Response(response)))
            }),
            Some(Err(code)) => Ok(Err(code.clone())),
            None => Ok(Err(ErrorCode::HttpRequestDenied)),
        };
        self.is_taken.set(true);
        Some(result)
    }
}

/// An answer.
pub(crate) struct Response(real::IncomingResponse);

impl wit::GuestIncomingResponse for Response {
    fn status(&self) -> u16 {
        self.0.status()
    }

    fn headers(&self) -> wit::Headers {
        let all = self.0.headers();
        let of = |name: &'static str| {
            let values = all.get(name).into_iter();
            values.map(move |value| (name.to_owned(), value))
        };
        let visible = header::VISIBLE.into_iter().flat_map(of).collect();
        wit::Fields::new(Fields::fixed(visible))
    }

    fn consume(&self) -> Result<wit::IncomingBody, ()> {
        let body = self.0.consume()?;
        Ok(wit::IncomingBody::new(AnswerBody(body)))
    }
}

/// An answer's body.
pub(crate) struct AnswerBody(real::IncomingBody);

impl wit::GuestIncomingBody for AnswerBody {
    fn stream(&self) -> Result<InputStream, ()> {
        Ok(InputStream::new(Input::Answer(self.0.stream()?)))
    }

    fn finish(_: wit::IncomingBody) -> wit::FutureTrailers {
        wit::FutureTrailers::new(NoTrailers)
    }
}

/// The end of an answer names nothing that a program needs.
pub(crate) struct NoTrailers;

impl wit::GuestFutureTrailers for NoTrailers {
    fn subscribe(&self) -> Pollable {
        ready()
    }

    fn get(&self) -> Option<Result<Result<Option<wit::Trailers>, ErrorCode>, ()>> {
        Some(Ok(Ok(None)))
    }
}
