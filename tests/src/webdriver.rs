//! The wire to a browser: chromedriver, one session, commands as JSON over loopback.

use crate::{Home, Running, Value, eventually_some, json};
use std::time::Duration;

/// A command of the driver may take this long; a loaded machine is slow.
const LONGEST: Duration = Duration::from_secs(40);

/// A chromedriver and one session with a Chromium of its own. Dropped, both end.
pub(crate) struct WebDriver {
    /// Ended by its drop; Chromium follows, because the pipe between the two closes.
    _driver: Running,
    agent: ureq::Agent,
    base: String,
    session: String,
}

impl WebDriver {
    /// Starts Chromium with a profile in `home`.
    #[track_caller]
    pub(crate) fn new(home: &Home) -> Self {
        // Both end with the test, however that ends.
        let driver =
            home.call("setpriv").args(["--pdeathsig", "KILL", "chromedriver", "--port=0"]).spawn();
        let port: u16 = eventually_some("chromedriver says its port", || {
            let said = driver.out();
            let (_, rest) = said.split_once("started successfully on port ")?;
            rest.split(['.', '\n']).next()?.trim().parse().ok()
        });
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(LONGEST))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        let base = format!("http://127.0.0.1:{port}");
        let profile = home.dir("chromium");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let mut this = Self { _driver: driver, agent, base, session: String::new() };
        let session = this.post("/session", &wanted);
        let id = session["sessionId"].as_str().expect("a session has an id");
        this.session = format!("/session/{id}");
        this
    }

    /// A command to the session that must succeed.
    #[track_caller]
    pub(crate) fn command(&self, path: &str, body: &Value) -> Value {
        self.post(&format!("{}{path}", self.session), body)
    }

    /// A command that may fail: with the driver's words.
    pub(crate) fn try_command(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.try_post(&format!("{}{path}", self.session), body)
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    fn try_post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let sent = request.header("Content-Type", "application/json").send(body.to_string());
        read(sent)
    }

    /// Asks the session for something.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let sent = self.agent.get(format!("{}{}{path}", self.base, self.session)).call();
        read(sent).unwrap_or_else(|why| panic!("{path}: {why}"))
    }
}

fn read(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let mut response = sent.map_err(|why| why.to_string())?;
    // A screenshot, or the log of all that was loaded, is some megabytes.
    let text = response.body_mut().with_config().limit(256 * 1024 * 1024).read_to_string();
    let text = text.map_err(|why| why.to_string())?;
    let mut answer: Value = serde_json::from_str(&text).map_err(|why| format!("{why}: {text}"))?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
        None => Ok(value),
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        let _gone_already = self.agent.delete(format!("{}{}", self.base, self.session)).call();
    }
}
