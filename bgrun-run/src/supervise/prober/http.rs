//! Whether somebody answers a GET well: one request, of which only the first line of the
//! answer is read.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use bgrun_platform::probe::HttpTarget;

/// How long one request may take in each of its steps.
const PATIENCE: Duration = Duration::from_secs(2);
/// `HTTP/1.1 204` is all that is needed of an answer.
const STATUS_LINE: usize = 12;

/// Whether a GET is answered with 2xx or 3xx.
pub(crate) fn answers(target: &HttpTarget) -> bool {
    addresses(target).iter().any(|address| {
        let status = ask(*address, target).unwrap_or(0);
        (200..400).contains(&status)
    })
}

fn addresses(target: &HttpTarget) -> Vec<SocketAddr> {
    let HttpTarget { host, port, .. } = target;
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    // No resolver is needed for what is always the same.
    if host == "localhost" {
        return loopback.map(|address| SocketAddr::new(address, *port)).to_vec();
    }
    match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, *port)],
        Err(_) => {
            (host.as_str(), *port).to_socket_addrs().map(Iterator::collect).unwrap_or_default()
        }
    }
}

fn ask(address: SocketAddr, target: &HttpTarget) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: bgrun\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n",
        target.path
    );
    stream.write_all(request.as_bytes())?;
    let mut line = [0; STATUS_LINE];
    stream.read_exact(&mut line)?;
    Ok(status(&line).unwrap_or(0))
}

/// The number in `HTTP/1.1 204 No Content`.
fn status(line: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(line).ok()?;
    let (version, status) = line.split_once(' ')?;
    version.starts_with("HTTP/1.").then(|| status.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered_with(answer: &'static str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = listener.local_addr().expect("address").port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accept");
            let mut request = [0; 4096];
            let read = stream.read(&mut request).expect("a request");
            stream.write_all(answer.as_bytes()).expect("answer");
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let target: HttpTarget = format!("localhost:{port}/health?x=1").parse().expect("target");
        let answered = answers(&target);
        let request = server.join().expect("served");
        assert!(request.starts_with("GET /health?x=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("\r\nHost: localhost:{port}\r\n")), "{request}");
        answered
    }

    #[test]
    fn only_good_answers_are_good() {
        assert!(answered_with("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(answered_with("HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n"));
        assert!(!answered_with("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
        assert!(!answered_with("HTTP/1.1 404 Not Found\r\n\r\n"));
        assert!(!answered_with("SSH-2.0-OpenSSH_9.2\r\n"));
        assert!(!answered_with("HTTP/1.1"));
    }

    #[test]
    fn nobody_there_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = listener.local_addr().expect("address").port();
        drop(listener);
        assert!(!answers(&format!("127.0.0.1:{port}").parse().expect("target")));
    }
}
