//! A person at a real Chromium: looks, clicks, types, and sees what went wrong.
//!
//! It finds things as a person does, by what can be seen and reached; a click that would hit
//! something else fails.

use crate::webdriver::WebDriver;
use crate::{Dashboard, Home, Value, eventually_ok, eventually_some, json, workspace_root};
use base64::Engine;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Keys that are no letters, as WebDriver writes them.
pub mod key {
    pub const ENTER: char = '\u{e007}';
    pub const ESCAPE: char = '\u{e00c}';
    pub const SHIFT: char = '\u{e008}';
    pub const CONTROL: char = '\u{e009}';
    pub const DOWN: char = '\u{e015}';
    pub const UP: char = '\u{e013}';
    pub const HOME: char = '\u{e011}';
    pub const END: char = '\u{e010}';
    pub const PAGE_UP: char = '\u{e00e}';
    pub const TAB: char = '\u{e004}';
}

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser with one page.
pub struct Browser {
    driver: WebDriver,
}

impl Browser {
    /// An empty browser, as large as a laptop.
    #[track_caller]
    pub fn new(home: &Home) -> Self {
        let browser = Self { driver: WebDriver::new(home) };
        browser.resize(1440, 900);
        browser
    }

    /// A browser that was let in, with the list before it.
    #[track_caller]
    pub fn at(home: &Home, dashboard: &Dashboard) -> Self {
        let browser = Self::new(home);
        browser.go(&dashboard.url);
        browser.until("document.querySelector('#live')?.textContent === 'live'");
        browser
    }

    /// Goes to a view of the page that is open, by its address behind the `#`.
    #[track_caller]
    pub fn view(&self, address: &str) {
        self.script("location.hash = arguments[0]", &[json!(address)]);
    }

    /// Makes the page so large, in CSS pixels. Narrow ones are phones.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// A command of the protocol below WebDriver.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.driver.command("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    #[track_caller]
    pub fn go(&self, url: &str) {
        self.driver.command("/url", &json!({"url": url}));
    }

    #[track_caller]
    pub fn back(&self) {
        self.driver.command("/back", &json!({}));
    }

    pub fn url(&self) -> String {
        self.driver.get("/url").as_str().unwrap_or_default().to_owned()
    }

    pub fn title(&self) -> String {
        self.driver.get("/title").as_str().unwrap_or_default().to_owned()
    }

    /// Runs a function body in the page; `arguments[0]` … are what is handed over.
    #[track_caller]
    pub fn script(&self, body: &str, arguments: &[Value]) -> Value {
        self.driver.command("/execute/sync", &json!({"script": body, "args": arguments}))
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn until(&self, expression: &str) {
        let body = condition(expression);
        eventually_ok(|| {
            let holds = self.script(&body, &[]) == Value::Bool(true);
            if holds { Ok(()) } else { Err(format!("{expression}\n{}", self.page())) }
        });
    }

    /// The same, for what needs its time by design.
    #[track_caller]
    pub fn until_within(&self, limit: Duration, expression: &str) {
        let body = condition(expression);
        let begun = Instant::now();
        while self.script(&body, &[]) != Value::Bool(true) {
            assert!(begun.elapsed() < limit, "not within {limit:?}: {expression}");
        }
    }

    /// All that can be read in the page.
    pub fn page(&self) -> String {
        let text = self.script("return document.body.innerText", &[]);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page shows `text`.
    #[track_caller]
    pub fn until_it_shows(&self, text: &str) {
        eventually_ok(|| {
            let page = self.page();
            if page.contains(text) { Ok(()) } else { Err(format!("{text:?} is shown:\n{page}")) }
        });
    }

    /// Waits until the page shows `text` no more.
    #[track_caller]
    pub fn until_it_hides(&self, text: &str) {
        eventually_ok(|| {
            let page = self.page();
            if page.contains(text) { Err(format!("{text:?} is gone:\n{page}")) } else { Ok(()) }
        });
    }

    /// The text of the first element that matches, when there is one.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        eventually_some(&format!("there is a {css}"), || {
            let body = "const e = document.querySelector(arguments[0]); return e && e.innerText";
            self.script(body, &[json!(css)]).as_str().map(str::to_owned)
        })
    }

    /// How many elements match.
    pub fn count(&self, css: &str) -> usize {
        let count =
            self.script("return document.querySelectorAll(arguments[0]).length", &[json!(css)]);
        usize::try_from(count.as_u64().unwrap_or_default()).expect("a count fits")
    }

    #[track_caller]
    fn element(&self, css: &str) -> String {
        let wanted = json!({"using": "css selector", "value": css});
        eventually_ok(|| {
            let found = self.driver.try_command("/element", &wanted)?;
            found[ELEMENT].as_str().map(str::to_owned).ok_or_else(|| format!("no {css}"))
        })
    }

    /// Clicks where a person would; waits until it can be reached.
    #[track_caller]
    pub fn click(&self, css: &str) {
        eventually_ok(|| {
            let path = format!("/element/{}/click", self.element(css));
            self.driver.try_command(&path, &json!({})).map_err(|why| format!("{css}: {why}"))
        });
    }

    /// Types into a field, behind what is there.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        eventually_ok(|| {
            let path = format!("/element/{}/value", self.element(css));
            self.driver
                .try_command(&path, &json!({"text": text}))
                .map_err(|why| format!("{css}: {why}"))
        });
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub fn press(&self, keys: impl IntoIterator<Item = char>) {
        let strokes: Vec<Value> = keys.into_iter().flat_map(stroke).collect();
        self.act(&strokes);
    }

    /// Presses a key while others are held.
    #[track_caller]
    pub fn press_with(&self, held: char, key: char) {
        let [down, up] = stroke(key);
        let [hold, release] = stroke(held);
        self.act(&[hold, down, up, release]);
    }

    #[track_caller]
    fn act(&self, strokes: &[Value]) {
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]});
        self.driver.command("/actions", &actions);
    }

    /// Writes what is to be seen into `target/screenshots`, for a person to look at.
    #[track_caller]
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let encoded = self.driver.get("/screenshot");
        let encoded = encoded.as_str().expect("a screenshot is text");
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
        let bytes = bytes.expect("a screenshot is base64");
        let directory = workspace_root().join("target/screenshots");
        std::fs::create_dir_all(&directory).expect("target can be written");
        let path = directory.join(format!("{name}.png"));
        std::fs::write(&path, bytes).expect("a screenshot can be written");
        path
    }

    /// What the page and the browser complained of since the last look.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.driver.command("/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }

    /// Every address that was asked for since the last look.
    pub fn requests(&self) -> Vec<String> {
        let log = self.driver.command("/se/log", &json!({"type": "performance"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(requested).collect()
    }
}

/// The address in an entry of the performance log, if it tells of a request.
fn requested(entry: &Value) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &message["message"];
    let is_request = message["method"] == "Network.requestWillBeSent";
    let url = message["params"]["request"]["url"].as_str();
    url.filter(|_| is_request).map(str::to_owned)
}

fn stroke(key: char) -> [Value; 2] {
    [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
}

/// Whether an expression holds; what is about something that is not there yet does not.
fn condition(expression: &str) -> String {
    format!("try {{ return Boolean({expression}) }} catch {{ return false }}")
}
