//! When lines were written, as the indexes of the logs tell it.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::fs;
use std::time::UNIX_EPOCH;

use bgrun_platform::logs::index::{Index, Side};
use bgrun_store::{Home, Process, Stream};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::source::Source;

/// The indexes of the processes that are shown.
pub(crate) struct Times {
    home: Home,
    /// Looked for when it is needed: that takes longer than most of the rest.
    zone: LazyCell<TimeZone>,
    /// Processes whose two streams are one log, which is that of stdout.
    joined: Vec<i64>,
    indexes: HashMap<i64, Index>,
    is_live: bool,
}

impl Times {
    pub(crate) fn of(home: &Home, processes: &[Process]) -> Self {
        let joined = processes.iter().filter(|process| process.stdout == process.stderr);
        Self {
            home: home.clone(),
            zone: LazyCell::new(TimeZone::system),
            joined: joined.map(|process| process.id).collect(),
            indexes: HashMap::new(),
            is_live: false,
        }
    }

    /// From now on what is shown has just been written.
    pub(crate) fn go_live(&mut self) {
        self.is_live = true;
    }

    /// The index of the logs of this process.
    pub(crate) fn index(&mut self, source: &Source) -> &mut Index {
        let home = &self.home;
        self.indexes.entry(source.id).or_insert_with(|| Index::read(&home.index(&source.name)))
    }

    /// Which of the two logs in the index it is.
    pub(crate) fn side(&self, source: &Source) -> Side {
        match source.stream {
            Stream::Stderr if !self.joined.contains(&source.id) => Side::Err,
            _ => Side::Out,
        }
    }

    /// Whether the log, which ends at `end` now, was cut since its latest run began.
    pub(crate) fn was_cut(&mut self, source: &Source, end: u64) -> bool {
        let side = self.side(source);
        self.index(source).was_cut(side, end)
    }

    /// When the byte at `offset` was written.
    pub(crate) fn at(&mut self, source: &Source, offset: u64) -> Option<Timestamp> {
        let (side, is_live) = (self.side(source), self.is_live);
        let index = self.index(source);
        if offset >= index.end(side) {
            index.read_on();
        }
        if offset < index.end(side) || index.records().is_empty() {
            let time_ms = index.time_at(side, offset)?;
            return Timestamp::from_millisecond(i64::try_from(time_ms).ok()?).ok();
        }
        if is_live {
            return Some(Timestamp::now());
        }
        // Nobody has looked since: a moment ago it was not there, and this is when the file
        // was last written.
        let written = fs::metadata(source.place()).ok()?.modified().ok()?;
        let since_epoch = written.duration_since(UNIX_EPOCH).ok()?;
        Timestamp::from_millisecond(i64::try_from(since_epoch.as_millis()).ok()?).ok()
    }

    /// The same for people, in their time zone, and always as wide.
    pub(crate) fn stamp(&mut self, source: &Source, offset: u64) -> String {
        let text = match self.at(source, offset) {
            None => "-".to_owned(),
            Some(time) => {
                let time = time.to_zoned(TimeZone::clone(&self.zone));
                let offset = match time.offset().seconds() {
                    0 => "Z".to_owned(),
                    _ => time.strftime("%:z").to_string(),
                };
                format!("{}{offset}", time.strftime("%Y-%m-%dT%H:%M:%S%.3f"))
            }
        };
        let is_utc = Timestamp::now().to_zoned(TimeZone::clone(&self.zone)).offset().seconds() == 0;
        let width = if is_utc { 24 } else { 29 };
        format!("{text:width$} ")
    }
}
