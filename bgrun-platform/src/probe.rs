//! How it is found out that a process is ready: what people write, and what it means.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::args::duration;
use crate::text::safe;

/// What has to be seen of a process before it is called ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Its tree listens on this TCP port, or on any.
    Port(Option<u16>),
    /// A GET is answered with 2xx or 3xx.
    Http(HttpTarget),
    /// A line that it writes matches this regular expression.
    Log(String),
    /// This line of shell ends with 0.
    Command(String),
    /// It has lived for so long.
    After(Duration),
}

/// What an `http://` address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTarget {
    /// A name, or an address without brackets.
    pub host: String,
    /// 80 if it is not said.
    pub port: u16,
    /// What to ask for, with its query; begins with a slash.
    pub path: String,
}

/// What can be said, for an error.
const KINDS: &str = "port, port:3000, http://…, log:REGEX, cmd:… or after:2s";

impl FromStr for Probe {
    type Err = String;

    /// Reads `port`, `port:N`, `http://…`, `log:REGEX`, `cmd:…` or `after:DURATION`.
    /// Whether a regular expression is one is for whoever uses it to say.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "port" {
            return Ok(Self::Port(None));
        }
        if text.starts_with("https://") {
            return Err("https:// is not asked: say http://, port or cmd:curl …".to_owned());
        }
        if let Some(address) = text.strip_prefix("http://") {
            return address.parse().map(Self::Http);
        }
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        let given = || Some(value).filter(|value| !value.trim().is_empty());
        match kind {
            "port" => match value.parse() {
                Ok(port) if port > 0 => Ok(Self::Port(Some(port))),
                _ => Err(format!("'{}' is not a port", safe(value))),
            },
            "log" => given()
                .map(|pattern| Self::Log(pattern.to_owned()))
                .ok_or_else(|| "log: is followed by a regular expression".to_owned()),
            "cmd" => given()
                .map(|line| Self::Command(line.to_owned()))
                .ok_or_else(|| "cmd: is followed by a shell command".to_owned()),
            "after" => duration(value).map(Self::After),
            _ => {
                Err(format!("'{}' is not a way to tell that it is ready (say {KINDS})", safe(text)))
            }
        }
    }
}

impl FromStr for HttpTarget {
    type Err = String;

    fn from_str(address: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("'http://{}' is no address", safe(address));
        if address.chars().any(|c| c.is_control() || c == ' ') {
            return Err(wrong());
        }
        let (authority, path) = match address.find(['/', '?', '#']) {
            Some(at) => address.split_at(at),
            None => (address, ""),
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(six) => six.split_once(']').ok_or_else(wrong)?,
            None => match authority.find(':') {
                Some(at) => authority.split_at(at),
                None => (authority, ""),
            },
        };
        if host.is_empty() || host.contains('@') {
            return Err(wrong());
        }
        let port = match port.strip_prefix(':') {
            Some(number) => number.parse().map_err(|_| wrong())?,
            None if port.is_empty() => 80,
            None => return Err(wrong()),
        };
        // What stands behind a # is for the asker, never for the asked.
        let path = path.split('#').next().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { host: host.to_owned(), port, path: format!("{slash}{path}") })
    }
}

impl fmt::Display for HttpTarget {
    /// The host with its port, as a `Host:` line has it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let brackets = if host.contains(':') { ("[", "]") } else { ("", "") };
        match port {
            80 => write!(formatter, "{}{host}{}", brackets.0, brackets.1),
            port => write!(formatter, "{}{host}{}:{port}", brackets.0, brackets.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(host: &str, port: u16, path: &str) -> Result<Probe, String> {
        Ok(Probe::Http(HttpTarget { host: host.into(), port, path: path.into() }))
    }

    #[test]
    fn every_kind_of_probe_is_read() {
        let table = [
            ("port", Ok(Probe::Port(None))),
            ("port:3000", Ok(Probe::Port(Some(3000)))),
            ("log:^listening on \\d+", Ok(Probe::Log("^listening on \\d+".into()))),
            ("log:a:b", Ok(Probe::Log("a:b".into()))),
            ("cmd:pg_isready -q", Ok(Probe::Command("pg_isready -q".into()))),
            ("after:1m30s", Ok(Probe::After(Duration::from_secs(90)))),
            ("after:2", Ok(Probe::After(Duration::from_secs(2)))),
            ("http://localhost:3000/health?a=b#c", http("localhost", 3000, "/health?a=b")),
            ("http://127.0.0.1", http("127.0.0.1", 80, "/")),
            ("http://[::1]:8080", http("::1", 8080, "/")),
            ("http://host?x", http("host", 80, "/?x")),
        ];
        for (text, probe) in table {
            assert_eq!(text.parse(), probe, "{text}");
        }
    }

    #[test]
    fn what_is_no_probe_is_refused() {
        for text in [
            "",
            "prot",
            "port:",
            "port:0",
            "port:99999",
            "port:x",
            "log:",
            "cmd: ",
            "after:soon",
            "https://localhost",
            "http://",
            "http://:80",
            "http://a b",
            "http://h:x",
            "http://[::1",
            "http://u@h/",
            "ready",
        ] {
            assert!(text.parse::<Probe>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_host_is_named_as_in_a_request() {
        for (address, shown) in [("h", "h"), ("h:81/x", "h:81"), ("[::1]:81", "[::1]:81")] {
            let target: HttpTarget = address.parse().expect(address);
            assert_eq!(target.to_string(), shown);
        }
    }
}
