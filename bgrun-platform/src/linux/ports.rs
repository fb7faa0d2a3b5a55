//! Who listens on which TCP port.
//!
//! The kernel is asked for listening sockets only (sock_diag(7)): that costs 0.1 ms
//! however many connections there are, where `/proc/net/tcp` costs 20 ms with 5,000.

use std::collections::HashMap;
use std::io;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use super::procfs;

/// The listening TCP sockets of this network namespace.
#[derive(Debug, Default)]
pub struct Listeners {
    port_of_inode: HashMap<u64, u16>,
}

impl Listeners {
    /// Asks the kernel.
    ///
    /// # Errors
    /// Neither sock_diag nor `/proc/net` is to be had.
    pub fn read() -> io::Result<Self> {
        let mut port_of_inode = HashMap::new();
        for family in [libc::AF_INET, libc::AF_INET6] {
            // A sandbox may forbid netlink, a kernel may lack IPv6.
            if ask_sock_diag(family, &mut port_of_inode).is_err() {
                read_proc_net(family, &mut port_of_inode);
            }
        }
        Ok(Self { port_of_inode })
    }

    /// Adds the ports on which `pid` listens to `ports`.
    pub fn add_ports_of(&self, pid: u32, ports: &mut Vec<u16>) {
        self.each_socket(pid, |port| ports.push(port));
    }

    /// Every process that holds a socket listening on `port`.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn holders(&self, port: u16) -> io::Result<Vec<u32>> {
        if !self.is_taken(port) {
            return Ok(Vec::new());
        }
        let mut holders = Vec::new();
        for pid in procfs::pids()? {
            let mut holds = false;
            self.each_socket(pid, |found| holds |= found == port);
            if holds {
                holders.push(pid);
            }
        }
        Ok(holders)
    }

    /// Whether anybody listens on `port`.
    #[must_use]
    pub fn is_taken(&self, port: u16) -> bool {
        self.port_of_inode.values().any(|taken| *taken == port)
    }

    fn each_socket(&self, pid: u32, mut found: impl FnMut(u16)) {
        if self.port_of_inode.is_empty() {
            return;
        }
        let Ok(directory) = procfs::open_directory(&format!("/proc/{pid}/fd")) else { return };
        for number in procfs::numbers_in(&directory).unwrap_or_default() {
            let mut target = [0_u8; 64];
            let name = rustix::path::DecInt::new(number);
            let Ok(read) = rustix::fs::readlinkat_raw(&directory, name, target.as_mut_slice())
            else {
                continue;
            };
            if let Some(port) =
                socket_inode(&target[..read]).and_then(|inode| self.port_of_inode.get(&inode))
            {
                found(*port);
            }
        }
    }
}

/// The number in `socket:[12345]`.
fn socket_inode(link: &[u8]) -> Option<u64> {
    let number = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// `SOCK_DIAG_BY_FAMILY` with the state LISTEN only (linux/inet_diag.h).
fn ask_sock_diag(family: i32, port_of_inode: &mut HashMap<u64, u16>) -> io::Result<()> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const REQUEST_DUMP: u16 = 0x1 | 0x300;
    const DONE: u16 = 3;
    const ERROR: u16 = 2;
    const TCP_LISTEN: u32 = 10;
    const HEADER: usize = 16;
    // struct nlmsghdr, then struct inet_diag_req_v2 with an empty socket id.
    let mut request = [0_u8; HEADER + 56];
    request[0..4].copy_from_slice(&72_u32.to_ne_bytes());
    request[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_DUMP.to_ne_bytes());
    request[HEADER] = family.to_ne_bytes()[0];
    request[HEADER + 1] = libc::IPPROTO_TCP.to_ne_bytes()[0];
    request[HEADER + 4..HEADER + 8].copy_from_slice(&(1_u32 << TCP_LISTEN).to_ne_bytes());

    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(rustix::net::netlink::SOCK_DIAG),
    )?;
    rustix::net::send(&socket, &request, SendFlags::empty())?;
    let mut buffer = vec![0_u8; 32 * 1024];
    loop {
        let (read, _) = rustix::net::recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        let mut rest = &buffer[..read];
        while rest.len() >= HEADER {
            let length = word(rest, 0) as usize;
            let kind = u16::from_ne_bytes([rest[4], rest[5]]);
            if kind == DONE {
                return Ok(());
            }
            if kind == ERROR || length < HEADER || length > rest.len() {
                return Err(io::Error::other("sock_diag refused"));
            }
            // struct inet_diag_msg: the source port at 4, in network order, the inode at 68.
            let message = &rest[HEADER..length];
            if message.len() >= 72 {
                let port = u16::from_be_bytes([message[4], message[5]]);
                port_of_inode.insert(word(message, 68).into(), port);
            }
            rest = &rest[length.next_multiple_of(4).min(rest.len())..];
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The same from `/proc/net/tcp` and `tcp6` (proc_net_tcp(5)): local address with the
/// port in hexadecimal in column 2, the state in column 4, the inode in column 10.
fn read_proc_net(family: i32, port_of_inode: &mut HashMap<u64, u16>) {
    let path = if family == libc::AF_INET { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    port_of_inode.extend(text.lines().skip(1).filter_map(listener_in_line));
}

fn listener_in_line(line: &str) -> Option<(u64, u16)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if *fields.get(3)? != "0A" {
        return None;
    }
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    Some((fields.get(9)?.parse().ok()?, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn own_listeners_are_found_and_clients_are_not() {
        let four = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = four.local_addr().expect("address").port();
        let client = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        let client_port = client.local_addr().expect("address").port();
        let listeners = Listeners::read().expect("ask");
        let mut ports = Vec::new();
        listeners.add_ports_of(std::process::id(), &mut ports);
        assert!(ports.contains(&port) && !ports.contains(&client_port));
        assert_eq!(listeners.holders(port).expect("scan"), [std::process::id()]);
        assert!(!listeners.is_taken(client_port));
    }

    #[test]
    fn both_sources_name_the_same_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = listener.local_addr().expect("address").port();
        let (mut asked, mut read) = (HashMap::new(), HashMap::new());
        ask_sock_diag(libc::AF_INET, &mut asked).expect("sock_diag");
        read_proc_net(libc::AF_INET, &mut read);
        let inode = asked.iter().find(|(_, found)| **found == port).map(|(inode, _)| *inode);
        assert_eq!(inode.and_then(|inode| read.get(&inode)), Some(&port));
    }

    #[test]
    fn only_listening_lines_count() {
        let listening = "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1 0 100 0 0 10 0";
        assert_eq!(listener_in_line(listening), Some((4711, 8080)));
        assert_eq!(listener_in_line(&listening.replace(" 0A ", " 01 ")), None);
        assert_eq!(listener_in_line("nonsense"), None);
    }
}
