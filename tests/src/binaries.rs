//! Where the tools under test and the test programs are.

use std::path::{Path, PathBuf};

/// The directory that cargo built this test into: the binaries of the same build are there too.
fn build_dir() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let deps = test.parent().expect("a test binary lies in a directory");
    let is_deps = deps.file_name().is_some_and(|name| name == "deps");
    if is_deps { deps.parent().expect("deps has a parent").to_owned() } else { deps.to_owned() }
}

/// The tools under test: `$BGRUN_BIN_DIR`, else what was built with the tests.
pub fn bin_dir() -> PathBuf {
    let dir = std::env::var_os("BGRUN_BIN_DIR").map_or_else(build_dir, PathBuf::from);
    assert!(
        dir.join("bgrun").is_file(),
        "no bgrun in {}: build the workspace first, or set BGRUN_BIN_DIR",
        dir.display()
    );
    dir
}

/// The tools built with the cargo feature `faults`.
pub fn faults_bin_dir() -> PathBuf {
    let dir = std::env::var_os("BGRUN_FAULTS_BIN_DIR").map(PathBuf::from);
    dir.expect("BGRUN_FAULTS_BIN_DIR names the tools built with `--features faults`")
}

/// The path of one of the test programs in `src/bin/`.
pub fn program(name: &str) -> String {
    let path = build_dir().join(name);
    assert!(path.is_file(), "no test program at {}", path.display());
    path.into_os_string().into_string().expect("the build directory has a UTF-8 path")
}

/// The root of the checkout.
pub fn workspace_root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests crate lies in the workspace").to_owned()
}
