//! `listens [PORT] [child|v6]` listens on a TCP port of the loopback and prints the number.
//!
//! With `child` a child listens on one more port; with `v6` it is the loopback of IPv6. What connects
//! is kept and not answered. It ends after 55 s.

use std::io::{Write, stdout};
use std::net::TcpListener;
use std::process::Command;
use std::thread::{sleep, spawn};
use std::time::Duration;

#[expect(clippy::disallowed_methods, reason = "a program that only has to be there")]
fn main() {
    let args: Vec<String> =
        std::env::args_os().map(|arg| arg.into_string().expect("UTF-8")).collect();
    let port = args.get(1).map_or(0, |port| port.parse::<u16>().expect("a port"));
    let has = |word| args.iter().any(|arg| arg == word);
    let host = if has("v6") { "::1" } else { "127.0.0.1" };
    let listener = TcpListener::bind((host, port)).expect("the port is free");
    let port = listener.local_addr().expect("it is bound").port();
    writeln!(stdout(), "{port}").expect("stdout can be written");
    let child = has("child").then(|| Command::new(&args[0]).spawn().expect("it starts again"));
    spawn(move || {
        let mut kept = Vec::new();
        kept.extend(listener.incoming());
    });
    sleep(Duration::from_secs(55));
    if let Some(mut child) = child {
        child.wait().expect("it is our child");
    }
}
