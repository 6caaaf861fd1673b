//! What the store makes of DynamoDB's answers that no emulator gives.

use catops_aws::service::Service;
use catops_aws::store::DynamoStore;
use catops_core::audit::{Outcome, Record};
use catops_core::store::{Put, Store, When};
use catops_core::{Error, ErrorKind, JobId, Timestamp};

use crate::sink::{Answer, Sink};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn store(sink: &Sink) -> DynamoStore {
    DynamoStore::new(Service::new(sink.account(), "dynamodb"), "cats")
}

fn cancelled(reasons: &str) -> Answer {
    let body = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[{reasons}]}}"#
    );
    Answer::new(400, &body)
}

async fn finish(answers: Vec<Answer>) -> (Result<(), Error>, Sink) {
    let sink = Sink::new(answers);
    let record = Record {
        job: JobId::of(&["j"]),
        asked: NOW,
        ended: NOW,
        actor: Default::default(),
        channel: Default::default(),
        chat: "slack".to_owned(),
        command: "restart".to_owned(),
        arguments: "secret".to_owned(),
        outcome: Outcome::Ran,
        undelivered: None,
        ..Record::new(JobId::of(&["x"]), Outcome::Ran, Timestamp::from_secs(0))
    };
    let finished = store(&sink).finish(&record, NOW).await;
    (finished, sink)
}

/// Checks what `get` and `finish` say when DynamoDB answers with `status` and the error `fault`; `{}` is the host.
async fn refused(status: u16, fault: &str, kind: ErrorKind, get: &str, transaction: &str) {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{fault}","message":"a secret"}}"#);
    let sink = Sink::new(vec![Answer::new(status, &body)]);
    let error = store(&sink).get("k", NOW).await.unwrap_err();
    assert_eq!((error.kind(), error.chain()), (kind, get.replace("{}", &sink.host())));
    let (finished, sink) = finish(vec![Answer::new(status, &body)]).await;
    let error = finished.unwrap_err();
    assert_eq!((error.kind(), error.chain()), (kind, transaction.replace("{}", &sink.host())));
}

#[tokio::test]
async fn what_is_refused_says_what_to_do() {
    let allow = |actions: &str| format!("the function's role may not do {actions} on the table cats: allow it");
    let transaction = allow("dynamodb:PutItem and dynamodb:DeleteItem");
    refused(400, "AccessDeniedException", ErrorKind::Refused, &allow("dynamodb:GetItem"), &transaction).await;
    let says = |action: &str| format!("{{}} answered {action} on the table cats with 400 ExpiredTokenException");
    refused(400, "ExpiredTokenException", ErrorKind::Refused, &says("GetItem"), &says("TransactWriteItems")).await;
    let says = "{} has no table cats: create it, or name another one in CATOPS_STORE";
    refused(400, "ResourceNotFoundException", ErrorKind::Config, says, says).await;
}

#[tokio::test]
async fn a_cancelled_transaction_is_read_by_its_reasons() {
    let conflict = || cancelled(r#"{"Code":"TransactionConflict"},{"Code":"None"}"#);
    let (finished, sink) = finish(vec![conflict(), conflict(), Answer::new(200, "{}")]).await;
    finished.unwrap();
    let seen = sink.seen();
    assert_eq!(seen.len(), 3, "a conflict with another transaction passes");
    assert!(seen.iter().all(|again| again.body == seen[0].body), "with the same token");

    let (finished, _) =
        finish(vec![cancelled(r#"{"Code":"ValidationError","Message":"a secret"},{"Code":"None"}"#)]).await;
    let error = finished.unwrap_err();
    let said = "the table cats does not take a TransactWriteItems: it needs the partition key pk and the sort key sk, both strings";
    assert_eq!((error.kind(), error.chain().as_str()), (ErrorKind::Config, said));

    let sink = Sink::new(vec![cancelled(r#"{"Code":"ConditionalCheckFailed"}"#)]);
    assert_eq!(store(&sink).delete("k", When::Unchanged("v"), NOW).await.unwrap(), Put::Conflict);
    assert_eq!(sink.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let item = |attributes: &str| format!(r#"{{"Item":{{"pk":{{"S":"entry"}},"sk":{{"S":"k"}},{attributes}}}}}"#);
    for (body, said) in [
        ("secret".to_owned(), "DynamoDB's answer to GetItem is not of the expected form: line 1, column 1"),
        (
            item(r#""value":{"B":"secret"}"#),
            "DynamoDB's answer to GetItem is not of the expected form: line 1, column 65",
        ),
        (item(r#""value":{"S":"secret"}"#), "the item k in the table has no `version`; CatOps did not write it so"),
        (
            item(r#""value":{"S":"secret"},"version":{"S":"v"},"expires":{"N":"1.5"}"#),
            "the item k in the table has no whole number in `expires`; CatOps did not write it so",
        ),
    ] {
        let sink = Sink::new(vec![Answer::new(200, &body)]);
        let error = store(&sink).get("k", NOW).await.unwrap_err();
        assert_eq!((error.kind(), error.chain().as_str()), (ErrorKind::Invalid, said));
    }
}

#[test]
fn debug_shows_the_table() {
    assert_eq!(format!("{:?}", store(&Sink::new(vec![Answer::Close]))), r#"DynamoStore { table: "cats", .. }"#);
}
