//! Being told by the kernel, through the crate notify.
//!
//! Each directory is watched by itself and not recursively: notify would go into ignored
//! directories too, and a `node_modules` has tens of thousands.

use std::io;
use std::path::PathBuf;

use notify::event::ModifyKind;
use notify::{Config, ErrorKind, EventKind, EventKindMask, PathOp, RecommendedWatcher, Watcher};

use crate::news::Teller;

/// The kernel's part of the work.
#[derive(Debug)]
pub(crate) struct Kernel {
    watcher: RecommendedWatcher,
}

/// Why the kernel cannot tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The user has too many watchers.
    Watchers,
    /// The user watches too many directories.
    Directories,
    /// Anything else, in the system's words.
    Other(String),
}

/// A directory that cannot be watched, and why.
pub(crate) type Refused = (PathBuf, String);

/// EMFILE: inotify_init(2) says it of the instances of the user, too.
const TOO_MANY_FILES: i32 = 24;
/// ENOSPC: inotify_add_watch(2) says it of the watches of the user.
const NO_SPACE: i32 = 28;

impl Kernel {
    /// Watches nothing yet. Signals that others wait for must be blocked before: the crate
    /// starts a thread.
    ///
    /// # Errors
    /// See [`Limit`].
    pub(crate) fn new(teller: Teller) -> Result<Self, Limit> {
        // Not what is merely opened or read: a server does that all the time.
        let config =
            Config::default().with_event_kinds(EventKindMask::CORE).with_follow_symlinks(false);
        let watcher =
            RecommendedWatcher::new(move |event| hear(&teller, event), config).map_err(limit)?;
        Ok(Self { watcher })
    }

    /// Watches `directories` for what comes, goes and changes in each of them. Those that
    /// are gone are left out; those that may not be watched are the answer.
    ///
    /// # Errors
    /// See [`Limit`]; some of them are watched then.
    pub(crate) fn watch(&mut self, directories: Vec<PathBuf>) -> Result<Vec<Refused>, Limit> {
        self.update(directories.into_iter().map(PathOp::watch_non_recursive).collect())
    }

    /// Does not watch `directories` any more.
    ///
    /// # Errors
    /// See [`Limit`].
    pub(crate) fn unwatch(&mut self, directories: Vec<PathBuf>) -> Result<(), Limit> {
        self.update(directories.into_iter().map(PathOp::unwatch).collect()).map(drop)
    }

    fn update(&mut self, mut operations: Vec<PathOp>) -> Result<Vec<Refused>, Limit> {
        let mut refused = Vec::new();
        while !operations.is_empty() {
            let Err(error) = self.watcher.update_paths(operations) else { break };
            operations = error.remaining;
            match (error.origin, limit(error.source)) {
                (_, limit @ (Limit::Watchers | Limit::Directories)) => return Err(limit),
                (Some(PathOp::Watch(path, _)), Limit::Other(why)) if path.exists() => {
                    refused.push((path, why));
                }
                (Some(_), _) => {}
                // The watcher itself is broken.
                (None, limit) => return Err(limit),
            }
        }
        Ok(refused)
    }
}

fn limit(error: notify::Error) -> Limit {
    match error.kind {
        ErrorKind::MaxFilesWatch => Limit::Directories,
        ErrorKind::Io(error) => match error.raw_os_error() {
            Some(TOO_MANY_FILES) => Limit::Watchers,
            Some(NO_SPACE) => Limit::Directories,
            _ => Limit::Other(bgrun_platform::text::reason(&error)),
        },
        ErrorKind::PathNotFound => Limit::Other("No such file or directory".to_owned()),
        _ => Limit::Other(error.to_string()),
    }
}

/// Puts what the kernel told into the news.
fn hear(teller: &Teller, event: notify::Result<notify::Event>) {
    match event {
        Ok(event) if event.need_rescan() => teller.tell(|letters| letters.is_overflow = true),
        Ok(event) => {
            let is_of_entry = matches!(
                event.kind,
                EventKind::Create(_)
                    | EventKind::Remove(_)
                    | EventKind::Modify(ModifyKind::Name(_))
            );
            teller.tell(|letters| {
                for path in event.paths {
                    *letters.touched.entry(path).or_default() |= is_of_entry;
                }
            });
        }
        Err(error) => {
            let why = match error.kind {
                ErrorKind::Io(error) if error.kind() == io::ErrorKind::Interrupted => return,
                ErrorKind::Io(error) => bgrun_platform::text::reason(&error),
                _ => error.to_string(),
            };
            teller.tell(|letters| letters.trouble = Some(why));
        }
    }
}
