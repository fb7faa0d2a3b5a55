//! What is done to many processes at once in the page, and to the one that serves it.

use tests::*;

#[test]
fn what_is_done_to_many_names_how_many_and_can_be_taken_back() {
    let home = Home::new();
    for name in ["one", "two", "three"] {
        home.start_sleep(name);
    }
    home.start_sleep("idle");
    home.kill(["idle"]);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 4");
    let statuses =
        |status: &str| ["one", "two", "three"].iter().all(|name| home.ls(name).status() == status);
    browser.choose("stop all (3)");
    browser.until_it_shows("Stop 3 processes?");
    browser.until("document.querySelectorAll('.whom li').length === 3");
    // The Enter that chose it stops nothing, and neither does Escape.
    browser.until("document.activeElement.textContent === 'Cancel'");
    browser.press([key::ESCAPE]);
    browser.until("!document.querySelector('dialog')");
    assert!(statuses("running"));
    browser.choose("stop all");
    browser.until_it_shows("Stop 3 processes?");
    browser.press([key::TAB, key::ENTER]);
    eventually("they are stopped", || statuses("stopped"));
    browser.until_it_shows("one, two, three stopped");
    browser.press(['u']);
    eventually("they run again", || statuses("running"));
    assert_eq!(home.ls("idle").status(), "stopped", "it did not run before");

    browser.choose("restart all that run (3)");
    browser.until_it_shows("Restart 3 processes?");
    browser.click(".sheet footer .primary");
    eventually("they are restarted", || home.ls("one").number("run") == 3);
    browser.until("!document.querySelector('.status[data-status=busy]')");
    browser.choose("clean");
    browser.until_it_shows("Delete one process?");
    browser.click(".sheet footer .danger-fill");
    eventually("it is gone", || home.find("idle").is_none());
    browser.choose("nuke");
    browser.until_it_shows("Stop and delete 3 processes?");
    browser.click(".sheet footer .danger-fill");
    eventually("all are gone", || home.all().is_empty());
    browser.until_it_shows("one, two, three deleted");
    browser.press(['u']);
    eventually("they are back", || home.all().len() == 3 && statuses("running"));
    browser.until(
        "!document.querySelector('#toasts')?.textContent.includes('one, two, three deleted')",
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_dashboard_is_asked_for_once_more_before_it_ends_itself() {
    let home = Home::new();
    let port = free_port().to_string();
    let begun = home.bgrun(["dashboard", "--port", &port]).ok().out();
    home.start_sleep("web");
    let browser = Browser::new(&home);
    browser.go(begun.lines().next().expect("a URL"));
    browser.until("document.querySelectorAll('tr.process').length === 2");
    browser.choose("stop all (1)");
    browser.until_it_shows("What serves this page is left out.");
    browser.press([key::ESCAPE]);
    browser.click(&row("bgr-dashboard", ".act-stop"));
    browser.until_it_shows("Stop bgr-dashboard?");
    browser.press([key::ESCAPE]);
    browser.until("!document.querySelector('dialog')");
    assert_eq!(home.ls("bgr-dashboard").status(), "running");
    browser.click(&row("bgr-dashboard", ".act-stop"));
    browser.click(".sheet footer .danger-fill");
    home.until("bgr-dashboard", "stopped");
    browser.until("!document.querySelector('#outage').hidden");
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_column_is_sorted_by_both_ways_round() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.start_sleep(name);
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 3");
    let order =
        "[...document.querySelectorAll('tr.process')].map(row => row.dataset.name).join('')";
    browser.click(".sort[data-sort=name]");
    browser.until(&format!("{order} === 'abc'"));
    browser.click(".sort[data-sort=name]");
    browser.until(&format!("{order} === 'cba'"));
    browser.until("document.querySelector('th[aria-sort=descending]').textContent === 'Name'");
    browser.choose("sort in reverse");
    browser.until(&format!("{order} === 'abc'"));
}

#[test]
fn a_guard_that_was_taken_off_is_taken_back_as_it_was_for_each() {
    let home = Home::new();
    let names: Vec<String> = (0..9).map(|number| format!("job-{number}")).collect();
    names.iter().for_each(|name| {
        home.start_sleep(name);
    });
    home.verb("guard", ["--on", "job-*"]).ok();
    let failures = ["--on", "job-1", "job-2", "--keep-alive", "on-failure"];
    home.verb("guard", failures).ok();
    let policies = || -> Vec<String> {
        names.iter().map(|name| home.ls(name).text("keep_alive").to_owned()).collect()
    };
    let before = policies();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 9");
    // One, by a click; all of them, by one request.
    for whom in ["job-1", "9 processes"] {
        match whom {
            "job-1" => browser.click(&row(whom, ".act-guard")),
            _ => browser.press(['a', 'g']),
        }
        browser.until_it_shows(&format!("{whom} will no longer be kept alive"));
        assert_ne!(policies(), before);
        browser.press(['u']);
        eventually("each is as it was", || policies() == before);
        browser.until_it_shows(&format!("{whom} will be kept alive"));
    }
    browser.press(['u']);
    eventually("off again", || policies().iter().all(|policy| policy == "never"));
    assert!(names.iter().all(|name| home.ls(name).number("run") == 1), "nothing is restarted");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn many_are_kept_alive_and_signalled_by_keyboard_and_the_guard_is_taken_back() {
    let home = Home::new();
    let names: Vec<String> = (0..10).map(|number| format!("job-{number}")).collect();
    for name in &names {
        home.start(name, ["sh", "-c", "trap 'echo heard' HUP; while :; do sleep 0.05; done"]);
    }
    home.verb("guard", ["--on", "job-3"]).ok();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 10");
    let kept = || home.all().iter().filter(|one| one["keep_alive"] == "always").count();
    browser.press(['a', 'g']);
    browser.until_it_shows("9 processes will be kept alive");
    assert_eq!(kept(), 10);
    browser.press(['u']);
    eventually("as before", || kept() == 1);
    assert_eq!(home.ls("job-3")["keep_alive"], "always");
    assert!(home.all().iter().all(|one| one["run"] == 1), "nothing is restarted for it");

    browser.choose("send a signal to the 10");
    browser.until_it_shows("Send a signal to 10 processes");
    browser.press("SIGHUP (".chars().chain([key::ENTER]));
    browser.until_it_shows("SIGHUP sent to 10 processes");
    for name in &names {
        home.until_out(name, "heard");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_logs_of_very_many_say_that_they_are_not_followed_and_leave_room_for_the_lines() {
    let home = Home::new();
    let specs: Vec<Value> = (0..70)
        .map(|n| json!({"name": format!("job-{n:02}"), "command": format!("echo {n}; exec sleep 60")}))
        .collect();
    home.verb("run", ["-", "-q"]).stdin(json!(specs).to_string()).ok();
    for n in 0..70 {
        home.until_out(&format!("job-{n:02}"), &n.to_string());
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 70");
    browser.choose("logs of all, merged");
    browser.until_it_shows("70 lines");
    browser.until("document.querySelector('.log-bar .problem').textContent.includes('70')");
    browser.until_it_shows("Not followed");
    let height = "document.querySelector('.log-view').clientHeight";
    browser.until(&format!("{height} > 400"));
    browser.requests();
    holds_for(std::time::Duration::from_millis(2500), "it is not asked again and again", || {
        !browser.requests().iter().any(|url| url.contains("/api/follow"))
    });

    // All of them are there when they are asked for, and the lines still are.
    assert!(browser.count(".log-chip") < 20);
    browser.click(".log-chips > .button");
    browser.until("document.querySelectorAll('.log-chip').length === 70");
    browser.until(&format!("{height} > 400"));
    browser.screenshot("logs-of-seventy");
    browser.click(".log-chips > .button");
    browser.until("document.querySelectorAll('.log-chip').length < 20");

    // So many as can be followed are.
    let names: Vec<String> = (0..64).map(|n| format!("job-{n:02}")).collect();
    browser.view(&format!("#/logs/{}", names.join("/")));
    browser.until_it_shows("64 lines");
    browser.until("document.querySelector('.log-bar .problem').hidden");
}

#[test]
fn when_many_are_refused_at_once_it_is_said_why() {
    let home = Home::new();
    for n in 0..9 {
        home.start_sleep(&format!("job-{n}"));
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 9");
    browser.script(
        "const real = window.fetch; window.fetch = (path, options) => path === '/api/batch' \
         ? Promise.resolve(Response.json({error: 'the store is locked'})) : real(path, options)",
        &[],
    );
    browser.press(['a', 'r']);
    browser.until("document.querySelector('.toast.bad p')?.textContent === 'the store is locked'");
    browser.until("!document.querySelector('.status[data-status=busy]')");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
