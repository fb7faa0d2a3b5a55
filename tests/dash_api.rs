//! The API against its own document, by somebody who tries everything: schemathesis.

use std::time::Duration;
use tests::*;

/// What is held against the document. What a spec means, not only its form, decides whether
/// it starts: so a sound form is no promise, and is not among these.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,negative_data_rejection";

#[test]
fn every_answer_is_as_the_document_says() {
    let schemathesis = workspace_root().join("target/venv/bin/schemathesis");
    assert!(schemathesis.is_file(), "scripts/test installs {}", schemathesis.display());
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let document = dashboard.get("/api/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    let file = home.at("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let url = format!("http://127.0.0.1:{}", dashboard.port);
    let mut call = home.call(schemathesis).args(["run", "--no-color", "--url", &url]);
    call = call.args(["-H", &dashboard.authorization(), "--checks", CHECKS]);
    call = call.args(["--phases", "coverage,fuzzing", "--max-examples", "12", "--seed", "1"]);
    // Streams do not end.
    call = call.args(["--exclude-operation-id", "events", "--exclude-operation-id", "follow"]);
    // The table of cron is this machine's own, whatever the home.
    for operation in ["schedule_install", "schedule_uninstall"] {
        call = call.args(["--exclude-operation-id", operation]);
    }
    call.arg(file).within(Duration::from_secs(180)).ok();
}
