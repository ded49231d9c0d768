//! A request as the program makes it.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};

use crate::bindings::exports::wasi::http::types as wit;
use crate::body::{Body, OutgoingBody};
use crate::fields::{Entries, Fields};
use wit::{Method, Scheme};

/// A request that is not handed over yet.
pub(crate) struct Request {
    pub(crate) method: RefCell<Method>,
    pub(crate) scheme: RefCell<Option<Scheme>>,
    pub(crate) authority: RefCell<Option<String>>,
    pub(crate) path: RefCell<Option<String>>,
    pub(crate) headers: Entries,
    pub(crate) body: Rc<Body>,
    body_is_taken: Cell<bool>,
}

impl Request {
    /// Whether there is anybody who may write the body.
    pub(crate) fn has_body(&self) -> bool {
        self.body_is_taken.get()
    }
}

impl wit::GuestOutgoingRequest for Request {
    fn new(headers: wit::Headers) -> Self {
        Self {
            method: RefCell::new(Method::Get),
            scheme: RefCell::default(),
            authority: RefCell::default(),
            path: RefCell::default(),
            headers: headers.into_inner::<Fields>().take(),
            body: Rc::default(),
            body_is_taken: Cell::new(false),
        }
    }

    fn body(&self) -> Result<wit::OutgoingBody, ()> {
        match self.body_is_taken.replace(true) {
            true => Err(()),
            false => Ok(wit::OutgoingBody::new(OutgoingBody::of(&self.body))),
        }
    }

    fn method(&self) -> Method {
        self.method.borrow().clone()
    }

    fn set_method(&self, method: Method) -> Result<(), ()> {
        self.method.replace(method);
        Ok(())
    }

    fn path_with_query(&self) -> Option<String> {
        self.path.borrow().clone()
    }

    fn set_path_with_query(&self, path: Option<String>) -> Result<(), ()> {
        self.path.replace(path);
        Ok(())
    }

    fn scheme(&self) -> Option<Scheme> {
        self.scheme.borrow().clone()
    }

    fn set_scheme(&self, scheme: Option<Scheme>) -> Result<(), ()> {
        self.scheme.replace(scheme);
        Ok(())
    }

    fn authority(&self) -> Option<String> {
        self.authority.borrow().clone()
    }

    fn set_authority(&self, authority: Option<String>) -> Result<(), ()> {
        self.authority.replace(authority);
        Ok(())
    }

    fn headers(&self) -> wit::Headers {
        wit::Fields::new(Fields::fixed(self.headers.clone()))
    }
}
