//! A token that ends while an answer goes on.

use super::client::{Connection, Request};
use super::{PATIENCE, POLL, Proxied};
use keyhole_emulator::{RecordedRequest, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A watch that goes on.
struct Watch {
    connection: Connection,
    pending: Vec<u8>,
}

impl Watch {
    fn start(proxied: &Proxied<'_>) -> Self {
        let mut connection = proxied.connect();
        let request = Request::get(&format!("{CONFIG_MAPS}?watch=true"));
        connection.start(&request).expect("the watch begins");
        let head = connection.head().expect("an answer");
        assert_eq!(head.status, 200);
        Self {
            connection,
            pending: Vec::new(),
        }
    }

    fn must_tell_of(&mut self, name: &str) {
        let line = loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                break self.pending.drain(..=end).collect::<Vec<u8>>();
            }
            let pending = &mut self.pending;
            let mut keep = |piece: &[u8]| pending.extend_from_slice(piece);
            let more = self.connection.next_chunk(&mut keep);
            assert!(more.expect("the watch goes on"), "the watch has ended");
        };
        let event: Value = serde_json::from_slice(&line).expect("JSON");
        assert_eq!(event["type"], "ADDED", "{event}");
        assert_eq!(event["object"]["metadata"]["name"], name, "{event}");
    }
}

impl Proxied<'_> {
    /// While a watch stays open the proxy gets other tokens, each before the one
    /// before has ended and no more than are needed; every request in between is
    /// let in, and the watch goes on. The authority's tokens must live this long
    /// ([`access_token_lifetime`](keyhole_emulator::EmulatorConfig)); three of them
    /// are seen.
    ///
    /// # Panics
    /// If not.
    pub fn the_token_rotates_under_a_watch(&self, lifetime: Duration) {
        self.must_work();
        let before = self.requests() - 1;
        let mut watch = Watch::start(self);
        self.create("before-rotation");
        watch.must_tell_of("before-rotation");
        let end = Instant::now() + 3 * lifetime + PATIENCE;
        while self.tokens_after(before).len() < 3 {
            assert!(Instant::now() < end, "no other token came");
            self.must_work();
            std::thread::sleep(POLL);
        }
        self.create("after-rotation");
        watch.must_tell_of("after-rotation");

        for request in self.requests_after(before) {
            assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
        }
        let (tokens, exchanges) = (self.tokens_after(0).len(), self.exchanges());
        // One more may have been got and not been used yet.
        assert!(
            (tokens..=tokens + 1).contains(&exchanges),
            "{exchanges} exchanges for {tokens} tokens"
        );
    }

    /// Which tokens came after the first so many requests.
    #[must_use]
    pub fn tokens_after(&self, number: usize) -> BTreeSet<String> {
        let requests = self.requests_after(number);
        let bearer = |request: &RecordedRequest| Some(request.bearer.as_ref()?.id.clone());
        requests.iter().filter_map(bearer).collect()
    }

    fn create(&self, name: &str) {
        let object = json!({ "metadata": { "name": name } });
        let create = Request::new("POST", CONFIG_MAPS)
            .header("Content-Type", "application/json")
            .body(object.to_string());
        let response = self.send(&create);
        assert_eq!(response.status, 201, "{response:?}");
    }
}
