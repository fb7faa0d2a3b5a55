//! What is recognised, and what is executed then.

use super::*;

fn argv(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

#[test]
fn a_container_is_recognised_by_its_command() {
    let line = |line: &str| recognised(None, line, "web");
    let table: &[(&str, Option<(&str, &str)>)] = &[
        ("docker run nginx", Some(("docker", "bgrun-web"))),
        ("podman run --name shop nginx", Some(("podman", "shop"))),
        ("docker run --name=shop nginx", Some(("docker", "shop"))),
        ("docker container run -d nginx", Some(("docker", "bgrun-web"))),
        ("/usr/bin/podman run nginx", Some(("podman", "bgrun-web"))),
        ("docker -H tcp://x:1 --tls run nginx", Some(("docker", "bgrun-web"))),
        ("podman --runtime runc --log-level=debug run x", Some(("podman", "bgrun-web"))),
        ("exec docker run --rm -it nginx", Some(("docker", "bgrun-web"))),
        ("docker run -v $PWD:/data -e A=\"$B c\" nginx", Some(("docker", "bgrun-web"))),
        ("docker run -v $(pwd):/data nginx", Some(("docker", "bgrun-web"))),
        ("docker run \\\n  --rm \\\n  nginx", Some(("docker", "bgrun-web"))),
        ("docker run -p 80:80 -dp81:81 nginx --name not-this", Some(("docker", "bgrun-web"))),
        ("docker run -l --name nginx", Some(("docker", "bgrun-web"))),
        ("docker run -- nginx", Some(("docker", "bgrun-web"))),
        ("docker run nginx | cat", None),
        ("docker run nginx && echo done", None),
        ("docker run nginx > log", None),
        ("docker start web", None),
        ("docker compose up", None),
        ("docker run --help", None),
        ("docker run", None),
        ("docker run --rm", None),
        ("docker", None),
        ("node docker run nginx", None),
        ("A=1 docker run nginx", None),
        ("docker run 'nginx", None),
        ("", None),
    ];
    for (command, expected) in table {
        let found = line(command);
        let found = found.as_ref().map(|found| (found.engine.as_str(), found.name.as_str()));
        assert_eq!(found, *expected, "{command}");
    }
    let words = argv(&["docker", "run", "--name", "a b|c", "nginx"]);
    assert_eq!(recognised(Some(&words), "", "web").expect("one").name, "a b|c");
}

#[test]
fn a_derived_name_has_only_what_engines_take() {
    assert_eq!(derived("web.1_a"), "bgrun-web.1_a");
    assert_eq!(derived("a b"), "bgrun-a_20b");
    assert_eq!(derived("ü"), "bgrun-_c3_bc");
}

#[test]
fn what_is_executed_stays_attached_and_is_named_and_labelled() {
    let table: &[(&str, &str)] = &[
        ("docker run nginx", "docker run {label} --name bgrun-web nginx"),
        ("docker run --name shop nginx -d", "docker run {label} --name shop nginx -d"),
        ("docker run -d nginx", "docker run {label} --name bgrun-web {attach} nginx"),
        ("docker run --detach=true nginx", "docker run {label} --name bgrun-web {attach} nginx"),
        (
            "docker run --detach=false nginx",
            "docker run {label} --name bgrun-web --detach=false nginx",
        ),
        ("docker run -dit nginx", "docker run {label} --name bgrun-web {attach} -it nginx"),
        ("docker run -itd nginx", "docker run {label} --name bgrun-web {attach} -it nginx"),
        ("docker run -dp 1:2 nginx", "docker run {label} --name bgrun-web {attach} -p 1:2 nginx"),
        ("docker run -p1:2d nginx", "docker run {label} --name bgrun-web -p1:2d nginx"),
        ("docker run -d=true nginx", "docker run {label} --name bgrun-web {attach} nginx"),
        ("docker run -ia stdout nginx", "docker run {label} --name bgrun-web -ia stdout nginx"),
        (
            "podman --runtime runc container run -d x",
            "podman --runtime runc container run {label} --name bgrun-web {attach} x",
        ),
    ];
    for (command, expected) in table {
        let words: Vec<&str> = command.split(' ').collect();
        let spec = Spec {
            argv: Some(argv(&words)),
            container: recognised(None, command, "web"),
            ..Spec::default()
        };
        let expected = expected
            .replace("{label}", "--label bgrun.id=c00k1e")
            .replace("{attach}", "--attach=stdout --attach=stderr");
        let executed = launch_words(&spec, "c00k1e");
        assert_eq!(executed, argv(&expected.split(' ').collect::<Vec<_>>()), "{command}");
    }
}

#[test]
fn a_line_of_shell_is_changed_where_it_must_and_nowhere_else() {
    let executed = |command: &str| {
        let container = recognised(None, command, "web");
        let spec = Spec { command: command.to_owned(), container, ..Spec::default() };
        let words = launch_words(&spec, "c");
        assert_eq!(words[..2], argv(&["/bin/sh", "-c"]));
        words[2].to_string_lossy().into_owned()
    };
    assert_eq!(
        executed("docker run -d -v $PWD:/d 'a  b' x"),
        "exec docker run --label bgrun.id=c --name bgrun-web --attach=stdout --attach=stderr  -v $PWD:/d 'a  b' x"
    );
    assert_eq!(
        executed("exec docker run --name \"$N\" -dt x ~"),
        "exec docker run --label bgrun.id=c --attach=stdout --attach=stderr --name \"$N\" -t x ~"
    );
    assert_eq!(executed("docker ps | cat"), "docker ps | cat", "no container");
}

#[test]
fn a_stop_signal_is_told_to_the_engine() {
    let words = argv(&["docker", "run", "x"]);
    let container = recognised(Some(&words), "", "web");
    let stop_signal = "SIGINT".to_owned();
    let spec = Spec { argv: Some(words), container, stop_signal, ..Spec::default() };
    assert!(launch_words(&spec, "c").contains(&OsString::from("--stop-signal=SIGINT")));
}

#[test]
fn the_engine_is_called_as_the_process_calls_it() {
    let words = argv(&["podman", "--remote", "--url", "unix:///x", "run", "y"]);
    let variable = |key: &str, value: &str| (OsString::from(key), OsString::from(value));
    let spec = Spec {
        container: recognised(Some(&words), "", "web"),
        argv: Some(words),
        caller_environment: vec![variable("DOCKER_HOST", "tcp://y"), variable("SECRET", "s")],
        ..Spec::default()
    };
    let call = spec.engine_call(Some(OsStr::new("/opt/podman"))).expect("a container");
    assert_eq!(call.words, ["/opt/podman", "--remote", "--url", "unix:///x"]);
    let environment = call.environment.expect("of the process");
    assert_eq!(environment, BTreeMap::from([("DOCKER_HOST".into(), "tcp://y".into())]));
}
