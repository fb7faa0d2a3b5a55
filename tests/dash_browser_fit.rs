//! What has to fit into the window, whatever its size: buttons and words are in sight and within
//! reach, with long names too.

use tests::*;

/// The widths of phones, the smallest that a page has to be read on among them.
const PHONES: [u32; 4] = [390, 375, 360, 320];

/// What is shown of `css` and lies outside of the window at its left or right.
fn out_of_sight(browser: &Browser, css: &str) -> Value {
    let body = "return [...document.querySelectorAll(arguments[0])].filter(one => { const at = \
                one.getBoundingClientRect(); return at.width > 0 && (at.left < 0 || at.right > \
                innerWidth + 0.5); }).map(one => `${one.getAttribute('aria-label') ?? \
                one.textContent} ${one.getBoundingClientRect().right}`)";
    browser.script(body, &[json!(css)])
}

#[test]
fn details_are_whole_on_every_phone() {
    let home = Home::new();
    let long = "n".repeat(128);
    home.start_sleep(&long);
    home.start("dies", ["sh", "-c", "echo 'Error: connect ECONNREFUSED' >&2; exit 3"]);
    home.until("dies", "failed");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    for name in ["dies", &long] {
        browser.view(&format!("#/process/{name}"));
        browser.until("document.querySelectorAll('.disk tbody td').length > 0");
        for width in PHONES {
            browser.resize(width, 800);
            browser.screenshot(&format!("details-{}-{width}", &name[..4]));
            let parts = ".details :is(button, a, h2, dt, dd, th, td, p)";
            assert_eq!(out_of_sight(&browser, parts), json!([]), "{name} {width}");
        }
    }
}
