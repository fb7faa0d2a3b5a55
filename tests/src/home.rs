//! A home of its own for one test: a fresh `BGR_HOME`, the tools, and nothing left on drop.

use crate::{Call, Record, Value, bin_dir, eventually_some, faults_bin_dir, sweep};
use rustix::mount::UnmountFlags;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// The user and group `nobody`, who owns nothing.
pub const NOBODY: u32 = 65534;

/// A fresh home; dropped, every process in it is ended.
pub struct Home {
    dir: TempDir,
    bin_dir: PathBuf,
    user: Option<u32>,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// A home for the tools under test.
    pub fn new() -> Self {
        Self::with_tools_of(bin_dir())
    }

    /// A home for the tools that obey `BGRUN_FAULT`.
    pub fn with_faults() -> Self {
        Self::with_tools_of(faults_bin_dir())
    }

    fn with_tools_of(bin_dir: PathBuf) -> Self {
        let dir = tempfile::Builder::new().prefix("bgrun-test-").tempdir();
        let dir = dir.expect("a temporary directory can be made");
        let bin_dir = bin_dir.canonicalize().expect("the tools are in a directory");
        Self { dir, bin_dir, user: None }
    }

    /// A home of the user `nobody`, with copies of the tools that this user can reach.
    pub fn of_nobody() -> Self {
        let mut home = Self::new();
        let copies = home.copy_tools("bin");
        for path in [home.path(), &copies] {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("root can give a directory away");
        }
        home.bin_dir = copies;
        home.user = Some(NOBODY);
        home
    }

    /// Copies every tool into the directory `name` of this home.
    pub fn copy_tools(&self, name: &str) -> PathBuf {
        let copies = self.dir(name);
        for entry in fs::read_dir(&self.bin_dir).expect("the tools can be listed").flatten() {
            let (from, file) = (entry.path(), entry.file_name());
            let is_tool = file.to_str().is_some_and(|f| f.starts_with("bgrun") && !f.contains('.'));
            if is_tool && from.is_file() {
                fs::copy(&from, copies.join(file)).expect("a tool can be copied");
            }
        }
        copies
    }

    /// `$HOME`, and the working directory of every call.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The path of something in this home.
    pub fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Makes a directory in this home.
    pub fn dir(&self, name: &str) -> PathBuf {
        let dir = self.at(name);
        fs::create_dir_all(&dir).expect("a directory can be made in the home");
        dir
    }

    /// Writes an executable file into this home.
    pub fn script(&self, name: &str, text: &str) -> String {
        let path = self.at(name);
        fs::write(&path, text).expect("a script can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("its mode can be set");
        path.into_os_string().into_string().expect("a temporary path is UTF-8")
    }

    /// A directory `bin` with links to just these programs, as the value of a PATH.
    #[track_caller]
    pub fn path_with(&self, programs: &[&str]) -> String {
        let bin = self.dir("bin");
        for program in programs {
            let found = self.sh(&format!("command -v {program}")).ok().out();
            symlink(found.trim(), bin.join(program)).expect("a link can be made");
        }
        bin.into_os_string().into_string().expect("a temporary path is UTF-8")
    }

    /// `$BGR_HOME`.
    pub fn state(&self) -> PathBuf {
        self.at("bgr")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.state().join("bgr_v2.sqlite")
    }

    /// The directory of the tools that this home uses.
    pub fn tools(&self) -> &Path {
        &self.bin_dir
    }

    /// A call of any program, in the environment of this home.
    pub fn call(&self, program: impl AsRef<Path>) -> Call {
        let mut call = Call::new("setpriv");
        let program = program.as_ref();
        call = match self.user {
            None => Call::new(program),
            Some(user) => {
                let ids = [format!("--reuid={user}"), format!("--regid={user}")];
                call.args(ids).args(["--clear-groups", "--"]).arg(program)
            }
        };
        call.command.env_clear();
        call.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin_dir.display()))
            .env("HOME", self.path())
            .env("BGR_HOME", self.state())
            .env("LANG", "C.UTF-8")
            .cwd(self.path())
    }

    /// A call through the dispatcher.
    pub fn bgrun<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Call {
        self.call(self.bin_dir.join("bgrun")).args(args)
    }

    /// A call of the single binary of a verb.
    pub fn verb<S: AsRef<std::ffi::OsStr>>(
        &self,
        verb: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Call {
        self.call(self.bin_dir.join(format!("bgrun-{verb}"))).args(args)
    }

    /// A shell script; `bgrun` is on its PATH.
    pub fn sh(&self, script: &str) -> Call {
        self.call("/bin/bash").args(["-o", "pipefail", "-c", script])
    }

    /// Starts a process, which must succeed, and returns its record.
    #[track_caller]
    pub fn start<S: AsRef<std::ffi::OsStr>>(
        &self,
        name: &str,
        argv: impl IntoIterator<Item = S>,
    ) -> Value {
        self.verb("run", [name, "--json", "--"]).args(argv).json()
    }

    /// Starts a process that does nothing.
    #[track_caller]
    pub fn start_sleep(&self, name: &str) -> Value {
        self.start(name, ["sleep", "60"])
    }

    /// The records of all processes.
    #[track_caller]
    pub fn all(&self) -> Vec<Value> {
        match self.verb("ls", ["--json"]).json() {
            Value::Array(records) => records,
            other => panic!("ls --json printed no array: {other:#}"),
        }
    }

    /// The record of a process, if there is one.
    #[track_caller]
    pub fn find(&self, name: &str) -> Option<Value> {
        self.all().into_iter().find(|record| record.name() == name)
    }

    /// The record of a process; fails the test when there is none.
    #[track_caller]
    pub fn ls(&self, name: &str) -> Value {
        self.verb("ls", ["--json", name]).json().only().clone()
    }

    /// Waits until a process has the status, and returns its record then.
    #[track_caller]
    pub fn until(&self, name: &str, status: &str) -> Value {
        eventually_some(&format!("{name} is {status}"), || {
            Some(self.ls(name)).filter(|record| record.status() == status)
        })
    }

    /// Waits until a process runs for the time with this number, and returns its pid.
    #[track_caller]
    pub fn until_run(&self, name: &str, run: i64) -> i32 {
        eventually_some(&format!("{name} is in run {run}"), || {
            let record = self.ls(name);
            let is_it = record.status() == "running" && record.number("run") == run;
            is_it.then(|| record.pid())
        })
    }

    /// Stops processes, which must succeed, and returns the answer.
    #[track_caller]
    pub fn kill<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        self.verb("kill", ["--json"]).args(args).json()
    }

    /// The file that a process writes its stdout to.
    pub fn out_path(&self, name: &str) -> PathBuf {
        self.state().join(format!("{name}-out.txt"))
    }

    /// The file that a process writes its stderr to.
    pub fn err_path(&self, name: &str) -> PathBuf {
        self.state().join(format!("{name}-err.txt"))
    }

    /// What a process has written to its stdout.
    pub fn out(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.out_path(name)).unwrap_or_default()).into_owned()
    }

    /// What a process has written to its stderr.
    pub fn err(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.err_path(name)).unwrap_or_default()).into_owned()
    }

    /// Waits until the stdout of a process contains `text`, and returns it all.
    #[track_caller]
    pub fn until_out(&self, name: &str, text: &str) -> String {
        eventually_some(&format!("{name} writes {text:?}"), || {
            Some(self.out(name)).filter(|out| out.contains(text))
        })
    }

    /// Waits for a whole line of JSON on the stdout of a process.
    #[track_caller]
    pub fn until_json(&self, name: &str) -> Value {
        eventually_some(&format!("{name} writes a line of JSON"), || {
            serde_json::from_str(self.out(name).lines().next_back()?).ok()
        })
    }

    /// The processes that live in this home.
    pub fn living(&self) -> Vec<i32> {
        sweep::claimed_by(self.path())
    }

    /// How many processes live that were started as the process `name`, or by one of them.
    pub fn instances(&self, name: &str) -> usize {
        let is_instance = |pid: &&i32| {
            let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            let name_of = |pid| crate::environ_of(pid).remove("BGRUN_NAME");
            !comm.starts_with("bgrun") && name_of(**pid).is_some_and(|one| one == name)
        };
        self.living().iter().filter(is_instance).count()
    }

    /// Makes the last stop one of long ago, which nobody is at any more.
    #[track_caller]
    pub fn age_the_last_stop(&self) {
        let file = fs::File::options().write(true).open(self.state().join("run/stop.lock"));
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        file.and_then(|file| file.set_modified(long_ago)).expect("a stop has left its mark");
    }

    /// Fails the test unless nothing lives in this home soon: neither processes nor supervisors.
    #[track_caller]
    pub fn must_be_clean(&self) {
        crate::eventually_ok(|| match self.living().as_slice() {
            [] => Ok(()),
            living => Err(format!("these live in the home: {:?}", named(living))),
        });
    }
}

/// What processes are, for a person to read.
fn named(pids: &[i32]) -> Vec<String> {
    let name = |pid: &i32| {
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        format!("{pid}: {}", String::from_utf8_lossy(&cmdline).replace('\0', " "))
    };
    pids.iter().map(name).collect()
}

impl Drop for Home {
    fn drop(&mut self) {
        sweep::sweep(self.path());
        // A disk that a test mounted there: what is busy cannot be removed.
        while rustix::mount::unmount(self.state(), UnmountFlags::DETACH).is_ok() {}
        let modes = fs::set_permissions(self.state(), Permissions::from_mode(0o700));
        let _no_state_was_made = modes;
    }
}
