//! One connection to the API server: requests and answers pass through hyper as
//! they come, never whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;

use super::body::AnswerBody;
use super::cluster::Cluster;
use crate::authority::listener::Connections;
use crate::authority::records::Listener;
use crate::faults::script::{Connection, Step, play};

/// A way to take a connection out of hyper's hands.
#[derive(Clone)]
pub(super) struct TakeOver(mpsc::Sender<Vec<Step>>);

impl TakeOver {
    /// Does these steps with the connection, soon, in place of all else.
    pub(super) fn tell(&self, steps: Vec<Step>) {
        // Whoever is first is heard.
        let _ = self.0.try_send(steps);
    }
}

/// One of the requests whose answers have not ended.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A body that counts as long as it is there.
struct Counted {
    body: AnswerBody,
    _open: Open,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Connections for Cluster {
    async fn run(
        self: Arc<Self>,
        _listener: Listener,
        _base: Arc<str>,
        stream: impl Connection + 'static,
    ) {
        let (sender, mut taken_over) = mpsc::channel(1);
        let take_over = TakeOver(sender);
        let service = service_fn(move |request| {
            let (cluster, take_over) = (Arc::clone(&self), take_over.clone());
            async move {
                let open = Open::new(&cluster.open);
                let response = cluster.respond(request, take_over).await;
                Ok::<_, Infallible>(response.map(|body| Counted { body, _open: open }))
            }
        });
        let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let steps = tokio::select! {
            // What hyper still has to send goes first.
            biased;
            _ = &mut connection => return,
            Some(steps) = taken_over.recv() => steps,
        };
        play(steps, connection.into_parts().io.into_inner()).await;
    }

    fn count_connection(&self) {}

    fn count_handshake(&self) {}
}
