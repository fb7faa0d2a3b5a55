//! What a reader has seen: for each log the place up to which it was shown, kept in the state
//! directory under the reader's name. Offsets are logical, so rotations do not matter.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use bgrun_platform::text;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{Home, name};
use serde::{Deserialize, Serialize};

use crate::log::Log;
use crate::source::Source;

/// A reader, and what it has seen.
#[derive(Debug)]
pub(crate) struct Cursor {
    path: PathBuf,
    seen: Seen,
}

/// As it is written down. Fields are only ever added.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// By the id of the process, and `stdout` or `stderr`.
    #[serde(default)]
    logs: BTreeMap<i64, BTreeMap<String, Place>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    offset: u64,
    /// The file that was written then: a new one begins anew.
    file: u64,
}

impl Cursor {
    /// What the reader `name` has seen so far; nothing, if it is a new one.
    pub(crate) fn read(home: &Home, reader: &str) -> anyhow::Result<Self> {
        name::check(reader)
            .map_err(|why| Failure::new(Exit::Usage, format!("no name for a cursor: {why}")))?;
        let path = home.cursor(reader);
        let seen = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|why| {
                let path = text::safe_path(&path);
                Failure::new(Exit::Failed, format!("the cursor {path} is damaged: {why}"))
                    .hint("remove it, and all lines are new again")
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Seen::default(),
            Err(error) => {
                let reason = text::reason(&error);
                anyhow::bail!("cannot read the cursor {}: {reason}", text::safe_path(&path))
            }
        };
        Ok(Self { path, seen })
    }

    /// Up to where this log was seen, if it is still the same.
    pub(crate) fn place(&self, source: &Source, log: &Log) -> io::Result<Option<u64>> {
        let place = self.seen.logs.get(&source.id).and_then(|logs| logs.get(source.stream_name()));
        let end = log.end()?;
        let is_same = |place: &&Place| place.file == log.id().inode() && place.offset <= end;
        Ok(place.filter(is_same).map(|place| place.offset))
    }

    /// This log was seen up to `offset`.
    pub(crate) fn set(&mut self, source: &Source, log: &Log, offset: u64) {
        let place = Place { offset, file: log.id().inode() };
        let logs = self.seen.logs.entry(source.id).or_default();
        logs.insert(source.stream_name().to_owned(), place);
    }

    /// Writes it down: the old one or the new one is there at any moment, and whole.
    ///
    /// # Errors
    /// The file cannot be written: all of it is new the next time.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        self.replace()
            .with_context(|| format!("cannot write the cursor {}", text::safe_path(&self.path)))
    }

    fn replace(&self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(&serde_json::to_vec(&self.seen)?)?;
            file.sync_data()?;
            fs::rename(&beside, &self.path)
        });
        if written.is_err() {
            // What went wrong is what counts.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Streams, of, tests::process};

    fn web(path: &std::path::Path) -> (Source, Log) {
        let path = path.to_str().expect("UTF-8");
        let streams = Streams { stdout: true, stderr: false };
        let source = of(&process(7, "web", path, path), streams).remove(0);
        let log = Log::open(&source.path).expect("open").expect("there");
        (source, log)
    }

    #[test]
    fn a_place_is_that_of_one_file() {
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path());
        let path = directory.path().join("web-out.txt");
        fs::write(&path, "0123456789").expect("write");
        let (source, log) = web(&path);

        let mut cursor = Cursor::read(&home, "ci").expect("none yet");
        assert_eq!(cursor.place(&source, &log).expect("look"), None);
        cursor.set(&source, &log, 4);
        cursor.write().expect("write");
        let mut cursor = Cursor::read(&home, "ci").expect("read");
        assert_eq!(cursor.place(&source, &log).expect("look"), Some(4));
        cursor.set(&source, &log, 11);
        assert_eq!(cursor.place(&source, &log).expect("look"), None, "it was cut");
        cursor.set(&source, &log, 4);
        fs::rename(&path, directory.path().join("kept")).expect("rename");
        fs::write(&path, "0123456789").expect("write");
        let (source, log) = web(&path);
        assert_eq!(cursor.place(&source, &log).expect("look"), None, "it is another file");
        let names = fs::read_dir(directory.path().join("cursors")).expect("list").count();
        assert_eq!(names, 1, "nothing else is left");
    }

    #[test]
    fn a_name_is_never_a_path_and_damage_is_said() {
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path());
        for wrong in ["", "../x", "a/b", ".x"] {
            Cursor::read(&home, wrong).expect_err(wrong);
        }
        fs::create_dir(directory.path().join("cursors")).expect("make");
        fs::write(home.cursor("ci"), "{").expect("write");
        let error = Cursor::read(&home, "ci").expect_err("damaged");
        assert!(error.to_string().contains("damaged"), "{error}");
    }
}
