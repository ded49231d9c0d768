//! Which headers of a caller's reach the API server.

use super::Proxied;
use super::client::Request;
use keyhole_emulator::Verdict;

/// Names that nobody but the proxy may say who asks by, each with a value that
/// would do harm.
const IDENTITY: [(&str, &str); 12] = [
    ("Authorization", "Bearer of-the-caller"),
    ("AUTHORIZATION", "Basic b2Y6Y2FsbGVy"),
    ("Proxy-Authorization", "Basic b2Y6Y2FsbGVy"),
    ("Impersonate-User", "system:admin"),
    ("Impersonate-Group", "system:masters"),
    ("Impersonate-Uid", "0"),
    ("Impersonate-Extra-Scopes", "all"),
    ("impersonate_user", "system:admin"),
    ("X-Remote-User", "system:admin"),
    ("X-Remote-Group", "system:masters"),
    ("X-Remote-Extra-Scopes", "all"),
    ("x_remote_user", "system:admin"),
];

/// Names that end at the proxy (RFC 9110, section 7.6.1): these three by what
/// `Connection` says.
const NOMINATED: [(&str, &str); 3] = [
    ("Connection", "keep-alive, X-Of-This-Hop"),
    ("Keep-Alive", "timeout=5"),
    ("X-Of-This-Hop", "1"),
];

/// Names that go on.
const KEPT: [(&str, &str); 3] = [
    ("accept", "application/json;as=Table"),
    ("x-kept", "a, b"),
    ("user-agent", "caller/1"),
];

impl Proxied<'_> {
    /// Who asks is said by the proxy alone, headers of one connection end at it,
    /// and all others go on.
    ///
    /// # Panics
    /// If not.
    pub fn callers_headers_are_removed(&self) {
        self.removes(&NOMINATED);
    }

    /// The same, but for headers that only `Connection` says are of one
    /// connection: not every server lets a component see that.
    ///
    /// # Panics
    /// If not.
    pub fn callers_identity_is_removed(&self) {
        self.removes(&NOMINATED[1..2]);
    }

    fn removes(&self, of_this_hop: &[(&str, &str)]) {
        let mut request = Request::get("/test/head?a=b%2Fc&d");
        for (name, value) in IDENTITY.iter().chain(of_this_hop).chain(&KEPT) {
            request = request.header(name, value);
        }
        let before = self.requests();
        let response = self.send(&request);
        assert_eq!(response.status, 200, "{response:?}");
        let shown = response.json();
        assert_eq!(shown["target"], "/test/head?a=b%2Fc&d");
        let headers = shown["headers"].as_array().expect("a list");
        let value = |name: &str| {
            let found = headers.iter().find(|pair| pair[0] == name);
            found.and_then(|pair| pair[1].as_str())
        };
        // Each of the two hops has its own.
        let are_there = ["authorization", "connection"];
        for (name, _) in IDENTITY.iter().chain(of_this_hop) {
            let name = name.to_ascii_lowercase();
            if !are_there.contains(&name.as_str()) {
                assert_eq!(value(&name), None, "{shown}");
            }
        }
        for (name, given) in KEPT {
            assert_eq!(value(name), Some(given), "{shown}");
        }
        let host = value("host").expect("a host");
        let upstream = [self.api_server.url(), self.api_server.http_url()];
        let named = |url: &str| url.split("//").nth(1) == Some(host);
        assert!(upstream.iter().any(|url| named(url)), "{shown}");

        let requests = self.requests_after(before);
        assert_eq!(requests.len(), 1, "{requests:?}");
        assert_eq!(requests[0].verdict, Verdict::Authenticated);
    }
}
