//! What rows 39 and 41 on have in common: people do something in the workspace, and look at what comes of it.

use http::StatusCode;

use super::bench::{Stage, id};
use super::{Failure, ensure};
use crate::audit::{Outcome, Record};
use crate::http::HttpResponse;
use crate::job::JobId;
use crate::testing::slack::{Call, Message, Taken, Workspace, in_time};

/// Somebody in the workspace: the id and the name. What they may do is in `probes/catops.toml`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person(pub(super) &'static str, pub(super) &'static str);

/// May move services, and asks for what others approve.
pub(super) const ANN: Person = Person("U0001", "ann");
/// Approves.
pub(super) const BOB: Person = Person("U0002", "bob");
/// Approves, too.
pub(super) const EVE: Person = Person("U0003", "eve");
/// May move what ann may not, and breaks the glass.
pub(super) const DAN: Person = Person("U0004", "dan");
/// Looks after the audit.
pub(super) const FAY: Person = Person("U0005", "fay");
/// Has no role, but is in a user group that has one.
pub(super) const GUS: Person = Person("U0006", "gus");

/// A channel in which a rule of the probes' policy denies what a role allows elsewhere.
pub(super) const LOBBY: &str = "C0071";

/// The user group that a role of the probes' policy names.
pub(super) const GUILD: &str = "S0073";

/// Makes the user group, of which every command asks.
pub(super) fn found(workspace: &Workspace) {
    workspace.group(GUILD, &[GUS.0]);
}

impl Stage<'_> {
    /// Lets `who` type a command in `channel`; returns the job that it becomes.
    pub(super) async fn types(&self, who: Person, channel: &str, text: &str) -> Result<JobId, Failure> {
        self.done_by(who, self.bench.workspace().command(text).in_channel(channel)).await
    }

    /// Lets `who` press a button of `message`, as it was when they saw it; returns the job that it becomes.
    pub(super) async fn presses(&self, who: Person, message: &Message, label: &str) -> Result<JobId, Failure> {
        self.done_by(who, self.bench.workspace().press_in(message, label)?).await
    }

    /// Lets `who` ask the bot for what it tells nobody else, and returns the job and the answer.
    pub(super) async fn whispers(&self, who: Person, channel: &str, text: &str) -> Result<(JobId, String), Failure> {
        let call = self.bench.workspace().command(text).in_channel(channel);
        let path = call.path().to_owned();
        let job = self.done_by(who, call).await?;
        let posts = self.bench.workspace().wait(&path, 1, self.bench.patience()).await;
        let post = posts.first().ok_or_else(|| format!("no answer to `{text}`"))?;
        ensure!(!post.is_public(), "the answer to `{text}` is shown to all: {}", post.all());
        Ok((job, post.all()))
    }

    async fn done_by(&self, Person(user, name): Person, call: Call) -> Result<JobId, Failure> {
        let call = call.by(user).named(name);
        let job = id(&call);
        self.does(call).await?;
        Ok(job)
    }

    /// Waits for the record of a job, which must have ended so.
    pub(super) async fn ended(&self, job: &JobId, outcome: Outcome) -> Result<Record, Failure> {
        let record = self.record_of(job).await?.ok_or_else(|| format!("there is no record of job {job}"))?;
        ensure!(record.outcome == outcome, "it ended as {:?}, not {outcome:?}: {record:?}", record.outcome);
        Ok(record)
    }

    /// Waits for a message in `channel` that has a button of this label, and is not `but`.
    pub(super) async fn offer(&self, channel: &str, label: &str, but: Option<&Message>) -> Result<Message, Failure> {
        let find = |workspace: &Workspace| {
            let is_it =
                |one: &Message| but.is_none_or(|but| one.ts != but.ts) && one.buttons().contains(&label.to_owned());
            workspace.messages(channel).into_iter().rev().find(is_it)
        };
        let found = self.bench.workspace().until(self.bench.patience(), find).await;
        found.ok_or_else(|| {
            let all: Vec<_> = self.bench.workspace().messages(channel).iter().map(Message::all).collect();
            format!("no message in {channel} has a button {label:?}; there are {all:?}").into()
        })
    }

    /// Lets ann ask for something in a channel of its own, and returns the message that says `words`.
    pub(super) async fn message_of(&self, text: &str, words: &str) -> Result<Message, Failure> {
        let channel = self.channel();
        self.types(ANN, &channel, text).await?;
        self.message(&channel, words).await
    }

    /// Lets ann ask for something that waits; returns the job and the message with the buttons.
    pub(super) async fn waits(&self, text: &str, label: &str) -> Result<(JobId, Message), Failure> {
        let channel = self.channel();
        let job = self.types(ANN, &channel, text).await?;
        Ok((job, self.offer(&channel, label, None).await?))
    }

    /// Makes the name of a channel that no other row uses; without a dash, as Slack's own are.
    pub(super) fn channel(&self) -> String {
        format!("C{}", self.name().replace("row", "").replace('-', ""))
    }

    /// Sends what somebody did, and returns the answer as it came.
    pub(super) async fn told(&self, call: &Call) -> Result<HttpResponse, Failure> {
        in_time(self.bench.send(self.bench.workspace().sign(call))).await
    }

    /// Sends what somebody did, and lets the workspace take the answer as Slack does.
    pub(super) async fn does(&self, call: Call) -> Result<Taken, Failure> {
        let response = self.told(&call).await?;
        Ok(self.bench.workspace().take(&call, &response)?)
    }

    /// Sends what somebody did and expects it to be refused.
    pub(super) async fn refused(&self, call: &Call, what: &str) -> Result<(), Failure> {
        let status = self.told(call).await?.status();
        ensure!(status == StatusCode::BAD_REQUEST, "{what} was answered {status}");
        Ok(())
    }

    /// Waits for a message in `channel` that says `words`.
    pub(super) async fn message(&self, channel: &str, words: &str) -> Result<Message, Failure> {
        let find = |workspace: &Workspace| {
            workspace.messages(channel).into_iter().rev().find(|message| message.all().contains(words))
        };
        let workspace = self.bench.workspace();
        let found = workspace.until(self.bench.patience(), find).await;
        found.ok_or_else(|| {
            let all: Vec<_> = workspace.messages(channel).iter().map(Message::all).collect();
            format!(
                "no message in {channel} says {words:?}; there are {all:?}, and refused were {:?}",
                workspace.refusals()
            )
            .into()
        })
    }

    /// Waits for the record of the one job whose command line holds `mark`.
    pub(super) async fn recorded(&self, mark: &str) -> Result<Record, Failure> {
        let mut all = self.records_with(mark, 1).await?;
        ensure!(all.len() == 1, "{} records hold {mark}: {all:?}", all.len());
        all.pop().ok_or_else(|| "there is no record".into())
    }

    /// Waits until there are `count` records whose command line holds `mark`; the latest first.
    pub(super) async fn records_with(&self, mark: &str, count: usize) -> Result<Vec<Record>, Failure> {
        let find = async || -> Result<Option<Vec<Record>>, Failure> {
            let all = self.bench.records().await?;
            let found: Vec<_> = all.into_iter().filter(|record| record.arguments.contains(mark)).collect();
            Ok((found.len() >= count).then_some(found))
        };
        self.until(find).await?.ok_or_else(|| format!("there are no {count} records with {mark}").into())
    }
}
