//! The paths of Kubernetes: what is done, and what is answered.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Value, json};

use super::authentication::User;
use super::body::AnswerBody;
use super::failure::Failure;
use super::kinds::Place;
use super::logs::Logs;
use super::store::{Selection, Store};
use super::{discovery, review, streams};
use crate::authority::form;

/// What comes of a request.
pub(super) enum Done {
    /// An object.
    Json(u16, Value),
    /// A 200 with a body of some type.
    Body(&'static str, AnswerBody),
    /// Somebody else answers.
    TakenOver,
}

/// The parameters of a query; of one that cannot be read, none.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(head: &Parts) -> Self {
        let query = head.uri.query().unwrap_or_default();
        Self(form::fields(query.as_bytes()).unwrap_or_default())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    fn says(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }
}

/// What the paths are about.
pub(super) struct Resources {
    pub(super) store: Arc<Store>,
    pub(super) logs: Arc<Logs>,
}

impl Resources {
    pub(super) fn new() -> Self {
        Self {
            store: Arc::new(Store::new()),
            logs: Arc::new(Logs::new()),
        }
    }

    /// The answer to a request of somebody who was let in.
    pub(super) fn answer(
        &self,
        head: &Parts,
        query: &Query,
        body: &[u8],
        user: &User,
    ) -> Result<Done, Failure> {
        let path = head.uri.path();
        if path == review::PATH {
            return match head.method {
                Method::POST => Ok(Done::Json(201, review::review(body, user)?)),
                _ => Err(Failure::method()),
            };
        }
        if let Some(document) = discovery::document(path) {
            return match head.method {
                Method::GET => Ok(Done::Json(200, document)),
                _ => Err(Failure::method()),
            };
        }
        let place = Place::of(path).ok_or_else(Failure::no_path)?;
        match (&head.method, place.name) {
            (&Method::GET, _) if place.log => self.log(&place, query),
            (&Method::GET, _) if query.says("watch") => self.watch(&place, query),
            (&Method::GET, None) => {
                let selection = Selection::new(&place, query.get("fieldSelector"));
                Ok(Done::Json(200, self.store.list(&selection)))
            }
            (&Method::GET, Some(_)) => Ok(Done::Json(200, self.store.get(&place)?)),
            (&Method::POST, None) => {
                let created = self.store.create(&place, object(body)?)?;
                Ok(Done::Json(201, created))
            }
            (&Method::PUT, Some(_)) if !place.log => {
                Ok(Done::Json(200, self.store.replace(&place, object(body)?)?))
            }
            (&Method::PATCH, Some(_)) if !place.log => self.patch(&place, head, object(body)?),
            (&Method::DELETE, Some(name)) if !place.log => {
                let deleted = self.store.delete(&place)?;
                let details = json!({
                    "name": name, "kind": place.kind.plural, "uid": deleted["metadata"]["uid"],
                });
                let status = json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                    "details": details,
                });
                Ok(Done::Json(200, status))
            }
            _ => Err(Failure::method()),
        }
    }

    fn watch(&self, place: &Place<'_>, query: &Query) -> Result<Done, Failure> {
        let selection = Selection::new(place, query.get("fieldSelector"));
        let since = match query.get("resourceVersion") {
            None | Some("" | "0") => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_| Failure::bad_request("resourceVersion is no number"))?,
            ),
        };
        let body = streams::watch(&self.store, selection, since);
        Ok(Done::Body("application/json", body))
    }

    fn log(&self, place: &Place<'_>, query: &Query) -> Result<Done, Failure> {
        let pod = Place {
            log: false,
            ..*place
        };
        self.store.get(&pod)?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let pod = (text(place.namespace), text(place.name));
        let body = if query.says("follow") {
            streams::follow(&self.logs, pod)
        } else {
            AnswerBody::Whole(self.logs.read(&pod, 0).0.into())
        };
        Ok(Done::Body("text/plain", body))
    }

    fn patch(&self, place: &Place<'_>, head: &Parts, patch: Value) -> Result<Done, Failure> {
        let kind = head.headers.get(CONTENT_TYPE).map_or("", |value| {
            let kind = value.to_str().unwrap_or_default();
            kind.split(';').next().unwrap_or_default().trim()
        });
        match kind {
            "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
                Ok(Done::Json(200, self.store.patch(place, &patch)?))
            }
            // Server-side apply; kubectl writes its YAML as JSON.
            "application/apply-patch+yaml" => match self.store.patch(place, &patch) {
                Err(Failure { code: 404, .. }) => {
                    let collection = Place {
                        name: None,
                        ..*place
                    };
                    let created = self.store.create(&collection, patch)?;
                    Ok(Done::Json(201, created))
                }
                patched => Ok(Done::Json(200, patched?)),
            },
            _ => Err(Failure::new(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format",
            )),
        }
    }
}

fn object(body: &[u8]) -> Result<Value, Failure> {
    let object = serde_json::from_slice(body).ok().filter(Value::is_object);
    object.ok_or_else(|| Failure::bad_request("the body is no object in JSON"))
}

impl From<Bytes> for AnswerBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes.into())
    }
}
