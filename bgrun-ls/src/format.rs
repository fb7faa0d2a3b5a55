//! Values as people read them.

pub(crate) use bgrun_platform::text::{duration, size as bytes};
use bgrun_store::{Record, Status};

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
        Status::Running if record.ready == Some(false) => {
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
