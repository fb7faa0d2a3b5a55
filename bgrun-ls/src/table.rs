//! The table. It fits the terminal: a command too long for its row, and ports too many
//! for their column, continue below it.

use std::io::Write;
use std::time::Duration;

use bgrun_platform::terminal;
use bgrun_platform::text::safe;
use bgrun_store::{Record, Standing, time};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::collect::Listed;
use crate::format;

/// The columns, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Group,
    Status,
    Pid,
    Uptime,
    Restarts,
    Cpu,
    Memory,
    Ports,
    Command,
}

use Column::{Command, Cpu, Group, Memory, Name, Pid, Ports, Restarts, Uptime};

const COLUMNS: [Column; 10] =
    [Name, Group, Column::Status, Pid, Uptime, Restarts, Cpu, Memory, Ports, Command];

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Group => "GROUP",
            Self::Status => "STATUS",
            Self::Pid => "PID",
            Self::Uptime => "UPTIME",
            Self::Restarts => "RESTARTS",
            Self::Cpu => "CPU",
            Self::Memory => "MEMORY",
            Self::Ports => "PORTS",
            Self::Command => "COMMAND",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Pid | Self::Restarts | Self::Cpu | Self::Memory)
    }
}

/// A command with less room than this is shown below its row.
const LEAST_COMMAND: usize = 16;
/// The columns that go, in this order, where even the others do not fit.
const FIRST_TO_GO: [Column; 6] = [Cpu, Group, Restarts, Uptime, Pid, Memory];
/// A list of ports wider than this continues below its row.
const WIDEST_PORTS: usize = 17;
/// A name wider than this, or than a quarter of the terminal, continues below its row; a
/// group is cut at half of that.
const WIDEST_NAME: usize = 32;

/// Prints the table.
pub(crate) fn print(listed: &[Listed], out: &mut impl Write) -> anyhow::Result<()> {
    if listed.is_empty() {
        return Ok(());
    }
    let records: Vec<&Record> = listed.iter().map(|listed| &listed.record).collect();
    let lines = lines(&records, terminal::columns(), format::with_colors());
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// One row: its cells, and what continues below it.
struct Row {
    cells: [String; COLUMNS.len()],
    below: Vec<String>,
    restarts: i64,
}

impl Row {
    fn cell(&self, column: Column) -> &str {
        &self.cells[column as usize]
    }

    fn take_command(&mut self) -> String {
        std::mem::take(&mut self.cells[Command as usize])
    }
}

/// The lines of the table for a terminal of `columns`, or of any width.
pub(crate) fn lines(records: &[&Record], columns: Option<usize>, colors: bool) -> Vec<String> {
    let mut rows: Vec<Row> = records.iter().map(|record| row(record, columns)).collect();
    // A column in which nobody has anything to show says nothing.
    let is_shown = |column: &Column| match column {
        Column::Restarts => records.iter().any(|record| record.restarts > 0),
        Column::Ports | Column::Group => rows.iter().any(|row| !row.cell(*column).is_empty()),
        _ => true,
    };
    let mut shown: Vec<Column> = COLUMNS.into_iter().filter(is_shown).collect();
    if let Some(columns) = columns {
        fit(&mut rows, &mut shown, columns);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(shown.iter().map(|column| column.heading()));
    for row in &rows {
        table.add_row(shown.iter().map(|column| row.cell(*column)));
    }
    for (at, column) in shown.iter().enumerate() {
        let Some(style) = table.column_mut(at) else { continue };
        style.set_padding((0, 2));
        if column.is_number() {
            style.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut rendered = table.lines();
    let mut lines = Vec::new();
    if let Some(header) = rendered.next() {
        lines.push(painted(header.trim_end(), "1", colors));
    }
    for ((line, row), record) in rendered.zip(&rows).zip(records) {
        let status = Standing::of(record).to_string();
        let line = line.trim_end();
        // The name and the group may contain the status's word: it is looked for behind them.
        let group = if shown.contains(&Group) { row.cell(Group) } else { "" };
        let after_group = line.get(row.cell(Name).len()..).and_then(|rest| rest.find(group));
        let from = row.cell(Name).len() + after_group.unwrap_or(0) + group.len();
        let from = from.min(line.len());
        lines.push(match line[from..].find(&status) {
            Some(at) if colors => {
                let (before, rest) = line.split_at(from + at);
                let (word, after) = rest.split_at(status.len());
                format!("{before}{}{after}", painted(word, format::color(record), true))
            }
            _ => line.to_owned(),
        });
        for (at, below) in row.below.iter().enumerate() {
            let branch = if at + 1 == row.below.len() { "  └ " } else { "  ├ " };
            let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(4));
            lines.push(painted(&format!("{branch}{}", cut(below, room)), "2", colors));
        }
    }
    lines
}

/// Makes the rows fit: less telling columns go, long commands continue below.
fn fit(rows: &mut [Row], shown: &mut Vec<Column>, columns: usize) {
    let width = |column: &Column| {
        let cells = rows.iter().map(|row| display_width(row.cell(*column)));
        cells.chain([column.heading().len()]).max().unwrap_or(0) + 2
    };
    let others = |shown: &[Column]| -> usize {
        shown.iter().filter(|column| **column != Command).map(width).sum()
    };
    for column in FIRST_TO_GO {
        if others(shown) > columns {
            shown.retain(|one| *one != column);
        }
    }
    let room = columns.saturating_sub(others(shown));
    let has_column = room >= Command.heading().len();
    let has_restarts = shown.contains(&Restarts);
    for row in rows {
        let command = row.take_command();
        if has_column && display_width(&command) <= room {
            row.cells[Command as usize] = command;
        } else if room >= LEAST_COMMAND && display_width(&command) <= room * 2 {
            row.cells[Command as usize] = cut(&command, room);
        } else {
            row.below.push(command);
        }
        if row.restarts > 0 && !has_restarts {
            row.below.push(format::restarted(row.restarts));
        }
    }
    if !has_column {
        shown.retain(|column| *column != Command);
    }
}

fn row(record: &Record, columns: Option<usize>) -> Row {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let mut below = Vec::new();
    let widest_name = columns.map_or(usize::MAX, |columns| (columns / 4).min(WIDEST_NAME));
    let mut name = safe(&record.name).into_owned();
    if display_width(&name) > widest_name {
        below.push(name.clone());
        name = cut(&name, widest_name);
    }
    let mut ports = record.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    if columns.is_some() && ports.len() > WIDEST_PORTS {
        below.push(format!("ports {}", ports.replace(',', ", ")));
        ports = format!("{},…", record.ports[0]);
    }
    let group = record.group.as_deref().map(|group| cut(&safe(group), widest_name / 2));
    Row {
        cells: [
            name,
            group.unwrap_or_default(),
            Standing::of(record).to_string(),
            or_dash(record.pid.map(|pid| pid.to_string())),
            or_dash(uptime(record)),
            record.restarts.to_string(),
            or_dash(record.cpu_percent.map(|percent| format!("{percent:.1}%"))),
            or_dash(record.memory_bytes.map(format::bytes)),
            ports,
            safe(&record.command).into_owned(),
        ],
        below,
        restarts: record.restarts,
    }
}

/// How long it has been running, how long ago it ended, or when it will be started again.
fn uptime(record: &Record) -> Option<String> {
    if let Some(ms) = record.uptime_ms {
        return Some(format::duration(Duration::from_millis(ms)));
    }
    let now = time::now();
    if let Some(next) = record.next_restart_at {
        return Some(format::ahead(
            Duration::try_from(next.duration_since(now)).unwrap_or_default(),
        ));
    }
    // The end of the run before says nothing of one whose own end was not seen.
    let ended = record.ended_at.filter(|ended| record.timestamp.is_none_or(|at| *ended >= at))?;
    Some(format::ago(Duration::try_from(now.duration_since(ended)).unwrap_or_default()))
}

fn painted(text: &str, color: &str, colors: bool) -> String {
    if colors { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// The columns that `text` takes on a terminal.
fn display_width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// `text`, cut with a sign where it is wider than `room`.
fn cut(text: &str, room: usize) -> String {
    if display_width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut width = 0;
    for character in text.chars() {
        width += unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
        if width > room.saturating_sub(1) {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use bgrun_store::{LockLine, Status};

    fn record(name: &str, command: &str) -> Record {
        let line: LockLine<()> = serde_json::from_value(serde_json::json!({
            "id": 1, "name": name, "group": null, "command": command, "argv": null,
            "workdir": "/", "stdout_path": "/o", "stderr_path": "/e", "cookie": "c",
            "stop_signal": "SIGTERM", "stop_timeout_ms": 1, "request": 1, "supervisor": null,
            "run": 1, "process": null, "started_at": null, "started_since_boot_ms": null,
            "ended": null
        }))
        .expect("a lock line");
        let mut record = Record::of(&line.as_process(), Status::Running);
        record.pid = Some(12345);
        record.supervised = true;
        record.uptime_ms = Some(7_380_000);
        record.cpu_percent = Some(0.1);
        record.memory_bytes = Some(55_679_386);
        record
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut busy = record("a-process-with-a-name-that-is-much-too-long", &"x ".repeat(200));
        busy.ports = (3000..3030).collect();
        let wide = record(
            "日本語の名前",
            "コマンド コマンド コマンド コマンド コマンド コマンド コマンド",
        );
        let records = [&busy, &wide, &record("web", "node server.js")];
        for columns in [60, 80, 100, 200] {
            for line in lines(&records, Some(columns), false) {
                assert!(display_width(&line) <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn a_short_command_stands_in_its_row_and_a_long_one_below() {
        let long = record("long", &"word ".repeat(30));
        let records = [&record("web", "node server.js"), &long];
        let lines = lines(&records, Some(80), false);
        assert_eq!(lines[0], "NAME  STATUS     PID  UPTIME   CPU  MEMORY  COMMAND");
        assert_eq!(lines[1], "web   running  12345  2h 3m   0.1%   53.1M  node server.js");
        assert!(lines[3].starts_with("  └ word word"), "{lines:#?}");
    }

    #[test]
    fn in_a_pipe_nothing_is_cut() {
        let long = record("long", &"word ".repeat(30));
        let lines = lines(&[&long], None, false);
        assert!(lines[1].contains(&"word ".repeat(29)));
    }

    #[test]
    fn a_name_with_the_word_of_a_status_is_not_painted() {
        let lines = lines(&[&record("running", "x")], Some(80), true);
        assert!(lines[1].starts_with("running  \u{1b}[32mrunning"), "{:?}", lines[1]);
    }
}
