//! podman for tests: a small image, options with which it runs anywhere, and containers that
//! are removed with their test.

use crate::{Call, Home};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

/// What every container of a test is made of: busybox and nothing else.
const IMAGE: &str = "localhost/bgrun-tests";

/// Without a network of its own, and with limits that any machine can give.
const OPTIONS: [&str; 6] =
    ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "host"];

/// The engine, for one test; dropped, the containers of that test are removed.
pub struct Engine<'a> {
    home: &'a Home,
    /// Different for each test.
    mark: String,
}

impl<'a> Engine<'a> {
    /// The engine, with the image.
    pub fn new(home: &'a Home) -> Self {
        let name = home.path().file_name().and_then(|name| name.to_str());
        let mark = name.expect("a temporary directory has a UTF-8 name").replace('.', "");
        import_image();
        Self { home, mark }
    }

    /// A name for a process, such that its container has a name of this test's own.
    pub fn name(&self, name: &str) -> String {
        format!("{name}-{}", self.mark)
    }

    /// `ENGINE run OPTIONS… IMAGE sh -c SCRIPT`: `options` come first.
    pub fn run(&self, engine: &str, options: &[&str], script: &str) -> Vec<String> {
        let words = [&[engine, "--runtime", "runc", "run"], options, &OPTIONS].concat();
        let words = words.into_iter().chain([IMAGE, "sh", "-c", script]);
        words.map(String::from).collect()
    }

    /// Calls podman.
    pub fn podman<'b>(&self, words: impl IntoIterator<Item = &'b str>) -> Call {
        self.home.call("/usr/bin/podman").args(words)
    }

    /// Something of the container as podman sees it; empty when there is none.
    pub fn inspect(&self, name: &str, what: &str) -> String {
        let output = self.podman(["container", "inspect", "--format", what, name]).run();
        output.out().trim().to_owned()
    }

    /// A `docker` of this home, which is podman, writes down how it was called, and does what
    /// the file `engine` in the home says instead, if there is one.
    pub fn own_docker(&self) -> String {
        let home = self.home.path().display();
        self.home.script(
            "docker",
            &format!(
                "#!/bin/sh\necho \"$*\" >> {home}/calls\n[ ! -e {home}/engine ] || . {home}/engine\nexec /usr/bin/podman \"$@\"\n"
            ),
        )
    }

    /// How often the `docker` of this home was asked to list containers.
    pub fn lists(&self) -> usize {
        let calls = fs::read_to_string(self.home.at("calls")).unwrap_or_default();
        calls.lines().filter(|call| call.contains(" ps ")).count()
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        let filter = format!("name={}", self.mark);
        let words = ["ps", "--all", "--quiet", "--filter", &filter];
        let Ok(output) = Command::new("/usr/bin/podman").args(words).output() else { return };
        let ids = String::from_utf8_lossy(&output.stdout).into_owned();
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            let removed = Command::new("/usr/bin/podman")
                .args(["rm", "--force", "--time", "0"])
                .args(ids)
                .output();
            drop(removed);
        }
    }
}

/// Makes the image, unless another test has.
fn import_image() {
    let lock = File::create("/tmp/bgrun-tests-image.lock").expect("a lock can be made");
    lock.lock().expect("a lock can be taken");
    let exists = Command::new("/usr/bin/podman").args(["image", "exists", IMAGE]).status();
    if exists.expect("podman is installed").success() {
        return;
    }
    let root = tempfile::tempdir().expect("a temporary directory can be made");
    let bin = root.path().join("bin");
    fs::create_dir(&bin).expect("a directory can be made");
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
    let busybox = busybox.iter().find(|path| path.is_file()).expect("busybox is installed");
    fs::copy(busybox, bin.join("busybox")).expect("busybox can be copied");
    for applet in ["sh", "sleep", "nc"] {
        std::os::unix::fs::symlink("busybox", bin.join(applet)).expect("a link can be made");
    }
    let tar = root.path().join("image.tar");
    let mut pack = Command::new("tar");
    let packed = pack.arg("-C").arg(root.path()).arg("-cf").arg(&tar).arg("bin").status();
    assert!(packed.is_ok_and(|status| status.success()), "tar packs the image");
    let imported = Command::new("/usr/bin/podman").arg("import").arg(&tar).arg(IMAGE).output();
    let imported = imported.expect("podman is installed");
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
}
