//! What is to be done for one process: one pure function.
//!
//! A process that the user wants up is either left alone, started again, adopted, or
//! restarted. What ended by itself and was not to be started again, what gave up, and
//! what the user stopped stay as they are; a stop that died halfway is finished.

use std::time::Duration;

use bgrun_store::{KeepAlive, Status};
use serde::Deserialize;

/// What counts of a record of `bgrun-ls`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Facts {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) wanted: String,
    pub(crate) supervised: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) supervisor_pid: Option<u32>,
    pub(crate) run: i64,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) exit_code: Option<i32>,
    pub(crate) uptime_ms: Option<u64>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) memory_limit_bytes: Option<u64>,
    pub(crate) restart_interval_minutes: Option<u64>,
    pub(crate) stop_timeout_ms: u64,
    /// A run is owed: one was asked for or announced, and who was to begin it is gone.
    #[serde(skip)]
    pub(crate) is_owed: bool,
    /// It is to be stopped, and nobody is at it.
    #[serde(skip)]
    pub(crate) is_left: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Take over a process that runs without supervisor.
    Adopt,
    /// Start what is gone.
    Start(Gone),
    /// Stop it and start it again.
    Restart(Excess),
    /// Finish a stop that died halfway.
    Stop,
}

/// What became of a process that should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Nobody saw it end: a reboot, or its supervisor died with it.
    Lost,
    /// Its supervisor died before it could begin the next run.
    Owed,
}

/// What a process has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    Memory { bytes: u64, limit_bytes: u64 },
    Interval { uptime_ms: u64, minutes: u64 },
}

impl Action {
    /// As in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Start(_) => "start",
            Self::Restart(_) => "restart",
            Self::Stop => "stop",
        }
    }

    /// Why, as in JSON.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Adopt => "unsupervised",
            Self::Start(Gone::Lost) => "lost",
            Self::Start(Gone::Owed) => "failed",
            Self::Restart(Excess::Memory { .. }) => "memory-limit",
            Self::Restart(Excess::Interval { .. }) => "interval",
            Self::Stop => "unfinished",
        }
    }
}

impl Facts {
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted == "up"
    }

    /// 0 is no limit.
    pub(crate) fn limit_bytes(&self) -> Option<u64> {
        self.memory_limit_bytes.filter(|limit| *limit > 0)
    }

    /// The longest that a run may last; 0 is no limit.
    fn longest_ms(&self) -> Option<u64> {
        let minutes = self.restart_interval_minutes.filter(|minutes| *minutes > 0)?;
        Some(minutes.saturating_mul(60_000))
    }
}

/// Decides what is to be done.
pub(crate) fn decide(facts: &Facts) -> Option<Action> {
    if !facts.is_wanted() {
        return (facts.status == Status::Stopping && facts.is_left).then_some(Action::Stop);
    }
    let is_kept = facts.keep_alive != KeepAlive::Never;
    match facts.status {
        // Its supervisor holds the lock still: somebody has paused it, and may let it go on.
        Status::Lost if facts.supervised => None,
        Status::Lost if is_kept => Some(Action::Start(Gone::Lost)),
        Status::Failed if is_kept && facts.is_owed => Some(Action::Start(Gone::Owed)),
        Status::Exited if facts.keep_alive == KeepAlive::Always && facts.is_owed => {
            Some(Action::Start(Gone::Owed))
        }
        Status::Running if !facts.supervised => Some(Action::Adopt),
        Status::Running => excess(facts).map(Action::Restart),
        _ => None,
    }
}

fn excess(facts: &Facts) -> Option<Excess> {
    if let (Some(bytes), Some(limit_bytes)) = (facts.memory_bytes, facts.limit_bytes())
        && bytes > limit_bytes
    {
        return Some(Excess::Memory { bytes, limit_bytes });
    }
    let (uptime_ms, longest_ms) = (facts.uptime_ms?, facts.longest_ms()?);
    let excess = Excess::Interval { uptime_ms, minutes: longest_ms / 60_000 };
    (uptime_ms >= longest_ms).then_some(excess)
}

/// A sleep is no longer than this, because the machine may sleep meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// When the limits of a process are to be looked at again; never where it has none. What is
/// being stopped is, for nobody tells that who stops it has died.
pub(crate) fn look_again_after(facts: &Facts, every: Duration) -> Option<Duration> {
    if facts.status == Status::Stopping {
        return Some(every);
    }
    if !facts.is_wanted() || facts.status != Status::Running {
        return None;
    }
    if facts.limit_bytes().is_some() {
        return Some(every);
    }
    let left_ms = facts.longest_ms()?.saturating_sub(facts.uptime_ms?);
    // What is over already could not be restarted: it is tried again as often as asked for.
    let left = if left_ms == 0 { every } else { Duration::from_millis(left_ms) };
    Some(left.min(LONGEST_SLEEP))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A process that runs as it should.
    pub(crate) fn well() -> Facts {
        Facts {
            id: 1,
            name: "web".into(),
            status: Status::Running,
            wanted: "up".into(),
            supervised: true,
            pid: Some(100),
            supervisor_pid: Some(99),
            run: 1,
            keep_alive: KeepAlive::Always,
            exit_code: None,
            uptime_ms: Some(59_000),
            memory_bytes: Some(1000),
            memory_limit_bytes: None,
            restart_interval_minutes: None,
            stop_timeout_ms: 10_000,
            is_owed: false,
            is_left: false,
        }
    }

    #[test]
    fn what_is_gone_is_started_when_it_is_wanted_and_kept_alive() {
        use KeepAlive::{Always, Never, OnFailure};
        use Status::{Backoff, Exited, Failed, Lost, Starting, Stopped, Stopping};
        let start = |gone| Some(Action::Start(gone));
        let table = [
            // status, owed, keep alive
            (Lost, false, Always, start(Gone::Lost)),
            (Lost, false, OnFailure, start(Gone::Lost)),
            (Lost, false, Never, None),
            (Failed, true, Always, start(Gone::Owed)),
            (Failed, true, OnFailure, start(Gone::Owed)),
            (Failed, true, Never, None),
            (Failed, false, Always, None),
            (Exited, false, Always, None),
            (Exited, true, Always, start(Gone::Owed)),
            (Exited, true, OnFailure, None),
            (Stopped, false, Always, None),
            (Stopping, false, Always, None),
            (Starting, true, Always, None),
            (Backoff, true, Always, None),
        ];
        for (status, is_owed, keep_alive, expected) in table {
            let facts = Facts { status, is_owed, keep_alive, supervised: false, ..well() };
            assert_eq!(decide(&facts), expected, "{status:?} {is_owed} {keep_alive}");
        }
    }

    #[test]
    fn what_a_paused_supervisor_has_not_seen_end_is_left_to_it() {
        let facts = Facts { status: Status::Lost, ..well() };
        assert_eq!(decide(&facts), None);
    }

    #[test]
    fn what_runs_alone_is_adopted_whatever_its_policy() {
        for keep_alive in [KeepAlive::Never, KeepAlive::OnFailure, KeepAlive::Always] {
            // Its limits are its supervisor's matter, and it has none yet.
            let facts =
                Facts { supervised: false, keep_alive, memory_limit_bytes: Some(1), ..well() };
            assert_eq!(decide(&facts), Some(Action::Adopt), "{keep_alive}");
        }
        assert_eq!(decide(&well()), None);
    }

    #[test]
    fn limits_are_enforced_beyond_them_and_not_before() {
        let memory = |bytes, limit| {
            let (memory_bytes, memory_limit_bytes) = (Some(bytes), Some(limit));
            decide(&Facts {
                memory_bytes,
                memory_limit_bytes,
                keep_alive: KeepAlive::Never,
                ..well()
            })
        };
        assert_eq!(memory(1000, 1000), None);
        assert_eq!(memory(1000, 0), None, "no limit");
        let excess = Excess::Memory { bytes: 1001, limit_bytes: 1000 };
        assert_eq!(memory(1001, 1000), Some(Action::Restart(excess)));
        let interval = |uptime_ms, minutes| {
            let (uptime_ms, restart_interval_minutes) = (Some(uptime_ms), Some(minutes));
            decide(&Facts { uptime_ms, restart_interval_minutes, ..well() })
        };
        assert_eq!(interval(59_999, 1), None);
        assert_eq!(interval(u64::MAX, 0), None, "no interval");
        let excess = Excess::Interval { uptime_ms: 60_000, minutes: 1 };
        assert_eq!(interval(60_000, 1), Some(Action::Restart(excess)));
        assert_eq!(interval(60_000, u64::MAX), None);
    }

    #[test]
    fn what_is_not_wanted_is_never_touched() {
        for status in Status::ALL {
            for (supervised, is_owed) in [(true, true), (false, true), (true, false)] {
                let facts = Facts {
                    status,
                    supervised,
                    is_owed,
                    wanted: "down".into(),
                    memory_limit_bytes: Some(1),
                    restart_interval_minutes: Some(1),
                    uptime_ms: Some(u64::MAX),
                    ..well()
                };
                assert_eq!(decide(&facts), None, "{status:?}");
                let every = Duration::from_secs(1);
                let again = (status == Status::Stopping).then_some(every);
                assert_eq!(look_again_after(&facts, every), again, "{status:?}");
                let left = Facts { is_left: true, ..facts };
                let finished = (status == Status::Stopping).then_some(Action::Stop);
                assert_eq!(decide(&left), finished, "{status:?}");
            }
        }
        let started_since = Facts { status: Status::Stopping, is_left: true, ..well() };
        assert_eq!(decide(&started_since), None);
    }

    #[test]
    fn only_limits_make_the_guard_wake_up() {
        let every = Duration::from_secs(30);
        let after = |facts: Facts| look_again_after(&facts, every);
        assert_eq!(after(well()), None);
        assert_eq!(after(Facts { memory_limit_bytes: Some(1), ..well() }), Some(every));
        let interval = |uptime_ms, minutes| {
            let restart_interval_minutes = Some(minutes);
            after(Facts { uptime_ms: Some(uptime_ms), restart_interval_minutes, ..well() })
        };
        assert_eq!(interval(59_000, 1), Some(Duration::from_secs(1)));
        assert_eq!(interval(60_000, 1), Some(every), "it could not be restarted");
        assert_eq!(interval(0, 60), Some(LONGEST_SLEEP));
    }
}
