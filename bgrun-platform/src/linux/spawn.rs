//! Executing a command, or learning exactly why not.
//!
//! posix_spawn(3) of glibc: no copy of our memory, and the error of a failed
//! execve(2) comes back to us. The directory is opened before, so that its errors
//! are told from the program's.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD, Mode, OFlags};

use super::signal::Signal;

/// What to execute, and in which surroundings. Signals get their default action, the
/// mask is empty, the process leads a session of its own, stdin is `/dev/null`.
#[derive(Debug)]
pub struct Command<'a> {
    /// The program and its arguments; the program is looked up as [`find_program`] does.
    pub argv: &'a [OsString],
    /// The whole environment.
    pub environment: &'a [(OsString, OsString)],
    /// The working directory.
    pub directory: &'a Path,
    /// Its stdout.
    pub stdout: BorrowedFd<'a>,
    /// Its stderr.
    pub stderr: BorrowedFd<'a>,
    /// Its file mode creation mask.
    pub umask: u32,
}

/// Why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The working directory cannot be entered.
    #[error("cannot enter {}: {error}", crate::text::safe_path(.directory))]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is no such program.
    #[error("{}: command not found", crate::text::safe_os(.0))]
    NotFound(OsString),
    /// There is one, and it cannot be executed.
    #[error("cannot execute {}: {reason}", crate::text::safe_path(.program))]
    NotExecutable {
        /// The file that was found.
        program: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The arguments and the environment are larger than the kernel takes.
    #[error("cannot execute {}: arguments and environment are too long", crate::text::safe_path(.0))]
    TooLong(PathBuf),
    /// Anything else: no processes left, no memory.
    #[error("cannot start a process: {0}")]
    System(io::Error),
}

/// Finds the file that `program` names: a path, relative to `directory`, when it
/// contains a slash, otherwise the first executable of that name in `path` (the value
/// of PATH; its relative entries count from `directory` too).
///
/// # Errors
/// [`Refused::NotFound`] or [`Refused::NotExecutable`].
pub fn find_program(
    program: &OsStr,
    path: Option<&OsStr>,
    directory: &Path,
) -> Result<PathBuf, Refused> {
    let bytes = program.as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(Refused::NotFound(program.to_owned()));
    }
    if bytes.contains(&b'/') {
        let file = directory.join(program);
        return match executable(&file) {
            Ok(()) => Ok(file),
            Err(Some(reason)) => Err(Refused::NotExecutable { program: file, reason }),
            Err(None) => Err(Refused::NotFound(program.to_owned())),
        };
    }
    // Without PATH: what execvp(3) takes then.
    let path = path.unwrap_or(OsStr::new("/bin:/usr/bin"));
    let mut found_not_executable = None;
    for entry in path.as_bytes().split(|&byte| byte == b':') {
        let file = directory.join(OsStr::from_bytes(entry)).join(program);
        match executable(&file) {
            Ok(()) => return Ok(file),
            Err(Some(reason)) if found_not_executable.is_none() => {
                found_not_executable = Some((file, reason));
            }
            Err(_) => {}
        }
    }
    match found_not_executable {
        Some((program, reason)) => Err(Refused::NotExecutable { program, reason }),
        None => Err(Refused::NotFound(program.to_owned())),
    }
}

/// `Err(None)`: no such file. `Err(Some(reason))`: there, and not to be executed.
fn executable(file: &Path) -> Result<(), Option<String>> {
    match rustix::fs::stat(file) {
        Ok(stat) if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() => {
            Err(Some("Is a directory".to_owned()))
        }
        Ok(_) => rustix::fs::access(file, Access::EXEC_OK)
            .map_err(|error| Some(plain(&io::Error::from(error)))),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Err(None),
        Err(error) => Err(Some(plain(&io::Error::from(error)))),
    }
}

/// The system's words without Rust's `(os error 2)`.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Executes `command`; answers its pid once execve(2) has succeeded.
///
/// # Errors
/// See [`Refused`]; nothing runs then.
pub fn execute(command: &Command<'_>) -> Result<u32, Refused> {
    let path = command.environment.iter().rev().find(|(key, _)| key == "PATH");
    let directory = open_directory(command.directory)?;
    let name = command.argv.first().map_or(OsStr::new(""), OsString::as_os_str);
    let program = find_program(name, path.map(|(_, value)| value.as_os_str()), command.directory)?;
    // Opened before anything is spawned; kept open by nobody else.
    let null = open_null(OFlags::RDONLY)?;

    let mut actions = FileActions::new()?;
    actions.duplicate(null.as_fd(), 0)?;
    actions.duplicate(command.stdout, 1)?;
    actions.duplicate(command.stderr, 2)?;
    actions.enter(directory.as_fd())?;

    let before = rustix::process::umask(Mode::from_raw_mode(command.umask));
    let spawned = spawn(&program, command.argv, command.environment, &actions, &[]);
    rustix::process::umask(before);
    spawned.map_err(|error| refused(program, &error))
}

/// Starts `program` detached from this process's terminal and session, with `stdin`
/// and `stdout` as its first two descriptors, `/dev/null` as the third and no other.
/// The signals of `held` wait until it lets them through: one that came before it is ready
/// for them would end it.
///
/// # Errors
/// It cannot be executed.
pub fn detached(
    program: &Path,
    arguments: &[OsString],
    environment: &[(OsString, OsString)],
    stdin: BorrowedFd<'_>,
    stdout: BorrowedFd<'_>,
    held: &[Signal],
) -> Result<u32, Refused> {
    let null = open_null(OFlags::RDWR)?;
    let mut actions = FileActions::new()?;
    actions.duplicate(stdin, 0)?;
    actions.duplicate(stdout, 1)?;
    actions.duplicate(null.as_fd(), 2)?;
    spawn(program, arguments, environment, &actions, held)
        .map_err(|error| refused(program.to_owned(), &error))
}

fn refused(program: PathBuf, error: &io::Error) -> Refused {
    match error.raw_os_error() {
        Some(libc::E2BIG) => Refused::TooLong(program),
        // It was found a moment ago: what is missing is its interpreter.
        Some(libc::ENOENT) => Refused::NotExecutable {
            program,
            reason: "its interpreter or loader was not found".to_owned(),
        },
        Some(libc::ENOEXEC) => Refused::NotExecutable {
            program,
            reason: "Exec format error (a script needs a first line such as #!/bin/sh)".to_owned(),
        },
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) => {
            Refused::System(io::Error::other(plain(error)))
        }
        _ => Refused::NotExecutable { program, reason: plain(error) },
    }
}

/// Opens `directory` as the process will enter it.
///
/// # Errors
/// [`Refused::Directory`].
pub fn open_directory(directory: &Path) -> Result<std::os::fd::OwnedFd, Refused> {
    // With a final dot the right to enter is asked too, not only the right to name it.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, directory.join("."), flags, Mode::empty()).map_err(|error| {
        let error = io::Error::other(plain(&error.into()));
        Refused::Directory { directory: directory.to_owned(), error }
    })
}

fn open_null(access: OFlags) -> Result<std::os::fd::OwnedFd, Refused> {
    rustix::fs::openat(CWD, "/dev/null", access | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| Refused::System(error.into()))
}

fn spawn(
    program: &Path,
    argv: &[OsString],
    environment: &[(OsString, OsString)],
    actions: &FileActions,
    held: &[Signal],
) -> io::Result<u32> {
    let program = CString::new(program.as_os_str().as_bytes())?;
    let argv =
        argv.iter().map(|word| CString::new(word.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let environment = environment
        .iter()
        .map(|(key, value)| CString::new([key.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect::<Result<Vec<_>, _>>()?;
    let argv_pointers = pointers(&argv);
    let environment_pointers = pointers(&environment);
    let attributes = Attributes::new(held)?;
    let mut pid = 0;
    // SAFETY: every pointer is to a value that lives until the call returns, and both
    // lists end with null.
    let result = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            program.as_ptr(),
            &raw const actions.raw,
            &raw const attributes.raw,
            argv_pointers.as_ptr(),
            environment_pointers.as_ptr(),
        )
    };
    match result {
        0 => u32::try_from(pid).map_err(io::Error::other),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn pointers(words: &[CString]) -> Vec<*mut libc::c_char> {
    let ends = std::iter::once(std::ptr::null_mut());
    words.iter().map(|word| word.as_ptr().cast_mut()).chain(ends).collect()
}

fn checked(result: i32) -> Result<(), Refused> {
    if result == 0 { Ok(()) } else { Err(Refused::System(io::Error::from_raw_os_error(result))) }
}

struct FileActions {
    raw: libc::posix_spawn_file_actions_t,
}

unsafe extern "C" {
    // glibc 2.29; the libc crate does not declare it for every target.
    fn posix_spawn_file_actions_addfchdir_np(
        actions: *mut libc::posix_spawn_file_actions_t,
        descriptor: libc::c_int,
    ) -> libc::c_int;
}

impl FileActions {
    fn new() -> Result<Self, Refused> {
        let mut raw = MaybeUninit::uninit();
        // SAFETY: init fills the value before it is used.
        unsafe {
            checked(libc::posix_spawn_file_actions_init(raw.as_mut_ptr()))?;
            Ok(Self { raw: raw.assume_init() })
        }
    }

    fn duplicate(&mut self, from: BorrowedFd<'_>, to: i32) -> Result<(), Refused> {
        // SAFETY: self.raw is initialised. Where both numbers are the same, glibc takes
        // close-on-exec away, as wanted.
        checked(unsafe {
            libc::posix_spawn_file_actions_adddup2(&raw mut self.raw, from.as_raw_fd(), to)
        })
    }

    fn enter(&mut self, directory: BorrowedFd<'_>) -> Result<(), Refused> {
        // SAFETY: self.raw is initialised.
        checked(unsafe {
            posix_spawn_file_actions_addfchdir_np(&raw mut self.raw, directory.as_raw_fd())
        })
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: self.raw is initialised and not used again.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.raw) };
    }
}

struct Attributes {
    raw: libc::posix_spawnattr_t,
}

impl Attributes {
    /// A session of its own, a signal mask of just `held`, the default action for every
    /// signal.
    fn new(held: &[Signal]) -> io::Result<Self> {
        let flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        let flags = libc::c_short::try_from(flags | libc::POSIX_SPAWN_SETSID as libc::c_int)
            .map_err(io::Error::other)?;
        let mut raw = MaybeUninit::uninit();
        // SAFETY: init fills the value, the set is filled before each use (any bits are a
        // valid set), and the calls copy it. None of these fails with valid arguments.
        unsafe {
            libc::posix_spawnattr_init(raw.as_mut_ptr());
            let mut raw = raw.assume_init();
            let mut set = MaybeUninit::uninit();
            libc::sigemptyset(set.as_mut_ptr());
            for signal in held {
                libc::sigaddset(set.as_mut_ptr(), signal.number());
            }
            libc::posix_spawnattr_setsigmask(&raw mut raw, set.as_ptr());
            // Not sigfillset(3): it leaves out glibc's own signals 32 and 33, which
            // posix_spawn would then set to be ignored in the new process.
            set.as_mut_ptr().write_bytes(0xff, 1);
            libc::posix_spawnattr_setsigdefault(&raw mut raw, set.as_ptr());
            libc::posix_spawnattr_setflags(&raw mut raw, flags);
            Ok(Self { raw })
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: self.raw is initialised and not used again.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.raw) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;

    fn start(argv: &[&str], directory: &Path) -> Result<u32, Refused> {
        let null = File::options().write(true).open("/dev/null").expect("null");
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let environment = [("PATH".into(), "/usr/bin:/bin".into())];
        execute(&Command {
            argv: &argv,
            environment: &environment,
            directory,
            stdout: null.as_fd(),
            stderr: null.as_fd(),
            umask: 0o022,
        })
    }

    fn reap(pid: u32) -> i32 {
        let mut status = 0;
        // SAFETY: a plain call; the pid is of our own child.
        unsafe { libc::waitpid(pid.cast_signed(), &raw mut status, 0) };
        libc::WEXITSTATUS(status)
    }

    #[test]
    fn a_command_is_executed_in_its_directory() {
        let directory = tempfile::tempdir().expect("directory");
        std::fs::write(directory.path().join("here"), "").expect("write");
        let pid = start(&["sh", "-c", "test -e here"], directory.path()).expect("start");
        assert_eq!(reap(pid), 0);
    }

    #[test]
    fn each_way_not_to_start_has_its_own_error() {
        let directory = tempfile::tempdir().expect("directory");
        let file = |name: &str, text: &str, mode| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("write");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("chmod");
        };
        file("plain", "x", 0o644);
        file("orphan", "#!/nonexistent/interpreter\n", 0o755);
        file("no-format", "echo hello\n", 0o755);
        let refused = |name: &str| start(&[name], directory.path()).expect_err(name).to_string();
        assert_eq!(refused("no-such-program"), "no-such-program: command not found");
        assert_eq!(refused("./absent"), "./absent: command not found");
        assert!(refused("./plain").ends_with("plain: Permission denied"), "{}", refused("./plain"));
        assert!(refused("./orphan").contains("interpreter"));
        assert!(refused("./no-format").contains("#!/bin/sh"));
        assert!(refused("/").ends_with("Is a directory"));
        assert!(refused("").contains("command not found"));
        let missing = start(&["true"], &directory.path().join("gone")).expect_err("no directory");
        assert!(matches!(missing, Refused::Directory { .. }), "{missing}");
    }
}
