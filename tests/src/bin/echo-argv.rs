//! Prints its arguments as one line of JSON, each as the hexadecimal digits of its bytes, and ends.

use std::io::{Write, stdout};
use std::os::unix::ffi::OsStrExt;

fn main() {
    let hex = |arg: std::ffi::OsString| -> String {
        arg.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let argv: Vec<String> = std::env::args_os().skip(1).map(hex).collect();
    writeln!(stdout(), "{}", serde_json::json!(argv)).expect("stdout can be written");
}
