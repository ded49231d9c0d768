//! Many requests of all kinds at once.

use super::Proxied;
use super::client::{Connection, Request};
use keyhole_emulator::Verdict;
use serde_json::json;

/// Callers at once, with a connection each.
const CALLERS: usize = 8;
/// Rounds of each caller; a round is five requests.
const ROUNDS: usize = 25;
/// Bytes of a large body.
const LARGE: usize = 300_000;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

impl Proxied<'_> {
    /// A thousand requests by eight callers: read, created, deleted, uploaded,
    /// downloaded; each is answered rightly and let in.
    ///
    /// # Panics
    /// If one is not.
    pub fn a_thousand_requests_of_mixed_kinds(&self) {
        let before = self.requests();
        std::thread::scope(|scope| {
            for caller in 0..CALLERS {
                scope.spawn(move || {
                    let mut connection = self.connect();
                    for round in 0..ROUNDS {
                        self.round(&mut connection, &format!("of-{caller}-{round}"));
                    }
                });
            }
        });
        let requests = self.requests_after(before);
        assert_eq!(requests.len(), CALLERS * ROUNDS * 5);
        for request in &requests {
            assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
        }
    }

    fn round(&self, connection: &mut Connection, name: &str) {
        let mut send = |request: &Request| {
            let response = connection.send(request);
            if response.header("connection") == Some("close") {
                *connection = self.connect();
            }
            response
        };
        let object =
            json!({ "metadata": { "name": name }, "data": { "padding": "x".repeat(900) } });
        let create = Request::new("POST", CONFIG_MAPS)
            .header("Content-Type", "application/json")
            .body(object.to_string());
        let response = send(&create);
        assert_eq!(response.status, 201, "{response:?}");

        let one = format!("{CONFIG_MAPS}/{name}");
        let response = send(&Request::get(&one));
        assert_eq!(response.json()["data"], object["data"], "{response:?}");

        let response = send(&Request::new("DELETE", &one));
        assert_eq!(response.status, 200, "{response:?}");

        let upload = Request::new("POST", "/test/upload").body(vec![b'u'; LARGE]);
        let response = send(&upload);
        assert_eq!(response.json()["bytes"], LARGE, "{response:?}");

        let download = format!("/test/download?bytes={LARGE}&chunked=true");
        let response = send(&Request::get(&download));
        let pattern = (0..LARGE).map(|at| at % 251);
        let right = response
            .body
            .iter()
            .map(|byte| usize::from(*byte))
            .eq(pattern);
        assert!(right, "{} bytes", response.body.len());
    }
}
