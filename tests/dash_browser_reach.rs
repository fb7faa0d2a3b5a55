//! What the page reaches beside single processes, by mouse and by keyboard: ports, watchers,
//! project files, the disk, environments, schedulers, other browsers.

use std::path::{Path, PathBuf};
use tests::*;

fn is_up(home: &Home, name: &str) {
    eventually(&format!("{name} runs"), || {
        home.find(name).is_some_and(|record| record.status() == "running")
    });
}

#[test]
fn a_port_is_freed_by_mouse_and_what_stopped_is_started_again() {
    let home = Home::new();
    home.verb("run", ["web", "--"]).arg(program("listens")).ok();
    let port = eventually_some("it listens", || home.ls("web")["ports"][0].as_u64());
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/port");
    browser.put("#port-number", "x");
    browser.until_it_shows("is no port");
    browser.put("#port-number", &port.to_string());
    browser.until("document.querySelector('#port-free').textContent === 'Stop web'");
    browser.click("#port-free");
    home.until("web", "stopped");
    browser.until_it_shows(&format!("Nobody listens on port {port}."));
    browser.click(".sheet .dialog-title button");
    browser.until("!document.querySelector('dialog')");
    browser.click(".toast .button");
    home.until("web", "running");
    assert!(browser.complaints().iter().all(|one| one.contains("/api/ports/x")));
}

#[test]
fn who_is_not_ours_is_shown_before_its_end_by_keyboard() {
    let home = Home::new();
    let stranger = home.call(program("listens")).spawn();
    stranger.until_it_says("\n");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.choose("free a port");
    browser.until("document.activeElement.id === 'port-number'");
    browser.press(stranger.out().trim().chars());
    let end = format!("End pid {}", stranger.pid());
    browser.until(&format!("document.querySelector('#port-free').textContent === '{end}'"));
    browser.until_it_shows("bgrun did not start it");
    assert!(stranger.life.is_alive());
    browser.press([key::ENTER]);
    stranger.life.must_end();
    browser.until_it_shows("Nobody listens on port");
    browser.press([key::ESCAPE]);
    browser.until("!document.querySelector('dialog') && location.hash === '#/'");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_process_is_watched_by_mouse_and_no_longer_by_keyboard() {
    let home = Home::new();
    let place = home.dir("app");
    let words = ["web", "-d", place.to_str().expect("a path of text"), "--", "sleep", "60"];
    home.verb("run", words).ok();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".name"));
    browser.click(".pane .act-watch");
    browser.until("document.querySelector('.pane .act-watch[aria-pressed=true]')");
    browser.until(&format!("!document.querySelector('{}').hidden", row("web", ".eye")));
    browser.until_it_shows("watched by");
    browser.until("document.querySelector('.facts a[href*=\"web.watch\"]')");
    std::fs::write(place.join("a.js"), "1").expect("a file can be written");
    eventually("web is restarted", || home.ls("web").number("run") == 2);

    browser.press(['w']);
    eventually("nobody watches", || home.find("web.watch").is_none());
    browser.until("document.querySelector('.pane .act-watch[aria-pressed=false]')");
    browser.press(['u']);
    eventually("it is watched again", || {
        dashboard.get("/api/processes/web")["watcher"]["name"] == "web.watch"
    });
    // What is gone is watched by nobody; both come back.
    browser.until("document.querySelector('.pane .act-watch[aria-pressed=true]')");
    browser.press(['d']);
    eventually("both are gone", || home.all().is_empty());
    browser.press(['u']);
    eventually("both are back", || {
        dashboard.ask("GET /api/processes/web", &Value::Null).body.contains("web.watch")
    });
    browser.until("document.querySelector('.pane .act-watch[aria-pressed=true]')");
    // With flags: the form of a process that is a watcher.
    browser.press(['w']);
    eventually("nobody watches", || home.find("web.watch").is_none());
    browser.until("document.querySelector('.pane .act-watch[aria-pressed=false]')");
    browser.press(['m']);
    browser.until("document.querySelector('dialog.palette')");
    browser.press("other paths".chars().chain([key::ENTER]));
    browser.until("document.querySelector('#form-command')?.value === 'bgrun watch web '");
    browser.until("document.querySelector('#form-name').value === 'web.watch'");
}

fn project(home: &Home) -> PathBuf {
    let place = home.dir("shop");
    let text = "[process.db]\ncommand = [\"sleep\", \"60\"]\n\
                [process.web]\ncommand = [\"sleep\", \"61\"]\nafter = [\"db\"]\n";
    std::fs::write(place.join("bgrun.toml"), text).expect("a project file can be written");
    place
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

#[test]
fn a_project_is_brought_up_changed_and_taken_down_by_mouse() {
    let home = Home::new();
    let place = project(&home);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(".empty .button:not(.primary)");
    browser.put("#project-path", "/no/such/place");
    browser.until_it_shows("/no/such/place does not exist");
    browser.put("#project-path", text_of(&place));
    browser.until("document.querySelector('#project-up').textContent === 'Bring up: 2 to start'");
    let line = format!("bgrun up --file={}", place.join("bgrun.toml").display());
    browser.until_it_shows(&line);
    assert!(home.all().is_empty(), "it was only looked");
    browser.click("#project-up");
    is_up(&home, "web");
    browser.until("document.querySelector('#project-down').textContent.includes('2 running')");
    let text = std::fs::read_to_string(place.join("bgrun.toml")).expect("the project file");
    std::fs::write(place.join("bgrun.toml"), text.replace("61", "62")).expect("it can be written");
    browser.put("#project-path", text_of(&place.join("bgrun.toml")));
    browser.until("document.querySelector('#project-up').textContent === 'Bring up: 1 to restart'");
    browser.until_it_shows("restart other command");
    browser.click("#project-up");
    eventually("web is another", || home.ls("web")["argv"] == json!(["sleep", "62"]));
    browser.until("!document.querySelector('#project-down').disabled");
    browser.click("#project-down");
    home.until("web", "stopped");
    home.until("db", "stopped");
    browser.until_it_shows("Project down: 2 stopped");
    browser.until("!document.querySelector('#project-forget').disabled");
    browser.click("#project-forget");
    eventually("it is forgotten", || home.all().is_empty());
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|one| one.contains("/api/project?")), "{complaints:?}");
}

#[test]
fn a_project_is_brought_up_and_taken_down_by_keyboard() {
    let home = Home::new();
    let place = project(&home);
    home.verb("up", ["-f", text_of(&place.join("bgrun.toml")), "db"]).ok();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until(&format!("document.querySelector('{}')", row("db", ".name")));
    browser.choose("bgrun.toml: bring up");
    is_up(&home, "web");
    browser.until_it_shows("Project up: 1 started");
    browser.choose("bgrun.toml: take down");
    home.until("db", "stopped");
    browser.until_it_shows("Project down: 2 stopped");
    browser.press(['u']);
    is_up(&home, "web");
    assert_eq!(home.ls("db").status(), "running");
    browser.choose("project file");
    browser.until("document.activeElement.id === 'project-path'");
    browser.until("document.querySelectorAll('.plan tbody tr').length === 2");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_logs_take_is_shown_with_the_way_to_take_less() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "seq 1 20000; exec sleep 60"]);
    home.start_sleep("api");
    home.until_out("web", "20000\n");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".name"));
    browser.until("document.querySelectorAll('.pane .disk tbody tr').length === 2");
    browser.until("document.querySelector('.pane .disk tbody tr').textContent.endsWith('none')");
    browser.click(".pane .disk .button");
    browser.until(
        "document.querySelector('.pane .disk tbody tr').textContent.includes('in 1 archive')",
    );
    assert!(home.state().join("web-out.txt.1").exists());

    browser.view("#/logs/web");
    browser.until("document.querySelector('.disk-size').textContent.includes('on disk')");
    home.start("more", ["sh", "-c", "seq 1 20000; exec sleep 60"]);
    home.until_out("more", "20000\n");
    browser.choose("logs on disk");
    browser.until("document.querySelectorAll('dialog.disk tbody tr').length === 3");
    browser.until("document.querySelector('#disk-rotate-all') === document.activeElement");
    browser.press([key::ENTER]);
    browser.until(
        "document.querySelector('dialog.disk tr[data-name=more]').textContent.includes('in 1 archive')",
    );
    browser.press([key::ESCAPE]);
    browser.until("location.hash.startsWith('#/logs/web')");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn an_environment_is_taken_anew_by_form_and_by_palette_and_given_back() {
    let home = Home::new();
    home.verb("run", ["web", "-e", "OWN=1", "--", "sleep", "60"]).env("FROM", "shell").ok();
    let port = free_port().to_string();
    let running = home.verb("dash", ["--port", &port]).env("FROM", "dashboard").spawn();
    let dashboard = Dashboard::of(&home, running);
    let has = |from: &str| {
        eventually(&format!("it is from the {from}"), || {
            dashboard.get("/api/processes/web/env")["env"]["FROM"] == from
        });
    };
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".name"));
    browser.click(".pane a[href*='#/edit/']");
    browser.until_it_shows("Nothing is different yet.");
    browser.click("input[name=fresh_env]");
    browser.until_it_shows("all else of its environment");
    browser.until("document.querySelector('.form-line code').textContent.includes('--fresh-env')");
    browser.click(".form footer .primary");
    has("dashboard");
    browser.until("location.hash === '#/process/web'");
    browser.press(['u']);
    has("shell");
    browser.choose("web: restart with a fresh environment");
    has("dashboard");
    browser.until_it_shows("web restarted with the environment of the dashboard");
    browser.press(['u']);
    has("shell");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn another_browser_is_let_in_and_the_guard_is_given_to_cron() {
    let home = Home::new();
    home.start_sleep("web");
    let table = home.at("table");
    home.dir("stand-in");
    let text = format!(
        "#!/bin/sh\ncase $1 in -l) cat '{0}';; -) cat >'{0}';; -r) rm '{0}';; esac\n",
        table.display()
    );
    home.script("stand-in/crontab", &text);
    std::fs::write(&table, "").expect("a table");
    let path = format!("{}:/usr/bin:/bin", home.at("stand-in").display());
    let port = free_port().to_string();
    let running = home.verb("dash", ["--port", &port]).env("PATH", path).spawn();
    let dashboard = Dashboard::of(&home, running);
    let browser = Browser::at(&home, &dashboard);
    browser.choose("let another browser in");
    let address = browser.text("#login-address");
    let other = Home::new();
    let guest = Browser::new(&other);
    guest.go(&address);
    guest.until("document.querySelectorAll('tr.process').length === 1");
    drop(guest);
    browser.press([key::ESCAPE]);

    browser.choose("guard: look every minute");
    browser.until("document.querySelector('#schedule-text').textContent.includes('bgrun-guard')");
    browser.click("#schedule-install");
    let read = || std::fs::read_to_string(&table).unwrap_or_default();
    eventually("it is installed", || read().contains("bgrun-guard"));
    browser.click("#schedule-uninstall");
    eventually("it is taken back", || !read().contains("bgrun-guard"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn where_nothing_may_be_changed_there_is_only_the_look_at_the_disk() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start_with(&home, &["--read-only"]);
    let browser = Browser::at(&home, &dashboard);
    for address in ["#/port", "#/project", "#/schedule"] {
        browser.view(address);
        browser.until("location.hash === '#/'");
        assert_eq!(browser.count("dialog"), 0);
    }
    browser.view("#/disk");
    browser.until("document.querySelectorAll('dialog.disk tbody tr').length === 1");
    assert_eq!(browser.count("dialog.disk tbody button, #disk-rotate-all"), 0);
    browser.press([key::ESCAPE]);
    browser.press_with(key::CONTROL, 'k');
    browser.until("document.querySelector('dialog.palette')");
    let offered = browser.page();
    for word in ["Stop all", "Nuke", "Free a port", "Project file", "cron"] {
        assert!(!offered.contains(word), "{word}: {offered}");
    }
}
