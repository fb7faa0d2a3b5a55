//! A running dashboard, and requests to it byte by byte: a test may send what no client
//! would.

use crate::{Home, Running, Value, eventually_some};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// An answer is here within this time.
const ANSWERING: Duration = Duration::from_secs(30);

/// A dashboard in the foreground; dropped, it is ended.
pub struct Dashboard {
    pub running: Running,
    pub port: u16,
    pub token: String,
    /// The URL that it printed first.
    pub url: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Dashboard {
    /// Starts one on a port that is free.
    #[track_caller]
    pub fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    /// The same, with more flags.
    #[track_caller]
    pub fn start_with(home: &Home, flags: &[&str]) -> Self {
        let port = free_port().to_string();
        let running = home.verb("dash", ["--port", &port]).args(flags).spawn();
        Self::of(home, running)
    }

    /// The one that `running` is, once it has said its URL.
    #[track_caller]
    pub fn of(home: &Home, running: Running) -> Self {
        let url = eventually_some("the dashboard says its URL", || {
            assert!(running.life.is_alive(), "it ended: {}{}", running.out(), running.err());
            let out = running.out();
            out.split_once('\n').map(|(line, _)| line.to_owned())
        });
        let port = port_of(&url);
        let token = std::fs::read_to_string(home.state().join("dash.token"));
        let token = token.expect("the token can be read").trim().to_owned();
        Self { running, port, token, url }
    }

    /// `Host: …`
    pub fn host(&self) -> String {
        format!("Host: 127.0.0.1:{}", self.port)
    }

    /// `Authorization: …`
    pub fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    /// Uses the URL that it printed as a browser does; answers the `Cookie: …` that it got.
    #[track_caller]
    pub fn login(&self) -> String {
        let path = &self.url[self.url.find("/login").expect("a login URL")..];
        let reply = self.send(&format!("GET {path}"), &[&self.host()], "");
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{reply:?}");
        let cookie = reply.header("set-cookie").expect("a cookie");
        format!("Cookie: {}", cookie.split(';').next().unwrap_or_default())
    }

    /// A connection.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(ANSWERING)).expect("a timeout can be set");
        stream
    }

    /// Sends a request with these header lines and a body, and nothing else.
    #[track_caller]
    pub fn send(&self, request: &str, headers: &[&str], body: &str) -> Reply {
        let mut stream = self.connect();
        let mut head = format!("{request} HTTP/1.1\r\n");
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("Connection: close\r\n\r\n");
        // It may refuse before it has read everything.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body.as_bytes());
        Reply::read(&mut stream)
    }

    /// A request of a program that has the token.
    #[track_caller]
    pub fn ask(&self, request: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (host, authorization) = (self.host(), self.authorization());
        let headers = [host.as_str(), &authorization, "Content-Type: application/json"];
        self.send(request, &headers, &body)
    }

    /// A request that must be answered with 200, and its JSON.
    #[track_caller]
    pub fn ok(&self, request: &str, body: &Value) -> Value {
        let reply = self.ask(request, body);
        assert_eq!(reply.status, 200, "{request}: {reply:?}");
        reply.json()
    }

    /// A request that must be refused with `status`, and its error.
    #[track_caller]
    pub fn refused(&self, request: &str, body: &Value, status: u16) -> String {
        let reply = self.ask(request, body);
        assert_eq!(reply.status, status, "{request}: {reply:?}");
        reply.error()
    }

    /// `GET`, which must succeed.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.ok(&format!("GET {path}"), &Value::Null)
    }

    /// Begins to read events.
    #[track_caller]
    pub fn events(&self, query: &str, headers: &[&str]) -> Events {
        self.stream(&format!("/api/events{query}"), headers)
    }

    /// Begins to read the events of any path.
    #[track_caller]
    pub fn stream(&self, path: &str, headers: &[&str]) -> Events {
        let mut stream = self.connect();
        let mut head = format!("GET {path} HTTP/1.1\r\n");
        for header in [&[self.host().as_str(), self.authorization().as_str()], headers].concat() {
            head.push_str(&format!("{header}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("it listens");
        let mut events = Events { stream, bytes: Vec::new(), status: 0 };
        events.status = events.head();
        events
    }
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it has an address").port()
}

/// The port in a URL.
#[track_caller]
pub fn port_of(url: &str) -> u16 {
    let rest = url.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("no URL: {url}"));
    rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port")
}

impl Reply {
    /// Reads an answer to its end.
    #[track_caller]
    pub fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Self::parse(&bytes)
    }

    #[track_caller]
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return Self { status: 0, headers: Vec::new(), body: text.into_owned() };
        };
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        });
        let headers: Vec<_> = headers.collect();
        let is_chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        let body = if is_chunked { dechunked(body.as_bytes()).0 } else { body.into() };
        let body = String::from_utf8_lossy(&body).into_owned();
        Self { status: status.unwrap_or(0), headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("no JSON ({why}): {self:?}"))
    }

    /// The error that it says.
    #[track_caller]
    pub fn error(&self) -> String {
        let error = self.json()["error"].as_str().map(str::to_owned);
        error.unwrap_or_else(|| panic!("says no error: {self:?}"))
    }
}

/// What complete chunks hold, and the bytes that they take.
fn dechunked(mut bytes: &[u8]) -> (Vec<u8>, usize) {
    let all = bytes.len();
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..line]).ok();
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else { break };
        let Some(chunk) = bytes.get(line + 2..line + 2 + size) else { break };
        if bytes.len() < line + 4 + size {
            break;
        }
        body.extend_from_slice(chunk);
        bytes = &bytes[line + 4 + size..];
    }
    (body, all - bytes.len())
}

/// Server-sent events that are being read.
pub struct Events {
    stream: TcpStream,
    bytes: Vec<u8>,
    pub status: u16,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    pub kind: String,
    pub id: String,
    pub data: Value,
}

impl Events {
    #[track_caller]
    fn head(&mut self) -> u16 {
        let mut byte = [0];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => panic!("no answer: {}", String::from_utf8_lossy(&head)),
            }
        }
        let text = String::from_utf8_lossy(&head);
        text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    /// The next event that is no ping; none when there is none within `patience`, or
    /// when the stream ends.
    pub fn next_within(&mut self, patience: Duration) -> Option<Event> {
        let deadline = Instant::now() + patience;
        let mut body = Vec::new();
        loop {
            let (more, taken) = dechunked(&self.bytes);
            self.bytes.drain(..taken);
            body.extend(more);
            let text = String::from_utf8_lossy(&body).into_owned();
            if let Some((first, rest)) = text.split_once("\n\n") {
                let event = Event::parse(first);
                // What follows is put back as a chunk of its own.
                let mut back = format!("{:x}\r\n", rest.len()).into_bytes();
                back.extend(rest.as_bytes());
                back.extend(b"\r\n");
                if !rest.is_empty() {
                    self.bytes.splice(..0, back);
                }
                body.clear();
                match event {
                    Some(event) if event.kind != "ping" => return Some(event),
                    _ => continue,
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.put_back(&body);
                return None;
            }
            self.stream.set_read_timeout(Some(left)).expect("a timeout can be set");
            let mut chunk = [0; 65536];
            match self.stream.read(&mut chunk) {
                Ok(length @ 1..) => self.bytes.extend_from_slice(&chunk[..length]),
                _ => {
                    self.put_back(&body);
                    return None;
                }
            }
        }
    }

    fn put_back(&mut self, body: &[u8]) {
        if !body.is_empty() {
            let mut back = format!("{:x}\r\n", body.len()).into_bytes();
            back.extend(body);
            back.extend(b"\r\n");
            self.bytes.splice(..0, back);
        }
    }

    /// The next event; fails the test when none comes.
    #[track_caller]
    pub fn following(&mut self) -> Event {
        self.next_within(crate::PATIENCE).expect("an event comes")
    }

    /// Reads events until one is what `is_it` asks for.
    #[track_caller]
    pub fn until(&mut self, mut is_it: impl FnMut(&Event) -> bool) -> Event {
        let deadline = Instant::now() + crate::PATIENCE;
        while let Some(event) = self.next_within(deadline.saturating_duration_since(Instant::now()))
        {
            if is_it(&event) {
                return event;
            }
        }
        panic!("the event does not come");
    }

    /// Whether the other side has closed the stream, or closes it within `patience`.
    pub fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut chunk = [0; 65536];
        while Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.max(Duration::from_millis(1));
            self.stream.set_read_timeout(Some(left)).expect("a timeout can be set");
            match self.stream.read(&mut chunk) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return true,
            }
        }
        false
    }
}

impl Event {
    fn parse(text: &str) -> Option<Self> {
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let data = serde_json::from_str(field("data")?).expect("the data of an event is JSON");
        let id = field("id").unwrap_or_default().to_owned();
        Some(Self { kind: field("event")?.to_owned(), id, data })
    }
}
