//! Which files count: what git would ignore does not, nor what is always ignored.
//!
//! The rules of a directory are a [`Layer`] over those of the directory above. The deepest
//! rule that says something decides; `.ignore` goes before `.gitignore`, and this before
//! `.git/info/exclude` and the user's own file, as in ripgrep.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What nobody wants to be restarted for: version control, installed packages, caches that
/// are written by the program itself.
const NEVER: [&str; 7] = [".git", "node_modules", ".hg", ".svn", ".jj", "__pycache__", ".DS_Store"];
/// Temporary files of editors (vim, emacs, kate), which change while one types.
const TEMPORARY: [&str; 6] = ["*~", ".#*", "\\#*#", ".*.sw?", ".*.sw?x", ".*.kate-swp"];

/// Rules that hold everywhere below one root.
#[derive(Debug)]
pub(crate) struct Rules {
    always: Gitignore,
    /// The globs of the command line: relative to the root, and to the process's directory.
    asked: Vec<Gitignore>,
    users: Gitignore,
}

/// The rules of one directory, over those of the directories above it.
#[derive(Debug)]
pub(crate) struct Layer {
    above: Option<Arc<Layer>>,
    plain: Gitignore,
    git: Gitignore,
    exclude: Gitignore,
    is_work_tree: bool,
}

impl Rules {
    /// The rules below `root` with the globs of the command line.
    ///
    /// # Errors
    /// The glob that makes no sense, and why.
    pub(crate) fn new(root: &Path, directory: &Path, globs: &[String]) -> Result<Self, String> {
        let compiled = |base: &Path, globs: &mut dyn Iterator<Item = &str>| {
            let mut builder = GitignoreBuilder::new(base);
            for glob in globs {
                builder.add_line(None, glob).map_err(|error| error.to_string())?;
            }
            builder.build().map_err(|error| error.to_string())
        };
        let mut asked = Vec::new();
        for base in [root, directory] {
            asked.push(compiled(base, &mut globs.iter().map(String::as_str))?);
        }
        let always = compiled(root, &mut NEVER.iter().chain(&TEMPORARY).copied())?;
        let (users, _unreadable) = GitignoreBuilder::new(root).build_global();
        Ok(Self { always, asked, users })
    }

    /// Whether what is at `path`, in a directory with the rules `layer`, does not count.
    pub(crate) fn is_ignored(&self, layer: &Layer, path: &Path, is_directory: bool) -> bool {
        if self.always.matched(path, is_directory).is_ignore() {
            return true;
        }
        let asked = self.asked.iter().map(|globs| globs.matched(path, is_directory));
        if let Some(is_ignored) = said(asked) {
            return is_ignored;
        }
        let layers = || std::iter::successors(Some(layer), |layer| layer.above.as_deref());
        // Rules above a work tree are another repository's.
        let in_work_tree = || {
            let mut is_outside = false;
            layers().take_while(move |layer| {
                let is_left = is_outside;
                is_outside |= layer.is_work_tree;
                !is_left
            })
        };
        let plain = layers().map(|layer| layer.plain.matched(path, is_directory));
        let git = in_work_tree().map(|layer| layer.git.matched(path, is_directory));
        let exclude = in_work_tree().map(|layer| layer.exclude.matched(path, is_directory));
        let users = std::iter::once_with(|| self.users.matched(path, is_directory));
        said(plain).or_else(|| said(git)).or_else(|| said(exclude)).or_else(|| said(users))
            == Some(true)
    }
}

/// What the first rule that says something says.
fn said<T>(mut matches: impl Iterator<Item = Match<T>>) -> Option<bool> {
    matches.find(|one| !one.is_none()).map(|one| one.is_ignore())
}

/// Whether a file of this name holds rules.
pub(crate) fn is_rules_file(name: &OsStr) -> bool {
    name == ".gitignore" || name == ".ignore"
}

impl Layer {
    /// No rules.
    pub(crate) fn none() -> Arc<Self> {
        let empty = Gitignore::empty;
        Arc::new(Self {
            above: None,
            plain: empty(),
            git: empty(),
            exclude: empty(),
            is_work_tree: false,
        })
    }

    /// The rules of the directories above `root`, where these are of the same work tree;
    /// elsewhere they are nobody's.
    pub(crate) fn above(root: &Path) -> Arc<Self> {
        let top = root.ancestors().find(|directory| directory.join(".git").exists());
        let Some(top) = top.filter(|top| *top != root) else { return Self::none() };
        let between: Vec<&Path> =
            root.ancestors().skip(1).take_while(|directory| directory.starts_with(top)).collect();
        between.into_iter().rev().fold(Self::none(), |above, directory| {
            Self::of(&above, directory, directory, |name| directory.join(name).exists())
        })
    }

    /// The rules of a directory, shown as `shown` and being `real`, in which `has` tells
    /// what there is.
    pub(crate) fn of(
        above: &Arc<Self>,
        shown: &Path,
        real: &Path,
        has: impl Fn(&str) -> bool,
    ) -> Arc<Self> {
        let (plain, git, work_tree) = (has(".ignore"), has(".gitignore"), has(".git"));
        if !plain && !git && !work_tree {
            return Arc::clone(above);
        }
        let read = |is_there: bool, file: PathBuf| {
            // What is no file (a pipe, say) would be waited for.
            if !is_there || !file.is_file() {
                return Gitignore::empty();
            }
            let mut builder = GitignoreBuilder::new(shown);
            // Of a file with mistakes the other lines hold.
            let _mistakes = builder.add(file);
            builder.build().unwrap_or_else(|_| Gitignore::empty())
        };
        Arc::new(Self {
            above: Some(Arc::clone(above)),
            plain: read(plain, real.join(".ignore")),
            git: read(git, real.join(".gitignore")),
            exclude: read(work_tree, real.join(".git/info/exclude")),
            is_work_tree: work_tree,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(above: &Arc<Layer>, directory: &Path) -> Arc<Layer> {
        Layer::of(above, directory, directory, |name| directory.join(name).exists())
    }

    fn write(directory: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = directory.join(name);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("directory");
            std::fs::write(path, text).expect("write");
        }
    }

    #[test]
    fn the_deepest_rule_decides() {
        let root = tempfile::tempdir().expect("directory");
        let root = root.path();
        write(
            root,
            &[
                (".gitignore", "*.log\n/dist/\n!kept.log\n"),
                ("sub/.gitignore", "!deep.log\n*.tmp\n"),
                ("sub/.ignore", "secret\n"),
            ],
        );
        let rules = Rules::new(root, root, &["*.o".into(), "/gen/".into(), "!asked.log".into()])
            .expect("rules");
        let top = layer(&Layer::none(), root);
        let sub = layer(&top, &root.join("sub"));
        for (path, is_directory, is_ignored) in [
            ("a.js", false, false),
            (".env.local", false, false),
            ("a.log", false, true),
            ("kept.log", false, false),
            ("asked.log", false, false),
            ("dist", true, true),
            ("dist", false, false),
            ("a.o", false, true),
            ("gen", true, true),
            (".git", true, true),
            ("node_modules", true, true),
            (".a.js.swp", false, true),
            ("a.js~", false, true),
            ("#a.js#", false, true),
        ] {
            let path = root.join(path);
            assert_eq!(rules.is_ignored(&top, &path, is_directory), is_ignored, "{path:?}");
        }
        for (path, is_ignored) in [
            ("sub/a.log", true),
            ("sub/deep.log", false),
            ("sub/a.tmp", true),
            ("sub/secret", true),
            ("sub/dist", false),
            ("sub/node_modules", true),
        ] {
            let path = root.join(path);
            assert_eq!(rules.is_ignored(&sub, &path, true), is_ignored, "{path:?}");
        }
    }

    #[test]
    fn rules_above_a_work_tree_do_not_hold_in_it() {
        let root = tempfile::tempdir().expect("directory");
        let root = root.path();
        write(
            root,
            &[
                (".git/info/exclude", "local\n"),
                (".gitignore", "*.log\n"),
                ("sub/deep/x", ""),
                ("module/.git", "gitdir: elsewhere"),
            ],
        );
        let rules = Rules::new(root, root, &[]).expect("rules");
        let is_ignored = |directory: &str, name: &str| {
            let directory = root.join(directory);
            let layer = layer(&Layer::above(&directory), &directory);
            rules.is_ignored(&layer, &directory.join(name), false)
        };
        assert!(is_ignored("sub/deep", "a.log") && is_ignored("sub/deep", "local"));
        assert!(!is_ignored("module", "a.log") && !is_ignored("module", "local"));
        let outside = tempfile::tempdir().expect("directory");
        write(outside.path(), &[(".gitignore", "*\n"), ("sub/x", "")]);
        let sub = outside.path().join("sub");
        let above = layer(&Layer::above(&sub), &sub);
        assert!(!rules.is_ignored(&above, &sub.join("x"), false), "no work tree: nobody's rules");
    }

    #[test]
    fn a_glob_that_makes_no_sense_is_refused() {
        assert!(Rules::new(Path::new("/"), Path::new("/"), &["[z-a]".into()]).is_err());
        assert!(Rules::new(Path::new("/"), Path::new("/"), &["{a".into()]).is_err());
    }
}
