//! A pid is no identity: recycled pids, reboots and other pid namespaces.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use tests::*;

/// A machine of its own: mounts, pids and `/proc`.
const OWN_MACHINE: [&str; 5] = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/// A stranger that has the pid which a process of ours had; it leads a process group.
struct Successor(Child);

impl Successor {
    /// Makes one; only in a pid namespace, where the next pid can be chosen.
    #[track_caller]
    fn of(pid: i32) -> Self {
        eventually_some("the pid is taken again", || {
            fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).expect("root may");
            let mut child =
                Command::new("sleep").arg("60").process_group(0).spawn().expect("it runs");
            if child.id() == u32::try_from(pid).expect("a pid fits") {
                return Some(Self(child));
            }
            // Somebody else was faster, or the predecessor is not reaped yet.
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
            None
        })
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped_already = self.0.wait();
    }
}

/// Ends the processes at once, in this order, behind the back of bgrun.
#[track_caller]
fn end(pids: &[i32]) {
    for pid in pids {
        Life::of(*pid).kill();
    }
}

/// Makes the kernel look as if it had been booted again; only in a mount namespace.
#[track_caller]
fn reboot(home: &Home) {
    let boot_id = "/proc/sys/kernel/random/boot_id";
    let other = home.at("boot_id");
    fs::write(&other, "01234567-89ab-cdef-0123-456789abcdef\n").expect("it can be written");
    let mounted = Command::new("mount").arg("--bind").arg(&other).arg(boot_id).status();
    assert!(mounted.is_ok_and(|status| status.success()), "the boot id can be covered");
}

#[test]
fn a_recycled_pid_is_a_stranger_and_never_signalled() {
    in_new_namespaces(&OWN_MACHINE, || {
        let home = Home::new();
        let record = home.start_sleep("web");
        end(&[record.supervisor(), record.pid()]);
        let mut stranger = Successor::of(record.pid());

        let seen = home.ls("web");
        assert!(["lost", "failed"].contains(&seen.status()), "{seen:#}");
        assert_eq!(seen["pid"], Value::Null);
        home.verb("kill", ["--signal", "TERM", "web"]).code(3);
        home.verb("kill", ["--timeout", "0", "web"]).ok();
        assert!(stranger.is_alive());
        home.verb("kill", ["--nuke", "--timeout", "0"]).ok();
        assert!(stranger.is_alive());
        home.start_sleep("web");
        home.verb("run", ["web", "--force"]).ok();
        assert!(stranger.is_alive());
    });
}

#[test]
fn a_recycled_pid_of_a_supervisor_is_a_stranger_too() {
    in_new_namespaces(&OWN_MACHINE, || {
        let home = Home::new();
        let record = home.start_sleep("web");
        end(&[record.supervisor()]);
        let mut stranger = Successor::of(record.supervisor());

        let seen = home.ls("web");
        assert_eq!(seen.status(), "running");
        assert_eq!(seen["supervised"], false);
        assert_eq!(seen["supervisor_pid"], Value::Null);
        home.verb("kill", ["--timeout", "0", "web"]).ok();
        assert!(!is_alive(record.pid()));
        assert!(stranger.is_alive());
    });
}

#[test]
fn a_record_from_before_names_a_pid_that_is_a_stranger_now() {
    in_new_namespaces(&OWN_MACHINE, || {
        let home = Home::new();
        let record = home.start_sleep("web");
        end(&[record.supervisor(), record.pid()]);
        let mut stranger = Successor::of(record.pid());
        home.verb("kill", ["--timeout", "0", "-"]).stdin(record.to_string()).run();
        assert!(stranger.is_alive());
    });
}

#[test]
fn after_a_reboot_what_was_running_is_lost() {
    in_new_namespaces(&OWN_MACHINE, || {
        let home = Home::new();
        let web = home.start_sleep("web");
        let db = home.start_sleep("db");
        home.start_sleep("down");
        home.kill(["down"]);
        end(&[web.supervisor(), web.pid(), db.supervisor(), db.pid()]);
        reboot(&home);
        // After a boot pids start from the beginning: a stranger has the one of ours.
        let mut stranger = Successor::of(web.pid());

        let seen = home.ls("web");
        assert_eq!(seen.status(), "lost");
        assert_eq!(seen["wanted"], "up");
        assert_eq!(seen["pid"], Value::Null);
        assert_eq!(seen["exit_code"], Value::Null, "nobody guesses");
        assert_eq!(home.ls("down").status(), "stopped");

        assert_eq!(home.kill(["web"]).only()["outcome"], "already-stopped");
        assert!(stranger.is_alive());
        assert_eq!(home.ls("web").status(), "stopped");
        let again = home.verb("run", ["db", "--json"]).json();
        assert_eq!(again.status(), "running");
        assert_eq!(again["run"], 2);
        assert_eq!(again["exit_reason"], "unknown");
    });
}

#[test]
fn a_process_in_another_pid_namespace_is_running_and_refused_with_its_reason() {
    let home = Home::new();
    let inside = "bgrun run inner -- sleep 60; echo started; sleep 60";
    let namespace =
        ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", inside];
    let machine = home.call("/usr/bin/unshare").args(namespace).spawn();
    machine.until_it_says("started");

    let record = home.ls("inner");
    assert_eq!(record.status(), "running");
    let lives: Vec<Life> = home.living().into_iter().filter_map(Life::try_of).collect();
    let output = home.verb("kill", ["--json", "--timeout", "0", "inner"]).run();
    assert_eq!(output.code, 1, "{output}");
    let said = format!("{}{}", output.out(), output.err());
    assert!(said.contains("namespace"), "the reason: {output}");
    assert!(lives.iter().all(Life::is_alive), "nothing was signalled");
    home.verb("run", ["inner", "--", "sleep", "60"]).code(5);
}

#[test]
fn signals_go_through_a_pidfd() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "trap '' TERM; sleep 60 & sleep 60 & wait; wait"]);
    let trace = home.at("trace");
    let calls = "trace=kill,tkill,tgkill,pidfd_send_signal,rt_sigqueueinfo,rt_tgsigqueueinfo";
    let strace = home.call("/usr/bin/strace").args(["-f", "-qq", "-e", calls, "-o"]).arg(&trace);
    strace.arg(home.tools().join("bgrun-kill")).args(["--timeout", "200ms", "web"]).ok();
    let trace = fs::read_to_string(trace).unwrap();
    let by_pid = trace.lines().filter(|line| line.contains("kill(") || line.contains("queueinfo("));
    assert_eq!(by_pid.collect::<Vec<_>>(), [""; 0], "{trace}");
    assert!(trace.contains("pidfd_send_signal("), "{trace}");
}

#[test]
fn what_cannot_be_stopped_from_here_stays_wanted() {
    let home = Home::new();
    let inside = Call::new("unshare").args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    let script = format!(
        "BGR_HOME={} {} web -- sleep 60; exec sleep 60",
        home.state().display(),
        home.tools().join("bgrun-run").display()
    );
    let other = inside.args(["sh", "-c", &script]).spawn();
    eventually("it runs there", || home.find("web").is_some_and(|web| web.status() == "running"));
    home.verb("kill", ["web"]).code(1).says("another pid namespace");
    let web = home.ls("web");
    assert_eq!((web.status(), web.text("wanted")), ("running", "up"));
    let signalled = home.verb("kill", ["web", "--signal", "HUP"]).code(1);
    assert_eq!(signalled.out(), "", "nothing was sent");
    drop(other);
}
