//! An API server that misbehaves.

use super::client::Request;
use super::{PATIENCE, Proxied};
use keyhole_emulator::{Gate, ServerFault};
use std::time::Duration;

impl Proxied<'_> {
    /// What the API server says goes on as it is, redirections and refusals too;
    /// where it breaks off, the caller learns it; and afterwards all is well.
    ///
    /// # Panics
    /// If not.
    pub fn faults_of_the_upstream(&self) {
        self.must_work();
        let queue = |fault| self.api_server.queue(fault);

        // A GET may be sent again: then there is a second reset for it.
        for _ in 0..2 {
            let before = self.requests();
            queue(ServerFault::Reset);
            queue(ServerFault::Reset);
            if let Ok(response) = self.connect().try_send(&Request::get("/version")) {
                let status = response.status;
                // `kubectl proxy` says 500.
                assert!((500..=504).contains(&status), "{response:?}");
            }
            if self.requests() == before + 1 {
                // It was not sent again: this one meets what is left.
                let _ = self.connect().try_send(&Request::get("/version"));
            }
            self.must_work();
        }

        let bytes = 100_000;
        queue(ServerFault::ResetMidBody { bytes });
        let broken = self.connect().try_send(&Request::get("/version"));
        if let Ok(response) = broken {
            assert!(
                (500..=599).contains(&response.status),
                "a whole body: {response:?}"
            );
        }
        self.must_work();

        queue(ServerFault::Status {
            code: 429,
            retry_after: Some(7),
        });
        let response = self.get("/version");
        assert_eq!(response.status, 429, "{response:?}");
        assert_eq!(response.header("retry-after"), Some("7"), "{response:?}");

        let before = self.requests();
        queue(ServerFault::status(500));
        assert_eq!(self.get("/version").status, 500);
        queue(ServerFault::Redirect(
            "https://elsewhere.example/".to_owned(),
        ));
        let response = self.get("/version");
        assert_eq!(response.status, 302, "{response:?}");
        let location = response.header("location");
        assert_eq!(location, Some("https://elsewhere.example/"), "{response:?}");
        assert_eq!(self.requests(), before + 2, "a redirection is the caller's");

        let gate = Gate::new();
        queue(ServerFault::Held(gate.clone()));
        let before = self.requests();
        let mut connection = self.connect();
        let started = connection.start(&Request::get("/version"));
        started.expect("a request");
        assert!(self.api_server.wait_for_requests(before + 1, PATIENCE));
        // Others are served meanwhile.
        self.must_work();
        gate.open();
        assert_eq!(connection.head().expect("an answer").status, 200);
        self.must_work();
    }

    /// A token that is suddenly refused: the proxy gets another and sends the
    /// request again, once, if it can be sent again; if not, the caller is told.
    ///
    /// # Panics
    /// If not.
    pub fn a_refused_token_is_replaced_once(&self) {
        self.must_work();
        let (before, exchanges) = (self.requests(), self.exchanges());
        self.api_server.queue(ServerFault::unauthorized());
        assert_eq!(self.get("/version").status, 200);
        assert_eq!(self.exchanges(), exchanges + 1);
        assert_eq!(self.tokens_after(before).len(), 2);

        // Again and again: not sent more than twice.
        let before = self.requests();
        for _ in 0..2 {
            self.api_server.queue(ServerFault::unauthorized());
        }
        assert_eq!(self.get("/version").status, 401);
        assert_eq!(self.requests(), before + 2);

        // A body that has gone cannot be sent again.
        let before = self.requests();
        self.api_server.queue(ServerFault::unauthorized());
        let mut connection = self.connect();
        connection.set_patience(Duration::from_secs(20));
        let upload = Request::new("POST", "/test/upload").body(vec![b'u'; 2 << 20]);
        let response = connection.send(&upload);
        assert_eq!(response.status, 401, "{response:?}");
        assert_eq!(self.requests(), before + 1);
        self.must_work();
    }
}
