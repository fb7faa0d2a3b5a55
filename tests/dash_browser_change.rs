//! Changing a process in the page, and the rarer things that can be done to one, by mouse, by
//! keyboard and on a phone.

use tests::*;

#[test]
fn a_process_is_changed_by_the_form_and_the_change_is_taken_back() {
    let home = Home::new();
    let words = ["web", "--group", "shop", "-e", "A=1", "-e", "SECRET=s3cret", "--", "sleep", "60"];
    home.verb("run", words).ok();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".name"));
    browser.click(".pane a[href*='#/edit/']");
    browser.until("document.querySelector('#form-command').value === 'sleep 60'");
    browser.until("document.querySelector('#form-env').value === 'A=••••••\\nSECRET=••••••'");
    browser.until_it_shows("Nothing is different yet.");
    browser.until("document.querySelector('.form .primary').disabled");
    browser.put("#form-memory", "lots");
    browser.until("document.querySelector('#problem-memory').textContent.includes('500m')");
    browser.put("#form-memory", "1g");
    browser.put("#form-command", "sleep 61");
    browser.until_it_shows("Different then: command, memory limit.");
    let line = "document.querySelector('.form-line code').textContent";
    browser.until(&format!(
        "{line} === 'bgrun run web --restart --directory={} --memory-limit=1073741824 -- sleep 61'",
        home.path().canonicalize().unwrap().display()
    ));
    // Without a variable and without its group: then all that stays is said again.
    browser.put("#form-env", "SECRET=••••••\nB=2");
    browser.script("document.querySelector('#form-group').value = ''", &[]);
    browser.click("#form-variables summary");
    let sets = "[...document.querySelectorAll('#form-variables li')].map(e => e.textContent)";
    browser.until(&format!("{sets}.join() === 'B2,SECRETs3cret'"));
    browser.click(".form-more summary");
    browser.put("#form-ready", "log:(");
    browser.until_it_shows("is not a regular expression");
    browser.put("#form-ready", "after:1ms");
    browser.until(&format!("{line}.includes('--reset') && !{line}.includes('s3cret')"));
    browser.until_it_shows("Different then: command, group, ready, env, memory limit.");
    browser.click(".form footer .primary");

    let changed = eventually_some("web is another", || {
        Some(home.ls("web")).filter(|now| now["argv"] == json!(["sleep", "61"]))
    });
    assert_eq!((&changed["group"], changed.number("memory_limit_bytes")), (&Value::Null, 1 << 30));
    assert_eq!(
        (&changed["env_keys"], &changed["ready_probe"]),
        (&json!(["B", "SECRET"]), &json!("after:1ms"))
    );
    assert_eq!(dashboard.get("/api/processes/web/env")["env"]["SECRET"], "s3cret");
    browser.until("location.hash === '#/process/web'");
    browser.until_it_shows("web changed and restarted");
    browser.click(".toast .button");
    let back = eventually_some("web is as it was", || {
        Some(home.ls("web")).filter(|now| now["argv"] == json!(["sleep", "60"]))
    });
    assert_eq!((&back["group"], &back["env_keys"]), (&json!("shop"), &json!(["A", "SECRET"])));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn logs_and_configuration_are_named_by_the_form_and_unnamed_again() {
    let home = Home::new();
    std::fs::write(home.at("extra.toml"), "colour = 'blue'\n").expect("a file can be written");
    let out = home.at("mine.txt").display().to_string();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let save = || {
        browser.until("!document.querySelector('.form .primary').disabled");
        browser.click(".form footer .primary");
        browser.until("!document.querySelector('dialog')");
    };
    browser.view("#/edit/web");
    browser.until_it_shows("Nothing is different yet.");
    browser.click(".form-more summary");
    browser.until("document.querySelector('#form-max_restarts').value === '10'");
    browser.put("#form-config", "extra.toml");
    browser.put("#form-stdout", &out);
    browser.put("#form-max_restarts", "7/30s");
    browser.until("document.querySelector('.form-line code').textContent.includes('--stdout=')");
    save();
    let now = home.ls("web");
    assert!(now.text("configPath").ends_with("extra.toml"), "{now}");
    assert_eq!((now.text("stdout_path"), now.number("max_restarts")), (out.as_str(), 7));
    assert_eq!(dashboard.get("/api/processes/web/env")["env"]["COLOUR"], "blue");

    browser.view("#/edit/web");
    browser.until_it_shows("Nothing is different yet.");
    browser.click(".form-more summary");
    browser.until("document.querySelector('#form-max_restarts').value === '7/30s'");
    browser.put("#form-stdout", "");
    browser.put("#form-config", "");
    browser.put("#form-max_restarts", "10");
    browser.click("input[name=no_config]");
    browser.until_it_shows("Different then:");
    save();
    let now = home.ls("web");
    assert_eq!((&now["configPath"], &now["no_config"]), (&Value::Null, &json!(true)));
    assert_eq!((now.number("max_restarts"), &now["restart_window_ms"]), (10, &Value::Null));
    assert_eq!(now["stdout_path"], json!(home.out_path("web")));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_does_not_run_is_saved_without_being_started_by_keyboard_alone() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until(&format!("document.querySelector('{}')", row("web", ".name")));
    browser.press(['j', 'e']);
    browser.until("document.activeElement.id === 'form-command'");
    browser.press("9".chars());
    browser.until_it_shows("Different then: command.");
    browser.press([key::ENTER]);
    eventually("it is changed", || home.ls("web")["argv"] == json!(["sleep", "609"]));
    assert_eq!(home.ls("web").status(), "stopped");
    browser.until_it_shows("web changed");
    browser.press(['u']);
    eventually("it is as it was", || home.ls("web")["argv"] == json!(["sleep", "60"]));

    // The form has an address, and closing it leads back.
    browser.press(['e']);
    browser.until("location.hash === '#/edit/web' && document.querySelector('#form-command')");
    browser.press([key::ESCAPE]);
    browser.until("!document.querySelector('dialog') && location.hash === '#/process/web'");
    browser.go("about:blank");
    browser.go(&format!("http://127.0.0.1:{}/#/edit/web", dashboard.port));
    browser.until("document.querySelector('#form-command')?.value === 'sleep 60'");
    browser.view("#/edit/nobody");
    browser.until_it_shows("no process is called 'nobody'");
}

#[test]
fn signals_rotation_and_all_else_are_in_the_menu() {
    let home = Home::new();
    let script = "trap 'echo got it' HUP; seq 1 5000; while :; do sleep 0.02; done";
    home.start("web", ["bash", "-c", script]);
    home.until_out("web", "5000");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".act-more"));
    browser.until("document.querySelector('dialog.palette h2').textContent === 'web'");
    browser.press("send a signal".chars().chain([key::ENTER]));
    browser.until_it_shows("Send a signal to web");
    browser.press("SIGHUP".chars().chain([key::ENTER]));
    browser.until_it_shows("SIGHUP sent to web");
    home.until_out("web", "got it");
    assert_eq!(home.ls("web").number("run"), 1);

    browser.press(['j']);
    browser.choose_in_menu("rotate");
    browser.until_it_shows("of logs archived");
    assert!(home.state().join("web-out.txt.1").exists());
    browser.choose_in_menu("force");
    eventually("it is restarted", || home.ls("web").number("run") == 2);
    // The toast of one action does not hide that the next one failed.
    browser.choose_in_menu("fetch");
    browser.until("document.querySelector('.toast.bad')?.textContent.includes('git')");
    browser.choose_in_menu("kill now");
    home.until("web", "stopped");
    browser.choose_in_menu("keep its logs");
    eventually("it is forgotten", || home.find("web").is_none());
    browser.until_it_shows("its logs stay");
    browser.press(['u']);
    eventually("it is back", || home.find("web").is_some());
    // Of its refusals the browser tells by itself.
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|one| one.contains("/api/restart/web")), "{complaints:?}");
}

#[test]
fn several_are_signalled_at_once_and_everything_is_looked_after() {
    let home = Home::new();
    for name in ["one", "two"] {
        home.start(
            name,
            ["bash", "-c", "trap 'echo got it' USR1; echo set; while :; do sleep 0.02; done"],
        );
        home.until_out(name, "set");
    }
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelectorAll('tr.process').length === 2");
    browser.press(['a']);
    browser.press_with(key::CONTROL, 'k');
    browser.press("Send a signal to the 2 selected".chars().chain([key::ENTER]));
    browser.until_it_shows("Send a signal to 2 processes");
    browser.press("USR1".chars().chain([key::ENTER]));
    for name in ["one", "two"] {
        home.until_out(name, "got it");
    }
    browser.press_with(key::CONTROL, 'k');
    browser.press("Guard: look once".chars().chain([key::ENTER]));
    browser.until_it_shows("The guard found nothing to put right.");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn on_a_phone_a_thumb_is_enough() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.resize(390, 844);
    browser.click(&row("web", ".act-more"));
    browser.until("document.querySelector('dialog.palette h2').textContent === 'web'");
    browser.click(".palette li:nth-of-type(5)");
    browser.until("document.querySelector('#form-command')?.value === 'sleep 60'");
    browser.put("#form-interval", "90");
    browser.until_it_shows("Different then: restart interval.");
    browser.click(".form footer .primary");
    eventually("it is changed", || home.ls("web")["restart_interval_minutes"] == 90);
}

#[test]
fn where_nothing_may_be_changed_the_menu_only_looks() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start_with(&home, &["--read-only"]);
    let browser = Browser::at(&home, &dashboard);
    browser.click(&row("web", ".act-more"));
    browser.until("document.querySelectorAll('.palette li').length === 3");
    browser.press([key::ESCAPE]);
    browser.press(['j', 'e']);
    browser.view("#/edit/web");
    browser.until("location.hash === '#/'");
    assert_eq!(browser.count("dialog"), 0);
    assert_eq!(home.ls("web").number("run"), 1);
}

#[test]
fn a_browser_whose_cookie_is_gone_says_what_to_do() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until(&format!("document.querySelector('{}')", row("web", ".name")));
    browser.devtools("Network.clearBrowserCookies", &json!({}));
    // The stream goes on with what it was let in by; the next one is not let in.
    browser.script("window.dispatchEvent(new Event('online'))", &[]);
    browser.until_it_shows("This browser is signed out.");
    browser.until_it_shows("bgrun dash --url");
    browser.until("document.title.includes('disconnected')");
    let fresh = home.bgrun(["dash", "--url"]).ok().out();
    browser.go(fresh.lines().next().expect("a URL"));
    browser.until("document.querySelector('#live')?.textContent === 'live'");
    browser.until("document.querySelector('#outage').hidden");
}
