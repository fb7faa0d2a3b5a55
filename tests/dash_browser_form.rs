//! The forms of the dashboard in a real Chromium: what they say while one types, and what they do not.

use tests::*;

/// Puts a text in the place of what a field of the form holds.
fn put(browser: &Browser, field: &str, text: &str) {
    browser.script(
        "const e = document.querySelector(arguments[0]); e.value = ''; e.focus(); \
         e.dispatchEvent(new Event('input', {bubbles: true}))",
        &[json!(field)],
    );
    if !text.is_empty() {
        browser.fill(field, text);
    }
}

#[test]
fn a_new_process_with_the_name_of_a_running_one_leads_to_the_change_of_that() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.until("document.querySelector('tr.process')");
    browser.click("#new");
    browser.fill("#form-command", "sleep 59");
    browser.fill("#form-name", "web");
    let said = "document.querySelector('#problem-name').textContent";
    let taken = "web runs already. Change it, or choose another name.";
    browser.until(&format!("{said} === '{taken}'"));
    browser.click(".form footer .primary");
    browser.until("document.activeElement.id === 'form-name'");
    browser.until(&format!("{said} === '{taken}'"));
    assert!(!browser.page().contains("--if-absent"), "{}", browser.page());
    put(&browser, "#form-name", "web2");
    browser.until(&format!("{said} === ''"));
    put(&browser, "#form-name", "web");
    browser.click("#problem-name a");
    browser.until("location.hash === '#/edit/web'");
    browser.until("document.querySelector('#form-command')?.value === 'sleep 60'");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn only_hints_that_are_of_use_in_a_page_are_shown_in_it() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    for (hint, is_shown) in [
        ("--restart or --force stops it first; --if-absent leaves it alone", false),
        ("for a shell command use -c '…'", false),
        ("bgrun logs web", false),
        ("name it to end it all the same: {\"pids\": [7]}", false),
        ("did you mean 'web'?", true),
        ("git branch --set-upstream-to=REMOTE/BRANCH", true),
        ("rebase or merge by hand, then start it again", true),
    ] {
        browser.script(
            "window.said = null; import('/api.js').then(api => \
             { window.said = new api.Refused(409, {error: 'no', hint: arguments[0]}).message })",
            &[json!(hint)],
        );
        browser.until("window.said !== null");
        let said = browser.script("return window.said", &[]);
        let expected = if is_shown { format!("no\n{hint}") } else { "no".into() };
        assert_eq!(said, json!(expected));
    }
}

#[test]
fn what_cannot_be_started_is_not_said_to_be_no_change() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    browser.view("#/edit/web");
    browser.until_it_shows("Nothing is different yet.");
    put(&browser, "#form-command", "no-such-program-anywhere");
    browser.until("document.querySelector('#problem-command').textContent.includes('not found')");
    browser.until_it_hides("Nothing is different yet.");
    browser.until("!document.querySelector('.form .primary').disabled");
    put(&browser, "#form-command", "sleep 61");
    browser.until_it_shows("Different then: command.");
    put(&browser, "#form-command", "sleep 60");
    browser.until_it_shows("Nothing is different yet.");
}

#[test]
fn variables_are_not_asked_for_before_there_is_a_command() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let browser = Browser::at(&home, &dashboard);
    let variables = "document.querySelector('#form-variables .form-variables').innerText.trim()";
    browser.click("#new");
    browser.click("#form-variables summary");
    browser.until(&format!("{variables} === 'They are shown when there is a command.'"));
    browser.fill("#form-env", "COLOUR=blue");
    browser.fill("#form-command", "sleep 60");
    browser.until(&format!("/^COLOUR\\s*blue$/.test({variables})"));
    put(&browser, "#form-command", "");
    browser.until(&format!("{variables} === 'They are shown when there is a command.'"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
