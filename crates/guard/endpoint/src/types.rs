//! `wasi:http/types`: which of the types in here stands for which of its resources.

use crate::Guard;
use crate::answer::{AnswerBody, FutureAnswer, NoTrailers, Response};
use crate::bindings::exports::wasi::http::types::{ErrorCode, Guest, GuestRequestOptions, IoError};
use crate::body::OutgoingBody;
use crate::fields::Fields;
use crate::request::Request;
use crate::server::{NoAsker, NoRequest, NoResponse};

impl Guest for Guard {
    type Fields = Fields;
    type IncomingRequest = NoRequest;
    type OutgoingRequest = Request;
    type RequestOptions = NoOptions;
    type ResponseOutparam = NoAsker;
    type IncomingResponse = Response;
    type IncomingBody = AnswerBody;
    type FutureTrailers = NoTrailers;
    type OutgoingResponse = NoResponse;
    type OutgoingBody = OutgoingBody;
    type FutureIncomingResponse = FutureAnswer;

    fn http_error_code(_: &IoError) -> Option<ErrorCode> {
        None
    }
}

/// Wishes for timeouts, which are the runtime's affair.
pub(crate) struct NoOptions;

impl GuestRequestOptions for NoOptions {
    fn new() -> Self {
        Self
    }

    fn connect_timeout(&self) -> Option<u64> {
        None
    }

    fn set_connect_timeout(&self, _: Option<u64>) -> Result<(), ()> {
        Err(())
    }

    fn first_byte_timeout(&self) -> Option<u64> {
        None
    }

    fn set_first_byte_timeout(&self, _: Option<u64>) -> Result<(), ()> {
        Err(())
    }

    fn between_bytes_timeout(&self) -> Option<u64> {
        None
    }

    fn set_between_bytes_timeout(&self, _: Option<u64>) -> Result<(), ()> {
        Err(())
    }
}
