//! The files of the page, inside the program. Each has its line here and nowhere else.

use axum::response::Response;
use hyper::StatusCode;

use crate::answer;

/// A file of the page.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Where it is found.
    pub(crate) path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! assets {
    ($($path:literal $kind:ident $file:literal)*) => {
        &[$(Asset {
            path: $path,
            kind: $kind,
            bytes: include_bytes!(concat!("../page/", $file)),
        }),*]
    };
}

/// All of them: path, kind, file in `bgrun-dash/page`.
pub(crate) const ASSETS: &[Asset] = assets! {
    "/" HTML "index.html"
    "/actions.js" SCRIPT "actions.js"
    "/ansi-colours.js" SCRIPT "ansi-colours.js"
    "/ansi.js" SCRIPT "ansi.js"
    "/api.js" SCRIPT "api.js"
    "/base.css" STYLE "base.css"
    "/buttons.js" SCRIPT "buttons.js"
    "/choices.js" SCRIPT "choices.js"
    "/choose.js" SCRIPT "choose.js"
    "/details.css" STYLE "details.css"
    "/details.js" SCRIPT "details.js"
    "/dialogs.css" STYLE "dialogs.css"
    "/disk.js" SCRIPT "disk.js"
    "/dom.js" SCRIPT "dom.js"
    "/empty.js" SCRIPT "empty.js"
    "/environment.js" SCRIPT "environment.js"
    "/events.js" SCRIPT "events.js"
    "/explain.js" SCRIPT "explain.js"
    "/form-fields.js" SCRIPT "form-fields.js"
    "/form-variables.js" SCRIPT "form-variables.js"
    "/form.js" SCRIPT "form.js"
    "/format.js" SCRIPT "format.js"
    "/help.js" SCRIPT "help.js"
    "/icon-failed.svg" PICTURE "icon-failed.svg"
    "/icon-offline.svg" PICTURE "icon-offline.svg"
    "/icon.svg" PICTURE "icon.svg"
    "/keys.js" SCRIPT "keys.js"
    "/list.css" STYLE "list.css"
    "/list.js" SCRIPT "list.js"
    "/log-bar.js" SCRIPT "log-bar.js"
    "/log-far.js" SCRIPT "log-far.js"
    "/log-head.js" SCRIPT "log-head.js"
    "/log-lines.js" SCRIPT "log-lines.js"
    "/log-source.js" SCRIPT "log-source.js"
    "/log-span.js" SCRIPT "log-span.js"
    "/log-window.js" SCRIPT "log-window.js"
    "/login-address.js" SCRIPT "login-address.js"
    "/logs.css" STYLE "logs.css"
    "/logs.js" SCRIPT "logs.js"
    "/main.js" SCRIPT "main.js"
    "/outage.js" SCRIPT "outage.js"
    "/overlay.js" SCRIPT "overlay.js"
    "/palette.js" SCRIPT "palette.js"
    "/port.js" SCRIPT "port.js"
    "/processes.js" SCRIPT "processes.js"
    "/project.js" SCRIPT "project.js"
    "/question.js" SCRIPT "question.js"
    "/router.js" SCRIPT "router.js"
    "/row.js" SCRIPT "row.js"
    "/schedule.js" SCRIPT "schedule.js"
    "/sheet.js" SCRIPT "sheet.js"
    "/sparkline.js" SCRIPT "sparkline.js"
    "/spec.js" SCRIPT "spec.js"
    "/theme-early.js" SCRIPT "theme-early.js"
    "/theme.js" SCRIPT "theme.js"
    "/toast.js" SCRIPT "toast.js"
    "/tokens.css" STYLE "tokens.css"
    "/tree.js" SCRIPT "tree.js"
    "/watchers.js" SCRIPT "watchers.js"
};

/// The file at `path`.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// The file as an answer.
    pub(crate) fn response(&self) -> Response {
        answer::text(StatusCode::OK, self.kind, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_page_is_served_and_nothing_else() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
        let files: BTreeSet<Vec<u8>> = std::fs::read_dir(directory)
            .expect("the page")
            .flatten()
            .map(|entry| std::fs::read(entry.path()).expect("a file"))
            .collect();
        let served: BTreeSet<Vec<u8>> = ASSETS.iter().map(|asset| asset.bytes.to_vec()).collect();
        assert_eq!(served.len(), files.len(), "a file of bgrun-dash/page has no line here");
        assert_eq!(served, files);
    }
}
