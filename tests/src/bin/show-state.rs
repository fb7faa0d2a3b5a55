//! Prints what it inherited as one line of JSON, and stays for 55 s.
//!
//! Descriptors, signal mask and ignored signals (as hexadecimal masks), session, controlling
//! terminal (0 is none), file mode mask and working directory.

use serde_json::json;
use std::fs;
use std::io::{Write, stdout};
use std::thread::sleep;
use std::time::Duration;

#[expect(clippy::disallowed_methods, reason = "a program that only has to be there")]
fn main() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    let field = |name: &str| -> String {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is there");
        line.trim_start_matches(':').trim().to_owned()
    };
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has /proc");
    let (_, after_name) = stat.rsplit_once(") ").expect("a stat line names its process");
    let numbers: Vec<i64> = after_name.split(' ').filter_map(|n| n.parse().ok()).collect();
    // After the name and the state: parent, group, session, terminal.
    let [parent, group, session, terminal] = numbers[..4] else { unreachable!("a slice of four") };
    let open = fs::read_dir("/proc/self/fd").expect("Linux has /proc").flatten();
    // The descriptor of this very listing leads nowhere once the listing is over.
    let open: serde_json::Map<String, serde_json::Value> = open
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read_link(entry.path()))
        })
        .filter_map(|(number, target)| Some((number, json!(target.ok()?))))
        .filter(|(_, target)| !target.as_str().is_some_and(|t| t.ends_with("/fd")))
        .collect();
    let state = json!({
        "pid": std::process::id(),
        "parent": parent,
        "group": group,
        "session": session,
        "terminal": terminal,
        "blocked": field("SigBlk"),
        "ignored": field("SigIgn"),
        "umask": field("Umask"),
        "cwd": std::env::current_dir().ok(),
        "open": open,
    });
    writeln!(stdout(), "{state}").expect("stdout can be written");
    sleep(Duration::from_secs(55));
}
