//! `--live`: the table, drawn anew every second.

use std::collections::HashMap;
use std::io::Write;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bgrun_platform::events::{Signals, Wake};
use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Signal, terminal};
use bgrun_store::Record;
use sysinfo::System;

use crate::args::Args;
use crate::collect::{Collector, Listed};
use crate::select::Wish;
use crate::{format, observe, table};

/// The alternate screen without a cursor, and back (xterm's private modes 1049 and 25).
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// Draws until `q` or Ctrl-C.
///
/// # Errors
/// stdout is no terminal, or it cannot be written.
pub(crate) fn run(args: &Args, wish: &Wish, collector: &mut Collector) -> anyhow::Result<Exit> {
    if terminal::columns().is_none() {
        return Err(Failure::new(Exit::Usage, "--live needs a terminal").into());
    }
    let signals = Signals::block(&[Signal::INT, Signal::TERM, Signal::HUP, Signal::WINCH])?;
    let keys = terminal::Keys::read();
    let mut out = std::io::stdout().lock();
    write!(out, "{ENTER}")?;
    let result = draw_until_told(args, wish, collector, &signals, keys.as_ref(), &mut out);
    write!(out, "{LEAVE}")?;
    out.flush()?;
    result
}

fn draw_until_told(
    args: &Args,
    wish: &Wish,
    collector: &mut Collector,
    signals: &Signals,
    keys: Option<&terminal::Keys>,
    out: &mut impl Write,
) -> anyhow::Result<Exit> {
    let mut system = System::new().ok();
    let mut before: HashMap<i64, (i64, u64)> = HashMap::new();
    let mut drawn_at = Instant::now();
    loop {
        let (mut listed, _) = collector.collect(args, wish)?;
        let elapsed = drawn_at.elapsed();
        drawn_at = Instant::now();
        before = since(&mut listed, &before, elapsed);
        draw(&listed, &mut system, out)?;
        let deadline = Instant::now() + Duration::from_secs(1);
        loop {
            let stdin = std::io::stdin();
            let others: Vec<_> = keys.iter().map(|_| stdin.as_fd()).collect();
            match signals.wait(&others, Some(deadline))? {
                Wake::Deadline | Wake::Signal(Signal::WINCH, _) => break,
                Wake::Signal(Signal::INT, _) => return Ok(Exit::Other(130)),
                Wake::Signal(..) => return Ok(Exit::Done),
                Wake::Readable(_) => match keys.map(terminal::Keys::next).transpose()?.flatten() {
                    Some(b'q' | 27) | None => return Ok(Exit::Done),
                    Some(_) => {}
                },
            }
        }
    }
}

/// Puts the load since the last picture in the place of the load since the start of
/// the run; answers what the next picture needs.
fn since(
    listed: &mut [Listed],
    before: &HashMap<i64, (i64, u64)>,
    elapsed: Duration,
) -> HashMap<i64, (i64, u64)> {
    let milliseconds = elapsed.as_millis().try_into().unwrap_or(u64::MAX);
    let mut now = HashMap::new();
    for one in listed {
        let (id, run) = (one.record.id, one.record.run);
        if let Some((same_run, ticks)) = before.get(&id)
            && *same_run == run
            && one.record.cpu_percent.is_some()
        {
            let used = one.cpu_ticks.saturating_sub(*ticks);
            one.record.cpu_percent = Some(observe::percent(used, milliseconds));
        }
        now.insert(id, (run, one.cpu_ticks));
    }
    now
}

fn draw(
    listed: &[Listed],
    system: &mut Option<System>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let machine = machine(system.as_mut());
    let records: Vec<&Record> = listed.iter().map(|listed| &listed.record).collect();
    let running = records.iter().filter(|record| record.pid.is_some()).count();
    let head = format!("bgrun  {running} of {} running   {machine}q quits", records.len());
    let columns = terminal::columns();
    let rows = terminal::rows().unwrap_or(24);
    let mut lines = vec![head, String::new()];
    lines.extend(table::lines(&records, columns, format::with_colors()));
    lines.truncate(rows.saturating_sub(1));
    // Each line is written over the old one, then its rest is cleared: nothing flickers.
    let picture: String = lines.iter().map(|line| format!("{line}\u{1b}[K\r\n")).collect();
    write!(out, "\u{1b}[H{picture}\u{1b}[J")?;
    Ok(out.flush()?)
}

/// Load and memory of the machine, as far as it tells.
fn machine(system: Option<&mut System>) -> String {
    let load = System::load_average()
        .map_or_else(|_| String::new(), |load| format!("load {:.2}   ", load.one));
    let memory = system.map_or_else(String::new, |system| {
        system.refresh_memory();
        let (used, total) = (system.used_memory(), system.total_memory());
        format!("memory {} of {}   ", format::bytes(used), format::bytes(total))
    });
    load + &memory
}
