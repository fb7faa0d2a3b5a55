//! `bgrun ls` as a person sees it: the table, the details, the live view.

use tests::*;

/// What a terminal of this width shows of `ls` with these arguments, without its colours.
#[track_caller]
fn screen(home: &Home, columns: u16, args: &[&str]) -> Vec<String> {
    let shown = Terminal::of(home.verb("ls", args), columns).shown();
    shown.lines().map(|line| without_colours(line.trim_end_matches('\r'))).collect()
}

/// Takes `ESC [ … m` away and nothing else.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((digits, rest)) if digits.chars().all(|c| c.is_ascii_digit() || c == ';') => {
                plain.push_str(rest);
            }
            _ => plain.push_str(&format!("\x1b[{part}")),
        }
    }
    plain
}

/// How many columns a line takes: the signs of East Asia and the emoji of the tests take two.
fn width(line: &str) -> usize {
    line.chars()
        .map(|c| if ('\u{1100}'..'\u{20000}').contains(&c) && !is_narrow(c) { 2 } else { 1 })
        .sum()
}

/// Above Latin there are the lines and dots of a table, which take one.
fn is_narrow(c: char) -> bool {
    ('\u{2000}'..'\u{2e80}').contains(&c)
}

#[track_caller]
fn fits(lines: &[String], columns: usize) {
    for line in lines {
        assert!(width(line) <= columns, "wider than {columns}: {line:?}\n{lines:#?}");
    }
}

fn busy_home() -> Home {
    let home = Home::new();
    let long = "a-rather-long-name-as-people-give-them-to-their-services";
    home.verb("run", [long, "--group", "a-group-of-services", "--", "sh", "-c", "exec sleep 60"])
        .args((0..40).map(|n| format!("--option-number-{n}=value")))
        .ok();
    home.start_sleep("web");
    home.start_sleep("stopped");
    home.kill(["stopped"]);
    home
}

#[test]
fn the_table_fits_every_width() {
    let home = busy_home();
    for columns in [60, 80, 120, 200] {
        let lines = screen(&home, columns, &[]);
        fits(&lines, columns.into());
        let all = lines.concat();
        for word in ["web", "running", "stopped"] {
            assert!(all.contains(word), "{word} at {columns}: {lines:#?}");
        }
        assert!(lines.iter().any(|line| line.contains("a-rather-long")), "{columns}: {lines:#?}");
    }
}

#[test]
fn wide_signs_fit_as_well() {
    let home = Home::new();
    let wide = "名前".repeat(20);
    home.verb("run", [&wide, "--", "sh", "-c", "exec sleep 60", &wide]).ok();
    home.start_sleep("🦎🦎🦎");
    for columns in [40, 80, 120] {
        fits(&screen(&home, columns, &[]), columns.into());
    }
    fits(&screen(&home, 80, &["--details", "🦎🦎🦎"]), 80);
}

#[test]
fn the_table_of_a_pipe_has_no_colours_and_one_row_per_process() {
    let home = Home::new();
    home.start_sleep("web");
    let output = home.verb("ls", [""; 0]).ok();
    assert!(!output.out().contains('\x1b'), "{output}");
    let row = output.out().lines().filter(|line| line.contains("web")).count();
    assert_eq!(row, 1, "{output}");
}

#[test]
fn no_color_is_obeyed() {
    let home = Home::new();
    home.start_sleep("web");
    let shown = Terminal::of(home.verb("ls", [""; 0]).env("NO_COLOR", "1"), 100).shown();
    assert!(shown.contains("web") && !shown.contains("\x1b["), "{shown:?}");
}

#[test]
fn a_dumb_terminal_is_sent_no_colours() {
    let home = Home::new();
    home.start_sleep("web");
    for args in [[].as_slice(), &["--details", "web"]] {
        let shown = Terminal::of(home.verb("ls", args).env("TERM", "dumb"), 100).shown();
        assert!(shown.contains("web") && !shown.contains("\x1b["), "{shown:?}");
    }
}

#[test]
fn the_first_screen_says_what_to_type() {
    let home = Home::new();
    for args in [[].as_slice(), &["show"], &["ls", "--details"]] {
        let output = home.bgrun(args).ok();
        assert_eq!(output.out(), "");
        for words in ["no processes yet", "bgrun run web -- node server.js", "bgrun help"] {
            assert!(output.err().contains(words), "no {words:?} in {output}");
        }
    }
    assert_eq!(home.bgrun(["ls", "-q"]).ok().err(), "");
}

#[test]
fn restarts_are_seen_however_narrow_the_terminal_is() {
    let home = Home::new();
    let count = "echo >> count; [ $(wc -l < count) -gt 2 ] && exec sleep 60";
    let flags = ["--group=services", "--keep-alive", "--backoff=1ms..1ms", "--ready=port"];
    home.verb("run", ["a-name-that-is-rather-long"]).args(flags).args(["-c", count]).ok();
    eventually("restarted twice", || {
        let record = home.ls("a-name-that-is-rather-long");
        record["restarts"] == 2 && record["status"] == "running"
    });
    let wide = screen(&home, 160, &[]);
    assert!(wide[0].contains("RESTARTS"), "{wide:#?}");
    let narrow = screen(&home, 60, &[]);
    assert!(!narrow[0].contains("RESTARTS"), "{narrow:#?}");
    assert!(narrow.iter().any(|line| line.contains("restarted 2 times")), "{narrow:#?}");
    fits(&narrow, 60);
}

#[test]
fn the_table_tells_when_and_how_it_ended_and_when_it_comes_back() {
    let home = Home::new();
    home.start("once", ["true"]);
    home.verb("run", ["crash", "--keep-alive", "--backoff=50s..60s", "-c", "exit 7"]).ok();
    home.until("once", "exited");
    home.until("crash", "backoff");
    let lines = screen(&home, 120, &[]);
    let row = |name: &str| lines.iter().find(|line| line.starts_with(name)).expect(name).as_str();
    assert!(row("once").contains("s ago"), "{lines:#?}");
    assert!(row("crash").contains("backoff (7)"), "{lines:#?}");
    assert!(row("crash").contains(" in "), "{lines:#?}");
}

#[test]
fn a_process_without_a_supervisor_is_marked() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let supervisor = record["supervisor_pid"].as_i64().expect("it has a supervisor");
    home.sh(&format!("kill -9 {supervisor}")).ok();
    eventually("it has none", || home.ls("web")["supervised"] == false);
    let lines = screen(&home, 80, &[]);
    assert!(lines[1].contains("running (unsupervised)"), "{lines:#?}");
    let details = home.verb("ls", ["--details", "web"]).ok().out();
    assert!(
        details.contains("without a supervisor") && details.contains("bgrun guard"),
        "{details}"
    );
}

#[test]
fn control_bytes_of_a_command_never_reach_the_terminal() {
    let home = Home::new();
    let evil = "\x1b]0;owned\x07\x1b[31m\u{9b}31m\u{202e}\r\nnext";
    home.start("web", ["sh", "-c", "sleep 60", evil]);
    for args in [[].as_slice(), &["--details", "web"]] {
        let shown = screen(&home, 200, args).join("\n");
        for control in ["\x1b]", "\x1b[31m", "\x07", "\u{9b}", "\u{202e}", "\r"] {
            assert!(!shown.contains(control), "{control:?} of {args:?} in {shown:?}");
        }
    }
    assert_eq!(home.ls("web")["argv"][3], evil, "the JSON has it as it is");
}

#[test]
fn details_show_where_everything_is() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let details = home.verb("ls", ["--details", "web"]).ok().out();
    for text in [
        "web",
        "running",
        "sleep 60",
        home.path().to_str().unwrap(),
        home.out_path("web").to_str().unwrap(),
        home.err_path("web").to_str().unwrap(),
        &record.pid().to_string(),
    ] {
        assert!(details.contains(text), "no {text:?} in\n{details}");
    }
    fits(&screen(&busy_home(), 80, &["--details", "web"]), 80);
}

#[test]
fn details_of_a_failed_process_say_how_it_ended() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "exit 42"]);
    home.until("web", "failed");
    let details = home.verb("ls", ["--details", "web"]).ok().out();
    assert!(details.contains("failed") && details.contains("42"), "{details}");
    let end = details.lines().find(|line| line.contains("last end")).expect("how it ended");
    assert!(end.contains("exit code 42, ") && end.ends_with(" ago)"), "{details}");
}

#[test]
fn details_of_an_unknown_process_are_4() {
    let home = Home::new();
    home.start_sleep("web");
    home.verb("ls", ["--details", "wbe"]).code(4).says("web");
}

#[test]
fn live_redraws_and_ctrl_c_ends_only_the_view() {
    let home = Home::new();
    home.start_sleep("web");
    let mut terminal = Terminal::of(home.verb("ls", ["--live"]), 80);
    terminal.until_it_shows("web");
    home.start_sleep("second");
    terminal.until_it_shows("second");
    terminal.types("\x03");
    assert_eq!(terminal.exit_code(), 130);
    assert_eq!(home.ls("web").status(), "running");
    // What it hid and took it gives back; its last words may still be on their way.
    for (taken, given_back) in [("\x1b[?25l", "\x1b[?25h"), ("\x1b[?1049h", "\x1b[?1049l")] {
        if terminal.screen().contains(taken) {
            terminal.until_it_shows(given_back);
        }
    }
}
