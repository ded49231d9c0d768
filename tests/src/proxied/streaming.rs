//! Bodies of any size, in both directions.

use super::client::Request;
use super::{Proxied, wait_until};

/// What is sent at a time.
const PIECE: usize = 1 << 20;

/// How many callers leave.
const LEAVING: usize = 10;

/// A gibibyte: no proxy that keeps bodies can hide it.
pub const GIBIBYTE: u64 = 1 << 30;

impl Proxied<'_> {
    /// An upload, with a known length and without, reaches the API server while it
    /// is still being sent; a download comes whole; and the proxy's process never
    /// has more than this many MiB resident.
    ///
    /// # Panics
    /// If not.
    pub fn bodies_stream_both_ways(&self, bytes: u64, most_memory: u64) {
        for chunked in [false, true] {
            self.upload(bytes, chunked);
            self.download(bytes, chunked);
        }
        if let Some(peak) = self.peak_memory() {
            println!("{peak} MiB at most for bodies of {} MiB", bytes >> 20);
            assert!(peak <= most_memory, "{peak} MiB, not {most_memory}");
        }
    }

    fn upload(&self, bytes: u64, chunked: bool) {
        let before = self.requests();
        let mut connection = self.connect();
        let request = Request::new("POST", "/test/upload");
        if chunked {
            connection.start_chunked(&request).expect("a head");
        } else {
            let started = connection.start_with_length(&request, bytes);
            started.expect("a head");
        }
        let piece = vec![b'u'; PIECE];
        let mut left = bytes;
        while left > 0 {
            let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let sent = if chunked {
                connection.chunk(&piece[..length])
            } else {
                connection.write(&piece[..length])
            };
            sent.expect("the proxy reads on");
            if left == bytes {
                wait_until(
                    "the upload reaches the API server before it is whole",
                    || self.requests() > before,
                );
            }
            left -= length as u64;
        }
        if chunked {
            connection.chunk(&[]).expect("the last chunk");
        }
        let head = connection.head().expect("an answer");
        assert_eq!(head.status, 200);
        let mut text = Vec::new();
        let mut keep = |piece: &[u8]| text.extend_from_slice(piece);
        connection.body(&head, &mut keep).expect("a whole answer");
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(text.contains(&format!("\"bytes\":{bytes},")), "{text}");
    }

    fn download(&self, bytes: u64, chunked: bool) {
        let mut connection = self.connect();
        let target = format!("/test/download?bytes={bytes}&chunked={chunked}");
        connection.start(&Request::get(&target)).expect("a head");
        let head = connection.head().expect("an answer");
        assert_eq!(head.status, 200);
        let mut came = 0_u64;
        let mut check = |piece: &[u8]| {
            let start = came % 251;
            let first = piece.first().map(|byte| u64::from(*byte));
            assert!(first.is_none_or(|byte| byte == start), "at {came}");
            came += piece.len() as u64;
        };
        connection.body(&head, &mut check).expect("a whole body");
        assert_eq!(came, bytes);
    }

    /// Trailers of answers and requests reach the other side.
    ///
    /// # Panics
    /// If not.
    pub fn trailers_pass(&self) {
        self.trailers_of_answers_pass();
        self.trailers_of_requests_pass();
    }

    /// Trailers of answers reach the caller.
    ///
    /// # Panics
    /// If not.
    pub fn trailers_of_answers_pass(&self) {
        let request = Request::get("/test/trailers").header("TE", "trailers");
        let response = self.send(&request);
        assert_eq!(response.body, b"hello", "{response:?}");
        let expected = [("x-checksum".to_owned(), "of-hello".to_owned())];
        assert_eq!(response.trailers, expected, "{response:?}");
    }

    /// Trailers of requests reach the API server.
    ///
    /// # Panics
    /// If not.
    pub fn trailers_of_requests_pass(&self) {
        let mut connection = self.connect();
        let request = Request::new("POST", "/test/upload").header("Trailer", "X-End");
        connection
            .start_chunked(&request)
            .and_then(|()| connection.chunk(b"abc"))
            .and_then(|()| connection.write(b"0\r\nX-End: yes\r\n\r\n"))
            .expect("a request with trailers");
        let head = connection.head().expect("an answer");
        let mut text = Vec::new();
        let mut keep = |piece: &[u8]| text.extend_from_slice(piece);
        connection.body(&head, &mut keep).expect("a whole answer");
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(text.contains(r#"[["x-end","yes"]]"#), "{text}");
    }

    /// A caller who leaves in the middle of an upload or a watch takes nothing else
    /// with him, and what he began ends at the API server as well.
    ///
    /// # Panics
    /// If not.
    pub fn callers_leave(&self) {
        for _ in 0..LEAVING {
            self.leave_an_upload();
            self.leave_a_watch();
        }
        self.must_be_left_alone();
    }

    fn leave_an_upload(&self) {
        let before = self.requests();
        let mut connection = self.connect();
        let upload = Request::new("POST", "/test/upload");
        let started = connection.start_with_length(&upload, GIBIBYTE);
        started.expect("a head");
        // What is sent last may not be taken any more.
        let _ = connection.write(&vec![b'u'; PIECE]);
        wait_until("the upload reaches the API server", || {
            self.requests() > before
        });
    }

    fn leave_a_watch(&self) {
        let mut connection = self.connect();
        let watch = Request::get("/api/v1/namespaces?watch=true");
        connection.start(&watch).expect("a head");
        assert_eq!(connection.head().expect("an answer").status, 200);
    }

    fn must_be_left_alone(&self) {
        self.must_work();
        wait_until("what was left ends at the API server", || {
            self.api_server.open_answers() == 0
        });
        self.must_work();
    }
}
