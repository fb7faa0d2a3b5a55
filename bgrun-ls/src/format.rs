//! Values as people read them.

use std::time::Duration;

pub(crate) use bgrun_platform::text::size as bytes;
use bgrun_store::{Record, Status};

/// `3s`, `12m`, `5h 3m`, `2d 4h`: never wider than seven letters.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 60 => format!("{seconds}s"),
        () if minutes < 60 => format!("{minutes}m {}s", seconds % 60),
        () if hours < 24 => format!("{hours}h {}m", minutes % 60),
        () if days < 1000 => format!("{days}d {}h", hours % 24),
        () => format!("{days}d"),
    }
}

/// How it stands, with the way it ended where that says more than the word.
pub(crate) fn status(record: &Record) -> String {
    let word = record.status.as_str();
    match record.status {
        Status::Failed => match (record.exit_code, &record.exit_signal, record.exit_reason) {
            (Some(code), _, Some("exit")) => format!("{word} ({code})"),
            (None, Some(signal), Some("signal")) => format!("{word} ({signal})"),
            (_, _, Some("exec")) => format!("{word} (exec)"),
            _ => word.to_owned(),
        },
        Status::Running if record.ready.is_some() && record.ready_at.is_none() => {
            format!("{word} (not ready)")
        }
        _ => word.to_owned(),
    }
}

/// The colour of a status (ECMA-48): it repeats what the word says.
pub(crate) fn color(status: Status) -> &'static str {
    match status {
        Status::Running => "32",
        Status::Starting | Status::Stopping | Status::Backoff => "33",
        Status::Failed | Status::Lost => "31",
        Status::Stopped | Status::Exited => "2",
    }
}

/// Whether colours are wanted: a terminal, and no NO_COLOR (no-color.org).
pub(crate) fn with_colors() -> bool {
    use std::io::IsTerminal;
    let no_color = std::env::var_os(bgrun_store::variables::NO_COLOR);
    std::io::stdout().is_terminal() && no_color.is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m 1s"),
            (3_600, "1h 0m"),
            (90_061, "1d 1h"),
            (86_400_000, "1000d"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn sizes_are_short() {
        for (size, text) in [
            (0, "0B"),
            (999, "999B"),
            (1 << 10, "1K"),
            (831_488, "812K"),
            (55_679_386, "53.1M"),
            (1 << 30, "1.0G"),
            (1 << 41, "2.0T"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
