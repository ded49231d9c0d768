//! What goes over a connection when hyper would not send it.

use std::io::Write;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Fault, Framing, RetryAfter};
use crate::authority::answer::{Answer, content_length};

/// One header of a huge head; smaller than the line limits clients have.
const HEADER_BYTES: usize = 4_000;
/// What a huge body is written in.
const CHUNK_BYTES: usize = 64 << 10;

/// One thing to do with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Send these bytes and flush them.
    Send(Bytes),
    /// Send these bytes again and again with a pause after each time, until
    /// the client goes.
    Repeat(Bytes, Duration),
    /// Send nothing for a while.
    Pause(Duration),
    /// Wait until the client goes.
    UntilClientGoes,
    /// Reset the connection.
    Reset,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) enum Plan {
    /// An answer as HTTP servers give it.
    Answer(Answer),
    /// These steps, after which the connection is closed.
    Script(Vec<Step>),
}

/// A connection that can be reset.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// The TCP stream under it.
    fn tcp(&self) -> &tokio::net::TcpStream;
}

impl Connection for tokio::net::TcpStream {
    fn tcp(&self) -> &tokio::net::TcpStream {
        self
    }
}

impl Connection for tokio_rustls::server::TlsStream<tokio::net::TcpStream> {
    fn tcp(&self) -> &tokio::net::TcpStream {
        self.get_ref().0
    }
}

/// Does the steps and closes the connection. A client that has gone ends it.
pub(crate) async fn play(steps: Vec<Step>, mut stream: impl Connection) {
    for step in steps {
        let done = match step {
            Step::Send(bytes) => send(&mut stream, &bytes).await,
            Step::Repeat(bytes, pause) => loop {
                if let Err(error) = send(&mut stream, &bytes).await {
                    break Err(error);
                }
                tokio::time::sleep(pause).await;
            },
            Step::Pause(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Step::UntilClientGoes => {
                let mut ignored = [0; 1_024];
                while matches!(stream.read(&mut ignored).await, Ok(bytes) if bytes > 0) {}
                Ok(())
            }
            // With no time to linger, closing is a reset (POSIX, SO_LINGER).
            Step::Reset => {
                let _ = stream.tcp().set_zero_linger();
                return;
            }
        };
        if done.is_err() {
            return;
        }
    }
    // The client may have closed first.
    let _ = stream.shutdown().await;
}

async fn send(stream: &mut impl Connection, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

impl Fault {
    /// What the client gets in place of `honest`; `assertion` is what it sent.
    /// Faults of the success answer's content are in `honest` already.
    pub(crate) fn plan(&self, honest: Answer, assertion: &str, correlation_id: &str) -> Plan {
        use crate::authority::refusal::Refusal;
        match self {
            Self::None | Self::Member { .. } | Self::DuplicateMember { .. } => Plan::Answer(honest),
            Self::Answer(answer) => match answer.response() {
                Some(_) => Plan::Answer(answer.clone()),
                None => Plan::Script(vec![Step::Send(answer.wire().into())]),
            },
            Self::Throttled {
                status,
                retry_after,
            } => {
                let value = match retry_after {
                    RetryAfter::Seconds(seconds) => seconds.to_string(),
                    RetryAfter::Date(ahead) => httpdate::fmt_http_date(SystemTime::now() + *ahead),
                    RetryAfter::Text(text) => text.clone(),
                };
                let mut answer = Refusal::by_code(90_055)
                    .answer(correlation_id)
                    .header("retry-after", &value);
                answer.status = *status;
                Plan::Answer(answer)
            }
            Self::Entra(code) => Plan::Answer(Refusal::by_code(*code).answer(correlation_id)),
            Self::EntraText { code, text } => {
                Plan::Answer(Refusal::with_text(*code, text.as_str()).answer(correlation_id))
            }
            Self::ReflectAssertion => {
                let text = format!("JWT token is invalid or malformed: {assertion}.");
                Plan::Answer(Refusal::with_text(50_027, text).answer(correlation_id))
            }
            Self::SkewedDate { seconds } => {
                let skew = Duration::from_secs(seconds.unsigned_abs());
                let now = SystemTime::now();
                let date = if *seconds < 0 { now - skew } else { now + skew };
                Plan::Answer(honest.header("date", &httpdate::fmt_http_date(date)))
            }
            Self::Delay { by, then } => {
                let mut steps = vec![Step::Pause(*by)];
                match then.plan(honest, assertion, correlation_id) {
                    Plan::Answer(answer) => steps.push(Step::Send(answer.wire().into())),
                    Plan::Script(more) => steps.extend(more),
                }
                Plan::Script(steps)
            }
            Self::SlowDrip { bytes, pause } => {
                let piece = |piece: &[u8]| {
                    [
                        Step::Send(Bytes::copy_from_slice(piece)),
                        Step::Pause(*pause),
                    ]
                };
                Plan::Script(
                    honest
                        .wire()
                        .chunks((*bytes).max(1))
                        .flat_map(piece)
                        .collect(),
                )
            }
            Self::Hang => Plan::Script(vec![Step::UntilClientGoes]),
            Self::Reset => Plan::Script(vec![Step::Reset]),
            Self::Truncated { missing } => {
                let mut wire = honest.wire();
                wire.truncate(wire.len().saturating_sub(*missing));
                Plan::Script(vec![Step::Send(wire.into())])
            }
            Self::HugeHead { bytes } => {
                Plan::Script(vec![Step::Send(huge_head(honest, *bytes).into())])
            }
            Self::HugeBody { bytes, framing } => Plan::Script(huge_body(*bytes, *framing)),
            Self::Raw(bytes) => Plan::Script(vec![Step::Send(bytes.clone().into())]),
            Self::EndlessHead { pause } => Plan::Script(vec![
                Step::Send(Bytes::from_static(b"HTTP/1.1 200 OK\r\n")),
                Step::Repeat(Bytes::from_static(b"x-padding: p\r\n"), *pause),
            ]),
            Self::Interim { count } => {
                let mut wire = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(*count);
                wire.extend(honest.wire());
                Plan::Script(vec![Step::Send(wire.into())])
            }
            Self::GzipBomb { unpacked } => Plan::Answer(gzip_bomb(*unpacked)),
        }
    }
}

fn huge_head(mut answer: Answer, bytes: usize) -> Vec<u8> {
    let padding = "p".repeat(HEADER_BYTES);
    for number in 0..bytes.div_ceil(HEADER_BYTES) {
        answer = answer.header(&format!("x-padding-{number}"), &padding);
    }
    answer.wire()
}

/// A JSON string of this length: well-formed, so that only its size is wrong.
fn huge_body(bytes: usize, framing: Framing) -> Vec<Step> {
    let answer = Answer::json_text(200, []);
    let chunked = framing == Framing::Chunked;
    let framing = if chunked {
        "transfer-encoding: chunked\r\n".to_owned()
    } else {
        content_length(bytes)
    };
    let mut steps = vec![Step::Send(answer.head(&framing).into())];
    let mut send = |content: Vec<u8>| {
        let mut bytes = Vec::with_capacity(content.len() + 16);
        if chunked {
            bytes.extend_from_slice(format!("{:x}\r\n", content.len()).as_bytes());
        }
        bytes.extend_from_slice(&content);
        if chunked {
            bytes.extend_from_slice(b"\r\n");
        }
        steps.push(Step::Send(bytes.into()));
    };
    let (open, close) = (
        br#"{"token_type":"Bearer","expires_in":86399,"access_token":""#.to_vec(),
        b"\"}".to_vec(),
    );
    let mut left = bytes.saturating_sub(open.len() + close.len());
    send(open);
    while left > 0 {
        let part = left.min(CHUNK_BYTES);
        send(vec![b'a'; part]);
        left -= part;
    }
    send(close);
    if chunked {
        steps.push(Step::Send(Bytes::from_static(b"0\r\n\r\n")));
    }
    steps
}

fn gzip_bomb(unpacked: usize) -> Answer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let spaces = vec![b' '; CHUNK_BYTES];
    let mut left = unpacked;
    while left > 0 {
        let part = left.min(CHUNK_BYTES);
        encoder
            .write_all(&spaces[..part])
            .expect("writing to memory does not fail");
        left -= part;
    }
    let packed = encoder.finish().expect("writing to memory does not fail");
    Answer::json_text(200, packed).header("content-encoding", "gzip")
}
