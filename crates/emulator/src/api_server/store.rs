//! The objects, their versions, and what happened to them (kubernetes.io, "API
//! concepts", resource versions and efficient detection of changes).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::failure::Failure;
use super::kinds::{KINDS, Kind, Place};
use crate::guid;

/// The namespaces of a new cluster.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// How many events are kept for watches that begin late.
const KEPT_EVENTS: usize = 4_096;

/// Where an object is: kind, namespace (or nothing), name.
type Key = (&'static str, String, String);

/// Something that happened to an object.
#[derive(Clone)]
struct Event {
    revision: u64,
    what: &'static str,
    key: Key,
    object: Value,
}

/// Which objects a list or a watch is about.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    kind: &'static Kind,
    namespace: Option<String>,
    name: Option<String>,
}

impl Selection {
    /// Those of a collection, or the one of `fieldSelector=metadata.name=NAME`.
    pub(super) fn new(place: &Place<'_>, field_selector: Option<&str>) -> Self {
        let selected = field_selector.and_then(|text| text.strip_prefix("metadata.name="));
        Self {
            kind: place.kind,
            namespace: place.namespace.map(str::to_owned),
            name: place.name.or(selected).map(str::to_owned),
        }
    }

    fn has(&self, (plural, namespace, name): &Key) -> bool {
        let fits = |wanted: &Option<String>, given| wanted.as_ref().is_none_or(|one| one == given);
        self.kind.plural == *plural && fits(&self.namespace, namespace) && fits(&self.name, name)
    }
}

struct State {
    objects: BTreeMap<Key, Value>,
    events: VecDeque<Event>,
    revision: u64,
}

/// All objects of a cluster.
pub(super) struct Store {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

impl Store {
    /// That of a new cluster.
    pub(super) fn new() -> Self {
        let store = Self {
            state: Mutex::new(State {
                objects: BTreeMap::new(),
                events: VecDeque::new(),
                revision: 0,
            }),
            changed: watch::Sender::new(0),
        };
        for name in NAMESPACES {
            let namespace = json!({ "metadata": { "name": name } });
            let place = Place {
                kind: &KINDS[0],
                namespace: None,
                name: None,
                log: false,
            };
            store
                .create(&place, namespace)
                .expect("a new cluster has none");
        }
        store
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The revisions, as they come.
    pub(super) fn revisions(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The one object of a place.
    pub(super) fn get(&self, place: &Place<'_>) -> Result<Value, Failure> {
        let found = self.state().objects.get(&key(place)).cloned();
        found.ok_or_else(|| not_found(place))
    }

    /// The list of a selection.
    pub(super) fn list(&self, selection: &Selection) -> Value {
        let state = self.state();
        let found = state.objects.iter().filter(|(key, _)| selection.has(key));
        let items: Vec<Value> = found
            .map(|(_, object)| {
                let mut item = object.clone();
                if let Some(members) = item.as_object_mut() {
                    // The list says it once.
                    members.remove("kind");
                    members.remove("apiVersion");
                }
                item
            })
            .collect();
        json!({
            "kind": format!("{}List", selection.kind.name), "apiVersion": "v1",
            "metadata": { "resourceVersion": state.revision.to_string() },
            "items": items,
        })
    }

    /// What happened to a selection after a revision, as lines of a watch, and
    /// the revision now. None: that is too long ago.
    pub(super) fn events(&self, selection: &Selection, since: u64) -> Option<(Vec<u8>, u64)> {
        let state = self.state();
        let first_kept = state.events.front().map_or(0, |event| event.revision);
        if since + 1 < first_kept {
            return None;
        }
        let after = state.events.iter().filter(|event| event.revision > since);
        let lines = after
            .filter(|event| selection.has(&event.key))
            .flat_map(|event| line(event.what, &event.object))
            .collect();
        Some((lines, state.revision))
    }

    /// A selection as if all of it were new, as lines of a watch, and the
    /// revision now.
    pub(super) fn all_as_events(&self, selection: &Selection) -> (Vec<u8>, u64) {
        let state = self.state();
        let found = state.objects.iter().filter(|(key, _)| selection.has(key));
        let lines = found.flat_map(|(_, object)| line("ADDED", object));
        (lines.collect(), state.revision)
    }

    /// Makes an object that was not there.
    pub(super) fn create(&self, place: &Place<'_>, mut object: Value) -> Result<Value, Failure> {
        let kind = place.kind;
        let name = object["metadata"]["name"].as_str().map(str::to_owned);
        let name = name.filter(|name| !name.is_empty() && !name.contains('/'));
        let name = name.ok_or_else(|| Failure::bad_request("metadata.name is missing"))?;
        if kind.namespaced {
            let namespace = place.namespace.unwrap_or_default();
            let home = ("namespaces", String::new(), namespace.to_owned());
            if !self.state().objects.contains_key(&home) {
                let message = format!("namespaces \"{namespace}\" not found");
                return Err(Failure::new(404, "NotFound", message));
            }
            object["metadata"]["namespace"] = json!(namespace);
        }
        let place = Place {
            name: Some(&name),
            ..*place
        };
        if self.state().objects.contains_key(&key(&place)) {
            let message = format!("{} \"{name}\" already exists", kind.plural);
            return Err(Failure::new(409, "AlreadyExists", message));
        }
        object["kind"] = json!(kind.name);
        object["apiVersion"] = json!("v1");
        object["metadata"]["uid"] = json!(guid::random());
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        object["metadata"]["creationTimestamp"] = json!(now.to_string());
        match kind.name {
            "Namespace" => {
                object["spec"] = json!({ "finalizers": ["kubernetes"] });
                object["status"] = json!({ "phase": "Active" });
            }
            "Pod" if object["status"].is_null() => object["status"] = json!({ "phase": "Pending" }),
            _ => {}
        }
        Ok(self.put(key(&place), "ADDED", object))
    }

    /// Puts an object in the place of another.
    pub(super) fn replace(&self, place: &Place<'_>, mut object: Value) -> Result<Value, Failure> {
        let old = self.get(place)?;
        let given = &object["metadata"]["resourceVersion"];
        if !given.is_null() && *given != old["metadata"]["resourceVersion"] {
            let message = "the object has been modified; please apply your changes to the latest \
                           version and try again";
            return Err(Failure::new(409, "Conflict", message));
        }
        keep_identity(&mut object, &old);
        Ok(self.put(key(place), "MODIFIED", object))
    }

    /// Changes some members of an object (RFC 7396; that is what strategic merge
    /// patches without directives are, too).
    pub(super) fn patch(&self, place: &Place<'_>, patch: &Value) -> Result<Value, Failure> {
        let old = self.get(place)?;
        let mut object = old.clone();
        merge(&mut object, patch);
        keep_identity(&mut object, &old);
        if object == old {
            // As in the real one, nothing has happened then.
            return Ok(old);
        }
        Ok(self.put(key(place), "MODIFIED", object))
    }

    /// Removes an object.
    pub(super) fn delete(&self, place: &Place<'_>) -> Result<Value, Failure> {
        let mut state = self.state();
        let key = key(place);
        let Some(mut object) = state.objects.remove(&key) else {
            return Err(not_found(place));
        };
        let deleted = object.clone();
        self.happened(&mut state, key, "DELETED", &mut object);
        Ok(deleted)
    }

    fn put(&self, key: Key, what: &'static str, mut object: Value) -> Value {
        let mut state = self.state();
        self.happened(&mut state, key.clone(), what, &mut object);
        state.objects.insert(key, object.clone());
        object
    }

    fn happened(&self, state: &mut State, key: Key, what: &'static str, object: &mut Value) {
        state.revision += 1;
        object["metadata"]["resourceVersion"] = json!(state.revision.to_string());
        if state.events.len() == KEPT_EVENTS {
            state.events.pop_front();
        }
        state.events.push_back(Event {
            revision: state.revision,
            what,
            key,
            object: object.clone(),
        });
        self.changed.send_replace(state.revision);
    }
}

fn key(place: &Place<'_>) -> Key {
    (
        place.kind.plural,
        place.namespace.unwrap_or_default().to_owned(),
        place.name.unwrap_or_default().to_owned(),
    )
}

fn not_found(place: &Place<'_>) -> Failure {
    let (plural, name) = (place.kind.plural, place.name.unwrap_or_default());
    Failure::new(404, "NotFound", format!("{plural} \"{name}\" not found"))
}

/// One line of a watch.
pub(super) fn line(what: &str, object: &Value) -> Vec<u8> {
    let mut line = json!({ "type": what, "object": object }).to_string();
    line.push('\n');
    line.into_bytes()
}

/// What no change of an object changes.
fn keep_identity(object: &mut Value, old: &Value) {
    for member in ["kind", "apiVersion"] {
        object[member] = old[member].clone();
    }
    for member in ["name", "namespace", "uid", "creationTimestamp"] {
        if !old["metadata"][member].is_null() {
            object["metadata"][member] = old["metadata"][member].clone();
        }
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_adds_and_removes_members() {
        let mut target = json!({ "a": { "b": 1, "c": 2 }, "d": [1, 2] });
        merge(
            &mut target,
            &json!({ "a": { "b": null, "e": 3 }, "d": [3] }),
        );
        assert_eq!(target, json!({ "a": { "c": 2, "e": 3 }, "d": [3] }));
    }

    #[test]
    fn every_change_has_a_revision_and_is_an_event() {
        let store = Store::new();
        let all = Place::of("/api/v1/namespaces").unwrap();
        let one = Place::of("/api/v1/namespaces/one").unwrap();
        let selection = Selection::new(&all, Some("metadata.name=one"));
        let (_, start) = store.all_as_events(&selection);
        let new = json!({ "metadata": { "name": "one" } });
        store.create(&all, new.clone()).unwrap();
        assert_eq!(store.create(&all, new).unwrap_err().code, 409);
        let patch = json!({ "metadata": { "labels": { "a": "b" }, "name": "two" } });
        let patched = store.patch(&one, &patch).unwrap();
        assert_eq!(patched["metadata"]["name"], "one");
        assert_eq!(store.patch(&one, &patch).unwrap(), patched);
        store.delete(&one).unwrap();
        assert_eq!(store.get(&one).unwrap_err().code, 404);
        let (lines, end) = store.events(&selection, start).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        let events = lines.lines().map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["type"].as_str().unwrap().to_owned()
        });
        let events: Vec<_> = events.collect();
        assert_eq!(events, ["ADDED", "MODIFIED", "DELETED"]);
        assert_eq!(end, start + 3);
    }

    #[test]
    fn an_object_of_another_version_is_not_replaced() {
        let store = Store::new();
        let place = Place::of("/api/v1/namespaces/default").unwrap();
        let old = store.get(&place).unwrap();
        store.replace(&place, old.clone()).unwrap();
        assert_eq!(store.replace(&place, old).unwrap_err().code, 409);
    }
}
