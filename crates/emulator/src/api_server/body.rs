//! Bodies of answers: whole, made as they are sent, or broken off.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::connection::TakeOver;
use crate::faults::script::Step;

/// Bytes of a piece of a download, a multiple of [`PERIOD`].
const PIECE: usize = PERIOD * 256;
/// After how many bytes a download repeats itself.
const PERIOD: usize = 251;

static PATTERN: [u8; PIECE] = {
    let mut bytes = [0; PIECE];
    let mut at = 0;
    while at < PIECE {
        #[expect(clippy::cast_possible_truncation, reason = "less than PERIOD")]
        {
            bytes[at] = (at % PERIOD) as u8;
        }
        at += 1;
    }
    bytes
};

/// The body of an answer.
pub(super) enum AnswerBody {
    /// All there at once.
    Whole(Full<Bytes>),
    /// So many bytes, the n-th being n modulo 251.
    Pattern {
        left: u64,
        /// Whether its length is not said before.
        chunked: bool,
    },
    /// What somebody else sends, as it comes.
    Stream(mpsc::Receiver<Bytes>),
    /// So many bytes of [`AnswerBody::Pattern`], and then a reset.
    Broken { left: u64, reset: TakeOver },
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let data = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Pattern { left: 0, .. } => Poll::Ready(None),
            Self::Pattern { left, .. } => data(take(left)),
            Self::Stream(receiver) => match receiver.poll_recv(context) {
                Poll::Ready(Some(bytes)) => data(bytes),
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            },
            Self::Broken { left: 0, reset } => {
                reset.tell(vec![Step::Reset]);
                Poll::Pending
            }
            Self::Broken { left, .. } => data(take(left)),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pattern {
                left,
                chunked: false,
            } => SizeHint::with_exact(*left),
            _ => SizeHint::default(),
        }
    }
}

/// The next piece; all but the last are whole periods.
fn take(left: &mut u64) -> Bytes {
    let length = usize::try_from(*left).map_or(PIECE, |left| left.min(PIECE));
    *left -= length as u64;
    Bytes::from_static(&PATTERN[..length])
}
