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
