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
#[allow(dead_code, reason = "until the page has one")]
const SCRIPT: &str = "text/javascript; charset=utf-8";
#[allow(dead_code, reason = "until the page has one")]
const STYLE: &str = "text/css; charset=utf-8";
#[allow(dead_code, reason = "until the page has one")]
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
