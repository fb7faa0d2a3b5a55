//! The directories that the kernel watches, and what becomes of its news: which of them
//! are changes, and which directories come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::kernel::{Kernel, Limit};
use crate::listing::{self, Directory};
use crate::news::Teller;
use crate::rules::{self, Layer};
use crate::scope::Scope;

/// What is watched.
#[derive(Debug)]
pub(crate) struct Tree {
    kernel: Kernel,
    /// By where they really are.
    directories: BTreeMap<PathBuf, Known>,
    /// Links to directories: where they are found, and where they lead.
    links: BTreeMap<PathBuf, PathBuf>,
    /// Single files, by directory and name; whether it is the lock file.
    files: BTreeMap<PathBuf, BTreeMap<OsString, bool>>,
    /// Where a root that is not there would come back: the nearest directory above that
    /// there is, and the name in it.
    awaited: BTreeSet<(PathBuf, OsString)>,
    /// The roots, by name and inode: one that is somebody's working directory does not tell
    /// that it is deleted.
    roots: Vec<(PathBuf, Option<Inode>)>,
    /// Directories that may not be watched.
    pub(crate) refused: Vec<(PathBuf, String)>,
}

/// Device and inode number.
type Inode = (u64, u64);

fn inode(path: &Path) -> Option<Inode> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[derive(Debug)]
struct Known {
    directory: Directory,
    layer: Arc<Layer>,
}

/// What became of news.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What has changed, as it is shown.
    pub(crate) changes: Vec<PathBuf>,
    /// The process may have started or ended.
    pub(crate) is_of_process: bool,
    /// Rules or roots have changed: all is to be watched anew.
    pub(crate) is_outdated: bool,
    left: Vec<PathBuf>,
    entered: Vec<Directory>,
}

impl Tree {
    /// Watches all that `scope` says.
    ///
    /// # Errors
    /// See [`Limit`].
    pub(crate) fn watch(scope: &Scope, teller: Teller) -> Result<Self, Limit> {
        let mut tree = Self {
            kernel: Kernel::new(teller)?,
            directories: BTreeMap::new(),
            links: BTreeMap::new(),
            files: BTreeMap::new(),
            awaited: BTreeSet::new(),
            roots: scope.roots.iter().map(|(root, _)| (root.clone(), inode(root))).collect(),
            refused: Vec::new(),
        };
        for file in &scope.files {
            tree.add_file(file, false)?;
        }
        tree.add_file(&scope.lock, true)?;
        tree.enter(listing::roots(scope), scope)?;
        for (root, _) in &scope.roots {
            if std::fs::canonicalize(root)
                .map_or(true, |real| !tree.directories.contains_key(&real))
            {
                tree.await_root(root)?;
            }
        }
        Ok(tree)
    }

    /// How many directories are watched for all that is in them.
    pub(crate) fn len(&self) -> usize {
        self.directories.len()
    }

    /// Watches directories and all below them, level by level: first watched, then listed,
    /// so that nothing comes unseen in between.
    fn enter(&mut self, directories: Vec<Directory>, scope: &Scope) -> Result<(), Limit> {
        let mut level = directories;
        while !level.is_empty() {
            let mut seen = BTreeSet::new();
            for link in level.iter().filter(|directory| directory.is_link) {
                self.links.insert(link.shown.clone(), link.real.clone());
            }
            // A directory that links lead to twice, or in a circle, is watched once.
            level.retain(|directory| {
                !self.directories.contains_key(&directory.real)
                    && seen.insert(directory.real.clone())
            });
            let refused = self.kernel.watch(seen.into_iter().collect())?;
            self.refused.extend(refused);
            let mut next = Vec::new();
            for directory in level {
                match directory.list(scope, false) {
                    Ok((layer, listing)) => {
                        next.extend(listing.directories);
                        for target in listing.targets {
                            self.add_file(&target, false)?;
                        }
                        let real = directory.real.clone();
                        self.directories.insert(real, Known { directory, layer });
                    }
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => {
                        let why = bgrun_platform::text::reason(&error);
                        if !self.refused.iter().any(|(path, _)| *path == directory.real) {
                            self.refused.push((directory.real, why));
                        }
                    }
                }
            }
            level = next;
        }
        Ok(())
    }

    /// Watches a single file, over the directory that it is in: editors replace files.
    fn add_file(&mut self, file: &Path, is_lock: bool) -> Result<(), Limit> {
        // The file itself need not be there, and a link counts with what it leads to.
        let mut places = vec![file.to_owned()];
        places.extend(std::fs::canonicalize(file).ok().filter(|real| real != file));
        for place in places {
            let (Some(above), Some(name)) = (place.parent(), place.file_name()) else { continue };
            let Ok(above) = std::fs::canonicalize(above) else { continue };
            let names = self.files.entry(above.clone()).or_default();
            if names.insert(name.to_owned(), is_lock).is_none() {
                self.kernel.watch(vec![above])?;
            }
        }
        Ok(())
    }

    /// Watches where `root` will come back.
    fn await_root(&mut self, root: &Path) -> Result<(), Limit> {
        let mut at = root;
        while let (Some(above), Some(name)) = (at.parent(), at.file_name()) {
            if let Ok(real) = std::fs::canonicalize(above) {
                self.kernel.watch(vec![real.clone()])?;
                self.awaited.insert((real, name.to_owned()));
                return Ok(());
            }
            at = above;
        }
        Ok(())
    }

    /// Whether a root is gone, or another directory than before.
    pub(crate) fn is_outdated(&self) -> bool {
        self.roots.iter().any(|(root, before)| inode(root) != *before)
    }

    /// Whether a root has come back since it was found missing.
    pub(crate) fn has_missed_a_root(&self) -> bool {
        self.awaited.iter().any(|(above, name)| !above.exists() || above.join(name).exists())
    }

    /// Judges what was touched.
    ///
    /// # Errors
    /// See [`Limit`]: new directories may be too many.
    pub(crate) fn hear(
        &mut self,
        touched: BTreeMap<PathBuf, bool>,
        scope: &Scope,
    ) -> Result<Heard, Limit> {
        let mut heard = Heard::default();
        for (path, is_of_entry) in touched {
            self.judge(&path, is_of_entry, scope, &mut heard);
        }
        for left in std::mem::take(&mut heard.left) {
            self.leave(&left)?;
        }
        let entered = std::mem::take(&mut heard.entered);
        self.enter(entered, scope)?;
        Ok(heard)
    }

    fn judge(&mut self, path: &Path, is_of_entry: bool, scope: &Scope, heard: &mut Heard) {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return };
        match self.files.get(above).and_then(|names| names.get(name)) {
            Some(true) => heard.is_of_process = true,
            Some(false) => heard.changes.push(path.to_owned()),
            None => {}
        }
        let of_awaited = |(at, awaited): &(PathBuf, OsString)| {
            at == above && awaited == name || at == path && !path.exists()
        };
        if is_of_entry && self.awaited.iter().any(of_awaited) {
            heard.is_outdated = true;
            // What came with a root that has come back nobody has told.
            let back = scope
                .roots
                .iter()
                .map(|(root, _)| root)
                .find(|root| root.starts_with(path) && root.exists());
            heard.changes.extend(back.cloned());
        }
        if scope.is_barred(path) {
            return;
        }
        let Some(known) = self.directories.get(above) else {
            // A root, or what a link leads to: only it tells of its own end.
            if is_of_entry
                && !path.exists()
                && let Some(known) = self.directories.get(path)
            {
                heard.changes.push(known.directory.shown.clone());
                heard.left.push(path.to_owned());
                heard.is_outdated = true;
            }
            return;
        };
        let shown = known.directory.shown.join(name);
        let kind = path.symlink_metadata().ok().map(|metadata| metadata.file_type());
        let is_directory =
            kind.is_some_and(|kind| kind.is_dir() || kind.is_symlink() && path.is_dir());
        let was_directory = self.directories.contains_key(path) || self.links.contains_key(&shown);
        let rules = &scope.roots[known.directory.root].1;
        let is_ignored = |is_directory| rules.is_ignored(&known.layer, &shown, is_directory);
        let does_not_count = match kind {
            // What it was is known only of directories that counted.
            None => !was_directory && (is_ignored(false) || is_ignored(true)),
            Some(kind) if kind.is_symlink() => is_ignored(false) || is_ignored(is_directory),
            Some(_) => is_ignored(is_directory),
        };
        heard.is_outdated |= rules::is_rules_file(name);
        if does_not_count {
            return;
        }
        if is_of_entry && was_directory {
            heard.left.push(self.links.get(&shown).cloned().unwrap_or_else(|| path.to_owned()));
        }
        let is_link = kind.is_some_and(|kind| kind.is_symlink());
        if is_directory && (is_of_entry || !was_directory) || is_link && is_of_entry {
            let listing = known.directory.entry(scope, &known.layer, path);
            heard.entered.extend(listing.directories);
            // A link to a file elsewhere is rare enough to begin anew for.
            heard.is_outdated |= listing.targets.iter().any(|target| !self.has_file(target));
        }
        if !is_directory || is_of_entry {
            heard.changes.push(shown);
        }
    }

    fn has_file(&self, file: &Path) -> bool {
        let (Some(above), Some(name)) = (file.parent(), file.file_name()) else { return true };
        self.files.get(above).is_some_and(|names| names.contains_key(name))
    }

    /// Leaves a directory and all below it.
    fn leave(&mut self, real: &Path) -> Result<(), Limit> {
        let below: Vec<PathBuf> = self
            .directories
            .range(real.to_owned()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(real))
            .cloned()
            .collect();
        for directory in &below {
            self.directories.remove(directory);
        }
        self.links.retain(|_, target| !target.starts_with(real));
        let kept = |directory: &PathBuf| !self.files.contains_key(directory);
        self.kernel.unwatch(below.into_iter().filter(kept).collect())
    }
}
