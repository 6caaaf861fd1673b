//! What is asked for secrets, and what is made of answers that no emulator gives.

use catops_aws::secrets::{Source, fetch};
use catops_core::{Error, ErrorKind};

use crate::sink::{Answer, Sink};

async fn error(source: &str, answer: Answer) -> (Error, String) {
    let sink = Sink::new(vec![answer]);
    let error = fetch(sink.account(), &source.parse().unwrap()).await.unwrap_err();
    assert!(!error.chain().contains("hush"), "{}", error.chain());
    (error, sink.host())
}

#[tokio::test]
async fn what_is_asked() {
    let sink = Sink::new(vec![Answer::new(200, r#"{"SecretString":"{\"A\":\"hush\"}"}"#)]);
    let found = fetch(sink.account(), &Source::SecretsManager("catops".to_owned())).await.unwrap();
    assert_eq!(found["A"].expose(), "hush");
    let seen = &sink.seen()[0];
    assert_eq!(seen.header("x-amz-target"), Some("secretsmanager.GetSecretValue"));
    assert_eq!(seen.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(seen.body, br#"{"SecretId":"catops"}"#);

    let one = r#"{"Parameters":[{"Name":"/catops/A","Value":"hush","Type":"SecureString"}],"NextToken":"t"}"#;
    let none = r#"{"Parameters":[],"NextToken":"u"}"#;
    let last = r#"{"Parameters":[{"Name":"/catops/B","Value":"still"}]}"#;
    let sink = Sink::new([one, none, last].map(|body| Answer::new(200, body)).into());
    let found = fetch(sink.account(), &Source::Ssm("/catops".to_owned())).await.unwrap();
    let found: Vec<_> = found.iter().map(|(name, secret)| (name.as_str(), secret.expose().as_str())).collect();
    assert_eq!(found, [("A", "hush"), ("B", "still")]);
    let bodies: Vec<_> = sink.seen().into_iter().map(|seen| String::from_utf8(seen.body).unwrap()).collect();
    let expected = [
        r#"{"Path":"/catops","WithDecryption":true}"#,
        r#"{"Path":"/catops","WithDecryption":true,"NextToken":"t"}"#,
        r#"{"Path":"/catops","WithDecryption":true,"NextToken":"u"}"#,
    ];
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn a_role_that_may_not_is_told_what_to_allow() {
    let denied = || Answer::new(400, r#"{"__type":"AccessDeniedException","Message":"hush"}"#);
    let key = "and kms:Decrypt on its key if that is one of your own";
    for (source, what, action) in [
        ("secretsmanager:catops", "the secret catops", "secretsmanager:GetSecretValue"),
        ("ssm:/catops", "the parameters below /catops", "ssm:GetParametersByPath"),
    ] {
        let (error, _) = error(source, denied()).await;
        let said = format!("the function's role may not read {what}: allow it {action}, {key}");
        assert_eq!((error.kind(), error.chain()), (ErrorKind::Refused, said));
    }
    let failed = Answer::new(400, r#"{"__type":"DecryptionFailure","Message":"hush"}"#);
    let (error, host) = error("secretsmanager:catops", failed).await;
    let said = format!("reading the secret catops: {host} answered 400 DecryptionFailure");
    assert_eq!((error.kind(), error.chain()), (ErrorKind::Refused, said));
}

#[tokio::test]
async fn an_answer_of_another_form_is_not_quoted() {
    let (wrong, host) = error("ssm:/catops", Answer::new(200, r#"{"Parameters":"hush"}"#)).await;
    let said = format!("{host} did not answer ssm:GetParametersByPath with the expected JSON");
    assert_eq!((wrong.kind(), wrong.chain()), (ErrorKind::Invalid, said));
    for secret in [r#""hush""#, r#""{\"A\":17}""#, r#""[\"hush\"]""#, r#""""#, "null"] {
        let body = match secret {
            "null" => r#"{"SecretBinary":"aHVzaA=="}"#.to_owned(),
            text => format!(r#"{{"SecretString":{text}}}"#),
        };
        let (wrong, _) = error("secretsmanager:catops", Answer::new(200, &body)).await;
        let said = "the secret catops is not a JSON object of texts, such as {\"CATOPS_SLACK_SIGNING_SECRET\": \"…\"}";
        assert_eq!((wrong.kind(), wrong.chain().as_str()), (ErrorKind::Config, said));
    }
}
