//! What tests run under bgrun, as shell scripts; each ends by itself within a minute.

/// Prints `ready` once SIGTERM can do nothing to it.
pub const IGNORES_TERM: &str = "trap '' TERM; echo ready; exec sleep 60";

/// A classic daemon: forks twice, the grandchild in a session of its own, the parent ends with 0.
pub const DAEMONIZES: &str = "(setsid sleep 60 &); exit 0";

/// A child in a session of its own, without environment, in another directory, with other files.
pub const LETS_ESCAPE: &str =
    "(cd /; exec setsid env -i /bin/sleep 60 </dev/null >/dev/null 2>&1) & echo ready; sleep 60";

/// As [`LETS_ESCAPE`], but what escapes still writes to our log.
pub const LETS_ESCAPE_WITH_LOG: &str =
    "(cd /; exec setsid env -i /bin/sleep 60) & echo ready; sleep 60";

/// A tree of two hundred and more processes.
pub const FORKS_A_LOT: &str =
    "for i in $(seq 20); do (for j in $(seq 9); do sleep 60 & done; wait) & done; echo ready; wait";

/// Never stays in one process: each forks the next and ends.
pub const MOVES_ON: &str =
    "move() { [ $1 -gt 0 ] || exit; sleep 0.01; move $(($1 - 1)) & }; echo ready; move 2000";
