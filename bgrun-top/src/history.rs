//! What a process used over the last ten minutes, and its picture in one line.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::process::Process;

/// How far back the picture goes.
const SPAN: Duration = Duration::from_secs(600);

/// What was used at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    /// Percent of one core, since the sample before.
    cpu: f64,
    memory_bytes: u64,
}

/// The samples of one process, the latest last.
#[derive(Debug, Default)]
pub(crate) struct History {
    samples: VecDeque<Sample>,
    /// Run, processor time, and when: what the next look is compared with.
    last: Option<(i64, u64, Instant)>,
}

impl History {
    /// Takes a look into account.
    pub(crate) fn note(&mut self, process: &Process, now: Instant) {
        while self.samples.front().is_some_and(|old| now - old.at > SPAN) {
            self.samples.pop_front();
        }
        let Some(used) = process.cpu_ms else {
            self.last = None;
            return;
        };
        let cpu = match self.last {
            Some((run, before, at)) if run == process.run && now > at => {
                percent(used.saturating_sub(before), now - at)
            }
            // Nothing to compare with yet: the mean of the run.
            _ => process.cpu_percent.unwrap_or(0.0),
        };
        self.last = Some((process.run, used, now));
        let memory_bytes = process.memory_bytes.unwrap_or(0);
        self.samples.push_back(Sample { at: now, cpu, memory_bytes });
    }

    /// The load between the last two looks, while it runs.
    pub(crate) fn cpu_now(&self) -> Option<f64> {
        self.last.and(self.samples.back()).map(|sample| sample.cpu)
    }

    /// The load of the last ten minutes as `width` characters, the latest at the right; a
    /// full character is a whole core, or the most that was used if that is more.
    pub(crate) fn cpu_line(&self, width: usize, now: Instant) -> String {
        let most = self.samples.iter().map(|sample| sample.cpu).fold(100.0, f64::max);
        self.line(width, now, |sample| sample.cpu / most)
    }

    /// The memory of the last ten minutes in the same way; a full character is the most that
    /// was used.
    #[allow(clippy::cast_precision_loss, reason = "a display value")]
    pub(crate) fn memory_line(&self, width: usize, now: Instant) -> String {
        let most = self.samples.iter().map(|sample| sample.memory_bytes).max().unwrap_or(0).max(1);
        self.line(width, now, |sample| sample.memory_bytes as f64 / most as f64)
    }

    fn line(&self, width: usize, now: Instant, part: impl Fn(&Sample) -> f64) -> String {
        let mut highest = vec![None::<f64>; width];
        for sample in &self.samples {
            let age = (now - sample.at).as_secs_f64() / SPAN.as_secs_f64();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            #[allow(clippy::cast_precision_loss, reason = "a place on the screen")]
            let from_right = (age * width as f64) as usize;
            if let Some(cell) = width.checked_sub(from_right + 1).and_then(|at| highest.get_mut(at))
            {
                *cell = Some(cell.unwrap_or(0.0).max(part(sample)));
            }
        }
        highest.into_iter().map(|cell| cell.map_or(' ', block)).collect()
    }
}

#[allow(clippy::cast_precision_loss, reason = "a display value")]
fn percent(used_ms: u64, elapsed: Duration) -> f64 {
    used_ms as f64 / 10.0 / elapsed.as_secs_f64()
}

/// One of eight blocks; what is not nothing is seen.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
fn block(part: f64) -> char {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    BLOCKS[((part.clamp(0.0, 1.0) * 7.0).round() as usize).min(7)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(run: i64, cpu_ms: u64, memory_bytes: u64) -> Process {
        Process {
            run,
            cpu_ms: Some(cpu_ms),
            memory_bytes: Some(memory_bytes),
            cpu_percent: Some(1.0),
            ..Process::default()
        }
    }

    #[test]
    fn the_load_is_that_between_two_looks_of_one_run() {
        let (mut history, begin) = (History::default(), Instant::now());
        history.note(&process(1, 100, 1), begin);
        assert_eq!(history.cpu_now(), Some(1.0), "the mean, at first");
        history.note(&process(1, 1100, 1), begin + Duration::from_secs(2));
        assert_eq!(history.cpu_now(), Some(50.0));
        history.note(&process(2, 0, 1), begin + Duration::from_secs(3));
        assert_eq!(history.cpu_now(), Some(1.0), "another run is compared with nothing");
        history.note(&Process::default(), begin + Duration::from_secs(4));
        assert_eq!(history.cpu_now(), None, "it does not run");
    }

    #[test]
    fn the_picture_has_the_latest_at_the_right_and_forgets() {
        let (mut history, begin) = (History::default(), Instant::now());
        history.note(&process(1, 0, 50), begin);
        let later = begin + SPAN / 2;
        history.note(&process(1, 0, 100), later);
        assert_eq!(history.memory_line(4, later), " ▅ █");
        assert_eq!(history.memory_line(4, begin + SPAN), " █  ");
        history.note(&process(1, 0, 100), begin + SPAN * 2);
        assert_eq!(history.memory_line(4, begin + SPAN * 2), "   █");
    }
}
