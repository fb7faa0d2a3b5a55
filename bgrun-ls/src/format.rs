//! Values as people read them.

use std::time::Duration;

pub(crate) use bgrun_platform::text::{duration, size as bytes};
use bgrun_store::{Record, Status, time};
use jiff::Timestamp;

/// The colour of a status (ECMA-48): it repeats what the words say.
pub(crate) fn color(record: &Record) -> &'static str {
    let is_well = record.supervised && record.ready != Some(false);
    match record.status {
        Status::Running if is_well => "32",
        Status::Running => "33",
        Status::Starting | Status::Stopping | Status::Backoff => "33",
        Status::Failed | Status::Lost => "31",
        Status::Stopped | Status::Exited => "2",
    }
}

/// Whether colours are wanted: a terminal that has them, and no NO_COLOR (no-color.org).
pub(crate) fn with_colors() -> bool {
    use std::io::IsTerminal;
    let no_color = std::env::var_os(bgrun_store::variables::NO_COLOR);
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    std::io::stdout().is_terminal() && !is_dumb && no_color.is_none_or(|value| value.is_empty())
}

/// `5m ago`: in one unit, for what is past is not watched by the second.
pub(crate) fn ago(past: Duration) -> String {
    format!("{} ago", in_one_unit(past))
}

/// `in 5m`.
pub(crate) fn ahead(future: Duration) -> String {
    format!("in {}", in_one_unit(future))
}

/// `restarted 3 times`.
pub(crate) fn restarted(times: i64) -> String {
    match times {
        1 => "restarted once".to_owned(),
        times => format!("restarted {times} times"),
    }
}

/// A point in time, and how far away it is.
pub(crate) fn moment(at: Timestamp) -> String {
    let to_now = time::now().duration_since(at);
    let away = match Duration::try_from(to_now) {
        Ok(past) => ago(past),
        Err(_) => ahead(to_now.unsigned_abs()),
    };
    format!("{} ({away})", time::text(at))
}

fn in_one_unit(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
