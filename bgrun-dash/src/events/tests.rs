//! Who gets which events.

use super::*;
use http_body_util::BodyExt;

fn list(records: &[(&str, &str)]) -> Vec<u8> {
    let records: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(id, (name, status))| serde_json::json!({"id": id, "name": name, "status": status}))
        .collect();
    serde_json::to_vec(&records).expect("JSON")
}

/// What has come for a client: `kind` of each event, and the id of the last.
async fn got(body: &mut axum::body::Body) -> (Vec<String>, String) {
    let (mut kinds, mut last) = (Vec::new(), String::new());
    while let Ok(Some(Ok(frame))) =
        tokio::time::timeout(std::time::Duration::from_millis(20), body.frame()).await
    {
        let bytes = frame.into_data().expect("data");
        for line in String::from_utf8_lossy(&bytes).lines() {
            match line.split_once(": ") {
                Some(("event", kind)) => kinds.push(kind.to_owned()),
                Some(("id", id)) => id.clone_into(&mut last),
                _ => {}
            }
        }
    }
    (kinds, last)
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(test);
}

#[test]
fn the_list_comes_first_and_then_what_changed() {
    run(async {
        let hub = Hub::new("here".into());
        let mut early = hub.join(None, true).expect("joined");
        assert_eq!(got(&mut early).await.0, [""; 0], "nothing is known yet");
        hub.look(&list(&[("web", "running")]), Instant::now()).expect("looked");
        assert_eq!(got(&mut early).await.0, ["list"]);
        hub.look(&list(&[("web", "running")]), Instant::now()).expect("looked");
        assert_eq!(got(&mut early).await.0, [""; 0], "nothing is new");
        hub.look(&list(&[("api", "failed")]), Instant::now()).expect("looked");
        assert_eq!(got(&mut early).await.0, ["change", "gone"]);
        let mut late = hub.join(None, true).expect("joined");
        assert_eq!(got(&mut late).await.0, ["list"]);
    });
}

#[test]
fn who_comes_again_misses_nothing() {
    run(async {
        let hub = Hub::new("here".into());
        let mut page = hub.join(None, true).expect("joined");
        hub.look(&list(&[("web", "running")]), Instant::now()).expect("looked");
        let (_, seen) = got(&mut page).await;
        drop(page);
        assert_eq!(hub.audience(), Audience::Nobody);
        // While nobody is there nobody looks; what happened is told to who comes again.
        let mut again = hub.join(Some(&seen), true).expect("joined");
        hub.look(&list(&[("web", "failed")]), Instant::now()).expect("looked");
        let (kinds, now) = got(&mut again).await;
        assert_eq!(kinds, ["change"]);
        let mut nothing_missed = hub.join(Some(&now), true).expect("joined");
        assert_eq!(got(&mut nothing_missed).await.0, [""; 0]);
        for unknown in ["there-1", "here-99", "here-", "-", "here", ""] {
            let mut other = hub.join(Some(unknown), true).expect("joined");
            assert_eq!(got(&mut other).await.0, ["list"], "{unknown}");
        }
    });
}

#[test]
fn who_does_not_read_is_let_go_and_one_too_many_refused() {
    run(async {
        let hub = Hub::new("here".into());
        let _idle = hub.join(None, false).expect("joined");
        assert_eq!(hub.audience(), Audience::Listens);
        for at in 0..MOST_WAITING * 2 {
            let status = if at % 2 == 0 { "running" } else { "failed" };
            hub.look(&list(&[("web", status)]), Instant::now()).expect("looked");
        }
        assert_eq!(hub.audience(), Audience::Nobody);
        let pages: Vec<_> = (0..MOST_CLIENTS).map(|_| hub.join(None, true)).collect();
        assert!(pages.iter().all(Result::is_ok));
        assert_eq!(hub.join(None, true).expect_err("full").status.as_u16(), 503);
        drop(pages);
        assert!(hub.join(None, true).is_ok());
    });
}
