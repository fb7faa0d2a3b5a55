//! The search of the log view of the dashboard in a real Chromium: what is typed, and what is marked.

use tests::*;

/// A browser before the log of a process that has written these lines.
fn at_log(home: &Home, dashboard: &Dashboard, lines: &[&str]) -> Browser {
    let mut command = vec!["sh", "-c", "printf '%s\\n' \"$@\"; exec sleep 60", "sh"];
    command.extend(lines);
    home.start("web", command);
    home.until_out("web", lines.last().expect("there is a line"));
    let browser = Browser::at(home, dashboard);
    browser.view("#/logs/web");
    browser.until_it_shows(&format!("{} line", lines.len()));
    browser
}

/// Puts a pattern in the place of what is in the field.
fn search(browser: &Browser, pattern: &str) {
    browser.script("const e = document.querySelector('.find'); e.value = ''; e.focus()", &[]);
    browser.fill(".find", pattern);
}

const MARKED: &str = "[...document.querySelectorAll('.log-line mark')].map(e => e.textContent)";

#[test]
fn what_was_found_is_marked_also_where_the_last_line_has_it_behind_the_others() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let lines = ["an error", "nothing", "and, much further on, one more error"];
    let browser = at_log(&home, &dashboard, &lines);
    search(&browser, "error");
    browser.until("document.querySelector('#hits').textContent === '2 of 2'");
    browser.until(&format!("{MARKED}.join() === 'error,error'"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn enter_goes_on_to_the_next_hit_whatever_the_pattern_has_in_it() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = at_log(&home, &dashboard, &["GET /api/one", "GET /api/two", "GET /api/three"]);
    search(&browser, "/api/");
    browser.until("document.querySelector('#hits').textContent === '3 of 3'");
    browser.press([key::ENTER]);
    browser.until("document.querySelector('#hits').textContent === '1 of 3'");
    browser.press([key::ENTER]);
    browser.until("document.querySelector('#hits').textContent === '2 of 3'");
    browser.press_with(key::SHIFT, key::ENTER);
    browser.until("document.querySelector('#hits').textContent === '1 of 3'");
}

#[test]
fn a_capital_that_is_an_escape_makes_no_difference_between_large_and_small_letters() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = at_log(&home, &dashboard, &["ERROR one", "error two", "Error\u{e9}", "fine"]);
    search(&browser, "error\\S*\\W");
    browser.until("document.querySelector('#hits').textContent.endsWith('of 3')");
    search(&browser, "\\x65rror\\b");
    browser.until("document.querySelector('#hits').textContent.endsWith('of 3')");
    search(&browser, "E\\S*\\W");
    browser.until("document.querySelector('#hits').textContent.endsWith('of 2')");
}

#[test]
fn of_a_pattern_that_is_none_only_the_reason_is_said() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = at_log(&home, &dashboard, &["one"]);
    search(&browser, "a/(b: c");
    browser.until("document.querySelector('#hits').textContent === 'Unterminated group'");
}
