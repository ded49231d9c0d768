//! An HTTP/1.1 client that sends whatever it is told, and reads no more than it
//! must: bodies pass in pieces (RFC 9112).

use super::PATIENCE;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What a body is read and written in.
const PIECE: usize = 64 << 10;

/// A request with a short body.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    host: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A GET of a path.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// Any method.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            host: "localhost".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another `Host` than `localhost`.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Gives it a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Its head, with this line for the body's framing.
    fn head(&self, framing: &str) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.target, self.host
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(framing);
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names (lower-case) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The same of trailers.
    pub trailers: Vec<(String, String)>,
}

impl Response {
    /// The first header of a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(given, _)| given == name);
    found.map(|(_, value)| value.as_str())
}

/// How the end of a body is known.
enum Framing {
    Length(u64),
    Chunked,
    UntilClosed,
}

/// The head of an answer; its body is still to be read.
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Header names (lower-case) and values, in order.
    pub headers: Vec<(String, String)>,
    framing: Framing,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection to a proxy.
pub struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    handle: Handle,
}

enum Handle {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    pub(super) fn tcp(stream: TcpStream) -> Self {
        let handle = Handle::Tcp(stream.try_clone().expect("a socket"));
        Self::new(Box::new(stream), handle)
    }

    pub(super) fn unix(stream: UnixStream) -> Self {
        let handle = Handle::Unix(stream.try_clone().expect("a socket"));
        Self::new(Box::new(stream), handle)
    }

    fn new(stream: Box<dyn Stream>, handle: Handle) -> Self {
        let connection = Self {
            stream: BufReader::with_capacity(PIECE, stream),
            handle,
        };
        connection.set_patience(PATIENCE);
        connection
    }

    /// How long reads and writes wait.
    pub fn set_patience(&self, patience: Duration) {
        match &self.handle {
            Handle::Tcp(stream) => stream
                .set_read_timeout(Some(patience))
                .and_then(|()| stream.set_write_timeout(Some(patience))),
            Handle::Unix(stream) => stream
                .set_read_timeout(Some(patience))
                .and_then(|()| stream.set_write_timeout(Some(patience))),
        }
        .expect("a socket");
    }

    /// Ends what is sent, as a caller does who has nothing more to say.
    pub fn close_sending(&self) {
        // The other side may have gone.
        let _ = match &self.handle {
            Handle::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Handle::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Sends a request and reads the whole answer.
    pub fn send(&mut self, request: &Request) -> Response {
        let answer = self.try_send(request);
        answer.unwrap_or_else(|error| panic!("{request:?}: {error}"))
    }

    /// The same where the connection may break off.
    ///
    /// # Errors
    /// It breaks off, or what comes is no HTTP.
    pub fn try_send(&mut self, request: &Request) -> io::Result<Response> {
        self.start(request)?;
        let head = self.head()?;
        let mut body = Vec::new();
        let mut keep = |piece: &[u8]| body.extend_from_slice(piece);
        let trailers = self.body(&head, &mut keep)?;
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
            trailers,
        })
    }

    /// Sends a request; no answer is read.
    ///
    /// # Errors
    /// The connection breaks off.
    pub fn start(&mut self, request: &Request) -> io::Result<()> {
        let framing = match (request.body.len(), request.method.as_str()) {
            (0, "GET" | "DELETE" | "HEAD" | "OPTIONS" | "TRACE" | "CONNECT") => String::new(),
            (length, _) => format!("Content-Length: {length}\r\n"),
        };
        let mut bytes = request.head(&framing);
        bytes.extend_from_slice(&request.body);
        self.write(&bytes)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The connection breaks off.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// Sends a head whose body has this length, and follows by
    /// [`Connection::write`].
    ///
    /// # Errors
    /// The connection breaks off.
    pub fn start_with_length(&mut self, request: &Request, length: u64) -> io::Result<()> {
        self.write(&request.head(&format!("Content-Length: {length}\r\n")))
    }

    /// Sends a head whose body is chunked, and follows by [`Connection::chunk`].
    ///
    /// # Errors
    /// The connection breaks off.
    pub fn start_chunked(&mut self, request: &Request) -> io::Result<()> {
        self.write(&request.head("Transfer-Encoding: chunked\r\n"))
    }

    /// Sends a chunk; an empty one is the last.
    ///
    /// # Errors
    /// The connection breaks off.
    pub fn chunk(&mut self, data: &[u8]) -> io::Result<()> {
        let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\r\n");
        self.write(&bytes)
    }

    /// Reads the head of an answer; interim ones are passed over.
    ///
    /// # Errors
    /// The connection breaks off, or what comes is no HTTP.
    pub fn head(&mut self) -> io::Result<Head> {
        loop {
            let line = self.line()?;
            let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
            let status: u16 = status.ok_or_else(|| bad(&line))?;
            let headers = self.headers()?;
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            let chunked = find(&headers, "transfer-encoding")
                .is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
            let length = find(&headers, "content-length");
            let framing = match length.map(str::parse) {
                _ if matches!(status, 204 | 304) => Framing::Length(0),
                _ if chunked => Framing::Chunked,
                Some(Ok(length)) => Framing::Length(length),
                Some(Err(_)) => return Err(bad("content-length")),
                None => Framing::UntilClosed,
            };
            return Ok(Head {
                status,
                headers,
                framing,
            });
        }
    }

    /// Reads a body to its end, a piece at a time, and then its trailers.
    ///
    /// # Errors
    /// It breaks off before its end.
    pub fn body(
        &mut self,
        head: &Head,
        piece: &mut impl FnMut(&[u8]),
    ) -> io::Result<Vec<(String, String)>> {
        match head.framing {
            Framing::Length(length) => self.exactly(length, piece)?,
            Framing::UntilClosed => {
                let mut buffer = vec![0; PIECE];
                loop {
                    match self.stream.read(&mut buffer)? {
                        0 => break,
                        read => piece(&buffer[..read]),
                    }
                }
            }
            Framing::Chunked => {
                while self.next_chunk(piece)? {}
                return self.headers();
            }
        }
        Ok(Vec::new())
    }

    /// Reads one chunk of an answer that goes on; false at its end.
    ///
    /// # Errors
    /// It breaks off.
    pub fn next_chunk(&mut self, piece: &mut impl FnMut(&[u8])) -> io::Result<bool> {
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad(&line))?;
        if size == 0 {
            return Ok(false);
        }
        self.exactly(size, piece)?;
        self.line()?;
        Ok(true)
    }

    /// What comes until the other side is silent for this long, or closes.
    pub fn until_silent(&mut self, silence: Duration) -> Vec<u8> {
        self.set_patience(silence);
        let mut bytes = Vec::new();
        let mut buffer = vec![0; PIECE];
        while let Ok(read) = self.stream.read(&mut buffer) {
            if read == 0 {
                break;
            }
            bytes.extend_from_slice(&buffer[..read]);
        }
        bytes
    }

    fn exactly(&mut self, length: u64, piece: &mut impl FnMut(&[u8])) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            let buffered = self.stream.fill_buf()?;
            if buffered.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let take =
                usize::try_from(left).map_or(buffered.len(), |left| left.min(buffered.len()));
            piece(&buffered[..take]);
            self.stream.consume(take);
            left -= take as u64;
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8(line).map_err(|_| bad("not UTF-8"))?;
        Ok(line.trim_end_matches('\r').to_owned())
    }

    fn headers(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| bad(&line))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no HTTP: {what:?}"))
}
