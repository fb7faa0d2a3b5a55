//! The log view of the dashboard in a real Chromium: following, reading back, searching.

use std::time::{Duration, Instant};
use tests::*;

/// A process that writes so many numbered lines, then what is put into its file `more`.
fn start_writer(home: &Home, name: &str, lines: usize) -> std::path::PathBuf {
    let more = home.at(&format!("{name}.more"));
    std::fs::write(&more, "").expect("a file can be made");
    let script = format!(
        "seq -f 'line %.0f of many' 1 {lines}; echo to stderr >&2; exec timeout 60 tail -n 0 -f -s 0.02 '{}'",
        more.display()
    );
    home.start(name, ["sh", "-c", &script]);
    home.until_out(name, &format!("line {lines} of many"));
    more
}

fn write_more(more: &std::path::Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().append(true).open(more).expect("the file is there");
    file.write_all(text.as_bytes()).expect("it can be written");
}

/// The last line that is on the screen.
const LAST: &str = "[...document.querySelectorAll('.log-line .text')].at(-1)?.textContent";

#[test]
fn a_log_is_followed_until_the_reader_scrolls_and_again_when_he_comes_back() {
    let home = Home::new();
    let more = start_writer(&home, "web", 500);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/web");
    browser.until_it_shows("501 lines");
    browser.click("[data-tab=stdout]");
    browser.until(&format!("{LAST} === 'line 500 of many'"));

    // tail(1) itself looks fifty times a second; the page is as quick.
    write_more(&more, "warm\n");
    browser.until(&format!("{LAST} === 'warm'"));
    let quickest = (0..10).map(|n| {
        let begun = Instant::now();
        write_more(&more, &format!("live {n}\n"));
        browser.until(&format!("{LAST} === 'live {n}'"));
        begun.elapsed()
    });
    let quickest = quickest.min().unwrap();
    assert!(quickest < Duration::from_millis(200), "a line took {quickest:?} to be shown");

    browser.script("document.querySelector('.log-view').scrollTop = 2000", &[]);
    browser.until("document.querySelector('.toggles [aria-pressed]').getAttribute('aria-pressed') === 'false'");
    write_more(&more, "one\ntwo\nthree\n");
    browser.until("document.querySelector('.fresh').textContent === '↓ 3 new lines'");
    browser.until("document.querySelector('.log-view').scrollTop === 2000");
    browser.click(".fresh");
    browser.until(&format!("{LAST} === 'three'"));
    browser.until("document.querySelector('.fresh').hidden");
    write_more(&more, "four\n");
    browser.until(&format!("{LAST} === 'four'"));

    // Stopped right here, without leaving.
    browser.click(".log-chip .act-stop");
    home.until("web", "stopped");
    browser.until("document.querySelector('.log-chip .status').textContent === 'stopped'");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_hundred_thousand_lines_are_there_and_searched() {
    let home = Home::new();
    let _more = start_writer(&home, "big", 120_000);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/big");
    browser.until_it_shows("120,001 lines");
    assert!(browser.count(".log-line") < 200, "only what is in sight is an element");

    browser.press(['/']);
    browser.press("line .*00000 of".chars().chain([key::ENTER]));
    browser.until("document.querySelector('#hits').textContent === '1 of 1'");
    browser.until("document.querySelector('.log-line.now mark').textContent === 'line 100000 of'");
    browser.press([key::ESCAPE]);
    browser.press(['/']);
    browser.press("line \\d+7 of".chars().chain([key::ENTER]));
    browser.until("document.querySelector('#hits').textContent.endsWith(' of 11,999')");
    browser.press([key::ENTER]);
    browser.until("document.querySelector('#hits').textContent === '1 of 11,999'");
    browser
        .until("document.querySelector('.log-line.now .text').textContent === 'line 17 of many'");
    browser.press_with(key::SHIFT, key::ENTER);
    browser.until("document.querySelector('#hits').textContent === '11,999 of 11,999'");
    browser.click(".find-group .button");
    browser.until("!document.querySelector('.log-view').innerText.includes('line 119996 of')");
    browser.until("document.querySelector('.log-view').innerText.includes('line 119997 of')");

    // What is no pattern says so; what it found stays.
    browser.fill(".find", "(");
    browser.until("document.querySelector('.find').getAttribute('aria-invalid') === 'true'");

    browser.script("document.querySelector('.log-view').scrollTop = 0", &[]);
    browser.until("document.querySelector('.log-view').innerText.includes('line 17 of')");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn several_logs_are_read_as_one_and_each_stream_alone() {
    let home = Home::new();
    let web = start_writer(&home, "web", 3);
    let api = start_writer(&home, "api", 3);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/web/api");
    browser.until_it_shows("8 lines");
    for (n, more) in [&web, &api, &web].into_iter().enumerate() {
        write_more(more, &format!("turn {n}\n"));
        browser.until(&format!("{LAST} === 'turn {n}'"));
    }
    let order = "[...document.querySelectorAll('.log-line .from')].slice(-3).map(e => e.textContent).join()";
    browser.until(&format!("{order} === 'web,api,web'"));
    browser.click("[data-tab=stderr]");
    browser.until("document.querySelectorAll('.log-line').length === 2");
    browser.until_it_shows("to stderr");
    browser.click("[data-tab=both]");
    browser.press(['t', 'w']);
    browser.until("document.querySelector('.logs-frame').matches('.times.wraps')");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_run_of_before_is_read_alone() {
    let home = Home::new();
    home.start("job", ["sh", "-c", "echo this is run $BGRUN_RUN"]);
    home.until("job", "exited");
    home.verb("run", ["job"]).ok();
    home.until_out("job", "run 2");
    home.until("job", "exited");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/job");
    browser.until_it_shows("2 lines");
    browser.until("document.querySelectorAll('.runs option').length === 3");
    browser.script(
        "const s = document.querySelector('.runs'); s.value = '1'; s.dispatchEvent(new Event('change'))",
        &[],
    );
    browser.until("document.querySelector('.log-view').innerText.trim() === 'this is run 1'");
    browser.script(
        "const s = document.querySelector('.runs'); s.value = '2'; s.dispatchEvent(new Event('change'))",
        &[],
    );
    browser.until("document.querySelector('.log-view').innerText.trim() === 'this is run 2'");
}

/// What is searched for below: capitals count in it, for there is one.
const RARE: &str = "line 12[03]00 of m[aA]ny";

#[test]
fn hits_beyond_the_loaded_lines_are_found_and_visited() {
    let home = Home::new();
    let more = home.at("big.more");
    std::fs::write(&more, "").expect("a file can be made");
    // More than the page holds; the first line alone has what is searched for last.
    let script = format!(
        "echo Needle at the beginning; seq -f 'line %.0f of many, with so many words that the log of them is long' 1 620000; \
         exec timeout 60 tail -n 0 -f -s 0.02 '{}'",
        more.display()
    );
    home.verb("run", ["big", "--log-max-size", "0", "--", "sh", "-c", &script]).ok();
    eventually("it is written", || {
        home.out_path("big").metadata().is_ok_and(|data| data.len() > 40_000_000)
            && home
                .sh(&format!("tail -c 100 '{}' | grep -q 620000", home.out_path("big").display()))
                .run()
                .code
                == 0
    });
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/big");
    browser.until_it_shows("Load older");
    browser.press(['/']);
    browser.press(RARE.chars().chain([key::ENTER]));
    browser.until("document.querySelector('#hits').textContent === 'no hits'");
    // None is loaded: what was found further back opens by itself.
    browser.until("document.querySelectorAll('.far-list li').length === 2");
    browser.until_it_shows("2 hits in lines that are not loaded");
    browser.until("document.querySelector('.far-list mark').textContent === 'line 12000 of many'");

    browser.click(".far-list li:first-child button");
    let now = "document.querySelector('.log-line.now .text').textContent";
    browser.until(&format!("{now}.startsWith('line 12000 of')"));
    browser.until("document.querySelector('#hits').textContent === '1 of 2 older'");
    browser.until_it_shows("An older part of big");
    // The lines around it are there, more of them when one scrolls, and none that is new.
    browser.until("document.querySelector('.log-view').innerText.includes('line 11995 of')");
    write_more(&more, "written meanwhile\n");
    browser.script("document.querySelector('.log-view').scrollTop = 0", &[]);
    browser.until("document.querySelector('.size').textContent === '1,500 lines'");
    browser.press([key::ESCAPE]);
    browser.press(['/', key::ENTER]);
    browser.until(&format!("{now}.startsWith('line 12300 of')"));
    browser.press_with(key::SHIFT, key::ENTER);
    browser.until(&format!("{now}.startsWith('line 12000 of')"));
    // The place has an address.
    let place = browser.url();
    assert!(place.contains("at=0.stdout."), "{place}");
    browser.click(".island .button");
    browser.until(&format!("{LAST} === 'written meanwhile'"));
    browser.until("document.querySelector('.island').hidden");
    assert!(!browser.url().contains("at="));
    browser.go("about:blank");
    browser.go(&place);
    browser.until(&format!("{now}.startsWith('line 12000 of')"));

    // What no engine but the browser's takes is said, and nothing breaks.
    browser.view("#/logs/big?find=x");
    browser.view("#/");
    browser.view("#/logs/big");
    browser.until_it_shows("Load older");
    browser.press(['/']);
    browser.press("(?<=Need)le".chars().chain([key::ENTER]));
    browser.until_it_shows("Older lines could not be searched");
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|one| one.contains("422")), "{complaints:?}");
}

#[test]
fn lines_are_copied_and_a_log_is_downloaded_as_it_is() {
    let home = Home::new();
    home.start(
        "web",
        ["sh", "-c", "printf 'one \\033[31mred\\033[0m\\ntwo\\n'; echo bad >&2; exec sleep 60"],
    );
    home.until_out("web", "two");
    eventually("the other is written", || home.err("web") == "bad\n");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let downloads = home.dir("downloads");
    let origin = format!("http://127.0.0.1:{}", dashboard.port);
    let permissions =
        json!({"origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    browser.devtools("Browser.grantPermissions", &permissions);
    let behaviour = json!({"behavior": "allow", "downloadPath": downloads});
    browser.devtools("Browser.setDownloadBehavior", &behaviour);
    browser.view("#/logs/web?tab=stdout");
    browser.until_it_shows("2 lines");
    browser.click(".ends [aria-label^=Copy]");
    browser.until_it_shows("2 lines copied");
    browser.script("navigator.clipboard.readText().then(text => { window.copied = text })", &[]);
    browser.until("window.copied === 'one red\\ntwo\\n'");

    browser.click(".ends [aria-label=Download]");
    let kept = eventually_some("the download is there", || {
        let kept = std::fs::read(downloads.join("web-stdout.txt"))
            .or_else(|_| std::fs::read(downloads.join("web-out.txt")));
        kept.ok().filter(|bytes| !bytes.is_empty())
    });
    assert_eq!(String::from_utf8_lossy(&kept), home.out("web"), "byte by byte");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_was_written_when_is_chosen_by_mouse_and_by_keyboard_and_has_an_address() {
    let home = Home::new();
    let script = "for i in 1 2 3; do echo out $i; sleep 0.25; done; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    home.until_out("web", "out 3");
    let lines = home.verb("logs", ["web", "--json", "--stdout"]).ok().json_lines();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/logs/web");
    browser.until_it_shows("3 lines");
    browser.click(".log-bar .when");
    browser.fill("#span-since", lines[1].text("time"));
    browser.fill("#span-until", lines[1].text("time"));
    browser.click("#span-show");
    browser.until("!document.querySelector('dialog')");
    browser.until_it_shows("1 line");
    browser.until(&format!("{LAST} === 'out 2'"));
    browser.until("document.querySelector('.log-bar .when[aria-pressed=true]')");

    // The address leads to it, too.
    let place = browser.url();
    assert!(place.contains("since=") && place.contains("until="), "{place}");
    browser.go("about:blank");
    browser.go(&place);
    browser.until_it_shows("1 line");
    browser.until(&format!("{LAST} === 'out 2'"));

    // What makes no sense is said, and everything stays as it was.
    browser.press_with(key::CONTROL, 'k');
    browser.until("document.querySelector('dialog.palette')");
    browser.press("written since".chars().chain([key::ENTER]));
    browser.until("document.activeElement.id === 'span-since'");
    browser.script("document.querySelector('#span-since').value = ''", &[]);
    browser.press("soon".chars().chain([key::ENTER]));
    browser.until("document.querySelector('#span-problem').textContent.includes('is no time')");
    browser.until("document.querySelector('#span-since[aria-invalid=true]')");
    browser.press([key::ESCAPE]);
    browser.until("!document.querySelector('dialog')");
    browser.until(&format!("{LAST} === 'out 2'"));
    browser.press_with(key::CONTROL, 'k');
    browser.until("document.querySelector('dialog.palette')");
    browser.press("of any time".chars().chain([key::ENTER]));
    browser.until_it_shows("3 lines");
    assert!(!browser.url().contains("since="));
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|one| one.contains("422")), "{complaints:?}");
}

#[test]
fn a_log_that_is_opened_while_the_dashboard_is_away_is_read_when_it_is_back() {
    let home = Home::new();
    let more = start_writer(&home, "web", 3);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelector('tr.process')");
    let port = dashboard.port.to_string();
    dashboard.running.life.kill();
    browser.until("!document.querySelector('#outage').hidden");
    browser.view("#/logs/web");
    browser.until("!document.querySelector('.log-bar .problem').hidden");

    let again = home.verb("dash", ["--port", &port]).spawn();
    let _second = Dashboard::of(&home, again);
    browser.until_it_shows("4 lines");
    browser.until("document.querySelector('.log-bar .problem').hidden");
    write_more(&more, "and on\n");
    browser.until(&format!("{LAST} === 'and on'"));
}

/// Whether the lines have not moved for a while, whatever is written.
const STANDS_STILL: &str = "(() => { const { scrollTop } = document.querySelector('.log-view'); \
    if (scrollTop !== window.place) { window.place = scrollTop; window.since = performance.now(); } \
    return performance.now() - window.since > 300 })()";

#[test]
fn a_log_that_grows_is_read_back_with_the_keys() {
    let home = Home::new();
    let script = "seq -f 'line %.0f' 1 500; while :; do echo more; sleep 0.02; done";
    home.start("web", ["sh", "-c", script]);
    home.until_out("web", "more");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let follows = "document.querySelector('.toggles button').getAttribute('aria-pressed')";
    browser.view("#/logs/web");
    for up in [key::UP, key::PAGE_UP, key::HOME] {
        browser.until(&format!("{LAST} === 'more' && {follows} === 'true'"));
        browser.press([up]);
        browser
            .until("/new lines?/.test(document.querySelector('.fresh:not([hidden])').textContent)");
        assert_eq!(browser.script(&format!("return {follows}"), &[]), "false");
        // A scroll that is under way would be taken for another key; then it stands still.
        browser.until(STANDS_STILL);
        browser.press([key::END]);
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
