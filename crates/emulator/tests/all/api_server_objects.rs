//! The API server's objects, watches and logs.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::api_server::Cluster;
use crate::client::Request;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn with_body(method: &'static str, path: &str, kind: &str, body: &Value) -> Request {
    Request::get(path)
        .method(method)
        .content_type(Some(kind))
        .body(body.to_string())
}

fn post(path: &str, body: &Value) -> Request {
    with_body("POST", path, "application/json", body)
}

/// The lines of an answer that goes on, without the sizes of its chunks.
struct Lines(BufReader<TcpStream>);

impl Lines {
    fn open(cluster: &Cluster, path: &str) -> Self {
        let mut reader = BufReader::new(cluster.open(Request::get(path)));
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        Self(reader)
    }

    fn next(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "it ended");
            // The data ends in a line feed alone, what hyper writes does not.
            if !line.ends_with("\r\n") {
                return line.trim_end().to_owned();
            }
        }
    }

    fn event(&mut self) -> (String, Value) {
        let event: Value = serde_json::from_str(&self.next()).unwrap();
        let kind = event["type"].as_str().unwrap().to_owned();
        (kind, event["object"].clone())
    }

    /// Asserts that nothing comes but the last chunk.
    fn must_end(mut self) {
        let mut rest = String::new();
        while self.0.read_line(&mut rest).unwrap() > 0 {}
        assert_eq!(rest.trim_start(), "0\r\n\r\n");
    }
}

#[test]
fn objects_are_created_changed_and_deleted() {
    let cluster = Cluster::new();
    let object = json!({ "metadata": { "name": "one" }, "data": { "a": "1" } });
    let made = cluster.in_order(post(CONFIG_MAPS, &object));
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["metadata"]["namespace"], "default");
    assert_eq!(cluster.in_order(post(CONFIG_MAPS, &object)).status, 409);
    let elsewhere = "/api/v1/namespaces/other/configmaps";
    assert_eq!(cluster.in_order(post(elsewhere, &object)).status, 404);

    let one = format!("{CONFIG_MAPS}/one");
    let patch = json!({ "data": { "a": null, "b": "2" } });
    for kind in [
        "application/merge-patch+json",
        "application/strategic-merge-patch+json; charset=utf-8",
        "application/apply-patch+yaml",
    ] {
        let patched = cluster.in_order(with_body("PATCH", &one, kind, &patch));
        assert_eq!(patched.json()["data"], json!({ "b": "2" }), "{kind}");
    }
    let kind = "application/json-patch+json";
    let refused = cluster.in_order(with_body("PATCH", &one, kind, &patch));
    assert_eq!(refused.status, 415);
    let applied = json!({ "metadata": { "name": "two" } });
    let two = format!("{CONFIG_MAPS}/two");
    let kind = "application/apply-patch+yaml";
    let made = cluster.in_order(with_body("PATCH", &two, kind, &applied));
    assert_eq!(made.status, 201, "{}", made.text());

    let old = cluster.in_order(Request::get(&one)).json();
    let put = || cluster.in_order(with_body("PUT", &one, "application/json", &old));
    assert_eq!((put().status, put().status), (200, 409));
    let listed = cluster.in_order(Request::get("/api/v1/configmaps")).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    let delete = || cluster.in_order(Request::get(&one).method("DELETE"));
    assert_eq!((delete().status, delete().status), (200, 404));
}

#[test]
fn a_watch_stays_open_and_tells_what_happens_later() {
    let cluster = Cluster::new();
    let listed = cluster.in_order(Request::get(CONFIG_MAPS)).json();
    let version = listed["metadata"]["resourceVersion"].as_str().unwrap();
    let make = |name: &str| {
        let made = cluster.in_order(post(CONFIG_MAPS, &json!({ "metadata": { "name": name } })));
        assert_eq!(made.status, 201, "{}", made.text());
    };
    make("before");
    let path = format!("{CONFIG_MAPS}?watch=true&resourceVersion={version}");
    let mut watch = Lines::open(&cluster, &path);
    let (kind, object) = watch.event();
    assert_eq!(
        (kind.as_str(), &object["metadata"]["name"]),
        ("ADDED", &json!("before"))
    );
    for name in ["one", "two"] {
        make(name);
        let (kind, object) = watch.event();
        assert_eq!(kind, "ADDED");
        assert_eq!(object["metadata"]["name"], name);
    }
    cluster.in_order(Request::get(&format!("{CONFIG_MAPS}/one")).method("DELETE"));
    assert_eq!(watch.event().0, "DELETED");

    // Without a version, what is there comes first.
    let mut namespaces = Lines::open(&cluster, "/api/v1/namespaces?watch=1");
    assert_eq!(namespaces.event().1["metadata"]["name"], "default");
    let one = "/api/v1/namespaces?watch=1&fieldSelector=metadata.name%3Dkube-system";
    let mut one = Lines::open(&cluster, one);
    assert_eq!(one.event().1["metadata"]["name"], "kube-system");
}

#[test]
fn a_log_is_followed_line_by_line_to_its_end() {
    let cluster = Cluster::new();
    let log = cluster.api_server.run_pod("default", "demo").unwrap();
    assert!(cluster.api_server.run_pod("default", "demo").is_err());
    assert!(cluster.api_server.run_pod("nowhere", "demo").is_err());
    log.push("first");
    let path = "/api/v1/namespaces/default/pods/demo/log";
    let mut lines = Lines::open(&cluster, &format!("{path}?follow=true"));
    assert_eq!(lines.next(), "first");
    log.push("second");
    assert_eq!(lines.next(), "second");
    assert_eq!(
        cluster.in_order(Request::get(path)).text(),
        "first\nsecond\n"
    );
    log.end();
    lines.must_end();
    let other = path.replace("demo", "other");
    assert_eq!(cluster.in_order(Request::get(&other)).status, 404);
}
