//! Which processes are to be listed.

use std::io::Read;

use anyhow::Context;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::selection::{self, Selector, nearest, select};
use bgrun_store::{Process, Status};

use crate::args::Args;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Wish {
    /// Empty: everything.
    selectors: Vec<Selector>,
    group: Option<String>,
    pub(crate) statuses: Vec<Status>,
    /// The way out, where a name that nobody has may have been meant to be a verb.
    otherwise: Option<String>,
}

impl Wish {
    /// Reads the command line, and stdin if that says so.
    ///
    /// # Errors
    /// It makes no sense.
    pub(crate) fn read(args: &Args) -> anyhow::Result<Self> {
        let usage = |what: String| Failure::new(Exit::Usage, what);
        let mut selectors: Vec<Selector> = Vec::new();
        for operand in &args.selectors {
            if operand == "-" {
                let mut input = Vec::new();
                std::io::stdin().read_to_end(&mut input).context("read stdin")?;
                let items =
                    selection::read(&input, true).map_err(|error| usage(error.to_string()))?;
                if items.is_empty() {
                    // Nothing was named, and that is not everything.
                    selectors.push(Selector::Group(String::new()));
                }
                selectors.extend(items.iter().map(|item| Selector::Name(item.name().to_owned())));
            } else {
                selectors.push(Selector::parse(operand));
            }
        }
        let statuses = args
            .status
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, String>>()
            .map_err(usage)?;
        Ok(Self {
            selectors,
            group: args.group.clone(),
            statuses,
            otherwise: args.otherwise.clone(),
        })
    }

    /// What was named; empty when that is everything.
    pub(crate) fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// Whether everything is asked for.
    fn is_everything(&self) -> bool {
        self.selectors.is_empty() && self.group.is_none() && self.statuses.is_empty()
    }

    /// Says what to type first, if there is nothing at all.
    pub(crate) fn tell_of_nothing(&self) {
        if self.is_everything() {
            tool::warn("no processes yet");
            tool::hint_line(
                "start one with 'bgrun run web -- node server.js'; 'bgrun help' shows the rest",
            );
        }
    }

    /// Takes what is meant out of `processes`. The exit code tells of names that nobody
    /// has; the others are listed all the same.
    pub(crate) fn choose(&self, mut processes: Vec<Process>) -> (Vec<Process>, Exit) {
        let mut exit = Exit::Done;
        if !self.selectors.is_empty() {
            let selected = select(&self.selectors, &processes);
            for unknown in &selected.unknown {
                exit = self.complain(unknown, &processes);
            }
            for empty in selected.empty.iter().filter(|empty| *empty != "@") {
                tool::warn(format_args!("nothing matches '{}'", safe(empty)));
            }
            let mut places: Vec<Option<Process>> = processes.into_iter().map(Some).collect();
            processes = selected.chosen.iter().filter_map(|at| places[*at].take()).collect();
        }
        if let Some(group) = &self.group {
            processes.retain(|process| process.group.as_ref() == Some(group));
            if processes.is_empty() {
                tool::warn(format_args!("nothing is in the group '{}'", safe(group)));
            }
        }
        (processes, exit)
    }

    fn complain(&self, unknown: &str, processes: &[Process]) -> Exit {
        let shown = safe(unknown);
        if let Some(hint) = &self.otherwise {
            tool::warn(format_args!("'{shown}' is neither a verb nor a process"));
            tool::hint_line(safe(hint));
            return Exit::Usage;
        }
        tool::warn(format_args!("no process is called '{shown}'"));
        match nearest(unknown, processes) {
            Some(near) => tool::hint_line(format_args!("did you mean '{}'?", safe(&near))),
            None => tool::hint_line("'bgrun' lists the processes, 'bgrun help' the verbs"),
        }
        Exit::Unknown
    }
}
