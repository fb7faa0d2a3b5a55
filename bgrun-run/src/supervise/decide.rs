//! What comes after the end of a run: one pure function.

use std::time::Duration;

use bgrun_store::{End, KeepAlive, Reason, RestartPolicy, Wanted};

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
    /// Restarts within the policy's window, where it has one.
    pub(crate) in_window: u32,
}

/// Decides from how the run ended, what the user wants now, the policy, and what was
/// before. `jitter`, from 0 to 1, spreads the pauses of processes that fail together.
pub(crate) fn decide(
    end: &End,
    wanted: Wanted,
    keep_alive: KeepAlive,
    policy: &RestartPolicy,
    history: History,
    jitter: f64,
) -> Next {
    // What could not be executed this time was asked for by the policy: a deployment moves
    // files, a table of processes is full for a moment.
    let is_failed_restart = end.reason == Reason::Exec && keep_alive != KeepAlive::Never;
    let is_followed = is_failed_restart || keep_alive.follows(end, &policy.final_codes);
    let counted = if policy.window.is_some() { history.in_window } else { history.in_a_row };
    let has_given_up = counted >= policy.most;
    if wanted == Wanted::Down || !is_followed || has_given_up {
        return Next::Stop;
    }
    Next::Again(pause(policy, history.in_a_row, jitter))
}

/// At once, then the shortest pause, twice that, four times … up to the longest, each
/// with up to a quarter more.
fn pause(policy: &RestartPolicy, in_a_row: u32, jitter: f64) -> Duration {
    let Some(doublings) = in_a_row.checked_sub(1) else { return Duration::ZERO };
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    let base = policy.shortest_pause.saturating_mul(factor).min(policy.longest_pause);
    base.saturating_add(base.mul_f64(jitter.clamp(0.0, 1.0) / 4.0)).min(policy.longest_pause)
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
            let standard = RestartPolicy::default();
            let decided = decide(end, wanted, policy, &standard, History::default(), 0.0);
            assert_eq!(decided, next, "{end:?} {wanted:?} {policy:?}");
        }
    }

    #[test]
    fn some_ends_are_never_followed_by_a_run() {
        let policy = RestartPolicy { final_codes: vec![3, 42], ..RestartPolicy::default() };
        let always = |end: &End| {
            decide(end, Wanted::Up, KeepAlive::Always, &policy, History::default(), 0.0)
        };
        for reason in [Reason::Stop, Reason::Shutdown] {
            assert_eq!(always(&end(reason, None)), Next::Stop, "{reason}");
        }
        assert_eq!(always(&end(Reason::Exec, None)), Next::Again(Duration::ZERO));
        assert_eq!(always(&end(Reason::Exit, Some(42))), Next::Stop);
        assert_eq!(always(&end(Reason::Exit, Some(41))), Next::Again(Duration::ZERO));
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = RestartPolicy::default();
        let seconds: Vec<u64> = (0..10).map(|n| pause(&policy, n, 0.0).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn it_gives_up_exactly_at_the_limit() {
        let minute = Some(Duration::from_secs(60));
        // window, in a row, within the window: does it give up at three?
        for (window, in_a_row, in_window, gives_up) in [
            (None, 2, 0, false),
            (None, 3, 0, true),
            (None, 2, 3, false),
            (minute, 0, 2, false),
            (minute, 0, 3, true),
            (minute, 9, 2, false),
        ] {
            let policy = RestartPolicy { most: 3, window, ..RestartPolicy::default() };
            let history = History { in_a_row, in_window };
            let end = end(Reason::Signal, None);
            let next = decide(&end, Wanted::Up, KeepAlive::Always, &policy, history, 0.0);
            assert_eq!(next == Next::Stop, gives_up, "{window:?} {history:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_started_that_is_not_wanted(
            code in proptest::option::of(-1..=255_i32),
            keep_alive in 0..3_usize,
            in_a_row in 0..u32::MAX,
            in_window in 0..20_u32,
        ) {
            let keep_alive = [KeepAlive::Never, KeepAlive::OnFailure, KeepAlive::Always][keep_alive];
            let history = History { in_a_row, in_window };
            let end = end(Reason::Exit, code);
            let policy = RestartPolicy::default();
            let decided = decide(&end, Wanted::Down, keep_alive, &policy, history, 0.5);
            proptest::prop_assert_eq!(decided, Next::Stop);
        }

        #[test]
        fn a_crash_loop_ends_after_exactly_so_many_restarts_whatever_the_pauses(
            most in 0..50_u32,
            shortest in 0..100_000_u64,
            more in 0..1_000_000_u64,
            jitter in 0.0..=1.0_f64,
        ) {
            let policy = RestartPolicy {
                shortest_pause: Duration::from_millis(shortest),
                longest_pause: Duration::from_millis(shortest + more),
                most,
                ..RestartPolicy::default()
            };
            let end = end(Reason::Exit, Some(1));
            let goes_on = |in_a_row: &u32| {
                let history = History { in_a_row: *in_a_row, in_window: 0 };
                let next = decide(&end, Wanted::Up, KeepAlive::Always, &policy, history, jitter);
                next != Next::Stop
            };
            proptest::prop_assert_eq!((0..100).take_while(goes_on).count(), most as usize);
        }

        #[test]
        fn pauses_never_shrink_and_never_exceed_the_longest(
            shortest in 0..100_000_u64,
            more in 0..1_000_000_u64,
            in_a_row in 0..200_u32,
            jitter in 0.0..=1.0_f64,
            next_jitter in 0.0..=1.0_f64,
        ) {
            let policy = RestartPolicy {
                shortest_pause: Duration::from_millis(shortest),
                longest_pause: Duration::from_millis(shortest + more),
                ..RestartPolicy::default()
            };
            let now = pause(&policy, in_a_row, jitter);
            let next = pause(&policy, in_a_row + 1, next_jitter);
            proptest::prop_assert!(now <= policy.longest_pause);
            // Within the last doubling the jitter of one may reach beyond the next.
            let slack = policy.longest_pause / 4;
            proptest::prop_assert!(next + slack >= now);
            proptest::prop_assert!(pause(&policy, in_a_row + 1, 0.0) >= pause(&policy, in_a_row, 0.0));
        }
    }
}
