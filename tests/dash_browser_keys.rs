//! The page of the dashboard in a real Chromium: whom a key acts on.

use tests::*;

fn row(name: &str, part: &str) -> String {
    format!("tr.process[data-name=\"{name}\"] {part}")
}

#[test]
fn a_key_acts_on_the_process_whose_details_are_shown_wherever_the_cursor_was() {
    let home = Home::new();
    for name in ["api", "worker"] {
        home.start_sleep(name);
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 2");
    browser.press(['j']);
    browser.until("document.activeElement.textContent === 'api'");
    browser.click(&row("worker", ".name"));
    browser.click(".pane h2");
    browser.press(['s']);
    home.until("worker", "stopped");
    assert_eq!(home.ls("api").status(), "running");

    // By its address, too; and the cursor is there from then on.
    browser.press([key::ESCAPE]);
    browser.until("document.querySelector('#details').hidden");
    browser.press(['k']);
    browser.until("document.activeElement.textContent === 'api'");
    browser.view("#/process/worker");
    browser.until("document.querySelector('.pane h2')?.textContent === 'worker'");
    browser.press(['s']);
    home.until("worker", "running");
    assert_eq!(home.ls("api").status(), "running");
    let cursor = "document.querySelector('tr[data-cursor]')?.dataset.name";
    browser.until(&format!("{cursor} === 'worker'"));
    browser.press(['k']);
    browser.until("location.hash === '#/process/api'");
    browser.until(&format!("{cursor} === 'api'"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_bar_of_the_selection_is_not_over_a_log_and_comes_back_with_the_list() {
    let home = Home::new();
    for name in ["api", "worker"] {
        home.start_sleep(name);
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("api", "input"));
    browser.until("!document.querySelector('#selection').hidden");
    browser.view("#/logs/worker");
    browser.until("document.querySelector('.log-chip')");
    browser.until("document.querySelector('#selection').hidden");
    // Also while the log is seen behind a form.
    browser.press(['e']);
    browser.until("location.hash === '#/edit/worker' && document.querySelector('dialog')");
    assert_eq!(browser.script("return document.querySelector('#selection').hidden", &[]), true);
    browser.view("#/process/worker");
    browser.until("!document.querySelector('#selection').hidden");
    browser.view("#/");
    browser.until("!document.querySelector('#selection').hidden");
    browser.until_it_shows("1 selected");
}
