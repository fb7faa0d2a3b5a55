//! `--usage`: what logs and their archives take on the disk.

use std::path::Path;

use bgrun_platform::logs::disk::Usage;
use bgrun_platform::text;
use bgrun_platform::tool::Exit;
use bgrun_store::Stream;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::args::Args;
use crate::choice::Choice;
use crate::page::Page;
use crate::source::{self, Source, Streams};

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    stream: Stream,
    path: &'a Path,
    live_bytes: u64,
    archive_bytes: u64,
    archives: u32,
    total_bytes: u64,
}

/// Shows what the logs take that `args` mean: all, if they name none.
pub(crate) fn show(mut args: Args) -> anyhow::Result<Exit> {
    args.all |= args.selectors.is_empty() && args.group.is_none();
    let chosen = Choice::new(&args)?.look_up()?;
    let streams = Streams::of(&args);
    let sources: Vec<Source> =
        chosen.processes.iter().flat_map(|process| source::readable(process, streams)).collect();
    let rows: Vec<Row<'_>> = sources.iter().map(row).collect();
    let mut page = Page::stdout();
    if args.json {
        page.add(format!("{}\n", serde_json::to_string(&rows)?).as_bytes())?;
    } else if !rows.is_empty() {
        page.add(table(&rows).as_bytes())?;
    }
    page.flush()?;
    Ok(chosen.exit)
}

fn row(source: &Source) -> Row<'_> {
    let mut usage = Usage::of(&source.path);
    let mut path = source.path.as_path();
    if let Some(held) = &source.held {
        // What it takes is where it is written, wherever that is by now.
        usage.live_bytes = Usage::of(&held.path).live_bytes;
        path = held.now_at.as_deref().unwrap_or(path);
    }
    Row {
        name: &source.name,
        stream: source.stream,
        path,
        live_bytes: usage.live_bytes,
        archive_bytes: usage.archive_bytes,
        archives: usage.archives,
        total_bytes: usage.total_bytes(),
    }
}

fn table(rows: &[Row<'_>]) -> String {
    let stream = |row: &Row<'_>| match row.stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    let total = |of: fn(&Row<'_>) -> u64| text::size(rows.iter().map(of).sum());
    let mut lines = vec![["NAME", "STREAM", "LIVE", "ARCHIVES", "TOTAL"].map(String::from)];
    lines.extend(rows.iter().map(|row| {
        let archives = match row.archives {
            0 => "-".to_owned(),
            count => format!("{} ({count})", text::size(row.archive_bytes)),
        };
        let (live, total) = (text::size(row.live_bytes), text::size(row.total_bytes));
        [text::safe(row.name).into_owned(), stream(row).to_owned(), live, archives, total]
    }));
    let all = [total(|row| row.live_bytes), total(|row| row.archive_bytes)];
    let [live, archives] = all;
    lines.push(["all".into(), String::new(), live, archives, total(|row| row.total_bytes)]);
    let widths: Vec<usize> = (0..5)
        .map(|column| lines.iter().map(|line| line[column].width()).max().unwrap_or(0))
        .collect();
    let padded = |line: &[String; 5]| {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            if column < 2 { format!("{cell}{padding}") } else { format!("{padding}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(padded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_stand_in_columns() {
        let row = |name, archives, archive_bytes| Row {
            name,
            stream: Stream::Stdout,
            path: Path::new("/out"),
            live_bytes: 2048,
            archive_bytes,
            archives,
            total_bytes: 2048 + archive_bytes,
        };
        let expected = "\
NAME  STREAM  LIVE  ARCHIVES  TOTAL
web   stdout    2K         -     2K
日本  stdout    2K  3.0M (2)   3.0M
all             4K      3.0M   3.0M
";
        assert_eq!(table(&[row("web", 0, 0), row("日本", 2, 3 << 20)]), expected);
    }
}
