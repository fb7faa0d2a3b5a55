//! `bgrun top`: what the screen shows, and what its keys do.

use tests::*;

/// A screen of `columns`, once it shows something.
fn screen(home: &Home, columns: u16) -> Terminal {
    let terminal = Terminal::of(home.verb("top", [] as [&str; 0]), columns);
    terminal.until_it_shows("NAME");
    terminal
}

fn has_status(home: &Home, name: &str, status: &str) {
    eventually(&format!("{name} is {status}"), || home.ls(name).status() == status);
}

#[test]
fn it_needs_a_terminal_and_says_what_to_use_without() {
    let home = Home::new();
    home.verb("top", [] as [&str; 0]).code(2).says("bgrun ls --json");
    home.verb("ls", ["--live"]).code(2).says("terminal");
}

#[test]
fn it_shows_what_runs_and_leaving_it_changes_nothing() {
    let home = Home::new();
    home.start_sleep("web");
    let mut terminal = screen(&home, 120);
    terminal.until_it_shows("web");
    terminal.until_it_shows("1 running");
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
    // The terminal gets back its screen and its cursor.
    terminal.until_it_shows("\x1b[?1049l");
    terminal.until_it_shows("\x1b[?25h");
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn ctrl_c_and_a_closed_window_end_only_the_screen() {
    let home = Home::new();
    home.start_sleep("web");
    let mut first = screen(&home, 80);
    first.types("\x03");
    assert_eq!(first.exit_code(), 130);
    let mut second = screen(&home, 80);
    second.close();
    second.life.must_end();
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn s_stops_what_runs_and_starts_what_does_not() {
    let home = Home::new();
    home.start_sleep("web");
    let mut terminal = screen(&home, 100);
    terminal.types("s");
    has_status(&home, "web", "stopped");
    // What the screen knows is what the next key goes by.
    terminal.until_it_shows("1 stopped");
    terminal.types("s");
    has_status(&home, "web", "running");
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn r_restarts_all_that_are_marked_and_nothing_else() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.start_sleep(name);
    }
    let mut terminal = screen(&home, 100);
    terminal.types("  r");
    eventually("two are restarted", || {
        home.ls("a")["run"] == json!(2) && home.ls("b")["run"] == json!(2)
    });
    has_status(&home, "b", "running");
    assert_eq!(home.ls("c")["run"], json!(1));
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn deleting_asks_and_only_y_means_yes() {
    let home = Home::new();
    home.start_sleep("web");
    let mut terminal = screen(&home, 100);
    terminal.types("D");
    terminal.until_it_shows("y or n");
    terminal.types("n");
    assert_eq!(home.ls("web").status(), "running");
    terminal.types("D");
    terminal.types("y");
    eventually("it is forgotten", || home.find("web").is_none());
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_filter_decides_what_keys_act_upon() {
    let home = Home::new();
    for name in ["web", "worker"] {
        home.start_sleep(name);
    }
    let mut terminal = screen(&home, 100);
    terminal.types("/work\rs");
    has_status(&home, "worker", "stopped");
    assert_eq!(home.ls("web").status(), "running");
    terminal.types("\x1b");
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn enter_follows_the_logs_and_what_they_hold_is_harmless() {
    let home = Home::new();
    let script = r"echo first-line; printf '\033]0;title\007evil\n'; exec sleep 60";
    home.verb("run", ["web", "-c", script]).ok();
    let mut terminal = screen(&home, 100);
    terminal.types("\r");
    terminal.until_it_shows("first-line");
    terminal.until_it_shows("evil");
    assert!(!terminal.screen().contains("\x1b]0;"), "no title is set by a log");
    terminal.types("\x1b");
    terminal.until_it_shows("1 running");
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn names_from_outside_are_harmless() {
    let home = Home::new();
    home.verb("run", ["<b>%s", "-c", "printf '\\033[2J' >/dev/null; exec sleep 60"]).ok();
    let mut terminal = screen(&home, 200);
    terminal.until_it_shows("<b>%s");
    terminal.types("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_status_has_the_words_of_the_list() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let orphan = home.script("orphan", "#!/nonexistent/interpreter\n");
    home.verb("run", ["never", "--", &orphan]).code(126);
    // Ended before the first look: a later one draws only what has changed.
    Life::of(record.supervisor()).kill();
    let terminal = screen(&home, 120);
    terminal.until_it_shows("running (unsupervised)");
    terminal.until_it_shows("failed (exec)");
}

#[test]
fn nothing_is_cut_on_a_narrow_screen() {
    let home = Home::new();
    for name in ["web", "api", "db"] {
        home.start_sleep(name);
    }
    home.start("failing", ["false"]);
    home.start("done", ["true"]);
    home.until("failing", "failed");
    let mut terminal = screen(&home, 80);
    terminal.until_it_shows("o by id  / filter  D delete  ? keys  q quit");
    terminal.types("O");
    terminal.until_it_shows("turned");
}

#[test]
fn the_terminal_comes_back_however_it_ends() {
    let home = Home::new();
    home.start_sleep("web");
    for (end, code) in [(None, 130), (Some(Signal::TERM), 0), (Some(Signal::INT), 130)] {
        let mut terminal = screen(&home, 80);
        match end {
            None => terminal.types("\x03"),
            Some(signal) => terminal.life.signal(signal),
        }
        assert_eq!(terminal.exit_code(), code, "{end:?}");
        terminal.until_it_shows("\x1b[?1049l");
        terminal.until_it_shows("\x1b[?25h");
    }
}
