//! The whole framework path of a command in one thread, to be counted by callgrind.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat, Inbound, Rejection};
use catops_core::dispatcher::Dispatched;
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::invoker::MemoryInvoker;
use catops_core::job::JobKey;
use catops_core::request::ReplyTo;
use catops_core::responder::{Posted, Responder};
use catops_core::store::MemoryStore;
use catops_core::testing::slack::{Call, Signer};
use catops_core::{App, Commands, Context, Dispatcher, Error, Ingress, Reply, Result, Secret, Timestamp, command};

use crate::{Failure, SECRET};

/// Restart a service.
#[command]
async fn restart(ctx: &Context, service: String, now: bool) -> Result<Reply> {
    let how = if now { "at once" } else { "after draining" };
    Ok(Reply::to_channel(format!("{} restarts **{service}** {how}", ctx.actor())))
}

fn find(path: &str) -> Option<catops_core::Command> {
    (path == "restart").then(__catops_restart)
}

static COMMANDS: Commands = Commands::new("restart", |_| "", find);

/// Slack, but for the socket: the reply is rendered and dropped.
#[derive(Debug)]
struct Unplugged(Slack);

#[async_trait]
impl Responder for Unplugged {
    async fn respond(&self, _: &ReplyTo, reply: &Reply, _: Option<&Posted>, now: Timestamp) -> Result<Posted, Error> {
        std::hint::black_box(self.0.ack(Ack::Reply(reply), now));
        Ok(Posted { audience: reply.audience, uses: 1, message: None })
    }
}

#[async_trait]
impl Chat for Unplugged {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn route(&self) -> &'static str {
        self.0.route()
    }

    async fn receive(&self, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection> {
        self.0.receive(http, now).await
    }

    fn ack(&self, ack: Ack<'_>, now: Timestamp) -> HttpResponse {
        self.0.ack(ack, now)
    }
}

/// What both legs of the bench are made of.
struct Bot {
    ingress: Ingress,
    queue: Arc<MemoryInvoker>,
    dispatcher: Arc<Dispatcher>,
    requests: Vec<HttpRequest>,
    now: Timestamp,
}

impl Bot {
    /// Signs all requests first, whose number is the same whatever the count, so that signing falls out of a difference.
    fn new(chat: impl FnOnce(Secret) -> Result<Arc<dyn Chat>, Failure>, text: &str) -> Result<Self, Failure> {
        let secret = Secret::new(SECRET.to_owned());
        let app = Arc::new(App::new(&COMMANDS, vec![chat(secret.clone())?], JobKey::derive([&secret])));
        let queue = Arc::new(MemoryInvoker::new(1));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), Arc::new(MemoryStore::default())));
        let ingress = Ingress::new(app, queue.clone(), dispatcher.clone());
        let (signer, now) = (Signer::new(secret), Timestamp::now());
        let command = |n: u32| {
            let response_url = "https://hooks.slack.com/commands/T0001/1/x".to_owned();
            Call::command(text).with_address(&response_url).with_trigger(&format!("1.{n}"))
        };
        let requests = (0..5000).map(|n| command(n).signed(&signer, now)).collect();
        Ok(Self { ingress, queue, dispatcher, requests, now })
    }
}

/// Acknowledges `count` commands: the first leg alone, of a bot that could open forms.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn ack(count: &str) -> Result<(), Failure> {
    let token = Secret::new("xoxb-of-the-bench".to_owned());
    let bot = Bot::new(|secret| Ok(Arc::new(Slack::new(secret, Vec::new()).with_token(token, None)?)), "restart api")?;
    for http in bot.requests.iter().take(count.parse()?) {
        let response = bot.ingress.accept(http, bot.now).await;
        if bot.queue.take().len() != 1 {
            return Err(format!("not accepted: {response:?}").into());
        }
    }
    Ok(())
}

/// Runs `count` commands, each from signed request to rendered reply and record.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(count: &str) -> Result<(), Failure> {
    let bot = Bot::new(|secret| Ok(Arc::new(Unplugged(Slack::new(secret, Vec::new())))), "restart api --now")?;
    for http in bot.requests.iter().take(count.parse()?) {
        let response = bot.ingress.accept(http, bot.now).await;
        let Some(job) = bot.queue.take().pop() else { return Err(format!("not accepted: {response:?}").into()) };
        let dispatched = bot.dispatcher.dispatch(job.as_str(), bot.now, Duration::from_secs(60)).await;
        if !matches!(dispatched, Dispatched::Ended(_)) {
            return Err(format!("not run: {dispatched:?}").into());
        }
    }
    Ok(())
}
