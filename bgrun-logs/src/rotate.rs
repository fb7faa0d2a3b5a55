//! `--rotate`: what is in the live logs becomes an archive, while their processes write on.

use std::io;

use bgrun_platform::logs::disk;
use bgrun_platform::logs::rotate::{Limits, Method, Rotated, rotate};
use bgrun_platform::text;
use bgrun_platform::tool::{self, Exit};
use bgrun_store::{Process, Stream};
use serde::Serialize;

use crate::args::Args;
use crate::choice::Choice;
use crate::page::Page;
use crate::source::{self, Source, Streams};

/// What became of one log.
#[derive(Debug, Serialize)]
struct Report<'a> {
    name: &'a str,
    stream: Stream,
    archived_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    /// What there is to say of it beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> Report<'a> {
    /// Nothing was done.
    fn of(source: &'a Source) -> Self {
        let (name, stream) = (source.name.as_str(), source.stream);
        Self { name, stream, archived_bytes: 0, method: None, note: None, error: None }
    }
}

/// Rotates the logs that `args` mean: all, if they name none.
pub(crate) fn all(mut args: Args) -> anyhow::Result<Exit> {
    args.all |= args.selectors.is_empty() && args.group.is_none();
    let args = &args;
    let chosen = Choice::new(args)?.look_up()?;
    let mut page = Page::stdout();
    let mut exit = chosen.exit;
    let mut reports = Vec::new();
    let streams = Streams::of(args);
    let sources: Vec<(&Process, Vec<Source>)> = chosen
        .processes
        .iter()
        .map(|process| (process, source::readable(process, streams)))
        .collect();
    for (process, sources) in &sources {
        for source in sources.iter().filter(|source| source.path != *"/dev/null") {
            if let Some(astray) = source.astray() {
                // Whoever has moved it will see to it.
                let note = format!("{astray}; it is not rotated");
                tool::warn(&note);
                reports.push(Report { note: Some(note), ..Report::of(source) });
                continue;
            }
            let policy = &process.log_policy;
            let limits = Limits { keep: policy.keep, compress: policy.compress };
            let rotated = rotate(&source.path, limits);
            let report = report(source, &rotated);
            if let Some(error) = &report.error {
                exit = Exit::Failed;
                tool::warn(error);
            }
            if let Some(note) = &report.note {
                tool::warn(format_args!("{}: {note}", source.title()));
            }
            if let (Ok(Rotated::Archived { bytes, .. }), false) = (rotated, args.json) {
                page.add(format!("{}: {bytes} bytes archived\n", source.title()).as_bytes())?;
            }
            reports.push(report);
        }
        if let Some(limit) = process.log_policy.max_total_bytes {
            let logs: Vec<_> = sources.iter().map(|source| source.path.as_path()).collect();
            disk::keep_within(&logs, limit)?;
        }
    }
    if args.json {
        page.add(format!("{}\n", serde_json::to_string(&reports)?).as_bytes())?;
    }
    page.flush()?;
    Ok(exit)
}

fn report<'a>(source: &'a Source, rotated: &io::Result<Rotated>) -> Report<'a> {
    let mut report = Report { note: note(rotated), ..Report::of(source) };
    match rotated {
        Ok(Rotated::Archived { bytes, method }) => {
            report.archived_bytes = *bytes;
            report.method = Some(match method {
                Method::Collapsed => "collapse",
                Method::Punched => "punch",
                Method::CopiedAndCut => "copy-truncate",
            });
        }
        Ok(Rotated::TooSmall { .. } | Rotated::Busy) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            let path = text::safe_path(&source.path);
            let reason = text::reason(error);
            report.error =
                Some(format!("{}: cannot rotate {path}: {reason}", text::safe(&source.name)));
        }
    }
    report
}

/// What there is to say of it, beside how much was archived.
fn note(rotated: &io::Result<Rotated>) -> Option<String> {
    Some(match rotated {
        Ok(Rotated::Archived { method: Method::CopiedAndCut, .. }) => {
            "its file system can only cut it: what was written meanwhile is lost".to_owned()
        }
        Ok(Rotated::Archived { .. }) => return None,
        Ok(Rotated::Busy) => "it is being rotated already".to_owned(),
        Ok(Rotated::TooSmall { bytes: 0, .. }) => "nothing new to rotate".to_owned(),
        Ok(Rotated::TooSmall { bytes, block_bytes }) => format!(
            "nothing to rotate yet: {bytes} bytes are no more than one block ({block_bytes} bytes)"
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => "nothing was written".to_owned(),
        Err(_) => return None,
    })
}
