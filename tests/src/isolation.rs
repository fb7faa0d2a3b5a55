//! Namespaces: a machine of its own for a test that mounts, reuses pids or fills a disk.

use std::path::Path;
use std::process::Command;

use crate::home::Home;

const INSIDE: &str = "BGRUN_TESTS_INSIDE";

/// Runs the body of the calling test in new namespaces: `in_new_namespaces(&["--mount"], || …)`.
///
/// The test binary is started again under `unshare` for just this test; there the body runs. When
/// it ends, the kernel ends what is left in its pid namespace and takes its mounts away.
#[track_caller]
pub fn in_new_namespaces<F: FnOnce()>(flags: &[&str], body: F) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    // "ls::a_test_name::{{closure}}": the crate, the path of the test within it, this closure.
    let closure = std::any::type_name::<F>();
    let test = closure.trim_end_matches("::{{closure}}").split_once("::");
    let (_, test) = test.expect("a closure in a test has a path");
    let exe = std::env::current_exe().expect("a running test has a path");
    let output = Command::new("unshare")
        .args(flags)
        // A shell is the init there: it reaps what is orphaned, as a real one does.
        .args(["--", "/bin/sh", "-c", "\"$@\"; exit $?", "sh"])
        .arg(exe)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    let talk = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "in new namespaces ({}):\n{said}\n{talk}", output.status);
}

/// Mounts a small file system in memory; only inside a mount namespace.
#[track_caller]
pub fn mount_tmpfs(at: &Path, size: &str) {
    assert!(std::env::var_os(INSIDE).is_some(), "mounts belong into a namespace");
    std::fs::create_dir_all(at).expect("the mount point can be made");
    let options = format!("size={size},mode=0700");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at).status();
    assert!(mounted.is_ok_and(|status| status.success()), "cannot mount {}", at.display());
}

/// Makes a file system of this size in a file of the home, and mounts it as its state
/// directory; only inside a mount namespace.
#[track_caller]
pub fn mount_image(home: &Home, make: &[&str], kind: &str, size_bytes: u64) {
    assert!(std::env::var_os(INSIDE).is_some(), "mounts belong into a namespace");
    let image = home.at("image");
    let file = std::fs::File::create(&image).expect("a file can be made");
    file.set_len(size_bytes).expect("it can be sparse");
    let made = Command::new(make[0]).args(&make[1..]).arg(&image).output();
    let made = made.unwrap_or_else(|why| panic!("{} is not installed: {why}", make[0]));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::create_dir_all(home.state()).expect("the mount point can be made");
    let mounted = Command::new("mount")
        .args(["-t", kind, "-o", "loop"])
        .args([&image, &home.state()])
        .output()
        .expect("mount is installed");
    assert!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
}
