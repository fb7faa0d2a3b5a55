//! `connects PORT` connects to a TCP port of the loopback and keeps the connection for 55 s.

use std::io::{Write, stdout};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

fn main() {
    let port = std::env::args().nth(1).expect("which port").parse::<u16>().expect("a port");
    let _connection = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    writeln!(stdout(), "connected").expect("stdout can be written");
    sleep(Duration::from_secs(55));
}
