//! Bodies that are written while they are sent: events, and files. At most a few pieces
//! wait for a slow reader.

use std::convert::Infallible;
use std::fs::File;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
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

/// A file as it is now; what is written meanwhile is not part of it.
pub(crate) fn file(file: File) -> Body {
    let (sender, body) = body(2);
    let file = Arc::new(file);
    tokio::spawn(async move {
        let size = file.metadata().map_or(0, |data| data.len());
        let mut offset = 0;
        while offset < size {
            let (file, length) = (Arc::clone(&file), STEP.min(size - offset));
            let read = tokio::task::spawn_blocking(move || logs::read(&file, offset, length));
            let Ok(Ok(bytes)) = read.await else { return };
            if bytes.is_empty() {
                return;
            }
            offset += bytes.len() as u64;
            if sender.send(bytes.into()).await.is_err() {
                return;
            }
        }
    });
    body
}
