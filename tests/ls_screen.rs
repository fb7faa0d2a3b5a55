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
