//! What comes after the end of a run: one pure function.

use std::time::Duration;

use bgrun_store::{End, KeepAlive, Reason, Wanted};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: the process has ended.
    Stop,
    /// Start it again after a pause.
    Again(Duration),
}

/// What is remembered of earlier restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct History {
    /// Restarts in a row after runs that were not healthy for long.
    pub(crate) in_a_row: u32,
    /// Restarts within the last [`WINDOW`].
    pub(crate) in_window: u32,
}

/// A run that lasted this long was healthy: what was before it is forgotten.
pub(crate) const HEALTHY: Duration = Duration::from_secs(60);
/// The time over which restarts are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// So many restarts within the window, and no more.
const MOST: u32 = 10;
/// The second restart in a row waits this long, each further one twice as long.
const SHORTEST: Duration = Duration::from_secs(1);
/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Decides from how the run ended, what the user wants now, the policy, and what was
/// before. `jitter`, from 0 to 1, spreads the pauses of processes that fail together.
pub(crate) fn decide(
    end: &End,
    wanted: Wanted,
    policy: KeepAlive,
    history: History,
    jitter: f64,
) -> Next {
    let failed = end.code != Some(0);
    let is_wished = match policy {
        KeepAlive::Never => false,
        KeepAlive::OnFailure => failed,
        KeepAlive::Always => true,
    };
    // What cannot be executed will not be executable a moment later.
    let is_sensible = !matches!(end.reason, Reason::Stop | Reason::Shutdown | Reason::Exec);
    if wanted == Wanted::Down || !is_wished || !is_sensible || history.in_window >= MOST {
        return Next::Stop;
    }
    Next::Again(pause(history.in_a_row, jitter))
}

/// At once, then 1 s, 2 s, 4 s … up to a minute, each with up to a quarter more.
fn pause(in_a_row: u32, jitter: f64) -> Duration {
    let Some(doublings) = in_a_row.checked_sub(1) else { return Duration::ZERO };
    let base = SHORTEST.saturating_mul(1_u32.checked_shl(doublings.min(16)).unwrap_or(u32::MAX));
    (base + base.min(LONGEST).mul_f64(jitter.clamp(0.0, 1.0) / 4.0)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(reason: Reason, code: Option<i32>) -> End {
        End { at: None, code, signal: None, reason }
    }

    #[test]
    fn a_process_is_started_again_only_when_wish_and_policy_say_so() {
        use KeepAlive::{Always, Never, OnFailure};
        use Wanted::{Down, Up};
        let again = Next::Again(Duration::ZERO);
        let zero = end(Reason::Exit, Some(0));
        let three = end(Reason::Exit, Some(3));
        let killed = end(Reason::Signal, None);
        let table = [
            (&zero, Up, Never, Next::Stop),
            (&three, Up, Never, Next::Stop),
            (&killed, Up, Never, Next::Stop),
            (&zero, Up, OnFailure, Next::Stop),
            (&three, Up, OnFailure, again),
            (&killed, Up, OnFailure, again),
            (&zero, Up, Always, again),
            (&three, Up, Always, again),
            (&killed, Up, Always, again),
            (&zero, Down, Always, Next::Stop),
            (&three, Down, OnFailure, Next::Stop),
            (&killed, Down, Always, Next::Stop),
        ];
        for (end, wanted, policy, next) in table {
            let decided = decide(end, wanted, policy, History::default(), 0.0);
            assert_eq!(decided, next, "{end:?} {wanted:?} {policy:?}");
        }
    }

    #[test]
    fn some_ends_are_never_followed_by_a_run() {
        for reason in [Reason::Stop, Reason::Shutdown, Reason::Exec] {
            let end = end(reason, None);
            let decided = decide(&end, Wanted::Up, KeepAlive::Always, History::default(), 0.0);
            assert_eq!(decided, Next::Stop, "{reason}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_minute_and_never_shrink() {
        let seconds: Vec<u64> = (0..10).map(|n| pause(n, 0.0).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for n in 0..40 {
            assert!(pause(n, 1.0) <= pause(n + 1, 0.0).max(LONGEST));
            assert!(pause(n, 0.5) >= pause(n, 0.0) && pause(n, 1.0) <= LONGEST);
        }
    }

    #[test]
    fn it_gives_up_exactly_at_the_limit() {
        let decided = |in_window| {
            let history = History { in_a_row: 0, in_window };
            decide(&end(Reason::Signal, None), Wanted::Up, KeepAlive::Always, history, 0.0)
        };
        assert_eq!(decided(MOST - 1), Next::Again(Duration::ZERO));
        assert_eq!(decided(MOST), Next::Stop);
    }
}
