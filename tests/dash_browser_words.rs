//! What the page of the dashboard says where there is little to show, in a real Chromium.

use tests::*;

/// The placeholders that are wider than their fields.
const CUT: &str = "return [...document.querySelectorAll('input[placeholder]')].filter(e => {
    const style = getComputedStyle(e);
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = style.font;
    const room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return room > 0 && pen.measureText(e.placeholder).width > room;
}).map(e => e.placeholder)";

#[test]
fn the_search_says_all_that_it_looks_through() {
    let home = Home::new();
    let shop = home.dir("shop-of-tea");
    home.verb("run", ["web", "--directory"]).arg(&shop).args(["--", "sleep", "60"]).ok();
    home.start_sleep("other");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 2");
    browser.press(['/']);
    browser.press("of-tea".chars());
    browser.until("document.querySelectorAll('tr.process').length === 1");
    let said = browser.script("return document.querySelector('#search').placeholder", &[]);
    for word in ["name", "command", "directory", "port"] {
        assert!(said.as_str().is_some_and(|said| said.contains(word)), "{word}: {said}");
    }
    assert_eq!(browser.script(CUT, &[]), json!([]));
}

#[test]
fn a_log_that_is_empty_says_so_until_something_is_written() {
    let home = Home::new();
    let more = home.at("more");
    let wait = format!("until [ -e '{}' ]; do sleep 0.05; done", more.display());
    let script = format!("{wait}; echo something; exec sleep 60");
    home.start("web", ["sh", "-c", &script]);
    home.start_sleep("api");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/web/api");
    browser.until_it_shows("They have written nothing yet.");
    browser.view("#/logs/web");
    browser.until_it_shows("It has written nothing yet.");
    browser.screenshot("logs-empty");
    browser.click("[data-tab=stderr]");
    browser.until_it_shows("It has written nothing to stderr yet.");
    browser.click("[data-tab=both]");
    std::fs::write(&more, "").unwrap();
    browser.until("document.querySelector('.log-line .text').textContent === 'something'");
    browser.until_it_hides("nothing yet");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_details_of_nobody_have_no_status() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelector('tr.process')");
    browser.view("#/process/nobody");
    browser.until_it_shows("There is no process named nobody.");
    let width = "document.querySelector('.pane .status').getBoundingClientRect().width";
    browser.until(&format!("{width} === 0"));
    // It may come.
    home.start_sleep("nobody");
    browser.until("document.querySelector('.pane .status').textContent === 'running'");
    browser.until(&format!("{width} > 0"));
}

#[test]
fn words_have_one_gap_and_placeholders_are_whole() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    // As wide as the same words in one piece.
    browser.until(
        "(() => { const button = document.querySelector('#new'); const whole = button.cloneNode(); \
         whole.textContent = 'New process'; button.after(whole); \
         const widths = [button, whole].map(e => e.getBoundingClientRect().width); \
         whole.remove(); return Math.abs(widths[0] - widths[1]) < 0.5 })()",
    );
    browser.click("#new");
    browser.click(".form-more summary");
    browser.until("document.querySelector('#form-ready').clientWidth > 0");
    browser.screenshot("form-more");
    assert_eq!(browser.script(CUT, &[]), json!([]));
}
