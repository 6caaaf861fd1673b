//! The function in MiniStack, and the means to disturb it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use catops_aws::service::Service;
use catops_aws::store::DynamoStore;
use catops_core::audit::Record;
use catops_core::conformance::flow::{Bench, Failure, NoSecret, SCHEDULE_CHANNEL, Stored, TIME_LIMIT};
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::job::{JobId, JobKey};
use catops_core::store::Store as _;
use catops_core::testing::slack::{API, BOT_TOKEN, Workspace};
use catops_core::{Secret, Timestamp};
use http::Method;
use serde_json::json;
use tokio::process::Command;

use crate::common::{Folder, program, send_as};
use crate::ministack::{MiniStack, REGION};
use crate::relay::Relay;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-flow";
const ACCOUNT: &str = "000000000000";
const FUNCTION: &str = "catops-flow";
const TABLE: &str = "catops-flow";
const QUEUE: &str = "catops-flow-failed";

/// The function's time-out in seconds: more than a command's limit and the longest wait for a reply address.
const TIME_OUT: u32 = 60;

/// How many events of a log are given at once.
const LOG_PAGE: usize = 10_000;

/// How long a process may take to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// The function with the probes, in a MiniStack of its own.
pub(crate) struct Aws {
    folder: Folder,
    marks: PathBuf,
    pub(crate) stack: MiniStack,
    host: String,
    slack: Workspace,
    key: JobKey,
    queue: Relay,
    store: Relay,
}

fn arn(service: &str, name: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")
}

/// Packs the binary as it is deployed: a zip with an executable `bootstrap`.
async fn package(folder: &Path) -> Result<(), Failure> {
    let bootstrap = folder.join("bootstrap");
    run(Command::new("strip").args(["-o"]).arg(&bootstrap).arg(program(env!("CARGO_BIN_EXE_probes-aws")))).await?;
    run(Command::new("python3").args(["-m", "zipfile", "-c", "bootstrap.zip", "bootstrap"]).current_dir(folder)).await
}

async fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.output().await?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {} {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

impl Aws {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let folder = Folder::new("aws")?;
        let slack = Workspace::start_with(Secret::new(SECRET.to_owned())).await?;
        let stack = MiniStack::start(folder.path()).await?;
        let (queue, store) = (Relay::start(stack.address).await?, Relay::start(stack.address).await?);
        let marks = folder.path().join("marks");
        let key = JobKey::derive([slack.signer().secret()]);
        let mut bench = Self { folder, marks, stack, host: String::new(), slack, key, queue, store };
        bench.create().await?;
        Ok(bench)
    }

    /// Creates the table, the queue and the function, wired as the templates in `deploy/aws` wire them.
    async fn create(&mut self) -> Result<(), Failure> {
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let table = json!({
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")], "AttributeDefinitions": [text("pk"), text("sk")],
        });
        self.stack.json("dynamodb", "DynamoDB_20120810.CreateTable", &table).await?;
        let queue = json!({"QueueName": QUEUE, "Attributes": {"VisibilityTimeout": (TIME_OUT * 6).to_string()}});
        self.stack.json("sqs", "AmazonSQS.CreateQueue", &queue).await?;
        package(self.folder.path()).await?;
        self.function(FUNCTION, &self.zip()?, TIME_OUT, self.environment()).await?;
        let mapping = json!({
            "FunctionName": FUNCTION, "EventSourceArn": arn("sqs", QUEUE), "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        self.stack.lambda(Method::POST, "/2015-03-31/event-source-mappings/", &mapping).await?;
        let url = format!("/2021-10-31/functions/{FUNCTION}/url");
        let url = self.stack.lambda(Method::POST, &url, &json!({"AuthType": "NONE"})).await?;
        let url: http::Uri = url["FunctionUrl"].as_str().unwrap_or_default().parse()?;
        self.host = url.host().unwrap_or_default().to_owned();
        Ok(())
    }

    fn environment(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("CATOPS_SLACK_SIGNING_SECRET", SECRET.to_owned()),
            ("CATOPS_SLACK_BOT_TOKEN", BOT_TOKEN.to_owned()),
            ("CATOPS_SLACK_API_URL", self.slack.url(API)),
            ("CATOPS_SCHEDULE_CHANNEL", SCHEDULE_CHANNEL.to_owned()),
            ("CATOPS_REPLY_HOSTS", self.slack.host()),
            ("CATOPS_LOG", "trace".to_owned()),
            ("CATOPS_PROBE_DIR", self.marks.display().to_string()),
            ("CATOPS_STORE", format!("dynamodb:{TABLE}")),
            ("CATOPS_TIME_LIMIT", TIME_LIMIT.as_secs().to_string()),
            ("AWS_ENDPOINT_URL_LAMBDA", format!("http://{}", self.queue.host())),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", self.store.host())),
        ])
    }

    /// Creates a function whose failed asynchronous invocations go to the queue, and are not retried.
    async fn function(
        &self,
        name: &str,
        zip: &str,
        time_out: u32,
        environment: BTreeMap<&'static str, String>,
    ) -> Result<(), Failure> {
        let function = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": time_out,
            "MemorySize": 128, "Role": format!("arn:aws:iam::{ACCOUNT}:role/catops"), "Code": {"ZipFile": zip},
            "Environment": {"Variables": environment},
        });
        self.stack.lambda(Method::POST, "/2015-03-31/functions", &function).await?;
        let once = json!({
            "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 300,
            "DestinationConfig": {"OnFailure": {"Destination": arn("sqs", QUEUE)}},
        });
        let path = format!("/2019-09-25/functions/{name}/event-invoke-config");
        self.stack.lambda(Method::PUT, &path, &once).await?;
        Ok(())
    }

    /// Creates a second function beside the first, with another time-out; its failures go to the same queue.
    pub(crate) async fn second(&self, name: &str, time_out: u32) -> Result<(), Failure> {
        self.function(name, &self.zip()?, time_out, self.environment()).await
    }

    fn zip(&self) -> Result<String, Failure> {
        Ok(base64::engine::general_purpose::STANDARD.encode(std::fs::read(self.folder.path().join("bootstrap.zip"))?))
    }

    /// Invokes a function asynchronously, as Lambda's own queue would.
    pub(crate) async fn invoke(&self, function: &str, event: &str) -> Result<(), Failure> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let call = catops_aws::service::Call {
            method: Method::POST,
            path: path.into(),
            headers: &[("content-type", "application/json"), ("x-amz-invocation-type", "Event")],
            body: event.to_owned().into(),
        };
        let lambda = Service::new(self.stack.account.clone(), "lambda");
        let answer = lambda.send(&call, &catops_core::client::Patience::default()).await?;
        if answer.status == 202 { Ok(()) } else { Err(format!("Lambda answered {}", answer.status).into()) }
    }

    /// Puts a record of a failed invocation into the queue, as Lambda does.
    pub(crate) async fn fail(&self, record: &str) -> Result<(), Failure> {
        let message = json!({"QueueUrl": self.queue_url(), "MessageBody": record});
        self.stack.json("sqs", "AmazonSQS.SendMessage", &message).await.map(|_| ())
    }

    fn queue_url(&self) -> String {
        format!("http://{}/{ACCOUNT}/{QUEUE}", self.stack.address)
    }

    /// Returns the processes of the function.
    fn processes(&self) -> Result<Vec<u32>, Failure> {
        let mark = format!("CATOPS_PROBE_DIR={}", self.marks.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
            // A process may be gone by now, or not be ours to look into.
            let Ok(environment) = std::fs::read(path.join("environ")) else { continue };
            if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// Sends a signal to every process of the function, and returns how long they took to go.
    async fn end(&self, signal: &str) -> Result<Duration, Failure> {
        let pids = self.processes()?;
        let begun = Instant::now();
        for pid in &pids {
            Command::new("kill").args([signal, &pid.to_string()]).status().await?;
        }
        while self.processes()?.iter().any(|pid| pids.contains(pid)) {
            if begun.elapsed() > PATIENCE {
                return Err("a process of the function does not go".into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(begun.elapsed())
    }

    /// Returns what the log group of a function holds.
    ///
    /// MiniStack gives the first 10,000 events and no token for the rest, so each page begins at the time at which the one
    /// before it ended, and with the events of that time that are known.
    async fn log(&self, function: &str) -> Result<String, Failure> {
        let (mut text, mut from, mut known) = (String::new(), 0, 0);
        loop {
            let query = json!({"logGroupName": format!("/aws/lambda/{function}"), "startTime": from});
            let page = self.stack.json("logs", "Logs_20140328.FilterLogEvents", &query).await?;
            let events = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            for event in &events[known.min(events.len())..] {
                text.push_str(event["message"].as_str().unwrap_or_default());
                text.push('\n');
            }
            if events.len() <= known || events.len() < LOG_PAGE {
                return Ok(text);
            }
            from = events.last().and_then(|event| event["timestamp"].as_u64()).ok_or("an event has no time")?;
            known = events.iter().filter(|event| event["timestamp"] == from).count();
        }
    }
}

#[async_trait]
impl Bench for Aws {
    fn target(&self) -> &str {
        "AWS"
    }

    fn workspace(&self) -> &Workspace {
        &self.slack
    }

    fn key(&self) -> &JobKey {
        &self.key
    }

    fn probes(&self) -> &Path {
        &self.marks
    }

    /// Goes to the function URL.
    async fn send(&self, http: HttpRequest) -> Result<HttpResponse, Failure> {
        send_as(self.stack.address, &self.host, http).await
    }

    async fn deliver(&self, job: &str) -> Result<(), Failure> {
        self.invoke(FUNCTION, job).await
    }

    /// Invokes the function with the input that the templates give to the scheduler, its placeholder filled in.
    async fn tick(&self, command: &str, tick: Timestamp) -> Result<(), Failure> {
        let (day, time) = (tick.to_string(), tick.to_string());
        let time = format!("{}T{}Z", &day[..10], &time[11..19]);
        self.invoke(FUNCTION, &json!({"catops": {"schedule": command, "time": time}}).to_string()).await
    }

    async fn pending(&self) -> Result<usize, Failure> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let query = json!({"QueueUrl": self.queue_url(), "AttributeNames": names});
        // First the invocations: one that fails is in the queue before it is finished.
        let invocations = self.stack.unfinished().await?;
        let found = self.stack.json("sqs", "AmazonSQS.GetQueueAttributes", &query).await?;
        let count = |name: &str| found["Attributes"][name].as_str().and_then(|text| text.parse::<usize>().ok());
        let messages = names.iter().map(|name| count(name)).sum::<Option<usize>>();
        Ok(invocations + messages.ok_or("the queue does not say what it holds")?)
    }

    async fn queue(&self, up: bool) -> Result<(), Failure> {
        self.queue.set(up);
        Ok(())
    }

    async fn store(&self, up: bool) -> Result<(), Failure> {
        self.store.set(up);
        Ok(())
    }

    async fn kill(&self) -> Result<(), Failure> {
        self.end("-KILL").await.map(|_| ())
    }

    /// Ends the execution environments, as Lambda does when they have been idle.
    async fn restart(&self) -> Result<(), Failure> {
        self.end("-KILL").await.map(|_| ())
    }

    /// Lambda sends this signal to no function that has no extension; a process ends by it without further ado.
    async fn terminate(&self) -> Result<Duration, Failure> {
        self.end("-TERM").await
    }

    async fn without_secret(&self) -> Result<NoSecret, Failure> {
        let name = "catops-flow-without-secret";
        let mut environment = self.environment();
        environment.remove("CATOPS_SLACK_SIGNING_SECRET");
        self.function(name, &self.zip()?, 10, environment).await?;
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let answer = self.stack.lambda(Method::POST, &path, &json!({})).await?;
        Ok(NoSecret::Refused(format!("{answer}\n{}", self.log(name).await?)))
    }

    async fn records(&self) -> Result<Vec<Record>, Failure> {
        let store = DynamoStore::new(Service::new(self.stack.account.clone(), "dynamodb"), TABLE);
        Ok(store.records(500).await?)
    }

    async fn stored(&self, job: &JobId) -> Result<Stored, Failure> {
        crate::table::stored(&self.stack, TABLE, job).await
    }

    async fn tamper(&self, key: &str, text: Option<&str>) -> Result<(), Failure> {
        crate::table::tamper(&self.stack, TABLE, key, text).await
    }

    async fn output(&self) -> Result<String, Failure> {
        self.log(FUNCTION).await
    }
}
