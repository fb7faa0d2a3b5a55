//! `GET /api/follow`: what is written into the logs of some processes, as it is written.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::logs::{FileId, Growth};
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;
use tokio::sync::mpsc::Sender;

use crate::answer::{self, Problem};
use crate::events::Seat;
use crate::logs::{self, Tab};
use crate::state::Dashboard;
use crate::{channel, extract};

/// The most processes of one stream.
const MOST_NAMES: usize = 64;
/// So many events may wait; then no more is read of the logs.
const WAITING: usize = 4;
/// The most text of one event.
const LARGEST_EVENT: u64 = 64 * 1024;
/// A sign of life, by which is also seen that a reader has left.
const PING: Duration = Duration::from_secs(10);

pub(crate) async fn stream(
    State(dashboard): State<Arc<Dashboard>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let names = extract::all(query.as_deref().unwrap_or_default(), "name")?;
    if names.is_empty() || names.len() > MOST_NAMES {
        return Err(Problem::bad(format!("one to {MOST_NAMES} names are followed")));
    }
    let seat = dashboard.hub.seat()?;
    let (sender, body) = channel::body(WAITING);
    let begin = move || {
        let mut followed = Vec::new();
        for name in &names {
            for tab in Tab::ALL {
                followed.push(Followed::new(&dashboard, name, tab)?);
            }
        }
        Ok::<_, Problem>(followed)
    };
    let followed = tokio::task::spawn_blocking(begin).await.context("open the logs")??;
    std::thread::Builder::new()
        .name("follow".into())
        .spawn(move || tell(followed, &sender, seat))
        .context("start a thread")?;
    Ok(answer::text(StatusCode::OK, "text/event-stream", body))
}

/// Sends what is written until the reader leaves.
fn tell(mut followed: Vec<Followed>, sender: &Sender<Bytes>, _seat: Seat) {
    let mut growth = Growth::new();
    let mut pinged = Instant::now();
    if sender.blocking_send(Bytes::from_static(b": here\n\n")).is_err() {
        return;
    }
    loop {
        // Watched before it is read: nothing is written unseen.
        for one in &followed {
            one.watch(&mut growth);
        }
        for one in &mut followed {
            while let Some(event) = one.next_event() {
                if sender.blocking_send(event).is_err() {
                    return;
                }
            }
        }
        if pinged.elapsed() >= PING {
            pinged = Instant::now();
            let ping = Bytes::from_static(b"event: ping\ndata: {}\n\n");
            if sender.blocking_send(ping).is_err() {
                return;
            }
        }
        if growth.wait(Some(pinged + PING)).is_err() {
            return;
        }
    }
}

/// A log that is followed.
struct Followed {
    dashboard: Arc<Dashboard>,
    name: String,
    tab: Tab,
    path: PathBuf,
    /// Where it is watched.
    live: PathBuf,
    log: Option<Log>,
    /// The file that has the name, and into which the process does not write.
    passed_over: Option<FileId>,
    next: u64,
}

impl Followed {
    fn new(dashboard: &Arc<Dashboard>, name: &str, tab: Tab) -> Result<Self, Problem> {
        let place = logs::place(&dashboard.home, name, tab)?;
        let (log, live, path) = (place.open()?, place.live().to_owned(), place.path);
        let next = log.as_ref().and_then(|log| log.end().ok()).unwrap_or(0);
        let dashboard = Arc::clone(dashboard);
        let name = name.to_owned();
        Ok(Self { dashboard, name, tab, path, live, log, passed_over: None, next })
    }

    fn watch(&self, growth: &mut Growth) {
        if growth.add(&self.live).is_err() {
            let _ = self.path.parent().map(|above| growth.add_directory(above));
        }
        if self.passed_over.is_some() {
            // There its next run will write.
            let _ = growth.add(&self.path);
        }
    }

    /// What was written since, if anything was.
    fn next_event(&mut self) -> Option<Bytes> {
        self.look_for_another();
        let log = self.log.as_ref()?;
        let end = log.end().ok()?;
        if end < self.next {
            // Its program has cut it.
            self.next = log.live_from().ok()?.min(end);
        }
        let begin = log.begin().ok()?;
        self.next = self.next.max(begin);
        let mut bytes = logs::read(log, self.next, (end - self.next).min(LARGEST_EVENT)).ok()?;
        if self.next + (bytes.len() as u64) < end {
            logs::drop_cut_character(&mut bytes);
        }
        if bytes.is_empty() {
            return None;
        }
        let offset = self.next;
        self.next += bytes.len() as u64;
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let data = json!({
            "name": self.name,
            "tab": self.tab,
            "text": String::from_utf8_lossy(&bytes),
            "offset": offset,
            "next_offset": self.next,
            "size": end,
            "time": u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        });
        Some(format!("event: log\ndata: {data}\n\n").into())
    }

    /// Takes the file that has the name by now, when all of the old one is told, unless the
    /// process still writes into the old one.
    fn look_for_another(&mut self) {
        let now = FileId::at(&self.path);
        let held = self.log.as_ref().map(Log::id);
        if now.is_none() || now == held {
            return;
        }
        if let Some(log) = &self.log
            && log.end().is_ok_and(|end| end > self.next)
        {
            return;
        }
        // The registry was asked about this file, and its process has the old one open still.
        if now == self.passed_over && FileId::at(&self.live) == held {
            return;
        }
        let Ok(place) = logs::place(&self.dashboard.home, &self.name, self.tab) else { return };
        self.live = place.live().to_owned();
        let log = place.open().ok().flatten();
        if log.as_ref().map(Log::id) == held {
            self.passed_over = now;
            return;
        }
        self.passed_over = None;
        self.log = log;
        self.next = self.log.as_ref().and_then(|log| log.live_from().ok()).unwrap_or(0);
    }
}
