//! The page of the dashboard in a real Chromium: letting in, looking, acting, undoing, by mouse and
//! by keyboard.

use tests::*;

fn shows_status(browser: &Browser, name: &str, status: &str) {
    browser.until(&format!(
        "document.querySelector('{}')?.textContent === '{status}'",
        row(name, ".status")
    ));
}

#[test]
fn the_printed_address_lets_one_browser_in_and_the_page_keeps_its_own_counsel() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until_it_shows("Nothing runs here yet");
    browser.until_it_shows("bgrun run web -- node server.js");
    assert!(!browser.url().contains("ticket"), "the secret stays in the address");

    home.start("web", ["sleep", "60"]);
    browser.until(&format!("document.querySelector('{}')", row("web", ".name")));
    shows_status(&browser, "web", "running");

    // What the page asks for, it asks of its own dashboard.
    browser.view("#/process/web");
    browser.until_it_shows("Specification");
    browser.view("#/logs/web");
    browser.until_it_shows("0 lines");
    let requests = browser.requests();
    assert!(requests.len() > 20, "the page was loaded: {requests:?}");
    // An empty tab is a page of the browser's own.
    for url in requests.iter().filter(|url| !url.starts_with("chrome:")) {
        let is_own = url.starts_with(&format!("http://127.0.0.1:{}/", dashboard.port))
            || url.starts_with("data:");
        assert!(is_own, "the page asked for {url}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // The address is worth nothing now, and neither is one without it.
    for address in [&dashboard.url, &format!("http://127.0.0.1:{}/", dashboard.port)] {
        let strange = Home::new();
        let stranger = Browser::new(&strange);
        stranger.go(address);
        let page = stranger.page();
        assert!(!page.contains("web") && page.contains("bgrun dash --url"), "{page}");
    }
}

#[test]
fn a_process_is_started_by_the_form_which_says_what_is_wrong_while_one_types() {
    let home = Home::new();
    let work = home.dir("work");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click("#new");
    browser.fill("#form-workdir", "/no/such/place");
    browser.fill("#form-command", "sleep 58");
    browser
        .until("document.querySelector('#problem-workdir').textContent.includes('does not exist')");
    browser.script("document.querySelector('#form-workdir').value = ''", &[]);
    browser.fill("#form-workdir", work.to_str().unwrap());
    browser.until("document.querySelector('#problem-workdir').textContent === ''");
    browser.fill("#form-name", "naps");
    browser.fill("#form-group", "night");
    browser.fill("#form-env", "DREAM=blue sea");
    browser.until(
        "/bgrun run .*naps.*-- sleep 58/.test(document.querySelector('.form-line code').textContent)",
    );
    browser.click(".form footer .primary");

    eventually("naps is there", || home.find("naps").is_some());
    let record = home.until("naps", "running");
    assert_eq!(record["argv"], json!(["sleep", "58"]));
    assert_eq!(record["workdir"], json!(work.canonicalize().unwrap()));
    assert_eq!(record["group"], "night");
    shows_status(&browser, "naps", "running");
    // The details of what was started are open; a value is shown only when it is asked for.
    browser.until("location.hash === '#/process/naps'");
    browser.until_it_shows("DREAM");
    assert!(!browser.page().contains("blue sea"));
    browser.click(".environment .button");
    browser.until_it_shows("blue sea");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_command_that_does_not_exist_is_refused_in_the_form() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click("#new");
    browser.fill("#form-command", "no-such-program-anywhere --now");
    browser.until("document.querySelector('#problem-command').textContent.includes('not found')");
    assert_eq!(home.all().len(), 0);
}

#[test]
fn one_click_stops_restarts_and_deletes_and_another_takes_it_back() {
    let home = Home::new();
    let first = home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);

    browser.click(&row("web", ".act-restart"));
    let again = eventually_some("web runs again", || {
        Some(home.ls("web")).filter(|now| now["run"] == 2 && now["status"] == "running")
    });
    assert_ne!(again["pid"], first["pid"]);
    browser.click(&row("web", ".act-stop"));
    home.until("web", "stopped");
    shows_status(&browser, "web", "stopped");
    browser.click(&row("web", ".act-start"));
    home.until("web", "running");
    shows_status(&browser, "web", "running");

    browser.click(&row("web", ".act-guard"));
    eventually("web is kept alive", || home.ls("web")["keep_alive"] == "always");
    browser.until(&format!(
        "document.querySelector('{}')",
        row("web", ".act-guard[aria-pressed=true]")
    ));
    browser.click(&row("web", ".act-guard"));
    eventually("web is not kept alive", || home.ls("web")["keep_alive"] == "never");

    browser.click(&row("web", ".act-remove"));
    eventually("web is forgotten", || home.find("web").is_none());
    browser.until_it_shows("Nothing runs here yet");
    browser.click(".toast .button");
    eventually("web is back, and runs", || {
        home.find("web").is_some_and(|record| record.status() == "running")
    });
    shows_status(&browser, "web", "running");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn several_are_selected_and_acted_on_at_once() {
    let home = Home::new();
    for name in ["one", "two", "three"] {
        home.start_sleep(name);
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("one", "input"));
    browser.click(&row("two", "input"));
    browser.until_it_shows("2 selected");
    browser.click("#selection button:nth-of-type(2)");
    home.until("one", "stopped");
    home.until("two", "stopped");
    assert_eq!(home.ls("three").status(), "running");
    // The counters count, and are filters.
    browser.until("document.querySelector('[data-counter=stopped] .tally').textContent === '2'");
    browser.click("[data-counter=stopped]");
    browser.until("document.querySelectorAll('tr.process').length === 2");
    browser.click("[data-counter=all]");
    browser.until("document.querySelectorAll('tr.process').length === 3");
}

#[test]
fn failures_come_first_and_show_in_title_icon_and_words() {
    let home = Home::new();
    home.start_sleep("aaa");
    home.verb("run", ["zzz", "-c", "echo no database >&2; exit 3"]).ok();
    home.until("zzz", "failed");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelector('tr.process')?.dataset.name === 'zzz'");
    browser.until("document.title === '(1 failed) bgrun'");
    browser.until("document.querySelector('#icon').getAttribute('href') === '/icon-failed.svg'");
    browser.click(&row("zzz", ".name"));
    browser.until_it_shows("Run 1 failed with exit code 3");
    browser.until("document.querySelector('.tail')?.textContent === 'no database'");
    home.kill(["zzz", "--delete"]);
    browser.until("document.title === 'bgrun'");
    browser.until_it_shows("There is no process named zzz");
}

#[test]
fn everything_can_be_done_with_the_keyboard_alone() {
    let home = Home::new();
    for name in ["alpha", "beta", "gamma"] {
        home.start_sleep(name);
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 3");
    browser.press(['j', 'j']);
    browser.until("document.activeElement.textContent === 'beta'");
    browser.press(['s']);
    home.until("beta", "stopped");
    // It has moved behind those that run; the cursor went with it.
    browser.until("[...document.querySelectorAll('tr.process')].at(-1).dataset.name === 'beta'");
    browser.press(['k', 'k', 'k', key::DOWN, key::UP]);
    browser.until("document.activeElement.textContent === 'alpha'");
    browser.press([key::ENTER]);
    browser.until("location.hash === '#/process/alpha'");
    browser.press([key::ESCAPE]);
    browser.until("document.querySelector('#details').hidden");
    browser.press(['r']);
    eventually("alpha is restarted", || home.ls("alpha")["run"] == 2);

    browser.press(['/']);
    browser.press("gam".chars());
    browser.until("document.querySelectorAll('tr.process').length === 1");
    browser.press([key::ESCAPE]);
    browser.until("document.activeElement.textContent === 'gamma'");
    browser.press(['g']);
    eventually("gamma is kept alive", || home.ls("gamma")["keep_alive"] == "always");
    browser.press(['d']);
    eventually("gamma is forgotten", || home.find("gamma").is_none());
    browser.until("document.querySelector('.toast')?.textContent.startsWith('gamma deleted')");
    browser.press(['u']);
    eventually("gamma is back", || home.find("gamma").is_some());
    browser.until("document.querySelectorAll('tr.process').length === 1");
    browser.press([key::ESCAPE]);
    browser.until("document.querySelectorAll('tr.process').length === 3");

    browser.press(['?']);
    browser.until_it_shows("single keys act");
    browser.press([key::ESCAPE]);
    browser.until("!document.querySelector('dialog')");
    browser.press_with(key::CONTROL, 'k');
    browser.press("beta: start".chars());
    browser.until(
        "document.querySelector('.palette [aria-selected=true]')?.textContent === 'beta: start'",
    );
    browser.press([key::ENTER]);
    home.until("beta", "running");

    browser.press(['n']);
    browser.until("document.activeElement.id === 'form-command'");
    browser.press("sleep 57".chars().chain([key::ENTER]));
    eventually("a fourth is there", || {
        home.all().iter().any(|r| r["argv"] == json!(["sleep", "57"]))
    });
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn every_view_has_an_address_and_the_back_button_works() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    home.start_sleep("api");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".name"));
    browser.until_it_shows("Specification");
    browser.click(".pane .tools a");
    browser.until_it_shows("hello");
    browser.back();
    browser.until(
        "!document.querySelector('#details').hidden && document.querySelector('#logs').hidden",
    );
    browser.back();
    browser.until("document.querySelector('#details').hidden && location.hash === ''");

    for (address, shown) in [
        ("#/process/api", "Specification"),
        ("#/logs/web?find=hel", "1 of 1"),
        ("#/logs/web/api", "hello"),
        ("#/new", "When it ends"),
        ("#/?status=failed", "No process matches"),
    ] {
        browser.go("about:blank");
        browser.go(&format!("http://127.0.0.1:{}/{address}", dashboard.port));
        browser.until_it_shows(shown);
    }
}

#[test]
fn a_page_whose_dashboard_was_killed_says_so_and_comes_back_by_itself() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    shows_status(&browser, "web", "running");
    let port = dashboard.port.to_string();
    dashboard.running.life.kill();
    browser.until("!document.querySelector('#outage').hidden");
    browser
        .until("/What you see is \\d+s old/.test(document.querySelector('#outage').textContent)");
    browser.until("document.title.includes('disconnected')");
    assert_eq!(home.ls("web").status(), "running");

    home.kill(["web"]);
    let again = home.verb("dash", ["--port", &port]).spawn();
    let _second = Dashboard::of(&home, again);
    browser.until("document.querySelector('#outage').hidden");
    shows_status(&browser, "web", "stopped");
}

#[test]
fn hostile_names_commands_and_logs_are_text() {
    let home = Home::new();
    let name = "<img src=x onerror=alert(1)>";
    let line =
        "<script>alert(2)</script><b id=planted>\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}\u{202e}";
    let script = format!("printf '%s\\n' '{line}'; exec sleep 60 # <svg onload=alert(3)>");
    home.verb(
        "run",
        [name, "-e", "X=<iframe src=//evil.test>", "--group", "\"><h6>", "-c", &script],
    )
    .ok();
    home.until_out(name, "red");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until_it_shows(name);
    browser.click("tr.process .name");
    browser.until_it_shows("Specification");
    browser.click(".environment .button");
    browser.until_it_shows("evil.test");
    browser.click(".pane .tools a");
    browser.until("document.querySelector('.log-line .ansi-fg-1')?.textContent === 'red'");
    let shown = browser.text(".log-line .text");
    assert_eq!(shown, "<script>alert(2)</script><b id=planted>red\\u202e");
    assert_eq!(browser.count("img, iframe, h6, #planted, main script, .logs svg svg"), 0);
    assert_eq!(browser.title(), "bgrun", "a log set the title");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_dashboard_that_may_only_look_offers_nothing_else() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start_with(&home, &["--read-only"]);
    let browser = Browser::at(&home, &dashboard);
    browser.until_it_shows("read only");
    browser.until(&format!("document.querySelector('{}')", row("web", ".act-logs")));
    assert_eq!(browser.count(".act-stop, .act-restart, .act-remove, .act-guard"), 0);
    browser.press(['j', 's', 'd']);
    browser.press(['n']);
    holds_for(std::time::Duration::from_millis(300), "web runs on", || {
        home.ls("web").status() == "running"
    });
}
