//! The screen: looks once a second, and takes keys in between.

use std::time::{Duration, Instant};

use bgrun_platform::events::Signals;
use bgrun_platform::text::size as bytes;
use bgrun_platform::tool::Exit;
use bgrun_platform::{Signal, terminal};
use bgrun_store::variables;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sysinfo::System;

use crate::action::{Act, Actions};
use crate::args::Args;
use crate::keys::{self, Mode, Wish};
use crate::list::List;
use crate::logs::Logs;
use crate::{draw, process};

/// How long a message stays.
const MESSAGE: Duration = Duration::from_secs(8);
/// While something else than a key is expected, it is looked for this often.
const GLANCE: Duration = Duration::from_millis(100);

/// Everything that is on the screen.
#[derive(Debug)]
pub(crate) struct Screen {
    pub(crate) mode: Mode,
    pub(crate) list: List,
    /// The first line of the list that is in view.
    pub(crate) top: usize,
    pub(crate) logs: Option<Logs>,
    pub(crate) actions: Actions,
    /// What `y` would do.
    pub(crate) question: Option<(Act, Vec<String>)>,
    pub(crate) message: String,
    message_until: Instant,
    /// Why the list could not be read.
    pub(crate) trouble: Option<String>,
    /// Load and memory of the machine, in words.
    pub(crate) machine: String,
    pub(crate) has_colors: bool,
}

/// Shows the screen until it is left.
///
/// # Errors
/// The terminal cannot be used.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    // Held back, so that the terminal is put in order before this tool ends. SIGHUP is not:
    // there is no terminal any more then. Ctrl-C is a key here, SIGINT is somebody's kill.
    let signals = Signals::block(&[Signal::TERM, Signal::INT])?;
    let mut terminal = ratatui::try_init()?;
    let result = Screen::new(args).run(args, &signals, &mut terminal);
    ratatui::restore();
    result
}

/// Load and memory of the machine, as far as it tells.
fn machine(system: Option<&mut System>) -> String {
    let load = System::load_average()
        .map_or_else(|_| String::new(), |load| format!("load {:.2}  ", load.one));
    let memory = system.map_or_else(String::new, |system| {
        system.refresh_memory();
        let (used, total) = (system.used_memory(), system.total_memory());
        format!("memory {} of {}", bytes(used), bytes(total))
    });
    load + &memory
}

impl Screen {
    fn new(args: &Args) -> Self {
        let no_color = std::env::var_os(variables::NO_COLOR);
        Self {
            mode: Mode::List,
            list: List::new(args.sort, args.reverse),
            top: 0,
            logs: None,
            actions: Actions::new(),
            question: None,
            message: String::new(),
            message_until: Instant::now(),
            trouble: None,
            machine: String::new(),
            has_colors: no_color.is_none_or(|value| value.is_empty()),
        }
    }

    fn run(
        &mut self,
        args: &Args,
        signals: &Signals,
        terminal: &mut DefaultTerminal,
    ) -> anyhow::Result<Exit> {
        let interval = args.interval.unwrap_or(Duration::from_secs(1)).max(GLANCE);
        let mut system = System::new().ok();
        let mut next_look = Instant::now();
        loop {
            if Instant::now() >= next_look {
                self.look(args, system.as_mut());
                next_look = Instant::now() + interval;
            }
            if let Some(said) = self.actions.ended() {
                self.say(said);
                next_look = Instant::now();
                continue;
            }
            if Instant::now() > self.message_until && self.actions.under_way == 0 {
                self.message.clear();
            }
            terminal.draw(|frame| draw::all(frame, self))?;
            if let Some(exit) = self.take_keys(next_look)? {
                return Ok(exit);
            }
            match signals.take()? {
                Some((Signal::INT, _)) => return Ok(Exit::Other(130)),
                Some(_) => return Ok(Exit::Done),
                None => {}
            }
        }
    }

    fn look(&mut self, args: &Args, system: Option<&mut System>) {
        match process::read(args) {
            Ok(processes) => {
                self.list.update(processes, Instant::now());
                self.trouble = None;
            }
            Err(trouble) => {
                self.say(trouble.clone());
                self.trouble = Some(trouble);
            }
        }
        self.machine = machine(system);
    }

    /// Waits for keys until `next_look`, or for lines and answers where these are expected.
    fn take_keys(&mut self, next_look: Instant) -> anyhow::Result<Option<Exit>> {
        loop {
            let is_expecting = self.logs.is_some() || self.actions.under_way > 0;
            let mut patience = next_look.saturating_duration_since(Instant::now());
            if is_expecting {
                patience = patience.min(GLANCE);
            }
            if !event::poll(patience)? {
                let has_news = self.logs.as_ref().is_some_and(Logs::has_changed);
                if has_news || self.actions.under_way > 0 || Instant::now() >= next_look {
                    return Ok(None);
                }
                continue;
            }
            return Ok(match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => self.press(key),
                _ => None,
            });
        }
    }

    fn press(&mut self, mut key: KeyEvent) -> Option<Exit> {
        if key.modifiers.contains(KeyModifiers::ALT) {
            // Escape and another key soon after it look like one key with Alt.
            key.modifiers.remove(KeyModifiers::ALT);
            self.obey(keys::wish(self.mode, KeyCode::Esc.into()));
        }
        self.obey(keys::wish(self.mode, key))
    }

    fn say(&mut self, message: String) {
        self.message = message;
        self.message_until = Instant::now() + MESSAGE;
    }

    /// Does what a key asks for; answers how to leave, if that is it.
    fn obey(&mut self, wish: Wish) -> Option<Exit> {
        match wish {
            Wish::Leave => return Some(Exit::Done),
            Wish::Interrupt => return Some(Exit::Other(130)),
            Wish::Nothing => {}
            Wish::Move(lines) => self.move_by(lines),
            Wish::Page(pages) => {
                let page = terminal::rows().unwrap_or(24).saturating_sub(4).max(1);
                self.move_by(pages * isize::try_from(page).unwrap_or(20));
            }
            Wish::First => self.move_by(isize::MIN / 2),
            Wish::Last => self.move_by(isize::MAX / 2),
            Wish::Mark => {
                self.list.mark();
                self.list.move_by(1);
            }
            Wish::MarkAll => self.list.mark_all(),
            Wish::Logs => self.open_logs(),
            Wish::StopOrStart => self.act(None),
            Wish::Restart => self.act(Some(Act::Restart)),
            Wish::Delete => self.ask_to_delete(),
            Wish::Order => self.list.sort = self.list.sort.next(),
            Wish::Turn => self.list.is_turned = !self.list.is_turned,
            Wish::Filter => self.mode = Mode::Filter,
            Wish::Type(character) => self.filter_by(|filter| filter.push(character)),
            Wish::Erase => self.filter_by(|filter| {
                filter.pop();
            }),
            Wish::Accept => self.mode = Mode::List,
            Wish::Back => self.back(),
            Wish::Help => self.mode = Mode::Help,
            Wish::Yes => {
                if let Some((act, names)) = self.question.take() {
                    self.begin(act, names);
                }
                self.mode = Mode::List;
            }
        }
        None
    }

    fn move_by(&mut self, lines: isize) {
        match &mut self.logs {
            Some(logs) => logs.scroll(lines),
            None => self.list.move_by(lines),
        }
    }

    fn filter_by(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.list.filter);
        self.list.choose(0);
    }

    fn open_logs(&mut self) {
        let Some(name) = self.list.chosen().map(|process| process.name.clone()) else { return };
        match Logs::open(&name) {
            Ok(logs) => {
                self.logs = Some(logs);
                self.mode = Mode::Logs;
            }
            Err(error) => self.say(format!("bgrun-logs: {error}")),
        }
    }

    fn back(&mut self) {
        match self.mode {
            Mode::Filter => self.filter_by(String::clear),
            Mode::Logs => self.logs = None,
            Mode::Question => self.question = None,
            Mode::Help if self.logs.is_some() => {
                self.mode = Mode::Logs;
                return;
            }
            Mode::Help => {}
            Mode::List => {
                self.list.step_back();
            }
        }
        self.mode = Mode::List;
    }

    /// Begins `act` on what is meant; without one, what the key to stop or start means.
    fn act(&mut self, act: Option<Act>) {
        let of_logs = self.logs.as_ref().map(|logs| logs.name.as_str());
        let meant = match of_logs {
            Some(name) => self.list.all().iter().filter(|one| one.name == name).collect(),
            None => self.list.meant(),
        };
        if meant.is_empty() {
            return;
        }
        let act = act.unwrap_or_else(|| Act::stop_or_start(&meant));
        let names = meant.iter().map(|process| process.name.clone()).collect();
        self.begin(act, names);
    }

    fn begin(&mut self, act: Act, names: Vec<String>) {
        let what = match names.as_slice() {
            [one] => bgrun_platform::text::safe(one).into_owned(),
            many => format!("{} processes", many.len()),
        };
        self.say(format!("{} {what} …", act.doing()));
        self.actions.begin(act, names);
    }

    fn ask_to_delete(&mut self) {
        let names: Vec<String> =
            self.list.meant().iter().map(|process| process.name.clone()).collect();
        if !names.is_empty() {
            self.question = Some((Act::Delete, names));
            self.mode = Mode::Question;
        }
    }
}
