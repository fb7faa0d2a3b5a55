//! The picture: a line of counts, the table, a line of what goes on.

use std::time::{Duration, Instant};

use bgrun_platform::text::{duration, safe, size as bytes};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::format::{cell, cut};
use crate::history::History;
use crate::keys::{Mode, PAGE};
use crate::list::List;
use crate::process::Process;
use crate::screen::Screen;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Group,
    Status,
    Pid,
    Uptime,
    Restarts,
    Cpu,
    CpuLine,
    Memory,
    MemoryLine,
    Ports,
    Command,
}

/// Heading and width. The name, the status and the command share what the others leave.
const COLUMNS: [(Column, &str, usize); 12] = [
    (Column::Name, "NAME", 0),
    (Column::Group, "GROUP", 10),
    (Column::Status, "STATUS", 16),
    (Column::Pid, "PID", 7),
    (Column::Uptime, "UPTIME", 8),
    (Column::Restarts, "↻", 4),
    (Column::Cpu, "CPU", 6),
    (Column::CpuLine, "10 MIN", 12),
    (Column::Memory, "MEMORY", 7),
    (Column::MemoryLine, "10 MIN", 12),
    (Column::Ports, "PORTS", 12),
    (Column::Command, "COMMAND", 0),
];

/// What goes, in this order, where not all of them fit.
const FIRST_TO_GO: [Column; 9] = [
    Column::Command,
    Column::MemoryLine,
    Column::Group,
    Column::Ports,
    Column::Pid,
    Column::CpuLine,
    Column::Restarts,
    Column::Uptime,
    Column::Memory,
];

const LEAST_NAME: usize = 12;
const WIDEST_NAME: usize = 32;
const LEAST_COMMAND: usize = 16;

/// Draws everything.
pub(crate) fn all(frame: &mut Frame<'_>, screen: &mut Screen) {
    let rows = Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)]);
    let [head, body, foot] = rows.areas(frame.area());
    frame.render_widget(Paragraph::new(counts(screen, head.width.into())), head);
    match &mut screen.logs {
        Some(logs) => {
            let lines = logs.view(body.height.saturating_sub(1).into());
            let follows = if logs.above_end == 0 { "following" } else { "scrolled back" };
            let title = format!("{}: logs, {follows}", safe(&logs.name));
            let mut text = vec![Line::styled(title, Modifier::BOLD)];
            text.extend(lines.into_iter().map(Line::raw));
            frame.render_widget(Paragraph::new(text), body);
        }
        None => table(frame, body, screen),
    }
    frame.render_widget(Paragraph::new(foot_line(screen, foot.width.into())), foot);
    if screen.mode == Mode::Help {
        help(frame);
    }
}

/// How many are in which state, troubles first; then of the machine what there is room for.
fn counts(screen: &Screen, room: usize) -> Line<'static> {
    let mut spans = vec![Span::styled("bgrun  ", Modifier::BOLD)];
    for status in
        ["failed", "lost", "backoff", "running", "starting", "stopping", "exited", "stopped"]
    {
        let count = screen.list.all().iter().filter(|one| one.status == status).count();
        if count > 0 {
            let style = if screen.has_colors { color(status) } else { Style::new() };
            spans.push(Span::styled(format!("{count} {status}  "), style));
        }
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let machine: Vec<&str> = screen.machine.split("  ").collect();
    spans.push(Span::raw(fitting(&machine, 0, room.saturating_sub(used))));
    Line::from(spans)
}

/// As many of `parts` as fit into `room`, two blanks between them; the last `kept` of them stay
/// longest.
fn fitting(parts: &[&str], kept: usize, room: usize) -> String {
    let mut parts = parts.to_vec();
    let width = |parts: &[&str]| parts.iter().map(|part| part.chars().count() + 2).sum::<usize>();
    while !parts.is_empty() && width(&parts) > room + 2 {
        parts.remove(parts.len().saturating_sub(kept + 1));
    }
    parts.join("  ")
}

fn color(status: &str) -> Style {
    Style::new().fg(match status {
        "running" => Color::Green,
        "failed" | "lost" => Color::Red,
        "starting" | "stopping" | "backoff" => Color::Yellow,
        _ => Color::DarkGray,
    })
}

fn table(frame: &mut Frame<'_>, area: Rect, screen: &mut Screen) {
    let shown = screen.list.shown();
    if shown.is_empty() {
        let text = match &screen.trouble {
            Some(trouble) => trouble.clone(),
            None if !screen.list.filter.is_empty() => "nothing has this in it".to_owned(),
            None => "no processes yet; start one: bgrun run web -- node server.js".to_owned(),
        };
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let widths = widths(&shown, area.width.into());
    let height = usize::from(area.height).saturating_sub(1);
    let place = screen.list.place();
    // The cursor stays in view, and the picture moves no more than it must.
    screen.top = screen.top.min(place).max((place + 1).saturating_sub(height));
    let heading: String = widths
        .iter()
        .map(|(column, heading, width)| cell(heading, *width, is_number(*column)) + " ")
        .collect();
    let mut lines = vec![Line::from(vec![
        Span::raw("  "),
        Span::styled(heading.trim_end().to_owned(), Modifier::BOLD),
    ])];
    let now = Instant::now();
    for (at, process) in shown.iter().enumerate().skip(screen.top).take(height) {
        let mark = if screen.list.is_marked(process) { "● " } else { "  " };
        let mut spans = vec![Span::raw(mark)];
        for (column, _, width) in &widths {
            let text = content(*column, process, screen.list.history(process), *width, now);
            let text = cell(&text, *width, is_number(*column)) + " ";
            let style = match column {
                Column::Status if screen.has_colors => color(&process.status),
                _ => Style::new(),
            };
            spans.push(Span::styled(text, style));
        }
        let style = if at == place { Modifier::REVERSED } else { Modifier::empty() };
        lines.push(Line::from(spans).style(style));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn turned(list: &List) -> &'static str {
    if list.is_turned { ", turned" } else { "" }
}

fn is_number(column: Column) -> bool {
    use Column::{Cpu, Memory, Pid, Restarts};
    matches!(column, Pid | Restarts | Cpu | Memory)
}

/// The columns that fit into `room`, with their widths; each is followed by a blank.
fn widths(shown: &[&Process], room: usize) -> Vec<(Column, &'static str, usize)> {
    let longest = shown.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    let name = longest.clamp(LEAST_NAME, WIDEST_NAME);
    let has_groups = shown.iter().any(|process| process.group.is_some());
    let has_ports = shown.iter().any(|process| !process.ports.is_empty());
    let is_of_use = |column: Column| match column {
        Column::Group => has_groups,
        Column::Ports => has_ports,
        _ => true,
    };
    let mut chosen: Vec<_> =
        COLUMNS.into_iter().filter(|(column, ..)| is_of_use(*column)).collect();
    for column in &mut chosen {
        match column.0 {
            Column::Name => column.2 = name,
            Column::Command => column.2 = LEAST_COMMAND,
            _ => {}
        }
    }
    let needed = |chosen: &[(Column, &str, usize)]| -> usize {
        2 + chosen.iter().map(|(_, _, width)| width + 1).sum::<usize>()
    };
    for gone in FIRST_TO_GO {
        if needed(&chosen) <= room {
            break;
        }
        chosen.retain(|(column, ..)| *column != gone);
    }
    let mut left = room.saturating_sub(needed(&chosen));
    if let Some(status) = chosen.iter_mut().find(|(column, ..)| *column == Column::Status) {
        let longest = shown.iter().map(|one| one.status_text().chars().count()).max().unwrap_or(0);
        let more = longest.saturating_sub(status.2).min(left);
        status.2 += more;
        left -= more;
    }
    if let Some(command) = chosen.iter_mut().find(|(column, ..)| *column == Column::Command) {
        command.2 += left;
    }
    chosen
}

fn content(
    column: Column,
    process: &Process,
    history: Option<&History>,
    width: usize,
    now: Instant,
) -> String {
    let absent = || "-".to_owned();
    match column {
        Column::Name => safe(&process.name).into_owned(),
        Column::Group => safe(process.group.as_deref().unwrap_or("")).into_owned(),
        Column::Status => process.status_text(),
        Column::Pid => process.pid.map_or_else(absent, |pid| pid.to_string()),
        Column::Uptime => {
            process.uptime_ms.map_or_else(absent, |ms| duration(Duration::from_millis(ms)))
        }
        Column::Restarts => process.restarts.to_string(),
        Column::Cpu => {
            let load = history.and_then(History::cpu_now);
            load.map_or_else(absent, |percent| format!("{percent:.1}%"))
        }
        Column::CpuLine => history.map_or_else(String::new, |one| one.cpu_line(width, now)),
        Column::Memory => process.memory_bytes.map_or_else(absent, bytes),
        Column::MemoryLine => history.map_or_else(String::new, |one| one.memory_line(width, now)),
        Column::Ports => process.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(","),
        Column::Command => safe(&process.command).into_owned(),
    }
}

/// A question, the filter, what was done last, or the keys.
fn foot_line(screen: &Screen, room: usize) -> Line<'static> {
    if let Some((act, names)) = &screen.question {
        let what = match names.as_slice() {
            [one] => format!("'{}' and its logs", safe(one)),
            many => format!("{} processes and their logs", many.len()),
        };
        let text = format!("{}: stop and forget {what}? y or n", act.doing());
        return Line::styled(text, Modifier::BOLD);
    }
    if screen.mode == Mode::Filter {
        return Line::raw(format!("/{}▏", screen.list.filter));
    }
    if screen.actions.under_way > 0 || !screen.message.is_empty() {
        return Line::raw(screen.message.clone());
    }
    let filter = &screen.list.filter;
    let filter = if filter.is_empty() { String::new() } else { format!("filter: {filter}   ") };
    let order = format!("o by {}{}", screen.list.sort.as_str(), turned(&screen.list));
    let in_list = [
        "Enter logs",
        "s stop/start",
        "r restart",
        &order,
        "/ filter",
        "D delete",
        "? keys",
        "q quit",
    ];
    let in_logs = ["Esc back", "↑↓ scroll", "G follow", "s stop/start", "r restart"];
    let room = room.saturating_sub(filter.chars().count());
    let keys = match screen.mode {
        Mode::Logs => fitting(&in_logs, 0, room),
        _ => fitting(&in_list, 2, room),
    };
    Line::styled(format!("{filter}{keys}"), Modifier::DIM)
}

fn help(frame: &mut Frame<'_>) {
    let area = frame.area();
    let width = area.width.min(74);
    let height = area.height.min(u16::try_from(PAGE.len()).unwrap_or(20) + 2);
    let place = Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height);
    let room = usize::from(width).saturating_sub(12);
    let line = |(keys, what): &(&str, &str)| {
        Line::from(vec![
            Span::styled(cell(keys, 10, false), Modifier::BOLD),
            Span::raw(cut(what, room)),
        ])
    };
    let text: Vec<Line<'_>> = PAGE.iter().map(line).collect();
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title("keys")), place);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(room: usize) -> Vec<Column> {
        let one = Process { name: "web".to_owned(), ports: vec![3000], ..Process::default() };
        widths(&[&one], room).into_iter().map(|(column, ..)| column).collect()
    }

    #[test]
    fn parts_that_do_not_fit_are_left_out_and_never_cut() {
        let parts = ["Enter logs", "D delete", "? keys", "q quit"];
        assert_eq!(fitting(&parts, 2, 80), "Enter logs  D delete  ? keys  q quit");
        assert_eq!(fitting(&parts, 2, 36), "Enter logs  D delete  ? keys  q quit");
        assert_eq!(fitting(&parts, 2, 35), "Enter logs  ? keys  q quit");
        assert_eq!(fitting(&parts, 2, 20), "? keys  q quit");
        assert_eq!(fitting(&parts, 2, 8), "q quit");
        assert_eq!(fitting(&parts, 2, 3), "");
        assert_eq!(fitting(&["load 1.5", "memory 1G of 2G"], 0, 12), "load 1.5");
    }

    #[test]
    fn what_does_not_fit_goes_and_what_is_left_fits() {
        for room in [20, 40, 60, 80, 100, 120, 200] {
            let one = Process { name: "web".to_owned(), ..Process::default() };
            let used: usize = widths(&[&one], room).iter().map(|(_, _, width)| width + 1).sum();
            assert!(used + 2 <= room.max(40), "{room}: {used}");
        }
        let paused = Process { status: "lost".to_owned(), supervised: true, ..Process::default() };
        for (room, expected) in [(200, 24), (80, 22), (40, 17)] {
            let widths = widths(&[&paused], room);
            let status = widths.iter().find(|(column, ..)| *column == Column::Status);
            assert_eq!(status.map(|(.., width)| *width), Some(expected), "{room}");
        }
        assert!(columns(200).contains(&Column::Command));
        assert!(columns(80).contains(&Column::CpuLine) && columns(80).contains(&Column::Memory));
        assert_eq!(columns(40), [Column::Name, Column::Status, Column::Cpu]);
    }
}
