//! What was seen last, and what is new against it. Records are compared and handed on as
//! `bgrun-ls` printed them; only a few fields are read.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;

/// A shorter time tells nothing of load: processor time is counted in hundredths of a
/// second.
const LEAST_FOR_LOAD: Duration = Duration::from_millis(900);

/// The fields that are read.
#[derive(Debug, Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    #[serde(default)]
    run: i64,
    #[serde(default)]
    cpu_ms: Option<u64>,
    #[serde(default)]
    cpu_percent: Option<f64>,
    #[serde(default)]
    memory_bytes: Option<u64>,
    #[serde(default)]
    pid: Option<u32>,
    #[serde(default)]
    supervisor_pid: Option<u32>,
}

/// A process as it was seen last.
#[derive(Debug)]
struct Seen {
    /// Its record, with the load of the last second.
    text: String,
    /// What of it is compared.
    compared: String,
    run: i64,
    cpu_ms: Option<u64>,
    /// When `cpu_ms` was what it is.
    measured_at: Instant,
    cpu_percent: Option<f64>,
    memory_bytes: Option<u64>,
    held: [Option<u32>; 2],
    order: usize,
}

/// All processes as they were seen last.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    seen: HashMap<String, Seen>,
}

/// What is new, as JSON: an array of records, an array of names; empty where nothing is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) changed: String,
    pub(crate) gone: String,
}

impl Picture {
    /// Takes the array that `bgrun-ls` printed.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn take(&mut self, printed: &[u8], now: Instant) -> serde_json::Result<News> {
        let records: Vec<&RawValue> = serde_json::from_slice(printed)?;
        let mut before = std::mem::take(&mut self.seen);
        let mut changed = Vec::new();
        for (order, record) in records.into_iter().enumerate() {
            let head: Head<'_> = serde_json::from_str(record.get())?;
            let known = before.remove_entry(head.name.as_ref());
            let (name, known) = match known {
                Some((name, known)) => (name, Some(known)),
                None => (head.name.clone().into_owned(), None),
            };
            let mut seen = Seen::of(&head, record.get(), known.as_ref(), now);
            seen.order = order;
            if known.is_none_or(|known| known.compared != seen.compared) {
                changed.push(name.clone());
            }
            self.seen.insert(name, seen);
        }
        let gone: Vec<&String> = before.keys().collect();
        let gone = if gone.is_empty() { String::new() } else { serde_json::to_string(&gone)? };
        let changed = if changed.is_empty() {
            String::new()
        } else {
            array(changed.iter().filter_map(|name| self.seen.get(name)))
        };
        Ok(News { changed, gone })
    }

    /// All records, as an array of JSON.
    pub(crate) fn list(&self) -> String {
        let mut all: Vec<&Seen> = self.seen.values().collect();
        all.sort_by_key(|seen| seen.order);
        array(all.into_iter())
    }

    /// Name, load and memory of each.
    pub(crate) fn usage(&self) -> impl Iterator<Item = (&str, Option<f64>, Option<u64>)> {
        self.seen.iter().map(|(name, seen)| (name.as_str(), seen.cpu_percent, seen.memory_bytes))
    }

    /// The processes whose end would change the picture.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.seen.values().flat_map(|seen| seen.held).flatten()
    }
}

fn array<'a>(all: impl Iterator<Item = &'a Seen>) -> String {
    let texts: Vec<&str> = all.map(|seen| seen.text.as_str()).collect();
    format!("[{}]", texts.join(","))
}

impl Seen {
    fn of(head: &Head<'_>, text: &str, known: Option<&Self>, now: Instant) -> Self {
        let same_run = known.filter(|known| known.run == head.run && known.cpu_ms.is_some());
        let (cpu_percent, cpu_ms, measured_at) = match (same_run, head.cpu_ms) {
            (Some(known), Some(_)) if now - known.measured_at < LEAST_FOR_LOAD => {
                (known.cpu_percent, known.cpu_ms, known.measured_at)
            }
            (Some(known), Some(ms)) => {
                let used = ms.saturating_sub(known.cpu_ms.unwrap_or(ms));
                (Some(percent(used, now - known.measured_at)), Some(ms), now)
            }
            (_, ms) => (head.cpu_percent, ms, now),
        };
        let text = match cpu_percent {
            Some(percent) => with_number(text, "\"cpu_percent\":", &format!("{percent:.1}")),
            None => text.to_owned(),
        };
        // What passes by itself is no news.
        let compared = with_number(&with_number(&text, "\"uptime_ms\":", ""), "\"cpu_ms\":", "");
        Self {
            text,
            compared,
            run: head.run,
            cpu_ms,
            measured_at,
            cpu_percent,
            memory_bytes: head.memory_bytes,
            held: [head.pid, head.supervisor_pid],
            order: 0,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a display value")]
fn percent(used_ms: u64, over: Duration) -> f64 {
    let percent = used_ms as f64 / 10.0 / over.as_secs_f64();
    (percent * 10.0).round() / 10.0
}

/// `text` with another number behind `key`. In JSON a quote inside a string has a
/// backslash before it, and so `"key":` is found only where it is a key; the record's own
/// numbers stand before the environment, which may have any keys.
fn with_number(text: &str, key: &str, number: &str) -> String {
    let Some(at) = text.find(key).map(|at| at + key.len()) else { return text.to_owned() };
    let old = text[at..].find([',', '}']).unwrap_or(0);
    format!("{}{number}{}", &text[..at], &text[at + old..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, uptime: u64, cpu_ms: u64) -> String {
        format!(
            r#"{{"id":1,"name":"{name}","command":"echo \"uptime_ms\":7","pid":7,"uptime_ms":{uptime},"run":1,"memory_bytes":5,"cpu_percent":2.5,"cpu_ms":{cpu_ms},"env":{{"uptime_ms":"x"}}}}"#
        )
    }

    fn take(picture: &mut Picture, records: &[String], now: Instant) -> News {
        let printed = format!("[{}]", records.join(","));
        picture.take(printed.as_bytes(), now).expect("JSON")
    }

    #[test]
    fn time_that_passes_is_no_news() {
        let mut picture = Picture::default();
        let begin = Instant::now();
        let first = take(&mut picture, &[record("web", 10, 0)], begin);
        assert!(first.changed.contains(r#""uptime_ms":10"#) && first.gone.is_empty());
        let later = take(&mut picture, &[record("web", 20, 0)], begin + Duration::from_millis(10));
        assert_eq!(later, News::default());
        let gone = take(&mut picture, &[], begin);
        assert_eq!(gone, News { changed: String::new(), gone: r#"["web"]"#.into() });
    }

    #[test]
    fn load_is_that_of_the_time_since_the_last_look() {
        let mut picture = Picture::default();
        let begin = Instant::now();
        take(&mut picture, &[record("web", 10, 1000)], begin);
        let after = |ms| begin + Duration::from_millis(ms);
        // Too soon to tell.
        assert_eq!(take(&mut picture, &[record("web", 20, 1010)], after(10)), News::default());
        let busy = take(&mut picture, &[record("web", 1010, 1500)], after(1000));
        assert!(busy.changed.contains(r#""cpu_percent":50.0"#), "{}", busy.changed);
        let idle = take(&mut picture, &[record("web", 2010, 1500)], after(2000));
        assert!(idle.changed.contains(r#""cpu_percent":0.0"#), "{}", idle.changed);
        let still = take(&mut picture, &[record("web", 3010, 1500)], after(3000));
        assert_eq!(still, News::default());
        assert!(picture.list().contains(r#""cpu_percent":0.0"#));
    }

    #[test]
    fn the_list_is_in_the_order_of_the_tool() {
        let mut picture = Picture::default();
        let records = [record("z", 1, 0), record("a", 1, 0), record("m", 1, 0)];
        take(&mut picture, &records, Instant::now());
        let list: Vec<serde_json::Value> = serde_json::from_str(&picture.list()).expect("JSON");
        let names: Vec<_> = list.iter().map(|one| one["name"].as_str().expect("name")).collect();
        assert_eq!(names, ["z", "a", "m"]);
        assert_eq!(picture.pids().count(), 3);
    }
}
