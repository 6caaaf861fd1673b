//! The peer: one slash command, written by hand for Lambda on the AWS SDK and reqwest.
//!
//! First leg: check Slack's signature, invoke the own function asynchronously, acknowledge. Second leg: post the reply to the
//! `response_url`. It has no store, so a command that is delivered twice runs twice; no permissions, no record of what ran,
//! no seal on the job, no arguments and no help. It does less than CatOps does; what it leaves out favours it in every figure.

mod event;
mod slack;

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

use crate::event::{Answer, Event, Http, Job};

/// What each invocation shares: the clients are made once, at init.
struct Bot {
    lambda: aws_sdk_lambda::Client,
    http: reqwest::Client,
    signing_secret: String,
}

// One thread: a function has one invocation at a time, and less than one core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let bot = Arc::new(Bot {
        lambda: aws_sdk_lambda::Client::new(&config),
        http: reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?,
        signing_secret: std::env::var("CATOPS_SLACK_SIGNING_SECRET")?,
    });
    run(service_fn(move |event| {
        let bot = Arc::clone(&bot);
        async move { bot.handle(event).await }
    }))
    .await
}

impl Bot {
    async fn handle(&self, event: LambdaEvent<Event>) -> Result<Option<Answer>, Error> {
        match event.payload {
            Event::Job { job } => self.second_leg(job).await.map(|()| None),
            Event::Http(http) => self.first_leg(http, &event.context.invoked_function_arn).await.map(Some),
        }
    }

    async fn first_leg(&self, http: Http, own_arn: &str) -> Result<Answer, Error> {
        let body = http.body()?;
        if !slack::is_signed(&self.signing_secret, &http.headers, &body) {
            return Ok(Answer::new(401, ""));
        }
        let Some(job) = slack::parse(&body) else { return Ok(Answer::new(400, "")) };
        let payload = serde_json::to_vec(&Event::Job { job })?;
        let invoke = self.lambda.invoke().function_name(own_arn).invocation_type(InvocationType::Event);
        invoke.payload(Blob::new(payload)).send().await?;
        Ok(Answer::new(200, r#"{"response_type":"in_channel"}"#))
    }

    async fn second_leg(&self, job: Job) -> Result<(), Error> {
        let text = match job.text.as_str() {
            "ping" => "pong",
            _ => "there is no such command",
        };
        let reply = serde_json::json!({ "response_type": "in_channel", "text": text });
        self.http.post(&job.response_url).json(&reply).send().await?.error_for_status()?;
        Ok(())
    }
}
