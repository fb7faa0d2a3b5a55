//! Who we are, also where the environment does not say.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The effective user id.
#[must_use]
pub fn id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The home directory that the password database names for this user. `/etc/passwd`
/// is read directly, because a static program cannot load the modules of getpwuid(3);
/// for users from a network service getent(1) is asked.
#[must_use]
pub fn home_directory() -> Option<PathBuf> {
    let id = id();
    let local = std::fs::read("/etc/passwd").ok();
    local.as_deref().and_then(|lines| home_in(lines, id)).or_else(|| {
        let asked = Command::new("getent")
            .args(["passwd", &id.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        home_in(&asked.stdout, id)
    })
}

/// passwd(5): name, password, uid, gid, comment, home, shell.
fn home_in(lines: &[u8], id: u32) -> Option<PathBuf> {
    let id = id.to_string();
    lines.split(|&byte| byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
        let home = fields.get(5).filter(|home| home.first() == Some(&b'/'))?;
        (*fields.get(2)? == id.as_bytes()).then(|| PathBuf::from(OsStr::from_bytes(home)))
    })
}

/// The name of this machine.
#[must_use]
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_a_user_is_found_by_its_number() {
        let lines =
            b"root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\nodd:x:7\n";
        assert_eq!(home_in(lines, 1000), Some(PathBuf::from("/home/ann")));
        assert_eq!(home_in(lines, 7), None);
        assert_eq!(home_in(b"", 0), None);
    }
}
