//! The list of the dashboard in a real Chromium: its order, what it counts, and the bar of the selection.

use tests::*;

fn row(name: &str, part: &str) -> String {
    format!("tr.process[data-name=\"{name}\"] {part}")
}

#[test]
fn a_group_with_a_failure_comes_before_one_where_something_is_only_started_again() {
    let home = Home::new();
    let crashes = ["crash", "--group", "aaa", "--keep-alive", "--backoff", "50s..60s"];
    home.verb("run", crashes).args(["-c", "exit 4"]).ok();
    home.until("crash", "backoff");
    home.verb("run", ["fails", "--group", "bbb", "-c", "exit 3"]).ok();
    home.until("fails", "failed");
    home.start_sleep("fine");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let order = "[...document.querySelectorAll('tr.process')].map(row => row.dataset.name).join()";
    browser.until(&format!("{order} === 'fails,crash,fine'"));
}

#[test]
fn the_title_the_icon_the_counters_and_the_palette_say_the_same_of_what_went_wrong() {
    let home = Home::new();
    home.verb("run", ["crash", "--keep-alive", "--backoff", "50s..60s", "-c", "exit 4"]).ok();
    home.until("crash", "backoff");
    home.start_sleep("fine");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let icon = "document.querySelector('#icon').getAttribute('href')";
    browser.until("document.querySelector('[data-counter=backoff] .tally')?.textContent === '1'");
    browser.until("document.querySelector('[data-counter=failed] .tally').textContent === '0'");
    browser
        .until(&format!("document.title === '(1 backoff) bgrun' && {icon} === '/icon-failed.svg'"));
    home.verb("run", ["fails", "-c", "exit 3"]).ok();
    browser.until("document.querySelector('[data-counter=failed] .tally').textContent === '1'");
    browser.until("document.title === '(1 failed, 1 backoff) bgrun'");

    browser.press_with(key::CONTROL, 'k');
    browser.until("document.querySelector('dialog.palette')");
    browser.press("show only what went wrong".chars());
    let chosen = "document.querySelector('.palette [aria-selected=true]')?.textContent";
    browser.until(&format!("{chosen} === 'Show only what went wrong: failed, lost, backoff'"));
    browser.press([key::ENTER]);
    browser.until("document.querySelectorAll('tr.process').length === 2");
    assert_eq!(browser.count(&row("fine", "")), 0);
}
