//! What keys do: the sibling verbs do it, beside the screen, which goes on.

use std::sync::mpsc::{Receiver, Sender, channel};

use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_store::selection::exactly;

use crate::process::Process;

/// What is done to processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Start,
    Stop,
    Restart,
    Delete,
}

impl Act {
    /// What the key that stops or starts means for `meant`: what runs is stopped first.
    pub(crate) fn stop_or_start(meant: &[&Process]) -> Self {
        if meant.iter().any(|process| process.is_up()) { Self::Stop } else { Self::Start }
    }

    fn tool(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Start => ("bgrun-run", &["--if-absent"]),
            Self::Restart => ("bgrun-run", &["--restart"]),
            Self::Stop => ("bgrun-kill", &[]),
            Self::Delete => ("bgrun-kill", &["--delete"]),
        }
    }

    /// In words, for what is being done.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Start => "starting",
            Self::Stop => "stopping",
            Self::Restart => "restarting",
            Self::Delete => "deleting",
        }
    }
}

/// Actions under way, and what became of them.
#[derive(Debug)]
pub(crate) struct Actions {
    sender: Sender<String>,
    receiver: Receiver<String>,
    pub(crate) under_way: usize,
}

impl Actions {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver, under_way: 0 }
    }

    /// Begins `act` on the processes `names`.
    pub(crate) fn begin(&mut self, act: Act, names: Vec<String>) {
        let (tool, flags) = act.tool();
        let sender = self.sender.clone();
        self.under_way += 1;
        std::thread::spawn(move || {
            let names = names.iter().map(|name| exactly(name));
            let output = sibling::command(tool, flags).args(names).output();
            let said = match output {
                Ok(output) => {
                    let mut said = output.stderr;
                    said.extend(output.stdout);
                    String::from_utf8_lossy(&said).into_owned()
                }
                Err(error) => format!("{tool}: {error}"),
            };
            // A screen that was left needs no answer.
            let _ = sender.send(first_line(&said));
        });
    }

    /// What became of the actions that have ended since.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let said: Vec<String> = self.receiver.try_iter().collect();
        self.under_way = self.under_way.saturating_sub(said.len());
        said.into_iter().next_back()
    }
}

/// The first line a tool has said, and how many more there are.
fn first_line(said: &str) -> String {
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let first = safe(lines.next().unwrap_or("done")).into_owned();
    match lines.count() {
        0 => first,
        more => format!("{first}  (and {more} more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_stopped_and_only_what_does_not_is_started() {
        let process = |status: &str| Process { status: status.to_owned(), ..Process::default() };
        let (running, stopped) = (process("running"), process("stopped"));
        assert_eq!(Act::stop_or_start(&[&stopped, &running]), Act::Stop);
        assert_eq!(Act::stop_or_start(&[&stopped]), Act::Start);
    }

    #[test]
    fn of_many_lines_the_first_is_shown() {
        assert_eq!(first_line("web: stopped\n"), "web: stopped");
        assert_eq!(first_line("a: stopped\nb: stopped\n"), "a: stopped  (and 1 more)");
        assert_eq!(first_line("\n"), "done");
        assert_eq!(first_line("\u{1b}[2J"), "\\e[2J");
    }
}
