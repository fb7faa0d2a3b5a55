//! The list behind the screen: what is shown of it, in which order, what is chosen.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

use crate::args::SortKey;
use crate::history::History;
use crate::process::Process;

/// All processes, and how they are looked at.
#[derive(Debug)]
pub(crate) struct List {
    processes: Vec<Process>,
    histories: HashMap<i64, History>,
    pub(crate) sort: SortKey,
    pub(crate) is_turned: bool,
    pub(crate) filter: String,
    /// The process under the cursor, by id: it stays chosen when the order changes.
    chosen: Option<i64>,
    marked: HashSet<i64>,
}

impl List {
    pub(crate) fn new(sort: SortKey, is_turned: bool) -> Self {
        Self {
            processes: Vec::new(),
            histories: HashMap::new(),
            sort,
            is_turned,
            filter: String::new(),
            chosen: None,
            marked: HashSet::new(),
        }
    }

    /// Takes over what a look has shown.
    pub(crate) fn update(&mut self, processes: Vec<Process>, now: Instant) {
        let ids: HashSet<i64> = processes.iter().map(|process| process.id).collect();
        self.histories.retain(|id, _| ids.contains(id));
        self.marked.retain(|id| ids.contains(id));
        for process in &processes {
            self.histories.entry(process.id).or_default().note(process, now);
        }
        let place = self.place();
        self.processes = processes;
        if self.chosen.is_none_or(|id| !self.shown().iter().any(|one| one.id == id)) {
            // Who took the place of what is gone.
            self.choose(place);
        }
    }

    /// All processes, whatever is shown.
    pub(crate) fn all(&self) -> &[Process] {
        &self.processes
    }

    /// What is shown, in order.
    pub(crate) fn shown(&self) -> Vec<&Process> {
        let mut shown: Vec<&Process> =
            self.processes.iter().filter(|process| matches(process, &self.filter)).collect();
        shown.sort_by(|a, b| {
            let order = self.order(a, b);
            if self.is_turned { order.reverse() } else { order }
        });
        shown
    }

    fn order(&self, a: &Process, b: &Process) -> Ordering {
        let by = match self.sort {
            SortKey::Id => a.id.cmp(&b.id),
            SortKey::Name => a.name.cmp(&b.name),
            SortKey::Status => {
                (!a.is_in_trouble(), &a.status).cmp(&(!b.is_in_trouble(), &b.status))
            }
            SortKey::Group => a.group.cmp(&b.group),
            SortKey::Pid => a.pid.cmp(&b.pid),
            SortKey::Processes => b.processes.cmp(&a.processes),
            SortKey::Uptime => b.uptime_ms.cmp(&a.uptime_ms),
            SortKey::Restarts => b.restarts.cmp(&a.restarts),
            SortKey::Cpu => {
                let now = |process: &Process| self.history(process).and_then(History::cpu_now);
                now(b).partial_cmp(&now(a)).unwrap_or(Ordering::Equal)
            }
            SortKey::Memory => b.memory_bytes.cmp(&a.memory_bytes),
        };
        by.then(a.id.cmp(&b.id))
    }

    pub(crate) fn history(&self, process: &Process) -> Option<&History> {
        self.histories.get(&process.id)
    }

    /// The process under the cursor.
    pub(crate) fn chosen(&self) -> Option<&Process> {
        self.processes.iter().find(|process| Some(process.id) == self.chosen)
    }

    /// Where the cursor is in what is shown.
    pub(crate) fn place(&self) -> usize {
        self.shown().iter().position(|process| Some(process.id) == self.chosen).unwrap_or(0)
    }

    /// Puts the cursor on the line `place`, or the last one.
    pub(crate) fn choose(&mut self, place: usize) {
        let shown = self.shown();
        let place = place.min(shown.len().saturating_sub(1));
        self.chosen = shown.get(place).map(|process| process.id);
    }

    /// Moves the cursor.
    pub(crate) fn move_by(&mut self, lines: isize) {
        self.choose(self.place().saturating_add_signed(lines));
    }

    pub(crate) fn is_marked(&self, process: &Process) -> bool {
        self.marked.contains(&process.id)
    }

    /// Marks what is under the cursor, or no more.
    pub(crate) fn mark(&mut self) {
        if let Some(id) = self.chosen.filter(|id| !self.marked.remove(id)) {
            self.marked.insert(id);
        }
    }

    /// Marks all that is shown; all that is marked already, no more.
    pub(crate) fn mark_all(&mut self) {
        let shown: HashSet<i64> = self.shown().iter().map(|process| process.id).collect();
        if shown.is_subset(&self.marked) { self.marked.clear() } else { self.marked.extend(shown) }
    }

    /// Forgets marks, else the filter; answers whether there was either.
    pub(crate) fn step_back(&mut self) -> bool {
        if !self.marked.is_empty() {
            self.marked.clear();
            return true;
        }
        let had_filter = !self.filter.is_empty();
        self.filter.clear();
        had_filter
    }

    /// What a key acts upon: the marked processes, else the one under the cursor.
    pub(crate) fn meant(&self) -> Vec<&Process> {
        if self.marked.is_empty() {
            return self.chosen().into_iter().collect();
        }
        self.processes.iter().filter(|process| self.is_marked(process)).collect()
    }
}

/// Whether a process has all words of the filter somewhere.
fn matches(process: &Process, filter: &str) -> bool {
    let text = format!(
        "{} {} {} {}",
        process.name,
        process.group.as_deref().unwrap_or(""),
        process.status,
        process.command
    )
    .to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[(&str, &str, u64)]) -> List {
        let mut list = List::new(SortKey::Id, false);
        list.update(processes(names), Instant::now());
        list
    }

    fn processes(names: &[(&str, &str, u64)]) -> Vec<Process> {
        let one = |(at, (name, status, memory)): (usize, &(&str, &str, u64))| Process {
            id: i64::try_from(at).expect("small"),
            name: (*name).to_owned(),
            status: (*status).to_owned(),
            memory_bytes: Some(*memory),
            ..Process::default()
        };
        names.iter().enumerate().map(one).collect()
    }

    fn names(list: &List) -> Vec<&str> {
        list.shown().iter().map(|process| process.name.as_str()).collect()
    }

    #[test]
    fn amounts_begin_with_the_largest_and_troubles_come_first() {
        let mut list = list(&[("a", "running", 1), ("b", "failed", 3), ("c", "stopped", 2)]);
        list.sort = SortKey::Memory;
        assert_eq!(names(&list), ["b", "c", "a"]);
        list.is_turned = true;
        assert_eq!(names(&list), ["a", "c", "b"]);
        (list.sort, list.is_turned) = (SortKey::Status, false);
        assert_eq!(names(&list), ["b", "a", "c"]);
    }

    #[test]
    fn the_cursor_stays_on_its_process_and_moves_on_when_that_is_gone() {
        let mut list = list(&[("a", "running", 1), ("b", "running", 2), ("c", "running", 3)]);
        list.move_by(1);
        list.sort = SortKey::Memory;
        assert_eq!(list.chosen().map(|one| one.name.as_str()), Some("b"));
        list.move_by(-5);
        assert_eq!(list.chosen().map(|one| one.name.as_str()), Some("c"));
        list.move_by(9);
        assert_eq!(list.chosen().map(|one| one.name.as_str()), Some("a"));
        list.update(processes(&[]), Instant::now());
        assert!(list.chosen().is_none() && list.meant().is_empty());
    }

    #[test]
    fn a_filter_and_marks_decide_what_is_meant() {
        let mut list = list(&[("web", "running", 1), ("api", "failed", 2), ("web2", "failed", 3)]);
        list.filter = "WEB fail".to_owned();
        list.choose(0);
        assert_eq!(names(&list), ["web2"]);
        list.mark_all();
        list.filter.clear();
        list.choose(0);
        assert_eq!(list.meant().iter().map(|one| &*one.name).collect::<Vec<_>>(), ["web2"]);
        assert!(list.step_back());
        assert_eq!(list.meant().iter().map(|one| &*one.name).collect::<Vec<_>>(), ["web"]);
        assert!(!list.step_back());
    }
}
