//! What `ps` of docker and podman prints, each in its own words, as one kind of container.

use std::collections::BTreeMap;

use serde_json::Value;

/// A container as its engine shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// The engine's own identity of it.
    pub id: String,
    /// Its name there.
    pub name: String,
    /// Its state, in the engine's words: `running`, `exited`, `created`, `paused` …
    pub state: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The TCP ports of this machine that it publishes, ascending.
    pub ports: Vec<u16>,
}

impl Container {
    /// Whether something of it lives.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        ["running", "paused", "restarting", "stopping"].contains(&self.state.as_str())
    }
}

/// Reads an array (podman) or an object a line (docker).
pub(super) fn read(text: &str) -> Result<Vec<Container>, String> {
    let mut containers = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value.map_err(|error| error.to_string())? {
            Value::Array(several) => containers.extend(several.iter().filter_map(one)),
            single @ Value::Object(_) => containers.extend(one(&single)),
            other => return Err(format!("no container: {other}")),
        }
    }
    Ok(containers)
}

fn one(value: &Value) -> Option<Container> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let name = match value.get("Names")? {
        Value::Array(names) => names.first()?.as_str()?,
        names => names.as_str()?,
    };
    // docker names what links to it too, with commas between.
    let name = name.split(',').next().unwrap_or(name);
    let mut ports = match value.get("Ports") {
        Some(Value::Array(ports)) => ports.iter().flat_map(published).collect(),
        Some(Value::String(ports)) => in_words(ports),
        _ => Vec::new(),
    };
    ports.sort_unstable();
    ports.dedup();
    Some(Container {
        id: text("Id").or(text("ID"))?.to_owned(),
        name: name.trim_start_matches('/').to_owned(),
        state: text("State")?.to_lowercase(),
        labels: labels(value.get("Labels")),
        ports,
    })
}

fn labels(value: Option<&Value>) -> BTreeMap<String, String> {
    match value {
        Some(Value::Object(labels)) => labels
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
        Some(Value::String(labels)) => labels
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// One entry of podman's: `{"host_port":8080,"container_port":80,"range":1,"protocol":"tcp"}`.
fn published(entry: &Value) -> Vec<u16> {
    let number = |keys: [&str; 2]| {
        keys.iter().find_map(|key| u16::try_from(entry.get(*key)?.as_u64()?).ok())
    };
    let protocol = entry.get("protocol").or(entry.get("Protocol")).and_then(Value::as_str);
    let first = number(["host_port", "hostPort"]).unwrap_or(0);
    let count = number(["range", "Range"]).unwrap_or(1).max(1);
    if first == 0 || protocol.is_some_and(|protocol| !protocol.contains("tcp")) {
        return Vec::new();
    }
    (first..=first.saturating_add(count - 1)).collect()
}

/// docker's: `0.0.0.0:8000-8001->80-81/tcp, [::]:8080->80/tcp, 53/udp`.
fn in_words(ports: &str) -> Vec<u16> {
    let mut found = Vec::new();
    for entry in ports.split(',').map(str::trim) {
        let Some((host, inside)) = entry.split_once("->") else { continue };
        if !inside.ends_with("/tcp") {
            continue;
        }
        let host = host.rsplit(':').next().unwrap_or(host);
        let (first, last) = host.split_once('-').unwrap_or((host, host));
        if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) {
            found.extend(first..=last);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_prints_an_array() {
        let text = r#"[{"AutoRemove": false, "Command": ["sh"], "Exited": false, "ExitCode": 0,
            "Id": "7c34", "Labels": {"bgrun.id": "abc", "x": "y,z"}, "Names": ["shop"], "Pid": 7,
            "Ports": [{"host_ip":"","container_port":80,"host_port":8080,"range":2,"protocol":"tcp"},
                {"host_ip":"","container_port":53,"host_port":53,"range":1,"protocol":"udp"}],
            "State": "running", "Status": "Up 2 minutes"},
            {"Id": "8d", "Labels": null, "Names": ["other"], "Ports": null, "State": "exited"}]"#;
        let found = read(text).expect("containers");
        assert_eq!(found[0].id, "7c34");
        assert_eq!((found[0].name.as_str(), found[0].is_alive()), ("shop", true));
        assert_eq!(found[0].labels["bgrun.id"], "abc");
        assert_eq!(found[0].ports, [8080, 8081]);
        assert_eq!((found[1].state.as_str(), found[1].is_alive()), ("exited", false));
    }

    #[test]
    fn docker_prints_an_object_a_line() {
        let text = r#"{"Command":"\"/docker-entrypoint.…\"","CreatedAt":"2026-11-23 13:00:00 +0000 UTC","ID":"ab12","Image":"nginx","Labels":"bgrun.id=abc,maintainer=NGINX <x@y>","LocalVolumes":"0","Mounts":"","Names":"shop","Networks":"bridge","Ports":"0.0.0.0:8080-\u003e80/tcp, [::]:8080-\u003e80/tcp, 443/tcp, 0.0.0.0:53-\u003e53/udp, 127.0.0.1:9000-9002-\u003e9000-9002/tcp","RunningFor":"2 minutes ago","Size":"0B","State":"running","Status":"Up 2 minutes"}
{"ID":"cd34","Labels":"","Names":"old","Ports":"","State":"exited","Status":"Exited (3) 2 hours ago"}
"#;
        let found = read(text).expect("containers");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].labels["bgrun.id"], "abc");
        assert_eq!(found[0].ports, [8080, 9000, 9001, 9002]);
        assert_eq!((found[1].name.as_str(), found[1].state.as_str()), ("old", "exited"));
    }

    #[test]
    fn nothing_is_no_container_and_words_are_no_answer() {
        assert_eq!(read("").expect("none"), []);
        assert_eq!(read("[]").expect("none"), []);
        assert!(read("Cannot connect to the Docker daemon").is_err());
    }
}
