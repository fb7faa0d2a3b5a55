//! A line without an end: whatever is done with it, in little memory.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::*;

/// The length of the line; 1 GB where the tests are asked for it.
fn line_bytes() -> u64 {
    match std::env::var_os("BGRUN_TESTS_LONG_LINE") {
        Some(bytes) => bytes.to_str().and_then(|text| text.parse().ok()).expect("a number"),
        None => 256 << 20,
    }
}

const LIMIT_KIB: u64 = 32 << 10;
const END: &[u8] = b" the end";

/// A process whose log is one line.
fn with_long_line() -> (Home, u64) {
    let home = Home::new();
    // Its supervisor is not to rotate it beside the test.
    home.verb("run", ["web", "--log-max-size", "0", "--quiet", "--", "sleep", "60"]).ok();
    let log = fs::File::options().append(true).open(home.out_path("web"));
    let mut log = log.expect("the log is there");
    let block = vec![b'x'; 1 << 20];
    let mut write = |bytes: &[u8]| log.write_all(bytes).expect("there is room");
    (0..line_bytes() >> 20).for_each(|_| write(&block));
    write(END);
    (home, line_bytes() + END.len() as u64)
}

/// Ends with the test.
struct Reading(Child);

impl Drop for Reading {
    fn drop(&mut self) {
        // A follower would wait for more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The most memory that a process had so far; 0 when it is gone.
fn peak_kib(pid: i32) -> u64 {
    let peak = status_field(pid, "VmHWM").unwrap_or_default();
    peak.trim_end_matches(" kB").trim().parse().unwrap_or(0)
}

/// Runs `bgrun logs web` with these words, reads all it says, and looks at its memory all
/// the while; answers how much it said, and how it ended.
#[track_caller]
fn read(home: &Home, words: &[&str], until_bytes: u64) -> (u64, Vec<u8>) {
    let child = Command::new(home.tools().join("bgrun-logs"))
        .arg("web")
        .args(words)
        .env("BGR_HOME", home.state())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = Reading(child.expect("it can be started"));
    let pid = i32::try_from(child.0.id()).expect("a pid");
    let mut out = child.0.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let (mut buffer, mut last, mut bytes) = (vec![0; 1 << 20], Vec::new(), 0);
        while bytes < until_bytes {
            let count = out.read(&mut buffer).expect("a pipe can be read");
            if count == 0 {
                break;
            }
            bytes += count as u64;
            last.extend_from_slice(&buffer[..count]);
            last.drain(..last.len().saturating_sub(100));
        }
        (bytes, last)
    });
    let mut most_kib = 0;
    while !reader.is_finished() {
        most_kib = most_kib.max(peak_kib(pid));
        holds_for(Duration::from_millis(5), "it reads", || true);
    }
    let (bytes, last) = reader.join().expect("it has read");
    assert!((1..LIMIT_KIB).contains(&most_kib), "{words:?}: {most_kib} KiB");
    (bytes, last)
}

#[test]
fn a_line_without_an_end_is_read_in_little_memory() {
    let (home, length) = with_long_line();
    for words in [&["--stdout"][..], &["--stdout", "-n", "1"], &["--stdout", "-f"]] {
        let (bytes, last) = read(&home, words, length);
        assert_eq!(bytes, length, "{words:?}");
        assert!(last.ends_with(END), "{words:?}");
    }
    let (bytes, last) = read(&home, &["--stdout", "--grep", "the end$"], u64::MAX);
    assert_eq!(bytes, length);
    assert!(last.ends_with(END));
    assert_eq!(read(&home, &["--stdout", "--grep", "no such thing"], u64::MAX).0, 0);
    let (bytes, last) = read(&home, &["--stdout", "--json"], u64::MAX);
    assert!(
        bytes > length && last.ends_with(b"the end\"}\n"),
        "{}",
        String::from_utf8_lossy(&last)
    );
    assert_eq!(read(&home, &["--stdout", "--level", "error"], u64::MAX).0, 0);
    assert_eq!(read(&home, &["--stdout", "--field", "a=b"], u64::MAX).0, 0);
}

#[test]
fn a_line_without_an_end_is_rotated_and_read_on() {
    let (home, length) = with_long_line();
    let rotation = home.verb("logs", ["--rotate", "--stdout", "web"]).spawn();
    let mut most_kib = 0;
    eventually("it is done", || {
        most_kib = most_kib.max(peak_kib(rotation.pid()));
        !rotation.life.is_alive()
    });
    rotation.done().ok();
    assert!((1..LIMIT_KIB).contains(&most_kib), "{most_kib} KiB");
    let archive = home.state().join("web-out.txt.1");
    assert!(fs::metadata(archive).is_ok_and(|file| file.len() >= line_bytes()));
    let (bytes, last) = read(&home, &["--stdout", "-n", "1"], length);
    assert_eq!(bytes, length);
    assert!(last.ends_with(END));
}
