//! The half of `wasi:http/types` that servers use. A program that is guarded serves
//! nothing, so no request ever comes, and a response has nowhere to go.

use alloc::string::String;

use crate::bindings::exports::wasi::http::types as wit;
use crate::fields::Fields;
use wit::{ErrorCode, Method, Scheme};

/// A request that never comes.
pub(crate) enum NoRequest {}

impl wit::GuestIncomingRequest for NoRequest {
    fn method(&self) -> Method {
        match *self {}
    }

    fn path_with_query(&self) -> Option<String> {
        match *self {}
    }

    fn scheme(&self) -> Option<Scheme> {
        match *self {}
    }

    fn authority(&self) -> Option<String> {
        match *self {}
    }

    fn headers(&self) -> wit::Headers {
        match *self {}
    }

    fn consume(&self) -> Result<wit::IncomingBody, ()> {
        match *self {}
    }
}

/// Nobody asked, so nobody can be answered.
pub(crate) enum NoAsker {}

impl wit::GuestResponseOutparam for NoAsker {
    fn set(_: wit::ResponseOutparam, _: Result<wit::OutgoingResponse, ErrorCode>) {}
}

/// A response that cannot be sent.
pub(crate) struct NoResponse;

impl wit::GuestOutgoingResponse for NoResponse {
    fn new(_: wit::Headers) -> Self {
        Self
    }

    fn status_code(&self) -> u16 {
        200
    }

    fn set_status_code(&self, _: u16) -> Result<(), ()> {
        Err(())
    }

    fn headers(&self) -> wit::Headers {
        wit::Fields::new(Fields::fixed(Default::default()))
    }

    fn body(&self) -> Result<wit::OutgoingBody, ()> {
        Err(())
    }
}
