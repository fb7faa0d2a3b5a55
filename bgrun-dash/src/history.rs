//! `GET /api/history`: what the sparklines of a page begin with.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::answer::{self, Problem};
use crate::state::Dashboard;

/// Between two samples.
const EVERY: Duration = Duration::from_secs(5);
/// So many are ten minutes.
const MOST: usize = 120;

/// The samples of one process, the oldest first.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Samples {
    cpu: VecDeque<f64>,
    memory: VecDeque<u64>,
}

/// The samples of all.
#[derive(Debug, Default)]
pub(crate) struct History {
    of: HashMap<String, Samples>,
    taken_at: Option<Instant>,
}

impl History {
    /// Takes a sample of each, when it is time: name, load in percent, memory in bytes.
    pub(crate) fn take<'a>(
        &mut self,
        now: Instant,
        all: impl Iterator<Item = (&'a str, Option<f64>, Option<u64>)>,
    ) {
        if self.taken_at.is_some_and(|at| now.duration_since(at) < EVERY) {
            return;
        }
        self.taken_at = Some(now);
        let mut before = std::mem::take(&mut self.of);
        for (name, cpu, memory) in all {
            let known = before.remove_entry(name);
            // Of what never ran there is nothing to draw.
            if known.is_none() && memory.is_none() {
                continue;
            }
            let (name, mut samples) =
                known.unwrap_or_else(|| (name.to_owned(), Samples::default()));
            samples.cpu.push_back(cpu.unwrap_or_default());
            samples.memory.push_back(memory.unwrap_or_default());
            if samples.cpu.len() > MOST {
                samples.cpu.pop_front();
                samples.memory.pop_front();
            }
            self.of.insert(name, samples);
        }
    }

    fn all(&self) -> BTreeMap<String, Samples> {
        self.of.iter().map(|(name, samples)| (name.clone(), samples.clone())).collect()
    }
}

pub(crate) async fn all(State(dashboard): State<Arc<Dashboard>>) -> Result<Response, Problem> {
    answer::value(&dashboard.hub.history(History::all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_are_kept_of_what_is_there() {
        let mut history = History::default();
        let begin = Instant::now();
        for at in 0_u32..700 {
            let all = [("web", Some(1.0), Some(u64::from(at))), ("idle", None, None)];
            history.take(begin + Duration::from_secs(at.into()), all.into_iter());
        }
        let all = history.all();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["web"]);
        assert_eq!((all["web"].memory.len(), all["web"].memory.back()), (MOST, Some(&695)));
        history.take(begin + Duration::from_secs(800), std::iter::empty());
        assert!(history.all().is_empty(), "what is deleted is forgotten");
    }
}
