//! Git repositories for a test: a remote, the work tree of an author who pushes to it, and
//! clones of it.

use crate::{Call, Home};
use std::path::{Path, PathBuf};

/// A remote of one branch `main`, and its author.
pub struct Remote<'a> {
    home: &'a Home,
    author: PathBuf,
    /// The bare repository.
    pub path: PathBuf,
}

impl<'a> Remote<'a> {
    /// A remote with one commit of `a.txt`.
    #[track_caller]
    pub fn new(home: &'a Home) -> Self {
        let (path, author) = (home.at("remote.git"), home.at("author"));
        let remote = Self { home, author, path };
        remote.git(home.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        remote.git(home.path(), &["clone", "-q", "remote.git", "author"]);
        remote.git(&remote.author, &["checkout", "-q", "-B", "main"]);
        remote.push("a.txt", "first", "the first commit");
        remote
    }

    /// A call of git as somebody with a name.
    pub fn call(&self, directory: &Path, words: &[&str]) -> Call {
        let named = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"];
        self.home.call("git").args(named).args(words).cwd(directory)
    }

    /// What git prints, which must succeed.
    #[track_caller]
    pub fn git(&self, directory: &Path, words: &[&str]) -> String {
        self.call(directory, words).ok().out().trim().to_owned()
    }

    /// Commits a file in a work tree.
    #[track_caller]
    pub fn commit(&self, directory: &Path, file: &str, text: &str, message: &str) {
        std::fs::write(directory.join(file), text).expect("a file can be written");
        self.git(directory, &["add", file]);
        self.git(directory, &["commit", "-q", "-m", message]);
    }

    /// Has the author push a file.
    #[track_caller]
    pub fn push(&self, file: &str, text: &str, message: &str) {
        self.commit(&self.author, file, text, message);
        self.git(&self.author, &["push", "-q", "origin", "main"]);
    }

    /// Its address, without a network.
    pub fn url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// A clone in the directory `name` of the home.
    #[track_caller]
    pub fn clone_to(&self, name: &str) -> PathBuf {
        self.git(self.home.path(), &["clone", "-q", &self.url(), name]);
        self.home.at(name)
    }

    /// The commit that a work tree is at.
    #[track_caller]
    pub fn head(&self, directory: &Path) -> String {
        self.git(directory, &["rev-parse", "HEAD"])
    }
}
