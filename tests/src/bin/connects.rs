//! `connects PORT` connects to a TCP port of the loopback and keeps the connection for 55 s.

use std::io::{Write, stdout};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

#[expect(clippy::disallowed_methods, reason = "a program that only has to be there")]
fn main() {
    let port = std::env::args_os().nth(1).and_then(|port| port.to_str()?.parse::<u16>().ok());
    let port = port.expect("which port");
    let _connection = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    writeln!(stdout(), "connected").expect("stdout can be written");
    sleep(Duration::from_secs(55));
}
