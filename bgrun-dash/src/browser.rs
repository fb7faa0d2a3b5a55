//! Opening the browser of the person who asked for it.

use std::process::{Command, Stdio};

use bgrun_platform::tool;

/// What opens a URL: freedesktop.org's, and what some systems have instead.
const OPENERS: [&str; 3] = ["xdg-open", "gio", "sensible-browser"];

/// Opens `url`; where nothing can, says so. It is not waited for: a browser may stay.
pub(crate) fn open(url: &str) {
    let named = std::env::var_os("BROWSER").filter(|name| !name.is_empty());
    let openers = named.into_iter().chain(OPENERS.map(Into::into));
    for opener in openers {
        let mut command = Command::new(&opener);
        if opener == "gio" {
            command.arg("open");
        }
        command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(mut browser) = command.spawn() {
            // Nobody waits for its end, but somebody has to take note of it.
            let reap = move || browser.wait();
            let _ = std::thread::Builder::new().name("browser".into()).spawn(reap);
            return;
        }
    }
    tool::warn("nothing here opens a browser: open the URL yourself");
}
