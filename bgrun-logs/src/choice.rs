//! From selectors to processes: which are meant, and what is said of those that are
//! not known.

use std::io::{self, Read};

use anyhow::Context;
use bgrun_platform::stat::Stat;
use bgrun_platform::text;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::selection::{self, Selected, Selector};
use bgrun_store::{Home, Known, Process, Store};

use crate::args::Args;

/// What was asked for, so that it can be looked up again while following.
pub(crate) struct Choice {
    home: Home,
    selectors: Vec<Selector>,
    /// Whether it may mean more processes than one.
    pub(crate) is_plural: bool,
    /// Whether it may mean other processes in future.
    pub(crate) is_open: bool,
}

/// The processes that are meant now.
pub(crate) struct Chosen {
    pub(crate) processes: Vec<Process>,
    /// What those that are not known make of the exit code.
    pub(crate) exit: Exit,
    /// The store, where it is of use.
    pub(crate) store: Option<Store>,
}

impl Choice {
    /// Reads the selectors, those on stdin too.
    pub(crate) fn new(args: &Args) -> anyhow::Result<Self> {
        if args.selectors.is_empty() && args.group.is_none() && !args.all {
            return Err(Failure::new(Exit::Usage, "no process is named")
                .hint("name some, or --all; 'bgrun ls' lists them")
                .into());
        }
        let mut selectors = Vec::new();
        for operand in &args.selectors {
            match operand.as_str() {
                "-" => selectors.extend(from_stdin()?),
                operand => selectors.push(Selector::parse(operand)),
            }
        }
        selectors.extend(args.group.clone().map(Selector::Group));
        if args.all {
            selectors.push(Selector::All);
        }
        let is_open = selectors.iter().any(is_open);
        let is_plural = is_open || args.selectors.iter().any(|operand| operand == "-");
        let home = Home::from_environment(user::home_directory)
            .map_err(|error| Failure::new(Exit::Store, error))?;
        Ok(Self { home, selectors, is_plural, is_open })
    }

    /// Looks up what is meant, and says what cannot be found.
    pub(crate) fn look_up(&self) -> anyhow::Result<Chosen> {
        private::is_directory(self.home.directory())
            .map_err(|error| Failure::new(Exit::Store, error))?;
        let mut known = Known::find(&self.home, &self.selectors);
        let is_alive = |pid| Stat::read(pid).is_ok_and(|stat| stat.is_live());
        for notice in known.import.notices(is_alive) {
            tool::warn(notice);
        }
        if let Some(trouble) = &known.trouble {
            tool::warn(trouble);
            trouble.hint().iter().for_each(tool::hint_line);
        }
        let selected = selection::select(&self.selectors, &known.processes);
        let exit = tell(&selected, &known);
        let processes = take(&mut known.processes, &selected.chosen);
        Ok(Chosen { processes, exit, store: known.store })
    }

    /// Looks again, without a word; nothing when the registry cannot be read now.
    pub(crate) fn look_again(&self) -> Option<Vec<Process>> {
        let mut known = Known::find(&self.home, &self.selectors);
        if known.trouble.is_some() {
            return None;
        }
        let selected = selection::select(&self.selectors, &known.processes);
        Some(take(&mut known.processes, &selected.chosen))
    }

    /// Where the processes are kept.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }
}

fn from_stdin() -> anyhow::Result<Vec<Selector>> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).context("cannot read stdin")?;
    let items = selection::read(&input, true).map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(items.iter().map(|item| Selector::Name(item.name().to_owned())).collect())
}

/// Whether a selector is made to find any number of processes.
fn is_open(selector: &Selector) -> bool {
    match selector {
        Selector::All | Selector::Group(_) => true,
        Selector::Name(name) => name.contains(['*', '?', '[']),
    }
}

/// Says which selectors found nothing; answers the exit code that makes.
fn tell(selected: &Selected, known: &Known) -> Exit {
    for selector in &selected.empty {
        tool::warn(format_args!("no process matches '{}'", text::safe(selector)));
    }
    for name in &selected.unknown {
        tool::warn(format_args!("no process is called '{}'", text::safe(name)));
        match selection::nearest(name, &known.processes) {
            Some(near) => tool::hint_line(format_args!("did you mean '{}'?", text::safe(&near))),
            None => tool::hint_line(selection::way_out(name)),
        }
    }
    match selected.unknown.is_empty() {
        true => Exit::Done,
        // It may well be in the store, which could not be read.
        false if known.trouble.is_some() => Exit::Store,
        false => Exit::Unknown,
    }
}

/// Takes the processes at these positions, in this order.
fn take(processes: &mut Vec<Process>, chosen: &[usize]) -> Vec<Process> {
    let mut slots: Vec<_> = processes.drain(..).map(Some).collect();
    chosen.iter().filter_map(|&at| slots.get_mut(at)?.take()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_process_and_everything_else_any_number() {
        for operand in ["web", "日本", "a b"] {
            assert!(!is_open(&Selector::parse(operand)), "{operand}");
        }
        for operand in ["@shop", "api-*", "web?", "[ab]"] {
            assert!(is_open(&Selector::parse(operand)), "{operand}");
        }
        assert!(is_open(&Selector::All));
    }
}
