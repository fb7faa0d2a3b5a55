//! How the dashboard looks: axe-core finds nothing, in both themes and all sizes, and pictures are
//! written to `target/screenshots` for a person to look at.

use tests::*;

/// Widths and heights.
const LAPTOP: (u32, u32) = (1440, 900);
const TABLET: (u32, u32) = (1024, 768);
const PHONE: (u32, u32) = (390, 844);

/// A small shop, in every state that does not pass by itself.
fn shop(home: &Home) {
    std::fs::copy(program("listens"), home.at("web")).expect("a program can be copied");
    home.script(
        "api.sh",
        "echo listening\necho 'Error: connect ECONNREFUSED 127.0.0.1:5432' >&2\nexit 3\n",
    );
    home.script(
        "orders.sh",
        "for n in $(seq 1 400); do\n  printf '\\033[32mGET\\033[0m /orders/%s \\033[2m%s ms\\033[0m\\n' \
         $n $((n * 7 % 90))\ndone\necho 'warning: slow query' >&2\n\
         for n in $(seq 1 500); do sleep 0.1; : $(seq 1 $((n * 37 % 900))); done\n",
    );
    home.script("mail.sh", "sleep 0.1\nkill -SEGV $$\n");
    let shop: [&[&str]; 5] = [
        &["web", "-e", "API_TOKEN=s3cret", "--", "./web"],
        &["api", "--", "sh", "api.sh"],
        &["orders", "--", "sh", "orders.sh"],
        &["worker", "--keep-alive", "--", "sleep", "60"],
        &["mail", "--keep-alive", "--backoff", "50s..60s", "--", "sh", "mail.sh"],
    ];
    for arguments in shop {
        home.verb("run", ["-q", "--group", "shop"]).args(arguments).ok();
    }
    for (name, time) in [("docs", "59"), ("metrics", "58"), ("cache", "57")] {
        home.verb("run", [name, "-q", "--", "sleep", time]).ok();
    }
    home.verb("run", ["migrate", "-q", "--", "true"]).ok();
    home.kill(["docs"]);
    home.until("api", "failed");
    home.until("mail", "backoff");
    home.until("migrate", "exited");
    home.until_out("orders", "/orders/400");
}

/// A project beside the shop.
const PROJECT: &str = "[process.queue]\ncommand = [\"sleep\", \"60\"]\n\
    [process.sender]\ncommand = [\"sleep\", \"61\"]\nafter = [\"queue\"]\n";

/// Each screen: nothing to complain of, no wider than the window, pictured.
fn look_at_every_screen(theme: &str, (width, height): (u32, u32)) {
    let home = Home::new();
    shop(&home);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.script("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]);
    browser.resize(width, height);
    let look = |screen: &str| {
        browser.screenshot(&format!("{screen}-{theme}-{width}"));
        assert_eq!(browser.violations(), Vec::<Value>::new(), "{screen} {theme} {width}");
        let wide = browser.script("return document.documentElement.scrollWidth - innerWidth", &[]);
        assert!(wide.as_i64() <= Some(0), "{screen} {width} is {wide} pixels too wide");
    };
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
        (
            "change",
            "#/edit/web",
            "document.querySelector('#form-env')?.value.includes('API_TOKEN')",
        ),
    ];
    for (screen, address, is_there) in screens {
        browser.view(address);
        browser.until(is_there);
        look(screen);
    }
    browser.click(".form-more summary");
    browser.script("document.querySelector('#form-log_total').scrollIntoView()", &[]);
    look("change-more");
    browser.click("#form-variables summary");
    browser.until("document.querySelector('#form-variables .value')?.textContent === 's3cret'");
    look("change-variables");
    browser.view("#/logs/orders?since=1h");
    browser.until("document.querySelector('.log-bar .when[aria-pressed=true]')");
    browser.click(".log-bar .when");
    browser.until("document.querySelector('#span-since').value === '1h'");
    look("logs-when");
    browser.press([key::ESCAPE]);
    browser.view("#/");
    browser.until("!document.querySelector('dialog')");
    browser.press(['?']);
    browser.until("document.querySelector('dialog.help')");
    look("help");
    browser.press([key::ESCAPE]);
    browser.press_with(key::CONTROL, 'k');
    browser.until("document.querySelector('dialog.palette')");
    look("palette");
    browser.press("Stop all".chars().chain([key::ENTER]));
    browser.until("document.querySelector('.whom li')");
    look("confirm");
    browser.press([key::ESCAPE]);
    let stranger = home.call(program("listens")).spawn();
    stranger.until_it_says("\n");
    std::fs::write(home.at("bgrun.toml"), PROJECT).expect("a project file can be written");
    let sheets = [
        ("disk", "#/disk".to_owned(), "document.querySelectorAll('.disk tbody tr').length >= 9"),
        (
            "port",
            format!("#/port?port={}", stranger.out().trim()),
            "document.querySelector('.holders li') && !document.querySelector('.warning').hidden",
        ),
        (
            "project",
            format!("#/project?path={}", home.path().display()),
            "document.querySelectorAll('.plan tbody tr').length === 2",
        ),
        (
            "schedule",
            "#/schedule".to_owned(),
            "document.querySelector('#schedule-text').textContent.includes('bgrun-guard')",
        ),
    ];
    for (screen, address, is_there) in sheets {
        browser.view(&address);
        browser.until(is_there);
        look(screen);
    }
    browser.press([key::ESCAPE]);
    browser.view("#/process/web");
    browser.until("document.querySelector('.facts')");
    browser.press(['m']);
    browser.until("document.querySelector('.palette h2')");
    look("menu");
    browser.press("signal".chars().chain([key::ENTER]));
    browser.until("document.querySelector('.palette h2')?.textContent.startsWith('Send')");
    look("signals");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn every_screen_is_faultless_on_a_laptop_in_the_light() {
    look_at_every_screen("light", LAPTOP);
}

#[test]
fn every_screen_is_faultless_on_a_laptop_in_the_dark() {
    look_at_every_screen("dark", LAPTOP);
}

#[test]
fn every_screen_is_faultless_on_a_tablet_in_the_light() {
    look_at_every_screen("light", TABLET);
}

#[test]
fn every_screen_is_faultless_on_a_tablet_in_the_dark() {
    look_at_every_screen("dark", TABLET);
}

#[test]
fn every_screen_is_faultless_on_a_phone_in_the_light() {
    look_at_every_screen("light", PHONE);
}

#[test]
fn every_screen_is_faultless_on_a_phone_in_the_dark() {
    look_at_every_screen("dark", PHONE);
}

#[test]
fn the_picture_of_the_readme_is_taken_with_lines_of_load_and_memory() {
    let home = Home::new();
    shop(&home);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.script("document.documentElement.dataset.theme = 'light'", &[]);
    browser.resize(1280, 560);
    let lines = "[...document.querySelectorAll('tr[data-name=orders] .spark path')]";
    browser.until_within(
        std::time::Duration::from_secs(40),
        &format!("{lines}.every(path => path.getAttribute('d').split('L').length > 4)"),
    );
    browser.screenshot("dashboard");
}

#[test]
fn the_empty_page_and_the_bar_of_an_outage_are_pictured_and_faultless() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until_it_shows("Nothing runs here yet");
    for (width, height) in [LAPTOP, TABLET, PHONE] {
        browser.resize(width, height);
        browser.screenshot(&format!("empty-{width}"));
        assert_eq!(browser.violations(), Vec::<Value>::new(), "empty {width}");
    }
    dashboard.running.life.kill();
    browser.until("!document.querySelector('#outage').hidden");
    for theme in ["light", "dark"] {
        browser.script("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]);
        browser.screenshot(&format!("outage-{theme}"));
        assert_eq!(browser.violations(), Vec::<Value>::new(), "outage {theme}");
    }
}

#[test]
fn older_hits_and_the_place_of_one_are_faultless_in_every_size_and_theme() {
    let home = Home::new();
    let script = "echo First; yes 'a line of a log that is longer than a page holds' | \
        head -n 700000; echo Last; exec sleep 60";
    home.verb("run", ["big", "--log-max-size", "0", "--", "sh", "-c", script]).ok();
    eventually("it is written", || {
        home.sh(&format!("tail -c 5 '{}' | grep Last", home.out_path("big").display())).run().code
            == 0
    });
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/big?find=First");
    browser.until("document.querySelectorAll('.far-list li').length === 1");
    browser.click(".far-list button");
    browser.until("!document.querySelector('.island').hidden");
    for (width, height) in [LAPTOP, TABLET, PHONE] {
        browser.resize(width, height);
        for theme in ["light", "dark"] {
            browser
                .script("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]);
            browser.screenshot(&format!("older-hits-{theme}-{width}"));
            assert_eq!(browser.violations(), Vec::<Value>::new(), "{theme} {width}");
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
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
    for (width, height) in [LAPTOP, TABLET, PHONE] {
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
