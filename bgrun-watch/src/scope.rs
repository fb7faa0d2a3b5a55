//! What is to be watched: the roots, single files beside them, and what never counts.

use std::path::{Component, Path, PathBuf};

use bgrun_platform::text::{reason, safe_path};
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::Home;

use crate::args::Args;
use crate::rules::Rules;
use crate::subject::Subject;

/// Directories of the kernel's own files, and of devices.
const OF_THE_SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];

/// What is to be watched.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Directories, with their rules; absolute, as they were named.
    pub(crate) roots: Vec<(PathBuf, Rules)>,
    /// Files that count whatever the rules say.
    pub(crate) files: Vec<PathBuf>,
    /// The file that changes when the process starts or ends.
    pub(crate) lock: PathBuf,
    /// Directories that are never looked into, as they really are.
    barred: Vec<PathBuf>,
}

impl Scope {
    /// The scope for a process, as the command line asks for it.
    ///
    /// # Errors
    /// A path is not there, or a glob makes no sense.
    pub(crate) fn new(args: &Args, subject: &Subject, home: &Home) -> Result<Self, Failure> {
        let mut roots = Vec::new();
        let mut files = Vec::new();
        let named = if args.path.is_empty() {
            vec![subject.workdir.clone()]
        } else {
            args.path.iter().map(|path| found(path, &subject.workdir)).collect()
        };
        for path in named {
            let metadata = std::fs::metadata(&path).map_err(|error| {
                let what = format!("cannot watch {}: {}", safe_path(&path), reason(&error));
                Failure::new(Exit::Failed, what)
            })?;
            if metadata.is_dir() {
                let rules = Rules::new(&path, &subject.workdir, &args.ignore)
                    .map_err(|error| Failure::new(Exit::Usage, format!("--ignore: {error}")))?;
                roots.push((path, rules));
            } else {
                files.push(path);
            }
        }
        files.extend(subject.own_files());
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut barred: Vec<PathBuf> = OF_THE_SYSTEM.map(PathBuf::from).to_vec();
        // Files in memory are often in /dev/shm: what is named is meant.
        barred.retain(|barred| !roots.iter().any(|(root, _)| real(root).starts_with(barred)));
        barred.push(real(home.directory()));
        Ok(Self {
            roots,
            files,
            lock: real(&home.lock_directory()).join(lock_name(home, subject)),
            barred,
        })
    }

    /// What is watched, as it was named: directories, or else the first file.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Path> {
        let only_files = self.roots.is_empty();
        let files = self.files.iter().take(usize::from(only_files));
        self.roots.iter().map(|(root, _)| root).chain(files).map(PathBuf::as_path)
    }

    /// Whether the directory that is really at `real` is never looked into.
    pub(crate) fn is_barred(&self, real: &Path) -> bool {
        self.barred.iter().any(|barred| real.starts_with(barred))
    }

    /// Whether following a link to `target` leads into what holds a root itself: a circle,
    /// or the whole disk.
    pub(crate) fn leads_above(&self, target: &Path) -> bool {
        self.roots.iter().any(|(root, _)| {
            root.starts_with(target)
                || std::fs::canonicalize(root).is_ok_and(|real| real.starts_with(target))
        })
    }
}

fn lock_name(home: &Home, subject: &Subject) -> PathBuf {
    home.lock(subject.id).file_name().map(PathBuf::from).unwrap_or_default()
}

/// A path as it was typed: from here, or else from the directory of the process.
fn found(path: &Path, directory: &Path) -> PathBuf {
    let here = plain(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let there = plain(&directory.join(path));
    if !here.exists() && there.exists() { there } else { here }
}

/// Without `.` and, where nothing but names go before them, `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            // Above a link is not what its name says: the system knows.
            Component::ParentDir => {
                return std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            }
            other => plain.push(other),
        }
    }
    plain
}
