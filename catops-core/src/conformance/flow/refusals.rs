//! Rows 28 to 34: what must not get in, and what must not get out.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::bench::{NoSecret, Stage};
use super::{Checked, ensure, pending};
use crate::audit::Outcome;
use crate::http::{HttpRequest, MAX_BODY};
use crate::job::{Job, JobId, JobKey};
use crate::secret::Secret;
use crate::testing::slack::{Answer, BOT_TOKEN, Signer, TEAM};
use crate::time::Timestamp;

const FORM: &str = "application/x-www-form-urlencoded";
const SIGNATURE: &str = "x-slack-signature";
const TIME: &str = "x-slack-request-timestamp";

pub(super) async fn signatures(stage: &Stage<'_>) -> Checked {
    let (mark, signer, now) = (stage.name(), stage.bench.workspace().signer(), Timestamp::now());
    let good = stage.command(&format!("say {mark} forged"));
    let signed = || good.signed(signer, now);
    let with = |name: &'static str, value: Option<&str>| -> Result<HttpRequest, super::Failure> {
        let mut http = signed();
        match value {
            Some(value) => drop(http.headers_mut().insert(name, HeaderValue::from_str(value)?)),
            None => drop(http.headers_mut().remove(name)),
        }
        Ok(http)
    };
    let mut other_body = signed();
    *other_body.body_mut() = Bytes::from(good.body().replace("forged", "altered"));
    let stale = Timestamp::from_secs(now.as_secs() - 301);
    let early = Timestamp::from_secs(now.as_secs() + 301 + 5); // five more, since time passes on the way
    let other_signer = Signer::new(Secret::new("0123456789abcdef0123456789abcdef".to_owned()));
    for (what, http) in [
        ("without a signature", with(SIGNATURE, None)?),
        ("with an empty signature", with(SIGNATURE, Some(""))?),
        ("with another signature", with(SIGNATURE, Some(&format!("v0={}", "0".repeat(64))))?),
        ("with another version", with(SIGNATURE, Some("v1=00"))?),
        ("without a time", with(TIME, None)?),
        ("with a time that is none", with(TIME, Some("-1e9"))?),
        ("with another time", with(TIME, Some(&(now.as_secs() - 1).to_string()))?),
        ("for another body", other_body),
        ("301 s old", good.signed(signer, stale)),
        ("301 s early", good.signed(signer, early)),
        ("by another secret", good.signed(&other_signer, now)),
    ] {
        let response = stage.bench.send(http).await?;
        ensure!(response.status() == StatusCode::UNAUTHORIZED, "a request {what} was answered {}", response.status());
        ensure!(response.body().is_empty(), "a request {what} was told {:?}", response.body());
    }
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "one of them ran");
    ensure!(!stage.bench.output().await?.contains(&mark), "something of them is in the log");
    Ok(())
}

pub(super) async fn malformed(stage: &Stage<'_>) -> Checked {
    let (signer, now) = (stage.bench.workspace().signer(), Timestamp::now());
    let good = stage.command("say hello");
    let mut get = good.signed(signer, now);
    *get.method_mut() = Method::GET;
    *get.body_mut() = Bytes::new();
    let mut put = good.signed(signer, now);
    *put.method_mut() = Method::PUT;
    let large = format!("{}&pad={}", good.body(), "x".repeat(MAX_BODY));
    let half = good.body().replace("user_id=U0001&", "");
    let invalid = [b"text=\xff&", good.body().as_bytes()].concat();
    let coded = format!("text=%ff%fe&{}", good.body());
    for (what, http, status) in [
        ("GET", get, StatusCode::METHOD_NOT_ALLOWED),
        ("PUT", put, StatusCode::METHOD_NOT_ALLOWED),
        ("plain text", signer.post("text/plain", good.body(), now), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("a large body", signer.post(FORM, large, now), StatusCode::PAYLOAD_TOO_LARGE),
        ("JSON that ends early", signer.post("application/json", "{\"type\":", now), StatusCode::BAD_REQUEST),
        ("a form without a user", signer.post(FORM, half, now), StatusCode::BAD_REQUEST),
        ("a form with a broken code", signer.post(FORM, "command=%2Fmeow&user_id=%zz", now), StatusCode::BAD_REQUEST),
        ("an empty form", signer.post(FORM, "", now), StatusCode::BAD_REQUEST),
        ("invalid UTF-8", signer.post(FORM, invalid, now), StatusCode::BAD_REQUEST),
        ("invalid UTF-8 in codes", signer.post(FORM, coded, now), StatusCode::BAD_REQUEST),
    ] {
        let response = stage.bench.send(http).await?;
        ensure!(response.status() == status, "{what} was answered {}, not {status}", response.status());
    }
    let challenge = json!({"type": "url_verification", "token": "t", "challenge": "3eZ-brw1a"}).to_string();
    let response = stage.bench.send(signer.post("application/json; charset=utf-8", challenge, now)).await?;
    let body = String::from_utf8_lossy(response.body()).into_owned();
    ensure!(response.status() == StatusCode::OK && body.contains("3eZ-brw1a"), "the handshake was answered {body:?}");
    stage.ask("say it still works").await?;
    Ok(())
}

pub(super) async fn jobs(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let command = stage.command(&format!("say {mark} forged"));
    let path = command.path();
    let make = |name: &str| Job { id: JobId::of(&[&mark, name]), ..stage.job(&command) };
    let sealed = make("altered").seal(stage.bench.key())?;
    let altered = sealed.as_str().replace("forged", "forgef");
    let mut unsealed: Value = serde_json::from_str(sealed.as_str())?;
    if let Some(inner) = unsealed["catops"].as_object_mut() {
        inner.insert("seal".to_owned(), json!(""));
    }
    let other = JobKey::derive([&Secret::new("another key of another bot, 32 characters".to_owned())]);
    let other = make("other").seal(&other)?;
    for forged in [unsealed.to_string(), altered, other.as_str().to_owned()] {
        stage.bench.deliver(&forged).await?;
        stage.settled().await?;
    }
    ensure!(stage.bench.workspace().tries(path) == 0, "a forged job was answered");
    // What is the bot's own and came too late is answered and recorded.
    let late = stage.name();
    let job = stage.job(&stage.command(&format!("say {late} expired")));
    let expires = Timestamp::from_secs(job.asked.as_secs() - 1);
    let id = job.id.clone();
    stage.deliver(&Job { expires, ..job }).await?;
    stage.ended(&id, Outcome::Expired).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0 && stage.marks(&late) == 0, "one of them ran");
    ensure!(!stage.bench.output().await?.contains(&mark), "something of them is in the log");
    stage.ask("say it still works").await?;
    Ok(())
}

pub(super) async fn reply_host(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let port_less = stage.bench.workspace().host();
    for url in [
        "https://evil.example/commands/x".to_owned(),
        format!("https://hooks.slack.com@{port_less}/commands/{mark}"),
        format!("http://{port_less}.evil.example/commands/{mark}"),
        "http://hooks.slack.com/commands/plain-http".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        let command = stage.command(&format!("say {mark} x")).with_address(&url);
        let response = stage.bench.send(command.signed(stage.bench.workspace().signer(), Timestamp::now())).await?;
        ensure!(response.status() == StatusCode::BAD_REQUEST, "{url} was answered {}", response.status());
    }
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "one of them ran");
    ensure!(stage.bench.workspace().tries(&format!("/commands/{mark}")) == 0, "one of them was called");
    Ok(())
}

pub(super) async fn no_secret(stage: &Stage<'_>) -> Checked {
    match stage.bench.without_secret().await? {
        NoSecret::Refused(said) => {
            ensure!(said.contains("CATOPS_SLACK_SIGNING_SECRET"), "it does not name the setting: {said}");
        }
        NoSecret::MadeOne(status) => {
            ensure!(status == StatusCode::UNAUTHORIZED, "an unsigned request was answered {status}");
        }
    }
    Ok(())
}

pub(super) async fn denied(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (_, reply, record) = stage.ask(&format!("guarded {mark}")).await?;
    ensure!(record.outcome == Outcome::Denied, "it ended as {:?}", record.outcome);
    ensure!(!reply.is_public() && reply.text().contains("ops.guarded"), "the reply is {}", reply.all());
    ensure!(stage.marks(&mark) == 0, "it ran");
    Ok(())
}

pub(super) async fn silence(stage: &Stage<'_>) -> Checked {
    let secret = "hunter2-of-the-asker";
    let (_, _, record) = stage.ask(&format!("login ann --password {secret}")).await?;
    ensure!(!record.arguments.contains(secret), "the record shows it: {record:?}");
    // Wrong usage shows no secret either, nor does the form for what is missing.
    let (_, reply, record) = stage.ask(&format!("login ann extra --password {secret}")).await?;
    ensure!(!reply.all().contains(secret) && !record.arguments.contains(secret), "usage shows it: {record:?}");
    stage.does(stage.command(&format!("login --password {secret}"))).await?;
    let view = stage.bench.workspace().view().ok_or("no form was opened")?;
    ensure!(view.all().contains("login") && !view.all().contains(secret), "the form shows it: {}", view.all());
    pending::keeps(stage, secret).await?;
    // The bot posts with its token where the reply address is of no use.
    let posting = stage.command("say posted by token");
    stage.bench.workspace().script(posting.path(), [Answer::Status(404)]);
    let sent = stage.send_as(posting).await?;
    stage.record(&sent).await?;
    let output = stage.bench.output().await?;
    ensure!(output.contains("ended"), "nothing at all was logged");
    for (what, text) in [
        ("an argument marked secret", secret),
        ("the signing secret", stage.bench.workspace().signer().secret().expose()),
        ("the bot token", BOT_TOKEN),
        ("a reply address", &format!("/commands/{TEAM}")),
        ("the legacy token", "legacy-verification-token"),
        ("a signature", "v0="),
    ] {
        ensure!(!output.contains(text), "{what} was printed");
    }
    Ok(())
}
