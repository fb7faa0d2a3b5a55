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

#[test]
fn a_long_name_pushes_nothing_out_of_a_sheet() {
    let home = Home::new();
    home.start_sleep(&"n".repeat(128));
    home.start("web", ["sh", "-c", "seq 30; exec sleep 60"]);
    home.until_out("web", "30\n");
    let project = format!("[process.{}]\ncommand = [\"sleep\", \"60\"]\n", "p".repeat(128));
    std::fs::write(home.at("bgrun.toml"), project).expect("a project file can be written");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let sheets = [
        ("disk", "#/disk".to_owned(), 2),
        ("project", format!("#/project?path={}", home.path().display()), 1),
    ];
    for (sheet, address, rows) in sheets {
        browser.view(&address);
        browser.until(&format!("document.querySelectorAll('dialog tbody tr').length === {rows}"));
        for width in [1440, 390, 320] {
            browser.resize(width, 800);
            browser.screenshot(&format!("{sheet}-long-{width}"));
            let script = "const sheet = document.querySelector('dialog').getBoundingClientRect(); \
                return [...document.querySelectorAll('dialog :is(button, td, th, p)')].filter(one \
                => one.getBoundingClientRect().right > sheet.right).map(one => one.outerHTML)";
            assert_eq!(browser.script(script, &[]), json!([]), "{sheet} {width}");
        }
    }
}

#[test]
fn a_snapshot_is_read_on_every_screen_and_breaks_no_word() {
    let home = Home::new();
    home.start_sleep(&"n".repeat(128));
    home.start("dies", ["sh", "-c", "echo 'Error: connect ECONNREFUSED' >&2; exit 3"]);
    home.until("dies", "failed");
    home.verb("run", ["-q", "web", "--group", "shop", "--keep-alive", "--", "sleep", "60"]).ok();
    let page = home.verb("dash", ["--snapshot"]).ok().out();
    let file = home.at("processes.html");
    std::fs::write(&file, page).expect("a page can be written");
    let browser = Browser::new(&home);
    browser.go(&format!("file://{}", file.display()));
    for theme in ["light", "dark"] {
        let theme = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        browser.devtools("Emulation.setEmulatedMedia", &theme);
        for width in [1440, 1024, 390, 320] {
            browser.resize(width, 800);
            browser.screenshot(&format!("snapshot-{}-{width}", theme["features"][0].text("value")));
            assert_eq!(browser.violations(), Vec::<Value>::new(), "{width} {theme}");
            assert_eq!(out_of_sight(&browser, "main *"), json!([]), "{width}");
            let broken = "return [...document.querySelectorAll('td:is(.status, .number), time')]\
                .filter(one => { const range = document.createRange(); \
                range.selectNodeContents(one); const lines = [...range.getClientRects()]; \
                return new Set(lines.map(line => line.top)).size > 1; })\
                .map(one => one.outerHTML)";
            assert_eq!(browser.script(broken, &[]), json!([]), "{width}");
        }
    }
    let times = "return [...document.querySelectorAll('time')].map(one => one.textContent)";
    let times = browser.script(times, &[]).to_string();
    assert!(times.len() > 40 && !times.contains('.'), "no milliseconds: {times}");
}

#[test]
fn what_is_done_to_a_selection_is_within_reach_of_a_thumb() {
    let home = Home::new();
    for name in ["one", "two", "three", "four", "five", "six", "seven", "eight"] {
        home.start_sleep(name);
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 8");
    for width in [1440, 390, 375, 360, 320] {
        browser.resize(width, 800);
        browser.click("tr.process .check input");
        browser.until("!document.querySelector('#selection').hidden");
        browser.screenshot(&format!("selection-{width}"));
        let reached = "return [...document.querySelectorAll('#selection button')].filter(one => { \
            const at = one.getBoundingClientRect(); const seen = document.elementFromPoint(at.left \
            + at.width / 2, at.top + at.height / 2); return one.contains(seen) && at.left >= 0 && \
            at.right <= innerWidth; }).length";
        assert_eq!(browser.script(reached, &[]), json!(6), "{width}");
        // The last card is not behind it.
        browser.script("document.querySelector('#list').scrollTo(0, 99999)", &[]);
        let gap = "return document.querySelector('#selection').getBoundingClientRect().top - \
            [...document.querySelectorAll('tr.process')].at(-1).getBoundingClientRect().bottom";
        assert!(browser.script(gap, &[]).as_f64() > Some(0.0), "{width}");
        browser.script("document.querySelector('#list').scrollTo(0, 0)", &[]);
        browser.click("#selection .icon-button");
        browser.until("document.querySelector('#selection').hidden");
    }
}

#[test]
fn every_box_and_name_of_a_row_is_large_enough_to_be_hit() {
    let home = Home::new();
    let specs: Vec<Value> = (0..40)
        .map(|n| json!({"name": format!("job-{n:03}"), "argv": ["sleep", "60"]}))
        .chain([json!({"name": "n".repeat(128), "argv": ["sleep", "60"]})])
        .collect();
    home.verb("run", ["-", "-q"]).stdin(json!(specs).to_string()).ok();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.script("document.documentElement.dataset.theme = 'dark'", &[]);
    for address in ["#/", "#/process/job-003"] {
        browser.view(address);
        browser.until("document.querySelectorAll('tr.process').length === 41");
        for width in [1440, 1024, 640, 390] {
            browser.resize(width, 800);
            browser.screenshot(&format!("targets-{}-{width}", address.len()));
            let small = "return [...document.querySelectorAll('.check input, tr.process .name')]\
                .map(one => one.getBoundingClientRect()).filter(at => at.width > 0 && \
                Math.min(at.width, at.height) < 24).length";
            assert_eq!(browser.script(small, &[]), json!(0), "{address} {width}");
            assert_eq!(browser.violations(), Vec::<Value>::new(), "{address} {width}");
        }
    }
    browser.resize(1440, 800);
    browser.view("#/");
    browser.click("tr.process .check input");
    let boxes = "document.querySelector('#select-all').indeterminate && \
        getComputedStyle(document.querySelector('#select-all'), '::after').content === '\"\"'";
    browser.until(boxes);
}
