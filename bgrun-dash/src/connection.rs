//! Connections: how many there are, who has to go when one more comes, and how slow one
//! may be.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

/// The most connections at once.
const MOST: usize = 64;
/// Who takes nothing of what is sent for so long is gone.
const WRITING_TAKES: Duration = Duration::from_secs(10);

/// The open connections, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Vec<Arc<Place>>>,
}

/// The place of one connection.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Requests that are being answered.
    answering: AtomicUsize,
    /// It has to go, for another one came.
    leave: Notify,
}

impl Connections {
    /// A place for a connection that comes. When all are taken, the oldest connection
    /// that waits for a request goes: one that takes its time to ask must keep nobody
    /// else away. None: all are being answered.
    pub(crate) fn admit(&self) -> Option<Arc<Place>> {
        let mut open = self.open.lock().unwrap_or_else(|broken| broken.into_inner());
        if open.len() >= MOST {
            let idle = open.iter().position(|one| one.answering.load(Ordering::Relaxed) == 0)?;
            open.remove(idle).leave.notify_one();
        }
        let place = Arc::new(Place::default());
        open.push(Arc::clone(&place));
        Some(place)
    }

    /// Frees the place of a connection that is closed.
    pub(crate) fn free(&self, place: &Arc<Place>) {
        let mut open = self.open.lock().unwrap_or_else(|broken| broken.into_inner());
        open.retain(|one| !Arc::ptr_eq(one, place));
    }
}

impl Place {
    /// Returns when the connection has to go.
    pub(crate) async fn left(&self) {
        self.leave.notified().await;
    }

    /// A request came. Until what is answered is dropped the connection is not idle.
    pub(crate) fn begin(self: &Arc<Self>) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(self))
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Answering(Arc<Place>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that knows whose answer it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Body,
    pub(crate) _answering: Answering,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that fails when nobody takes what is written to it.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    /// By when something must be taken.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, deadline: None }
    }

    /// Passes on what came of writing; after a while of nothing, an error.
    fn watched<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let deadline = self.deadline.get_or_insert_with(|| {
            Box::pin(tokio::time::sleep_until(Instant::now() + WRITING_TAKES))
        });
        match deadline.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watched(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watched(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watched(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_takes_the_place_of_the_oldest_that_waits() {
        let connections = Connections::default();
        let places: Vec<_> = (0..MOST).map(|_| connections.admit().expect("a place")).collect();
        let busy = places[0].begin();
        let more = connections.admit().expect("the second was idle");
        assert_eq!(connections.open.lock().expect("lock").len(), MOST);
        let is_open = |place: &Arc<Place>| {
            connections.open.lock().expect("lock").iter().any(|one| Arc::ptr_eq(one, place))
        };
        assert!(is_open(&places[0]) && !is_open(&places[1]) && is_open(&places[2]));
        let all: Vec<_> = places[2..].iter().chain([&more]).map(Place::begin).collect();
        assert!(connections.admit().is_none(), "all are being answered");
        drop((busy, all));
        connections.free(&more);
        assert!(connections.admit().is_some());
        assert!(is_open(&places[0]), "a place was free");
    }
}
