//! `GET /api/events`: what changes, told to all pages by one observer.
//!
//! Each event is put into words once. A client that does not read is dropped, and its
//! page comes again with the number of the last event it has seen.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde::Deserialize;
use tokio::sync::{Notify, mpsc};

use crate::answer::{self, Problem};
use crate::channel;
use crate::extract::Asked;
use crate::history::History;
use crate::picture::{News, Picture};
use crate::state::Dashboard;

/// The most clients at once.
pub(crate) const MOST_CLIENTS: usize = 32;
/// So many events may wait for a client before it is dropped.
const MOST_WAITING: usize = 64;
/// So much of what was told is kept for those that come again.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// All clients, and what they know.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    /// Somebody came, or looks now who did not before.
    pub(crate) wanted: Notify,
    /// Streams beside these.
    seated: Arc<AtomicUsize>,
    /// Tells the events of this dashboard from those of one before.
    instance: String,
}

#[derive(Debug, Default)]
struct Inner {
    clients: Vec<Client>,
    picture: Picture,
    history: History,
    /// Whether somebody keeps the picture up to date.
    is_fresh: bool,
    serial: u64,
    told: VecDeque<(u64, Bytes)>,
    told_bytes: usize,
}

#[derive(Debug)]
struct Client {
    sender: mpsc::Sender<Bytes>,
    is_looking: bool,
    /// It has nothing yet, and has seen this before.
    waits_from: Option<Option<u64>>,
}

/// How events are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct How {
    looking: Option<bool>,
    last_event_id: Option<String>,
}

pub(crate) async fn stream(
    State(dashboard): State<Arc<Dashboard>>,
    Asked(how): Asked<How>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let by_header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let seen = by_header.or(how.last_event_id.as_deref());
    let hub = &dashboard.hub;
    let body = hub.join(seen, how.looking.unwrap_or(true))?;
    Ok(answer::text(StatusCode::OK, "text/event-stream", body))
}

impl Hub {
    pub(crate) fn new(instance: String) -> Self {
        Self { inner: Mutex::default(), wanted: Notify::new(), seated: Arc::default(), instance }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn join(&self, seen: Option<&str>, is_looking: bool) -> Result<axum::body::Body, Problem> {
        let mut inner = self.lock();
        inner.clients.retain(|client| !client.sender.is_closed());
        if inner.clients.len() + self.seated.load(Ordering::Relaxed) >= MOST_CLIENTS {
            return Err(full());
        }
        let (sender, body) = channel::body(MOST_WAITING);
        // At once, so that a page knows that somebody is there.
        let _ = sender.try_send(Bytes::from_static(b"retry: 1000\n\n"));
        let seen = seen.and_then(|id| {
            let (instance, serial) = id.split_once('-')?;
            (instance == self.instance).then(|| serial.parse().ok())?
        });
        inner.clients.push(Client { sender, is_looking, waits_from: Some(seen) });
        if inner.is_fresh {
            inner.welcome(&self.instance);
        }
        drop(inner);
        self.wanted.notify_one();
        Ok(body)
    }

    /// A place for another kind of stream; it is free again when the seat is dropped.
    ///
    /// # Errors
    /// All are taken.
    pub(crate) fn seat(&self) -> Result<Seat, Problem> {
        let mut inner = self.lock();
        inner.clients.retain(|client| !client.sender.is_closed());
        if inner.clients.len() + self.seated.load(Ordering::Relaxed) >= MOST_CLIENTS {
            return Err(full());
        }
        self.seated.fetch_add(1, Ordering::Relaxed);
        Ok(Seat(Arc::clone(&self.seated)))
    }

    /// Whether anybody is there, and whether anybody looks. When nobody is there what we
    /// know grows old from now on.
    pub(crate) fn audience(&self) -> Audience {
        let mut inner = self.lock();
        inner.clients.retain(|client| !client.sender.is_closed());
        if inner.clients.iter().any(|client| client.is_looking) {
            return Audience::Looks;
        }
        if inner.clients.is_empty() {
            inner.is_fresh = false;
            return Audience::Nobody;
        }
        Audience::Listens
    }

    /// Takes what `bgrun-ls` printed, and tells what is new.
    ///
    /// # Errors
    /// It is no list of records.
    pub(crate) fn look(&self, printed: &[u8], now: Instant) -> serde_json::Result<()> {
        let mut inner = self.lock();
        let News { changed, gone } = inner.picture.take(printed, now)?;
        let inner = &mut *inner;
        inner.history.take(now, inner.picture.usage());
        if !changed.is_empty() {
            inner.tell(&self.instance, "change", &changed);
        }
        if !gone.is_empty() {
            inner.tell(&self.instance, "gone", &gone);
        }
        inner.is_fresh = true;
        inner.welcome(&self.instance);
        Ok(())
    }

    /// Whether somebody came who has nothing yet.
    pub(crate) fn is_awaited(&self) -> bool {
        self.lock().clients.iter().any(|client| client.waits_from.is_some())
    }

    /// The processes whose end would change what was told.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.lock().picture.pids().collect()
    }

    /// A sign of life, for those too that wait for their first event.
    pub(crate) fn ping(&self) {
        let ping = Bytes::from_static(b"event: ping\ndata: {}\n\n");
        self.lock().clients.retain(|client| client.sender.try_send(ping.clone()).is_ok());
    }

    pub(crate) fn history<T>(&self, read: impl FnOnce(&History) -> T) -> T {
        read(&self.lock().history)
    }
}

fn full() -> Problem {
    let error = format!("{MOST_CLIENTS} streams are open already");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, error)
}

/// A place among the streams.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// For whom is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Nobody,
    /// A page that is not seen: what happens is told, load is not sampled.
    Listens,
    Looks,
}

fn event(instance: &str, serial: u64, kind: &str, data: &str) -> Bytes {
    format!("id: {instance}-{serial}\nevent: {kind}\ndata: {data}\n\n").into()
}

impl Inner {
    fn tell(&mut self, instance: &str, kind: &str, data: &str) {
        self.serial += 1;
        let event = event(instance, self.serial, kind, data);
        self.told_bytes += event.len();
        self.told.push_back((self.serial, event.clone()));
        while self.told_bytes > KEPT_BYTES {
            let Some((_, oldest)) = self.told.pop_front() else { break };
            self.told_bytes -= oldest.len();
        }
        self.send(&event);
    }

    /// Sends to all that have something already; who does not read is let go.
    fn send(&mut self, event: &Bytes) {
        self.clients.retain(|client| {
            client.waits_from.is_some() && !client.sender.is_closed()
                || client.sender.try_send(event.clone()).is_ok()
        });
    }

    /// Gives those that came their first events: what they missed, or else the list.
    fn welcome(&mut self, instance: &str) {
        if self.clients.iter().all(|client| client.waits_from.is_none()) {
            return;
        }
        let mut list = None;
        for client in &mut self.clients {
            let Some(seen) = client.waits_from.take() else { continue };
            let missed = seen.and_then(|seen| missed(&self.told, self.serial, seen));
            // More than may wait is more than a list.
            match missed.filter(|missed| missed.len() < MOST_WAITING / 2) {
                Some(missed) => missed.into_iter().for_each(|event| {
                    let _ = client.sender.try_send(event);
                }),
                None => {
                    let list = list.get_or_insert_with(|| {
                        event(instance, self.serial, "list", &self.picture.list())
                    });
                    let _ = client.sender.try_send(list.clone());
                }
            }
        }
    }
}

/// The events after `seen`, if all of them are still there.
fn missed(told: &VecDeque<(u64, Bytes)>, latest: u64, seen: u64) -> Option<Vec<Bytes>> {
    if seen > latest {
        return None;
    }
    let after = told.iter().filter(|(serial, _)| *serial > seen);
    let events: Vec<Bytes> = after.map(|(_, event)| event.clone()).collect();
    (events.len() as u64 == latest - seen).then_some(events)
}

#[cfg(test)]
mod tests;
