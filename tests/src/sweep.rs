//! Which processes belong to a home, and ending them by identity when its test is over.
//!
//! It asks `/proc` and nothing of bgrun, so that a broken bgrun leaves nothing behind either.

use crate::life::{Life, open_files_of, parents};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The processes that live in the directory `home`: those whose environment names it, whose
/// program, working directory or an open file is in it, and the descendants of all these.
pub fn claimed_by(home: &Path) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).expect("a pid fits");
    let parents = parents();
    let roots = parents.iter().map(|(pid, _)| *pid);
    let mut claimed: BTreeSet<i32> =
        roots.filter(|pid| *pid != own && belongs_to(*pid, home)).collect();
    let mut before = 0;
    while before != claimed.len() {
        before = claimed.len();
        let children = parents.iter().filter(|(_, parent)| claimed.contains(parent));
        let children: Vec<i32> = children.map(|(child, _)| *child).collect();
        claimed.extend(children);
    }
    claimed.into_iter().filter(|pid| crate::is_alive(*pid)).collect()
}

/// Whether a process names, executes, stands in or has open what is in the directory `home`.
pub fn belongs_to(pid: i32, home: &Path) -> bool {
    let path = home.as_os_str().as_bytes();
    let names_it = fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.windows(path.len()).any(|window| window == path));
    let is_in_it = |link: &str| {
        fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|target| target.starts_with(home))
    };
    names_it
        || is_in_it("cwd")
        || is_in_it("exe")
        || open_files_of(pid).iter().any(|(_, target)| target.starts_with(home))
}

/// Ends every process of `home`, until two looks in a row find none.
pub(crate) fn sweep(home: &Path) {
    let mut empty_looks = 0;
    // Bounded: a test that leaves something immortal must not hang the suite.
    for _ in 0..200 {
        let lives: Vec<Life> = claimed_by(home)
            .into_iter()
            .filter_map(Life::try_of)
            // Looked at again with the pidfd in hand: the pid may have changed hands since.
            .filter(|life| claimed_by_still(life, home))
            .collect();
        if lives.is_empty() {
            empty_looks += 1;
            if empty_looks == 2 {
                return;
            }
            continue;
        }
        empty_looks = 0;
        lives.iter().for_each(Life::kill);
        for life in &lives {
            life.ends_within(Duration::from_millis(100));
        }
    }
}

fn claimed_by_still(life: &Life, home: &Path) -> bool {
    belongs_to(life.pid, home) || claimed_by(home).contains(&life.pid)
}
