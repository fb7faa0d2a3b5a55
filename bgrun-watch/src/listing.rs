//! One look at one directory: what of it counts, and where links lead.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::rules::{Layer, Rules};
use crate::scope::Scope;

/// A directory that counts.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    /// Where it is found from its root, maybe over links; the rules go by this.
    pub(crate) shown: PathBuf,
    /// Where it is; what the kernel tells goes by this.
    pub(crate) real: PathBuf,
    /// Whether the last step there is a link.
    pub(crate) is_link: bool,
    /// Which root it is below.
    pub(crate) root: usize,
    /// The rules of the directory above.
    pub(crate) above: Arc<Layer>,
}

/// What is in a directory and counts.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The directories in it, also behind links.
    pub(crate) directories: Vec<Directory>,
    /// The other files, where they are found, and where they are.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
    /// Files elsewhere that links in it lead to.
    pub(crate) targets: Vec<PathBuf>,
}

/// The roots, as directories.
pub(crate) fn roots(scope: &Scope) -> Vec<Directory> {
    let of = |(root, (shown, _)): (usize, &(PathBuf, Rules))| {
        let real = std::fs::canonicalize(shown).ok().filter(|real| real.is_dir())?;
        let above = Layer::above(shown);
        Some(Directory { shown: shown.clone(), real, is_link: false, root, above })
    };
    scope.roots.iter().enumerate().filter_map(of).collect()
}

impl Directory {
    /// Lists it; answers its own rules too. `with_files` lists what is no directory as well.
    ///
    /// # Errors
    /// It cannot be read, or is gone.
    pub(crate) fn list(
        &self,
        scope: &Scope,
        with_files: bool,
    ) -> io::Result<(Arc<Layer>, Listing)> {
        let entries: Vec<(OsString, FileType)> = std::fs::read_dir(&self.real)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.file_name(), entry.file_type().ok()?))
            })
            .collect();
        let special: BTreeSet<&str> = entries
            .iter()
            .filter_map(|(name, _)| name.to_str())
            .filter(|name| [".git", ".gitignore", ".ignore"].contains(name))
            .collect();
        let layer = Layer::of(&self.above, &self.shown, &self.real, |name| special.contains(name));
        let mut listing = Listing::default();
        for (name, kind) in &entries {
            let is_plain_file = !kind.is_dir() && !kind.is_symlink();
            if is_plain_file && !with_files {
                continue;
            }
            let shown = self.shown.join(name);
            if is_plain_file {
                if !scope.roots[self.root].1.is_ignored(&layer, &shown, false) {
                    listing.files.push((shown, self.real.join(name)));
                }
                continue;
            }
            self.add(scope, &layer, shown, self.real.join(name), *kind, &mut listing);
        }
        Ok((layer, listing))
    }

    /// Adds a directory or a link.
    fn add(
        &self,
        scope: &Scope,
        layer: &Arc<Layer>,
        shown: PathBuf,
        path: PathBuf,
        kind: FileType,
        listing: &mut Listing,
    ) {
        // A link is judged as what git takes it for, a file, and as what it leads to.
        let rules = &scope.roots[self.root].1;
        if rules.is_ignored(layer, &shown, true)
            || kind.is_symlink() && rules.is_ignored(layer, &shown, false)
        {
            return;
        }
        let real = if kind.is_symlink() {
            let Ok(real) = std::fs::canonicalize(&path) else { return };
            if !real.is_dir() {
                listing.files.push((shown, path));
                listing.targets.push(real);
                return;
            }
            if scope.leads_above(&real) {
                return;
            }
            real
        } else {
            path
        };
        if !scope.is_barred(&real) {
            let (root, above, is_link) = (self.root, Arc::clone(layer), kind.is_symlink());
            listing.directories.push(Directory { shown, real, is_link, root, above });
        }
    }

    /// The one entry at `path` in it, as [`Directory::list`] would list it below the rules
    /// `layer`.
    pub(crate) fn entry(&self, scope: &Scope, layer: &Arc<Layer>, path: &Path) -> Listing {
        let mut listing = Listing::default();
        if let (Some(name), Ok(metadata)) = (path.file_name(), path.symlink_metadata()) {
            let kind = metadata.file_type();
            if kind.is_dir() || kind.is_symlink() {
                self.add(scope, layer, self.shown.join(name), path.to_owned(), kind, &mut listing);
            }
        }
        listing
    }
}
