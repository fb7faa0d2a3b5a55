//! Which verbs are there: the executables `bgrun-*` beside this one, then on PATH.

use crate::names::PLUMBING;
use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::iter::once_with;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "bgrun-";

/// The places where verbs are looked for, in order.
pub(crate) struct Installed {
    argv0: Option<OsString>,
}

/// What a search for a verb came to.
pub(crate) enum Search {
    Found(PathBuf),
    /// The only file of that name is one that may not be executed.
    NotExecutable(PathBuf),
    Nowhere,
}

impl Installed {
    /// `argv0`: the name by which the dispatcher was called.
    pub(crate) fn found_from(argv0: Option<OsString>) -> Self {
        Self { argv0 }
    }

    pub(crate) fn has(&self, verb: &OsStr) -> bool {
        matches!(self.search(verb), Search::Found(_))
    }

    pub(crate) fn search(&self, verb: &OsStr) -> Search {
        if !is_verb_name(verb) {
            return Search::Nowhere;
        }
        let mut file_name = OsString::from(PREFIX);
        file_name.push(verb);
        file_name.push(env::consts::EXE_SUFFIX);

        let mut not_executable = None;
        for directory in self.directories() {
            let path = directory.join(&file_name);
            match fs::metadata(&path) {
                Ok(metadata) if is_executable(&metadata) => return Search::Found(path),
                Ok(metadata) if metadata.is_file() => _ = not_executable.get_or_insert(path),
                _ => {}
            }
        }
        not_executable.map_or(Search::Nowhere, Search::NotExecutable)
    }

    /// Every verb for people, sorted.
    pub(crate) fn list(&self) -> BTreeSet<OsString> {
        self.directories()
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flat_map(|entries| entries.flatten())
            .filter_map(|entry| Some((verb_of(&entry.file_name())?, entry.path())))
            .filter(|(_, path)| fs::metadata(path).is_ok_and(|metadata| is_executable(&metadata)))
            .map(|(verb, _)| verb)
            .collect()
    }

    /// Where verbs are looked for before PATH: beside the file that is running; beside
    /// what the name it was called by leads to (there is not always a /proc to learn
    /// the former from); beside that name, which may be a directory full of links.
    pub(crate) fn beside(&self) -> impl Iterator<Item = PathBuf> {
        let called =
            self.argv0.as_deref().map(Path::new).filter(|path| path.components().count() > 1);
        once_with(|| env::current_exe().ok())
            .chain(once_with(move || called?.canonicalize().ok()))
            .chain(once_with(move || called.map(Path::to_path_buf)))
            .filter_map(|executable| Some(executable?.parent()?.to_path_buf()))
    }

    fn directories(&self) -> impl Iterator<Item = PathBuf> {
        self.beside().chain(once_with(on_path).flatten())
    }
}

/// An empty element of PATH means the current directory to a shell. A verb is not
/// taken from whatever directory one happens to stand in.
fn on_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter(|directory| !directory.as_os_str().is_empty()).collect()
}

fn verb_of(file_name: &OsStr) -> Option<OsString> {
    let verb = file_name.as_bytes().strip_prefix(PREFIX.as_bytes())?;
    let verb = verb.strip_suffix(env::consts::EXE_SUFFIX.as_bytes())?;
    let verb = OsStr::from_bytes(verb);
    let is_plumbing = PLUMBING.iter().any(|plumbing| verb == *plumbing);
    (is_verb_name(verb) && !is_plumbing).then(|| verb.to_os_string())
}

/// A slash would lead out of the directory; a control character has no place in a
/// list with one verb on each line.
fn is_verb_name(verb: &OsStr) -> bool {
    let bytes = verb.as_bytes();
    !bytes.is_empty() && !bytes.iter().any(|byte| *byte == b'/' || byte.is_ascii_control())
}

fn is_executable(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

#[cfg(test)]
mod tests {
    use super::{is_verb_name, verb_of};
    use std::ffi::{OsStr, OsString};

    #[test]
    fn a_file_is_a_verb_by_its_name() {
        let table = [
            ("bgrun-ls", Some("ls")),
            ("bgrun-foo-bar", Some("foo-bar")),
            ("bgrun-", None),
            ("bgrun", None),
            ("git-ls", None),
            ("bgrun-supervise", None),
            ("bgrun-a\nb", None),
        ];
        for (file_name, verb) in table {
            assert_eq!(verb_of(OsStr::new(file_name)), verb.map(OsString::from), "{file_name}");
        }
    }

    #[test]
    fn a_verb_does_not_lead_out_of_its_directory() {
        assert!(!is_verb_name(OsStr::new("../../bin/sh")));
        assert!(!is_verb_name(OsStr::new("a/b")));
        assert!(!is_verb_name(OsStr::new("")));
    }
}
