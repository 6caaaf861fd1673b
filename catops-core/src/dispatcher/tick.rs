//! Commands that run by themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Dispatched, Dispatcher};
use crate::chat::Chat;
use crate::error::{Error, ErrorKind};
use crate::job::{Job, JobId, MAX_WAIT};
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Channel, ReplyTo, Request};
use crate::responder::{Posted, Responder};
use crate::time::Timestamp;

/// Who asks for scheduled commands, as records have it: both the id and the name.
pub const SCHEDULE: &str = "schedule";

impl Dispatcher {
    /// Runs the scheduled command `command`, a path such as `report` or `oncall rotate`, for the tick that the target's
    /// scheduler delivers, within `limit` from now.
    ///
    /// - *Once for a tick*: the job's id is made of the command and the tick, so a scheduler that delivers a tick twice
    ///   runs it once.
    /// - *Only what is declared*: a command that does not exist, or has no `schedule = "…"`, is [`Dispatched::Refused`],
    ///   and the log says which. Whether `tick` is a time of its schedule is for the scheduler to know, which may be set to
    ///   other times than the declared ones.
    /// - *No policy*: the declaration is the author's permission to run this command, without arguments, whatever it
    ///   requires of people. It covers this command alone.
    /// - *Not too late*: a tick older than [`MAX_WAIT`] ends as [`Outcome::Expired`](crate::audit::Outcome::Expired).
    /// - *In the open*: replies go to the channel of `CATOPS_SCHEDULE_CHANNEL`, whomever they are for. Without the
    ///   setting nobody gets them, and the record says so.
    pub async fn tick(&self, command: &str, tick: Timestamp, now: Timestamp, limit: Duration) -> Dispatched {
        match self.scheduled(command, tick) {
            Some((job, responder)) => self.work(&job, responder, true, now, limit).await,
            None => Dispatched::Refused,
        }
    }

    /// Tells the channel for schedules that the platform gave a tick up, and why; see [`Dispatcher::report_dead`].
    pub async fn report_dead_tick(&self, command: &str, tick: Timestamp, why: &str, now: Timestamp) -> Dispatched {
        match self.scheduled(command, tick) {
            Some((job, responder)) => self.bury(&job, responder, why, now).await,
            None => Dispatched::Refused,
        }
    }

    /// Makes the job of a tick, and finds who takes its replies.
    fn scheduled(&self, command: &str, tick: Timestamp) -> Option<(Job, Arc<dyn Responder>)> {
        let Some(declared) = self.app.commands().find(command).filter(|command| command.schedule().is_some()) else {
            // The name came with the tick, so it is shown as far as a name can be.
            let name: String = command.chars().filter(|c| !c.is_control()).take(80).collect();
            tracing::error!(command = name, "a tick was refused: no command of this name declares a schedule");
            return None;
        };
        let path = declared.path();
        let (chat, channel, responder): (_, _, Arc<dyn Responder>) = match self.app.schedule_channel() {
            Some((chat, channel)) => (chat.name(), channel, Arc::new(InTheOpen(chat.clone()))),
            None => (SCHEDULE, "", Arc::new(Nobody)),
        };
        let reply_to = ReplyTo { chat: chat.to_owned(), channel: channel.to_owned(), ..ReplyTo::default() };
        let request = Request {
            actor: Actor { id: SCHEDULE.to_owned(), name: SCHEDULE.to_owned(), ..Actor::default() },
            channel: Channel { id: channel.to_owned(), ..Channel::default() },
            prefix: String::new(),
            text: path.clone(),
            ..Request::default()
        };
        let id = JobId::of(&["schedule", &path, &tick.as_millis().to_string()]);
        Some((Job { id, asked: tick, expires: tick + MAX_WAIT, hops: 0, reply_to, request }, responder))
    }
}

/// Posts for all to see: nobody asked, so there is nobody whom alone a reply could be for.
#[derive(Debug)]
struct InTheOpen(Arc<dyn Chat>);

#[async_trait]
impl Responder for InTheOpen {
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let reply = Reply { audience: Audience::Channel, ..reply.clone() };
        self.0.respond(to, &reply, earlier, now).await
    }

    async fn progress(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let reply = Reply { audience: Audience::Channel, ..reply.clone() };
        self.0.progress(to, &reply, earlier, now).await
    }
}

/// Where replies go that have no channel.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Responder for Nobody {
    async fn respond(&self, _: &ReplyTo, _: &Reply, _: Option<&Posted>, _: Timestamp) -> Result<Posted, Error> {
        let said = "nobody gets the replies of scheduled commands: CATOPS_SCHEDULE_CHANNEL is not set; set it to a \
                    channel's id, and CATOPS_SLACK_BOT_TOKEN to the token that posts there";
        Err(Error::new(ErrorKind::Config, said))
    }
}
