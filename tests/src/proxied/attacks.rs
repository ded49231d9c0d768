//! Callers who mean harm: bytes that two readers may read in two ways, and
//! floods. Whatever the proxy says to them, three things hold: a request that
//! reaches the API server is one that the caller was answered for, no answer
//! holds a token, and others are served as before.

use super::{PATIENCE, Proxied};
use std::io::Write as _;
use std::time::Duration;

/// When the other side says nothing for so long, it waits for more.
const SILENCE: Duration = Duration::from_millis(700);

/// What a request smuggled inside another asks for.
const SMUGGLED: &str = "/smuggled";

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which it was.
    pub name: &'static str,
    /// The status codes of the answers, in order.
    pub statuses: Vec<u16>,
    /// Method and target of what reached the API server.
    pub upstream: Vec<String>,
}

impl Outcome {
    /// Whether it was refused: told so or hung up on, and nothing went on.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let refusal = |status: &u16| (400..=599).contains(status);
        self.upstream.is_empty() && self.statuses.iter().all(refusal)
    }
}

/// Attempts in bytes.
fn attempts() -> Vec<(&'static str, Vec<u8>)> {
    let inner = format!("GET {SMUGGLED} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let post = |headers: &str, body: &str| {
        format!("POST /test/upload HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}").into_bytes()
    };
    let get = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n").into_bytes();
    let host = "Host: localhost\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let length = |length: &str| format!("Content-Length: {length}\r\n");
    let both = length(&(inner.len() + 5).to_string()) + chunked;
    let in_chunks = format!("0\r\n\r\n{inner}");
    vec![
        ("length and chunked", post(&both, &in_chunks)),
        (
            "chunked and length",
            post(&(chunked.to_owned() + &length("5")), &in_chunks),
        ),
        (
            "two lengths",
            post(&(length("0") + &length(&inner.len().to_string())), &inner),
        ),
        (
            "a list of lengths",
            post(&length(&format!("0, {}", inner.len())), &inner),
        ),
        (
            "a signed length",
            post(&length(&format!("+{}", inner.len())), &inner),
        ),
        ("a length in hexadecimal", post(&length("0x10"), &inner)),
        ("a negative length", post(&length("-1"), &inner)),
        (
            "a length beyond 64 bits",
            post(&length("18446744073709551617"), "x"),
        ),
        (
            "chunked that is not last",
            post("Transfer-Encoding: chunked, identity\r\n", &in_chunks),
        ),
        (
            "chunked twice",
            post("Transfer-Encoding: chunked, chunked\r\n", &in_chunks),
        ),
        (
            "another coding",
            post("Transfer-Encoding: xchunked\r\n", &in_chunks),
        ),
        (
            "white space before the colon",
            post(
                &(length("5") + "Transfer-Encoding : chunked\r\n"),
                &in_chunks,
            ),
        ),
        (
            "a vertical tab before chunked",
            post(
                &(length("5") + "Transfer-Encoding: \u{b}chunked\r\n"),
                &in_chunks,
            ),
        ),
        (
            "a folded header",
            post(
                &(length("5") + "X-A: b\r\n Transfer-Encoding: chunked\r\n"),
                &in_chunks,
            ),
        ),
        (
            "a chunk size that is none",
            post(chunked, &format!("zz\r\n{inner}")),
        ),
        (
            "a chunk size beyond 64 bits",
            post(chunked, &format!("10000000000000000\r\n{inner}")),
        ),
        (
            "a chunk longer than its size",
            post(chunked, &format!("1\r\nab\r\n{inner}")),
        ),
        (
            "line feeds alone",
            get("GET /test/head HTTP/1.1", host)
                .into_iter()
                .filter(|b| *b != b'\r')
                .collect(),
        ),
        (
            "a carriage return in a header",
            get(
                "GET /test/head HTTP/1.1",
                "Host: localhost\r\nX-A: b\rX-B: c\r\n",
            ),
        ),
        (
            "a NUL in a header",
            get(
                "GET /test/head HTTP/1.1",
                "Host: localhost\r\nX-A: b\0c\r\n",
            ),
        ),
        (
            "a header without a name",
            get("GET /test/head HTTP/1.1", "Host: localhost\r\n: b\r\n"),
        ),
        (
            "a header before the request's end",
            get("GET /test/head HTTP/1.1", " X-A: b\r\nHost: localhost\r\n"),
        ),
        (
            "two hosts",
            get(
                "GET /test/head HTTP/1.1",
                "Host: localhost\r\nHost: evil.example\r\n",
            ),
        ),
        ("no host", get("GET /test/head HTTP/1.1", "")),
        (
            "another host",
            get("GET /test/head HTTP/1.1", "Host: evil.example\r\n"),
        ),
        (
            "another host in the target",
            get("GET http://evil.example/test/head HTTP/1.1", host),
        ),
        (
            "a link-local host in the target",
            get("GET http://169.254.169.254/test/head HTTP/1.1", host),
        ),
        (
            "an authority with a user",
            get("GET http://localhost@evil.example/test/head HTTP/1.1", host),
        ),
        (
            "a tunnel",
            get(
                "CONNECT evil.example:443 HTTP/1.1",
                "Host: evil.example:443\r\n",
            ),
        ),
        (
            "an upgrade",
            get(
                "GET /test/head HTTP/1.1",
                "Host: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
            ),
        ),
        ("a trace", get("TRACE /test/head HTTP/1.1", host)),
        ("dot segments", get("GET /api/../test/head HTTP/1.1", host)),
        (
            "encoded dot segments",
            get("GET /api/%2e%2e/test/head HTTP/1.1", host),
        ),
        (
            "two slashes",
            get("GET //evil.example/test/head HTTP/1.1", host),
        ),
        ("a backslash", get("GET /api\\..\\test HTTP/1.1", host)),
        (
            "a space in the target",
            get("GET /test/head /smuggled HTTP/1.1", host),
        ),
        (
            "a target without a slash",
            get("GET test/head HTTP/1.1", host),
        ),
        ("an asterisk", get("OPTIONS * HTTP/1.1", host)),
        ("an old version", get("GET /test/head HTTP/0.9", host)),
        (
            "a version that is none",
            get("GET /test/head HTTP/9.9", host),
        ),
        (
            "TLS on a plain port",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        ),
        (
            "HTTP/2 by prior knowledge",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        ),
    ]
}

impl Proxied<'_> {
    /// Tries them all, and floods; gives how each ended.
    ///
    /// # Panics
    /// If what holds for all of them does not.
    #[must_use]
    pub fn smuggling_and_floods(&self) -> Vec<Outcome> {
        let mut outcomes: Vec<_> = attempts()
            .into_iter()
            .map(|(name, bytes)| {
                self.attempt(name, |send| {
                    send(&bytes);
                })
            })
            .collect();
        outcomes.push(self.attempt("ten thousand headers", |send| {
            let mut head = b"GET /test/head HTTP/1.1\r\nHost: localhost\r\n".to_vec();
            for number in 0..10_000 {
                write!(head, "X-{number}: padding\r\n").expect("memory");
            }
            send(&head);
            send(b"\r\n");
        }));
        outcomes.push(self.attempt("a header of a mebibyte", |send| {
            send(b"GET /test/head HTTP/1.1\r\nHost: localhost\r\nX-A: ");
            send(&vec![b'a'; 1 << 20]);
            send(b"\r\n\r\n");
        }));
        outcomes.push(self.attempt("a target of a mebibyte", |send| {
            send(b"GET /test/head?");
            send(&vec![b'a'; 1 << 20]);
            send(b" HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }));
        let mut taken = 0;
        outcomes.push(self.attempt("a head without end", |send| {
            send(b"GET /test/head HTTP/1.1\r\nHost: localhost\r\n");
            let lines = b"X-Padding: padding\r\n".repeat(1_000);
            while taken < 64 << 20 && send(&lines) {
                taken += lines.len();
            }
        }));
        assert!(taken < 64 << 20, "a head of 64 MiB was taken");
        outcomes.push(self.attempt("a body without end", |send| {
            send(b"POST /api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\n");
            send(b"Transfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n", &vec![b'a'; 0x10000][..], b"\r\n"].concat();
            // Until the API server's answer ends it.
            let mut chunks = 0;
            while chunks < 1_024 && send(&chunk) {
                chunks += 1;
            }
        }));
        outcomes
    }

    /// Tries one over a connection of its own.
    fn attempt(
        &self,
        name: &'static str,
        attack: impl FnOnce(&mut dyn FnMut(&[u8]) -> bool),
    ) -> Outcome {
        let before = self.requests();
        let mut connection = self.connect();
        connection.set_patience(Duration::from_secs(5));
        // The proxy may hang up at any time.
        attack(&mut |bytes| connection.write(bytes).is_ok());
        let answers = connection.until_silent(SILENCE);
        drop(connection);
        for secret in self.world.secrets() {
            secret.must_not_be_in(name, &answers);
        }
        let statuses = statuses(&answers);
        let upstream: Vec<_> = self
            .requests_after(before)
            .iter()
            .map(|request| format!("{} {}", request.method, request.target))
            .collect();
        let outcome = Outcome {
            name,
            statuses,
            upstream,
        };
        println!("{outcome:?}");
        assert!(
            outcome.upstream.len() <= outcome.statuses.len(),
            "more went on than was answered: {outcome:?}"
        );
        assert!(!outcome.statuses.contains(&101), "{outcome:?}");
        self.connect().set_patience(PATIENCE);
        self.must_work();
        outcome
    }
}

/// The status codes in a stream of answers.
fn statuses(answers: &[u8]) -> Vec<u16> {
    let starts = answers
        .windows(12)
        .filter(|twelve| twelve.starts_with(b"HTTP/1.1 ") || twelve.starts_with(b"HTTP/1.0 "));
    let code = |twelve: &[u8]| std::str::from_utf8(&twelve[9..12]).ok()?.parse().ok();
    starts
        .filter_map(code)
        .filter(|code| *code != 100)
        .collect()
}
