//! Several logs in the order in which they were written, as far as their indexes tell: to
//! within one step of these. What has no time comes before what has one after it.

use std::io;
use std::ops::Range;

use crate::history::Opened;
use crate::output::Output;
use crate::source::Source;
use crate::times::Times;

/// Shows what was opened of each log, all in one order.
pub(crate) fn show(
    logs: &mut [(Source, Opened)],
    times: &mut Times,
    block: &mut [u8],
    output: &mut Output,
) -> io::Result<()> {
    let mut steps = Vec::new();
    for (number, (source, opened)) in logs.iter().enumerate() {
        let Some(range) = opened.range() else { continue };
        let side = times.side(source);
        let records = times.index(source).records().iter();
        let ends = records.map(|record| {
            let end = match side {
                bgrun_platform::logs::index::Side::Out => record.out,
                bgrun_platform::logs::index::Side::Err => record.err,
            };
            (record.time_ms, end)
        });
        steps.extend(steps_of(number, range, ends));
    }
    steps.sort_by_key(|step| (step.time_ms, step.number));
    for step in steps {
        let (source, opened) = &mut logs[step.number];
        opened.show_to(source, step.to, block, output)?;
    }
    Ok(())
}

/// A part of a log, and when it was written.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    time_ms: u64,
    number: usize,
    to: u64,
}

fn steps_of(number: usize, range: Range<u64>, ends: impl Iterator<Item = (u64, u64)>) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut at, mut latest) = (range.start, 0);
    for (time_ms, end) in ends {
        // A clock that was set back does not change the order within a log.
        latest = time_ms.max(latest);
        let to = end.min(range.end);
        if to > at {
            steps.push(Step { time_ms: latest, number, to });
            at = to;
        }
    }
    if at < range.end {
        steps.push(Step { time_ms: u64::MAX, number, to: range.end });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_taken_in_the_steps_of_its_index() {
        let steps = |range, ends: &[(u64, u64)]| -> Vec<(u64, u64)> {
            let steps = steps_of(0, range, ends.iter().copied());
            steps.iter().map(|step| (step.time_ms, step.to)).collect()
        };
        assert_eq!(steps(0..10, &[]), [(u64::MAX, 10)]);
        assert_eq!(steps(0..10, &[(5, 0), (6, 4), (7, 4), (8, 10)]), [(6, 4), (8, 10)]);
        assert_eq!(steps(2..10, &[(5, 1), (6, 4)]), [(6, 4), (u64::MAX, 10)]);
        assert_eq!(steps(2..3, &[(6, 4), (7, 9)]), [(6, 3)]);
        assert_eq!(steps(0..9, &[(6, 4), (3, 9)]), [(6, 4), (6, 9)]);
    }
}
