//! Bodies that are written while they are sent: events, and files. At most a few pieces
//! wait for a slow reader.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bgrun_platform::logs::continuous::Log;
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

use crate::logs;

/// The bytes of a file that are read at once.
const STEP: u64 = 256 * 1024;

/// What is received is the body; when all senders are gone, it is complete.
#[derive(Debug)]
struct Received(mpsc::Receiver<Bytes>);

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A body, and where it is written to; `waiting` pieces may wait to be sent.
pub(crate) fn body(waiting: usize) -> (mpsc::Sender<Bytes>, Body) {
    let (sender, receiver) = mpsc::channel(waiting);
    (sender, Body::new(Received(receiver)))
}

/// A log as it is now; what is written meanwhile is not part of it.
pub(crate) fn log(log: Log) -> Body {
    let (sender, body) = body(2);
    // A thread of its own, for a reader may take its time; it ends when that one leaves.
    let send = move || {
        let (Ok(mut offset), Ok(end)) = (log.begin(), log.end()) else { return };
        while offset < end {
            let Ok(bytes) = logs::read(&log, offset, STEP.min(end - offset)) else { return };
            offset += bytes.len() as u64;
            if bytes.is_empty() || sender.blocking_send(bytes.into()).is_err() {
                return;
            }
        }
    };
    // Without a thread the body is empty, and too short.
    let _ = std::thread::Builder::new().name("download".into()).spawn(send);
    body
}
