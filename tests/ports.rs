//! A port that is declared and taken: the holder is named, and nothing is touched.

use tests::*;

/// Somebody else's listener, and its port.
fn stranger(home: &Home) -> (Running, String) {
    let listener = home.call(program("listens")).spawn();
    listener.until_it_says("\n");
    let port = listener.out().trim().to_owned();
    (listener, port)
}

#[test]
fn a_start_whose_port_a_stranger_holds_is_refused_and_the_stranger_named() {
    let home = Home::new();
    let (listener, port) = stranger(&home);
    let declared = format!("PORT={port}");
    let words = ["web", "-e", &declared, "--", "sleep", "60"];
    let expected =
        format!("web: port {port} is held by pid {} (listens), not ours", listener.pid());
    home.verb("run", words).code(1).says(&expected).says("--force");
    assert!(home.find("web").is_none(), "nothing was stored");
    home.verb("run", ["web", "--force", "-e", &declared, "--", "sleep", "60"]).code(1);
    assert!(listener.life.is_alive());
}

#[test]
fn a_restart_onto_a_port_that_is_taken_leaves_what_runs_alone() {
    let home = Home::new();
    let (_listener, port) = stranger(&home);
    let pid = home.start_sleep("web").pid();
    let declared = format!("PORT={port}");
    home.verb("run", ["web", "--restart", "-e", &declared]).code(1).says("not ours");
    assert_eq!(home.ls("web").pid(), pid);
}

#[test]
fn a_port_that_a_managed_process_holds_is_told_by_its_name() {
    let home = Home::new();
    let pid = home.start("api", [program("listens")]).pid();
    let port = home.until_out("api", "\n").trim().to_owned();
    let declared = format!("PORT={port}");
    let refused = home.verb("run", ["web", "-e", &declared, "--", "sleep", "60"]).code(1);
    refused
        .says(&format!("port {port} is held by 'api' (pid {pid})"))
        .says("hint: bgrun kill api, or bgrun kill --port");
    home.kill(["--port", &port]);
    home.verb("run", ["web", "-e", &declared, "--", "sleep", "60"]).ok();
}

#[test]
fn a_process_may_be_restarted_on_the_port_that_it_holds_itself() {
    let home = Home::new();
    let (listener, port) = stranger(&home);
    drop(listener);
    let (declared, listens) = (format!("PORT={port}"), program("listens"));
    home.verb("run", ["web", "-e", &declared, "--", &listens, &port]).ok();
    home.until_out("web", &port);
    for (at, flag) in ["--restart", "--force"].into_iter().enumerate() {
        home.verb("run", ["web", flag]).ok();
        home.until_out("web", &format!("{port}\n").repeat(at + 2));
    }
    home.verb("run", ["web"]).code(5);
    home.verb("run", ["web", "--if-absent"]).ok();
}

#[test]
fn a_port_of_the_callers_shell_is_nobodys_declaration() {
    let home = Home::new();
    let (_listener, port) = stranger(&home);
    home.verb("run", ["web", "--", "sleep", "60"]).env("PORT", &port).ok();
}
