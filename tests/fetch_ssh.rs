//! `run --fetch` over ssh, from a server on the loopback, and from remotes that do not answer.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;
use tests::*;

/// An ssh server for this user, and how git reaches it.
struct Server {
    _running: Running,
    port: u16,
    /// The ssh of a client that the server knows.
    ssh: String,
}

/// A port that nobody has.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

#[track_caller]
fn key(home: &Home, name: &str) -> String {
    let path = home.at(name);
    home.call("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).ok();
    path.into_os_string().into_string().expect("a temporary path is UTF-8")
}

fn ssh(home: &Home, port: u16, key: &str) -> String {
    let hosts = home.at("known_hosts");
    format!(
        "ssh -F /dev/null -p {port} -i {key} -o IdentitiesOnly=yes -o UserKnownHostsFile={}",
        hosts.display()
    )
}

impl Server {
    #[track_caller]
    fn start(home: &Home) -> Self {
        let (host, client, port) = (key(home, "host_key"), key(home, "client_key"), free_port());
        fs::copy(home.at("client_key.pub"), home.at("authorized_keys")).expect("a key is copied");
        let public = fs::read_to_string(home.at("host_key.pub")).expect("a key can be read");
        let known = format!("[127.0.0.1]:{port} {public}");
        fs::write(home.at("known_hosts"), known).expect("a file can be written");
        let path = home.sh("echo $PATH").ok().out();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nAuthorizedKeysFile {}\nSetEnv PATH={path}",
            home.at("authorized_keys").display()
        );
        fs::write(home.at("sshd_config"), config).expect("a file can be written");
        // It wants an empty directory in /run, and ends with its namespace.
        let script = "mount -t tmpfs none /run && mkdir -m 755 /run/sshd && \
            exec timeout 60 \"$(PATH=$PATH:/usr/sbin command -v sshd)\" -D -e -f sshd_config";
        let namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", script];
        let running = home.call("unshare").args(namespaces).spawn();
        eventually("the server listens", || {
            assert!(running.life.is_alive(), "sshd left: {}", running.err());
            running.err().contains("Server listening")
        });
        Self { _running: running, port, ssh: ssh(home, port, &client) }
    }
}

fn fetch(home: &Home, directory: &Path, words: &[&str]) -> Call {
    let call = home.verb("run", ["web", "--json"]).args(words);
    call.args(["--", "sleep", "60"]).cwd(directory)
}

/// A clone whose remote is at this port of an ssh server.
#[track_caller]
fn clone_by_ssh(home: &Home, remote: &Remote<'_>, port: u16) -> std::path::PathBuf {
    let app = remote.clone_to("app");
    let user = home.sh("id -un").ok().out();
    let url = format!("ssh://{}@127.0.0.1:{port}{}", user.trim(), remote.path.display());
    remote.git(&app, &["remote", "set-url", "origin", &url]);
    app
}

#[test]
fn what_was_pushed_comes_over_ssh() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let server = Server::start(&home);
    let app = clone_by_ssh(&home, &remote, server.port);
    remote.push("b.txt", "b", "the second commit");
    let output = fetch(&home, &app, &["--fetch"]).env("GIT_SSH_COMMAND", &server.ssh).ok();
    output.says("web: 1 commit from origin/main");
    assert!(app.join("b.txt").exists());

    remote.push("c.txt", "c", "the third commit");
    remote.git(&app, &["config", "core.sshCommand", &server.ssh]);
    fetch(&home, &app, &["--fetch", "--restart"]).ok().says("1 commit from origin/main");
    assert!(app.join("c.txt").exists());
}

#[test]
fn a_server_that_wants_a_password_is_not_given_one() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let server = Server::start(&home);
    let app = clone_by_ssh(&home, &remote, server.port);
    let stranger = ssh(&home, server.port, &key(&home, "other_key"));
    let output = fetch(&home, &app, &["--fetch"]).env("GIT_SSH_COMMAND", stranger).code(1);
    assert!(output.elapsed < Duration::from_secs(20), "{output}");
    output.says("web: cannot fetch origin/main: ").says("Permission denied");
    assert!(home.all().is_empty());
}

#[test]
fn a_host_that_is_not_known_is_not_asked_about() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let server = Server::start(&home);
    let app = clone_by_ssh(&home, &remote, server.port);
    fs::write(home.at("known_hosts"), "").unwrap();
    let output = fetch(&home, &app, &["--fetch"]).env("GIT_SSH_COMMAND", &server.ssh).code(1);
    output.says("Host key verification failed");
    assert!(home.all().is_empty());
}

#[test]
fn a_remote_that_cannot_be_reached_is_told() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let port = free_port();
    let app = clone_by_ssh(&home, &remote, port);
    let output = fetch(&home, &app, &["--fetch"]).code(1);
    output.says("Connection refused; Could not read from remote repository.");
    assert!(home.all().is_empty());
}

#[test]
fn a_remote_that_says_nothing_is_waited_for_no_longer_than_asked() {
    let home = Home::new();
    let remote = Remote::new(&home);
    // It takes the connection, and never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let app = clone_by_ssh(&home, &remote, silent.local_addr().unwrap().port());
    let output = fetch(&home, &app, &["--fetch=1s"]).code(1);
    assert!(output.elapsed < Duration::from_secs(20), "{output}");
    output.says("web: cannot fetch origin/main: no answer within 1s");
    assert!(home.all().is_empty());
    home.must_be_clean();
}
