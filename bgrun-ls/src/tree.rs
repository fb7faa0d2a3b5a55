//! The processes of one tree, as details show them.

use bgrun_platform::clock;
use bgrun_platform::stat::{Stat, ticks_per_second};
use serde::Serialize;

use crate::observe;

/// One process of a tree.
#[derive(Debug, Serialize)]
pub(crate) struct Member {
    pid: u32,
    parent: u32,
    name: String,
    command: String,
    memory_bytes: u64,
    cpu_ms: u64,
    /// Processor time over the time that it has lived; 100 is one core.
    cpu_percent: f64,
}

/// Everyone in `tree`, the oldest first.
pub(crate) fn members(tree: &[Stat]) -> Vec<Member> {
    let mut members: Vec<&Stat> = tree.iter().collect();
    members.sort_by_key(|stat| (stat.start_ticks, stat.pid));
    members.into_iter().map(Member::of).collect()
}

impl Member {
    fn of(stat: &Stat) -> Self {
        let ticks = ticks_per_second();
        let begun_ms = stat.start_ticks.saturating_mul(1000) / ticks;
        let now_ms = u64::try_from(clock::since_boot().as_millis()).unwrap_or(u64::MAX);
        Self {
            pid: stat.pid,
            parent: stat.parent,
            name: String::from_utf8_lossy(&stat.name).into_owned(),
            command: stat.command(),
            memory_bytes: stat.memory_bytes(),
            cpu_ms: stat.cpu_ticks.saturating_mul(1000) / ticks,
            cpu_percent: observe::percent(stat.cpu_ticks, now_ms.saturating_sub(begun_ms)),
        }
    }
}
