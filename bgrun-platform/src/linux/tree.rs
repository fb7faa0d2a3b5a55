//! Every process that belongs to a managed one.
//!
//! While its supervisor lives, the tree is what descends from the supervisor: it is
//! the subreaper, so a process that forked twice, left its session and cleared its
//! environment is still there. When the supervisor is dead, three traces are left: the
//! cookie in the environment, the log files held open for writing, and descent from
//! whatever these two find.
//!
//! The walk stops at another supervisor: what is started with bgrun from inside a
//! managed process is a tree of its own.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;

use super::identity::Identity;
use super::procfs;
use super::stat::Stat;

/// The name of the environment variable that carries a process's cookie.
pub const COOKIE_VARIABLE: &str = "BGRUN_ID";

/// The name a supervisor has in `/proc`: just the 15 bytes the kernel keeps.
const SUPERVISOR: &[u8] = b"bgrun-supervise";

/// podman's parent of a container.
const MONITOR: &[u8] = b"conmon";

/// The most passes over `/proc` in one search.
const PASSES: u32 = 16;

/// By what the tree of a process is known when its supervisor is dead.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// The value of `BGRUN_ID` that was given to it.
    pub cookie: String,
    /// Its log files, unless it shares them with others.
    pub logs: Vec<PathBuf>,
    /// Its main process, if that is known to live: its group and descendants belong to it.
    pub main: Option<u32>,
    /// Whether it is the client of a container engine: see [`of_container`].
    pub is_container: bool,
}

/// The live processes below the supervisor `supervisor`, whose managed process carries
/// `cookie`; `main` is the process it started, if that still lives.
///
/// # Errors
/// `/proc` cannot be read.
pub fn below_supervisor(supervisor: u32, cookie: &str, main: Option<u32>) -> io::Result<Vec<Stat>> {
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    let children = children(supervisor, 1, &mut buffer)?;
    crate::fault::at("tree:between-looks");
    for pid in children {
        // An orphan of a supervisor that was nested in this tree and got killed comes to
        // this one; its own cookie tells that it is not of this tree.
        if Some(pid) != main && has_other_cookie(pid, cookie, &mut buffer) {
            continue;
        }
        descend(pid, &mut found, &mut buffer);
    }
    Ok(found)
}

/// The tree of a process that is as it should be: `main` lives and is the child of
/// `supervisor`. `None` when that is not certain at once; a closer look tells more.
///
/// The parent of a process that is known to be the right one needs no look of its own: had
/// the supervisor died, another would be the parent.
#[must_use]
pub fn of_healthy(supervisor: &Identity, main: &Identity, cookie: &str) -> Option<Vec<Stat>> {
    let _held = main.hold()?;
    let mut buffer = Vec::with_capacity(1024);
    let mut main = Some(Stat::read_with(main.pid, &mut buffer).ok()?);
    let is_healthy = |main: &Stat| main.is_live() && main.parent == supervisor.pid;
    let main_pid = main.as_ref().filter(|main| is_healthy(main))?.pid;
    let mut found = Vec::new();
    for pid in children(supervisor.pid, 1, &mut buffer).ok()? {
        match main.take_if(|_| pid == main_pid) {
            Some(stat) => descend_from(stat, &mut found, &mut buffer),
            None if has_other_cookie(pid, cookie, &mut buffer) => {}
            None => descend(pid, &mut found, &mut buffer),
        }
    }
    main.is_none().then_some(found)
}

/// The live process `pid` and everything below it.
#[must_use]
pub fn from_process(pid: u32) -> Vec<Stat> {
    let mut found = Vec::new();
    descend(pid, &mut found, &mut Vec::new());
    found
}

/// The live processes of a container: its client, `main`, and, below `supervisor`, what
/// podman has made of it. podman leaves processes behind that serve all containers of the
/// user (catatonit, aardvark-dns): they belong to no one of them.
///
/// # Errors
/// `/proc` cannot be read.
pub fn of_container(supervisor: Option<u32>, main: Option<u32>) -> io::Result<Vec<Stat>> {
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    if let Some(main) = main {
        descend(main, &mut found, &mut buffer);
    }
    let Some(supervisor) = supervisor else { return Ok(found) };
    for pid in children(supervisor, 1, &mut buffer)? {
        let is_monitor = Stat::read_with(pid, &mut buffer).is_ok_and(|stat| stat.name == MONITOR);
        if is_monitor && Some(pid) != main {
            descend(pid, &mut found, &mut buffer);
        }
    }
    Ok(found)
}

/// Looks through all processes for those that left one of the given `traces`, and what
/// descends from them. Answers one tree for each, in the same order.
///
/// # Errors
/// `/proc` cannot be read.
pub fn by_traces(traces: &[Traces]) -> io::Result<Vec<Vec<Stat>>> {
    let mut buffer = Vec::new();
    let cookies: HashMap<&[u8], usize> = traces
        .iter()
        .enumerate()
        .filter(|(_, traces)| !traces.cookie.is_empty())
        .map(|(index, traces)| (traces.cookie.as_bytes(), index))
        .collect();
    let mut logs = HashMap::new();
    for (index, traces) in traces.iter().enumerate() {
        for stat in traces.logs.iter().filter_map(|path| rustix::fs::stat(path).ok()) {
            if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() {
                logs.insert((stat.st_dev, stat.st_ino), index);
            }
        }
    }
    let mut trees = vec![Vec::new(); traces.len()];
    let mut seen = HashSet::from([std::process::id()]);
    // A tree can go on from pid to pid faster than one pass over `/proc`: who came during
    // a pass is looked at in the next one.
    for _ in 0..PASSES {
        let new: Vec<u32> = procfs::pids()?.into_iter().filter(|pid| seen.insert(*pid)).collect();
        if new.is_empty() {
            break;
        }
        for pid in new {
            let cookie = cookie_of(pid, &mut buffer).map(<[u8]>::to_vec);
            // A process that says whose it is, is no other's by its open files.
            let index = match cookie {
                Some(cookie) => cookies.get(cookie.as_slice()).copied(),
                None => written_log(pid, &logs).filter(|_| !is_tool(pid)),
            };
            if let Some(index) = index {
                descend(pid, &mut trees[index], &mut buffer);
            }
        }
    }
    for (tree, traces) in trees.iter_mut().zip(traces) {
        if let Some(main) = traces.main {
            descend(main, tree, &mut buffer);
            for pid in procfs::pids()? {
                if let Ok(stat) = Stat::read_with(pid, &mut buffer)
                    && stat.group == main
                {
                    descend(pid, tree, &mut buffer);
                }
            }
        }
        let mut seen = HashSet::new();
        tree.retain(|stat| seen.insert(stat.pid));
    }
    Ok(trees)
}

/// Adds `pid` and what is below it to `found`, unless it has ended or is a supervisor.
fn descend(pid: u32, found: &mut Vec<Stat>, buffer: &mut Vec<u8>) {
    if let Ok(stat) = Stat::read_with(pid, buffer) {
        descend_from(stat, found, buffer);
    }
}

/// [`descend`] from a process whose facts are known.
fn descend_from(stat: Stat, found: &mut Vec<Stat>, buffer: &mut Vec<u8>) {
    let mut left = vec![stat];
    while let Some(stat) = left.pop() {
        // A zombie has given its children away already.
        if is_supervisor(&stat) || !stat.is_live() && stat.threads <= 1 {
            continue;
        }
        for child in children(stat.pid, stat.threads, buffer).unwrap_or_default() {
            if found.iter().all(|known| known.pid != child)
                && let Ok(child) = Stat::read_with(child, buffer)
            {
                left.push(child);
            }
        }
        found.push(stat);
    }
}

/// The children of `pid`, of all its threads (`/proc/<pid>/task/<tid>/children`, Linux 3.5).
fn children(pid: u32, threads: u32, buffer: &mut Vec<u8>) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    if threads <= 1 {
        children_of_thread(pid, pid, &mut found, buffer)?;
    } else {
        for thread in procfs::numbered_entries(&format!("/proc/{pid}/task"))? {
            // A thread may end meanwhile; its children go to another.
            let _ = children_of_thread(pid, thread, &mut found, buffer);
        }
    }
    Ok(found)
}

fn children_of_thread(
    pid: u32,
    thread: u32,
    found: &mut Vec<u32>,
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    procfs::read(pid, &format!("task/{thread}/children"), buffer)?;
    let text = std::str::from_utf8(buffer).unwrap_or("");
    found.extend(text.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    Ok(())
}

/// Whether the process is a supervisor of bgrun's, by its name and its program: the
/// name alone is anybody's to take.
#[must_use]
pub fn is_supervisor(stat: &Stat) -> bool {
    stat.name == SUPERVISOR && program(stat.pid).is_some_and(|program| program == "bgrun-supervise")
}

/// Whether the process is a tool of bgrun's: it may have a log open to rotate or remove it.
fn is_tool(pid: u32) -> bool {
    program(pid).is_some_and(|program| program.starts_with("bgrun-"))
}

/// The name of the file that the process executes.
fn program(pid: u32) -> Option<String> {
    let exe = rustix::fs::readlink(format!("/proc/{pid}/exe"), Vec::new()).ok()?;
    // "(deleted)" follows the path of a program that was replaced by a newer one.
    let exe = exe.to_string_lossy();
    let path = exe.strip_suffix(" (deleted)").unwrap_or(&exe);
    path.rsplit('/').next().map(str::to_owned)
}

fn has_other_cookie(pid: u32, cookie: &str, buffer: &mut Vec<u8>) -> bool {
    cookie_of(pid, buffer).is_some_and(|found| found != cookie.as_bytes())
}

/// The cookie in the environment with which `pid` was executed.
fn cookie_of(pid: u32, buffer: &mut Vec<u8>) -> Option<&[u8]> {
    procfs::read(pid, "environ", buffer).ok()?;
    buffer.split(|&byte| byte == 0).find_map(|entry| {
        entry.strip_prefix(COOKIE_VARIABLE.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
    })
}

/// The index of the log file that `pid` holds open for writing, if it is ours.
fn written_log(pid: u32, logs: &HashMap<(u64, u64), usize>) -> Option<usize> {
    if logs.is_empty() || rustix::fs::stat(format!("/proc/{pid}")).ok()?.st_uid != super::user::id()
    {
        return None;
    }
    procfs::numbered_entries(&format!("/proc/{pid}/fd")).ok()?.into_iter().find_map(|number| {
        let path = format!("/proc/{pid}/fd/{number}");
        let stat = rustix::fs::stat(&path).ok()?;
        let index = *logs.get(&(stat.st_dev, stat.st_ino))?;
        // The link's own mode tells how the file is open (proc_pid_fd(5)): who reads a
        // log is not its process.
        let link = rustix::fs::lstat(&path).ok()?;
        (link.st_mode & 0o200 != 0).then_some(index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    struct Killed(Child);
    impl Drop for Killed {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn pids(tree: &[Stat]) -> Vec<u32> {
        tree.iter().map(|stat| stat.pid).collect()
    }

    #[test]
    fn a_process_is_found_by_its_cookie() {
        let child = Killed(
            Command::new("sleep").arg("30").env(COOKIE_VARIABLE, "c00k1e").spawn().expect("spawn"),
        );
        let traces = Traces { cookie: "c00k1e".into(), ..Traces::default() };
        let other = Traces { cookie: "0ther".into(), ..Traces::default() };
        // The kernel shows the environment of a new program a moment after it has begun.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let trees = by_traces(&[other.clone(), traces.clone()]).expect("scan");
            assert!(trees[0].is_empty());
            if pids(&trees[1]) == [child.0.id()] {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{trees:?}");
        }
    }

    #[test]
    fn a_writer_of_the_log_is_found_and_a_reader_is_not() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let log = file.path().to_owned();
        let opened = std::fs::File::options().append(true).open(&log).expect("open");
        let writer = Killed(Command::new("sleep").arg("30").stdout(opened).spawn().expect("spawn"));
        let opened = std::fs::File::open(&log).expect("open");
        let _reader = Killed(
            Command::new("sleep").arg("30").stdin(Stdio::from(opened)).spawn().expect("spawn"),
        );
        // This test holds the file open for writing too, and is never its own prey.
        let traces = Traces { logs: vec![log], ..Traces::default() };
        let trees = by_traces(&[traces]).expect("scan");
        assert_eq!(pids(&trees[0]), [writer.0.id()]);
    }

    #[test]
    fn descendants_of_threads_are_found() {
        let child =
            std::thread::spawn(|| Killed(Command::new("sleep").arg("30").spawn().expect("spawn")))
                .join()
                .expect("thread");
        let tree = from_process(std::process::id());
        assert!(pids(&tree).contains(&child.0.id()));
    }
}
