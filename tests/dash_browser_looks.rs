//! How the dashboard looks: axe-core finds nothing, in both themes and all sizes, and pictures are
//! written to `target/screenshots` for a person to look at.

use std::path::PathBuf;
use tests::*;

/// Height and width of a laptop, a tablet and a phone.
const SIZES: [(u32, u32); 3] = [(1440, 900), (1024, 768), (390, 844)];

/// What axe-core does not like about the page as it is.
fn violations(browser: &Browser) -> Vec<Value> {
    let path = std::env::var_os("BGRUN_AXE").map(PathBuf::from);
    let path = path.expect("BGRUN_AXE names axe.min.js of the npm package axe-core");
    let axe = std::fs::read_to_string(path).expect("axe-core can be read");
    browser.script(&axe, &[]);
    let report = browser.script(
        "return axe.run().then(r => ({passes: r.passes.length, violations: r.violations.map(v => \
         ({rule: v.id, at: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + ' ' + \
         (n.any[0]?.message ?? ''))}))}))",
        &[],
    );
    assert!(report["passes"].as_u64() > Some(5), "axe-core looked at nothing: {report}");
    report["violations"].as_array().cloned().unwrap_or_default()
}

/// Ten processes of a small shop, in every state that does not pass by itself.
fn shop(home: &Home) {
    let web = program("listens");
    home.verb("run", ["web", "--group", "shop", "-e", "API_TOKEN=s3cret", "-q", "--", &web]).ok();
    home.verb(
        "run",
        [
            "api",
            "--group",
            "shop",
            "-q",
            "-c",
            "echo listening; echo 'Error: connect ECONNREFUSED 127.0.0.1:5432' >&2; exit 3",
        ],
    )
    .ok();
    let requests = "for n in $(seq 1 400); do printf '\\033[32mGET\\033[0m /orders/%s \\033[2m%s ms\\033[0m\\n' $n $((n * 7 % 90)); done; \
         echo 'warning: slow query' >&2; exec sleep 60";
    home.verb("run", ["orders", "--group", "shop", "-q", "-c", requests]).ok();
    home.verb("run", ["worker", "--group", "shop", "--keep-alive", "-q", "--", "sleep", "60"]).ok();
    home.verb(
        "run",
        [
            "mail",
            "--group",
            "shop",
            "--keep-alive",
            "--backoff",
            "50s..60s",
            "-q",
            "-c",
            "sleep 0.1; kill -SEGV $$",
        ],
    )
    .ok();
    for (name, command) in [("docs", "sleep 59"), ("metrics", "sleep 58"), ("cache", "sleep 57")] {
        home.verb("run", [name, "-q", "-c", command]).ok();
    }
    home.verb("run", ["migrate", "-q", "--", "true"]).ok();
    home.kill(["docs"]);
    home.until("api", "failed");
    home.until("mail", "backoff");
    home.until("migrate", "exited");
    home.until_out("orders", "/orders/400");
}

/// Each screen in each size: nothing to complain of, no wider than the window, pictured.
fn look_at_every_screen(theme: &str) {
    let home = Home::new();
    shop(&home);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let screens = [
        ("list", "#/", "document.querySelectorAll('tr.process').length >= 9"),
        (
            "details",
            "#/process/api",
            "document.querySelector('.tail') && document.querySelector('.facts')",
        ),
        ("logs", "#/logs/orders", "document.querySelectorAll('.log-line').length > 20"),
        ("merged", "#/logs/orders/api?find=orders", "document.querySelector('mark')"),
        ("form", "#/new", "document.querySelector('dialog.form[open]')"),
    ];
    browser.script("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]);
    for (width, height) in SIZES {
        browser.resize(width, height);
        for (screen, address, is_there) in screens {
            browser.view(address);
            browser.until(is_there);
            browser.screenshot(&format!("{screen}-{theme}-{width}"));
            let found = violations(&browser);
            assert!(found.is_empty(), "{screen} {theme} {width}: {found:#?}");
            let wide =
                browser.script("return document.documentElement.scrollWidth - innerWidth", &[]);
            assert!(wide.as_i64() <= Some(0), "{screen} {width} is {wide} pixels too wide");
        }
        browser.view("#/");
        browser.until("!document.querySelector('dialog')");
        browser.press(['?']);
        browser.until("document.querySelector('dialog.help')");
        browser.screenshot(&format!("help-{theme}-{width}"));
        assert_eq!(violations(&browser), Vec::<Value>::new(), "help {theme} {width}");
        browser.press([key::ESCAPE]);
        browser.press_with(key::CONTROL, 'k');
        browser.until("document.querySelector('dialog.palette')");
        browser.screenshot(&format!("palette-{theme}-{width}"));
        assert_eq!(violations(&browser), Vec::<Value>::new(), "palette {theme} {width}");
        browser.press([key::ESCAPE]);
        browser.until("!document.querySelector('dialog')");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn every_screen_is_faultless_in_the_light_theme() {
    look_at_every_screen("light");
}

#[test]
fn every_screen_is_faultless_in_the_dark_theme() {
    look_at_every_screen("dark");
}

#[test]
fn the_empty_page_and_the_bar_of_an_outage_are_pictured_and_faultless() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until_it_shows("Nothing runs here yet");
    for (width, height) in SIZES {
        browser.resize(width, height);
        browser.screenshot(&format!("empty-{width}"));
        assert_eq!(violations(&browser), Vec::<Value>::new(), "empty {width}");
    }
    dashboard.running.life.kill();
    browser.until("!document.querySelector('#outage').hidden");
    for theme in ["light", "dark"] {
        browser.script("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]);
        browser.screenshot(&format!("outage-{theme}"));
        assert_eq!(violations(&browser), Vec::<Value>::new(), "outage {theme}");
    }
}

#[test]
fn five_hundred_processes_are_shown_searched_and_stopped() {
    let home = Home::new();
    let specs: Vec<Value> = (0..500)
        .map(|n| json!({"name": format!("job-{n:03}"), "group": format!("team-{}", n % 8), "argv": ["sleep", "60"]}))
        .collect();
    home.verb("run", ["-", "-q"]).stdin(json!(specs).to_string()).ok();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 500");
    for (width, height) in SIZES {
        browser.resize(width, height);
        browser.screenshot(&format!("five-hundred-{width}"));
    }
    browser.resize(1440, 900);
    browser.press(['/']);
    browser.press("job-49".chars());
    browser.until("document.querySelectorAll('tr.process').length === 10");
    browser.click("#select-all");
    browser.until_it_shows("10 selected");
    browser.click("#selection button:nth-of-type(2)");
    eventually("ten are stopped", || {
        home.all().iter().filter(|record| record.status() == "stopped").count() == 10
    });
    browser.until("document.querySelector('[data-counter=stopped] .tally').textContent === '10'");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
