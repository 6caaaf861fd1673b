//! What the store makes of Firestore's answers that the emulator does not give.

use std::sync::Arc;

use catops_core::store::{Put, Store, When};
use catops_core::{ErrorKind, Timestamp};
use catops_gcp::credentials::Credentials;
use catops_gcp::store::FirestoreStore;

use crate::sink::{Answer, Sink};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn store(sink: &Sink) -> FirestoreStore {
    FirestoreStore::new(Arc::new(Credentials::none()), "example.com:cats", "bot", Some(sink.endpoint()))
}

#[tokio::test]
async fn a_read_names_the_document() {
    let sink = Sink::new(vec![Answer::new(200, r#"[{"missing":"x","readTime":"2026-11-23T02:11:39.4Z"}]"#)]);
    assert_eq!(store(&sink).get("state/a.b", NOW).await.unwrap(), None);
    let seen = &sink.seen()[0];
    let line = "POST /v1/projects/example.com%3Acats/databases/(default)/documents:batchGet HTTP/1.1\r\n";
    assert!(seen.head.starts_with(line), "{}", seen.head);
    let name = "projects/example.com:cats/databases/(default)/documents/bot-entries/k-state..a.-b";
    assert_eq!(seen.text(), format!(r#"{{"documents":["{name}"]}}"#));
}

/// Checks what a read and a guarded write say when Firestore refuses with this status and name; `{}` is the host.
async fn refused(status: u16, name: &str, kind: ErrorKind, said: &str) {
    let body = format!(r#"{{"error":{{"code":{status},"message":"a secret","status":"{name}"}}}}"#);
    for body in [body.clone(), format!("[{body}]")] {
        let sink = Sink::new(vec![Answer::new(status, &body)]);
        let store = store(&sink);
        for error in [
            store.get("k", NOW).await.unwrap_err(),
            store.put("k", "v", None, When::Always, NOW).await.unwrap_err(),
            store.put("k", "v", None, When::Absent, NOW).await.unwrap_err(),
            store.put("k", "v", None, When::Unchanged("2026-11-23T02:11:39.4Z"), NOW).await.unwrap_err(),
            store.delete("k", When::Unchanged("2026-11-23T02:11:39.4Z"), NOW).await.unwrap_err(),
            store.delete("k", When::Absent, NOW).await.unwrap_err(),
            store.list("k", NOW).await.unwrap_err(),
            store.records(1).await.unwrap_err(),
        ] {
            // What the calls do has different names.
            let chain = error.chain();
            let chain =
                ["batchGet", "commit", "runQuery"].iter().fold(chain, |chain, name| chain.replace(name, "ACTION"));
            assert_eq!((error.kind(), chain), (kind, said.replace("{}", &sink.host())));
        }
    }
}

#[tokio::test]
async fn what_is_refused_says_what_to_do() {
    let missing = "{} has no database (default) in the project example.com:cats: create it in native mode, or name \
                   another project in GOOGLE_CLOUD_PROJECT";
    refused(404, "NOT_FOUND", ErrorKind::Config, missing).await;
    let mode = "the database (default) of the project example.com:cats is not in Firestore's native mode";
    refused(400, "FAILED_PRECONDITION", ErrorKind::Config, mode).await;
    let denied = "the service's account may not use Firestore in the project example.com:cats: enable the API and grant \
                  roles/datastore.user";
    refused(403, "PERMISSION_DENIED", ErrorKind::Refused, denied).await;
    refused(401, "UNAUTHENTICATED", ErrorKind::Refused, "{} does not take the service's access token").await;
    refused(400, "INVALID_ARGUMENT", ErrorKind::Refused, "{} answered 400 INVALID_ARGUMENT to ACTION").await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let found = |fields: &str| {
        format!(r#"[{{"found":{{"name":"a/k-k","updateTime":"2026-11-23T02:11:39.4Z","fields":{{{fields}}}}}}}]"#)
    };
    for (body, said) in [
        ("secret".to_owned(), "Firestore's answer to batchGet is not of the expected form: line 1, column 1"),
        ("[{}]".to_owned(), "{} said neither that a document is there nor that it is missing"),
        (
            found(r#""value":{"stringValue":"secret"},"ttl":{"timestampValue":"secret"}"#),
            "the document k-k has no time in `ttl`; CatOps did not write it so",
        ),
    ] {
        let sink = Sink::new(vec![Answer::new(200, &body)]);
        let error = store(&sink).get("k", NOW).await.unwrap_err();
        assert_eq!((error.kind(), error.chain()), (ErrorKind::Invalid, said.replace("{}", &sink.host())));
    }
}

/// A version that no store of this kind gave matches nothing, and is not sent.
#[tokio::test]
async fn a_strange_version_is_a_conflict() {
    let sink = Sink::new(vec![Answer::Close]);
    let store = store(&sink);
    for version in ["", "v", "2026-11-23T02:11:39.4Z/secret", "2026-11-23T02:11:39.4Z/1799999999999"] {
        assert_eq!(store.put("k", "v", None, When::Unchanged(version), NOW).await.unwrap(), Put::Conflict);
        assert_eq!(store.delete("k", When::Unchanged(version), NOW).await.unwrap(), Put::Conflict);
    }
    assert_eq!(sink.seen().len(), 0);
}

#[test]
fn debug_shows_the_prefix() {
    assert_eq!(format!("{:?}", store(&Sink::new(vec![Answer::Close]))), r#"FirestoreStore { prefix: "bot", .. }"#);
}
