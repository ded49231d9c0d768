//! Answers without a known end: watches and logs that are followed. Each has a
//! task of its own, which ends when the client goes.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::body::AnswerBody;
use super::failure::Failure;
use super::logs::Logs;
use super::store::{Selection, Store, line};

/// How many pieces wait for a slow client.
const WAITING: usize = 16;

/// What happens to a selection from a revision on; without one, what there is
/// comes first.
pub(super) fn watch(store: &Arc<Store>, selection: Selection, since: Option<u64>) -> AnswerBody {
    let (sender, receiver) = mpsc::channel(WAITING);
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let mut revisions = store.revisions();
        let mut next = match since {
            Some(since) => Some((Vec::new(), since)),
            None => Some(store.all_as_events(&selection)),
        };
        loop {
            let Some((lines, now)) = next else {
                let gone = Failure::new(410, "Expired", "too old resource version");
                let _ = sender.send(line("ERROR", &gone.status()).into()).await;
                return;
            };
            if !lines.is_empty() && sender.send(lines.into()).await.is_err() {
                return;
            }
            tokio::select! {
                () = sender.closed() => return,
                passed = revisions.wait_for(|revision| *revision > now) => if passed.is_err() {
                    return;
                },
            }
            next = store.events(&selection, now);
        }
    });
    AnswerBody::Stream(receiver)
}

/// The log of a pod as it grows.
pub(super) fn follow(logs: &Arc<Logs>, pod: (String, String)) -> AnswerBody {
    let (sender, receiver) = mpsc::channel::<Bytes>(WAITING);
    let logs = Arc::clone(logs);
    tokio::spawn(async move {
        let mut growth = logs.growth();
        let mut sent = 0;
        loop {
            growth.mark_unchanged();
            let (text, ended) = logs.read(&pod, sent);
            sent += text.len();
            if !text.is_empty() && sender.send(text).await.is_err() {
                return;
            }
            if ended {
                return;
            }
            tokio::select! {
                () = sender.closed() => return,
                grown = growth.changed() => if grown.is_err() {
                    return;
                },
            }
        }
    });
    AnswerBody::Stream(receiver)
}
