//! Decides on what waits: who may, once, and what comes of it.

use std::sync::Arc;

use super::hold::{Takes, key};
use super::turn::{Call, Ending, Notes, Turn};
use super::{Dispatched, asking, ticket, words};
use crate::audit::{Approver, Outcome};
use crate::command::{Asked, What};
use crate::error::{Error, ErrorKind};
use crate::job::Job;
use crate::pending::{Answer, Pending};
use crate::policy::{Approval, Asker, Groups};
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Decided, Request};

impl Turn<'_> {
    /// Takes the press of a button that decides.
    pub(super) async fn decide(&self, decided: &Decided) -> Dispatched {
        let pending = match self.pending(decided).await {
            Ok(Some(pending)) => pending,
            Ok(None) => return self.stop(Outcome::Expired, asking::gone()).await,
            Err(error) => return self.unclaimed(&error).await,
        };
        // What is run is run for whoever asked for it, in their name and where they asked.
        let request = Request {
            actor: pending.asker.clone(),
            channel: pending.channel.clone(),
            prefix: pending.prefix.clone(),
            text: pending.line.clone(),
            via: self.job.request.via.clone(),
        };
        let job = Job { request, ..self.job.clone() };
        let theirs = Turn { job: &job, ..self.clone() };
        let (name, arguments, call) = match theirs.read() {
            (name, arguments, Ok(call)) => (name, arguments, call),
            (name, arguments, Err((outcome, reply))) => return self.say(name, arguments, outcome, reply).await,
        };
        if pending.expires <= self.clock.now() {
            return self.say(name, arguments, Outcome::Expired, asking::too_late(&pending)).await;
        }
        let known = self.groups(&pending.asker).await;
        let asker = theirs.asker(&known);
        let approval = theirs.approval(asker, &call.command);
        if let Err(reply) = self.may_decide(decided.answer, &pending, approval.as_ref()).await {
            return self.say(name, arguments, Outcome::Denied, reply).await;
        }
        let admitted = theirs.admit(asker, &call);
        if let (Err(why), true) = (&admitted, decided.answer.is_yes()) {
            return self.say(name, arguments, Outcome::Denied, asking::denied(&pending, why)).await;
        }
        match ticket::use_up(&*self.dispatcher.store, &decided.press, self.job, self.clock.now()).await {
            Ok(None) => self.tell_pressed(&decided.press).await,
            Ok(Some(used)) => {
                let reply = words::used(&used, &self.job.request.actor);
                return self.say(name, arguments, Outcome::Used, reply).await;
            }
            Err(error) => return self.unclaimed(&error).await,
        }
        let notes = Notes {
            rule: admitted.ok().flatten(),
            plan: pending.plan.clone(),
            approvers: pending.approvers.clone(),
            origin: Some(pending.origin.clone()),
            ..Notes::default()
        };
        if !decided.answer.is_yes() {
            let reply = asking::rejected(&self.job.request.actor, &pending, &format!("{name} {arguments}"));
            let ending = Ending { command: name, arguments, outcome: Outcome::Rejected, reply, notes };
            return self.end(&self.outbox(Audience::Channel), ending).await;
        }
        self.go_on(decided.answer, &theirs, call, approval, pending, notes).await
    }

    /// Runs what was decided on, or asks for what it still takes.
    async fn go_on(
        &self,
        answer: Answer,
        theirs: &Turn<'_>,
        call: Call,
        approval: Option<Approval>,
        mut pending: Pending,
        mut notes: Notes,
    ) -> Dispatched {
        if answer == Answer::Approve {
            pending.approvers.push(Approver { who: self.job.request.actor.clone(), at: self.job.asked });
            notes.approvers.clone_from(&pending.approvers);
        }
        let takes = Takes { plan: call.command.plan(), approval };
        let is_missing = |approval: &Approval| pending.approvers.len() < usize::from(approval.count);
        if takes.approval.as_ref().is_some_and(is_missing) {
            let outcome = if answer == Answer::Approve { Outcome::Approved } else { Outcome::Waiting };
            let Call { command, name, arguments, .. } = call;
            let ending = Ending { command: name, arguments, outcome, reply: Reply::default(), notes };
            return self.ask(&self.outbox(Audience::Channel), &command, &takes, pending, None, ending).await;
        }
        let Some(plan) = takes.plan else { return theirs.carry_out(call, notes).await };
        let outbox = Arc::new(self.outbox(Audience::Channel));
        let Call { command, values, name, arguments, .. } = call;
        let plan = match theirs.plan(plan, &command, &name, values, &outbox).await {
            Ok(plan) => plan,
            Err((outcome, reply)) => {
                return theirs.end(&outbox, Ending { command: name, arguments, outcome, reply, notes }).await;
            }
        };
        if Some(&plan.hash) == pending.plan.as_ref() {
            return match theirs.read() {
                (.., Ok(call)) => theirs.carry_out(call, notes).await,
                (name, arguments, Err((outcome, reply))) => self.say(name, arguments, outcome, reply).await,
            };
        }
        let expires = self.clock.now() + takes.time();
        let pending = Pending { expires, plan: Some(plan.hash.clone()), approvers: Vec::new(), ..pending };
        let ending = Ending { command: name, arguments, outcome: Outcome::Changed, reply: Reply::default(), notes };
        self.ask(&outbox, &command, &takes, pending, Some(plan), ending).await
    }

    /// Runs it for its asker, who is not always the one who pressed.
    async fn carry_out(&self, call: Call, notes: Notes) -> Dispatched {
        let asker = &self.job.request.actor.id;
        if !call.command.is_ephemeral() || self.job.reply_to.user == *asker {
            return self.perform(call, notes).await;
        }
        // Only they may see the reply, so it cannot go to the address that came with another's press.
        let mut job = self.job.clone();
        (job.reply_to.url, job.reply_to.user) = (None, asker.clone());
        Turn { job: &job, ..self.clone() }.perform(call, notes).await
    }

    /// Returns what waits: from the button, or from the store.
    async fn pending(&self, decided: &Decided) -> Result<Option<Pending>, Error> {
        let (ticket, now) = (&decided.press.ticket, self.clock.now());
        let stored;
        let text = if decided.carried.is_empty() {
            stored = self.dispatcher.store.get(&key(ticket), now).await?;
            match &stored {
                Some(entry) => &entry.value,
                None => return Ok(None),
            }
        } else {
            &decided.carried
        };
        let wrong = |error| Error::new(ErrorKind::Invalid, format!("reading what waits under {ticket}")).because(error);
        serde_json::from_str(text).map(Some).map_err(wrong)
    }

    /// Reads the line of this turn; an error is how the turn ends if no command takes it, as after a deploy.
    fn read(&self) -> (String, String, Result<Call, (Outcome, Reply)>) {
        let request = &self.job.request;
        let Asked { command: name, arguments, given, what } =
            self.dispatcher.app.commands().read(&request.prefix, &request.text, &|_| false);
        let read = match what {
            What::Run(command, values) => {
                Ok(Call { command, values, name: name.clone(), arguments: arguments.clone(), given })
            }
            What::Usage(_, reply) => Err((Outcome::Usage, reply)),
            What::Unknown(reply) | What::Help(reply) => Err((Outcome::Unknown, reply)),
            What::Own(_) => Err((Outcome::Unknown, asking::gone())),
        };
        (name, arguments, read)
    }

    /// Says whether whoever pressed may decide so; if not, why.
    async fn may_decide(&self, answer: Answer, pending: &Pending, approval: Option<&Approval>) -> Result<(), Reply> {
        let me = &self.job.request.actor;
        // To approve one must be another for sure, and to decide in one's own name the same for sure: an id of another
        // workspace is neither.
        let may_be = |other: &Actor| me.id == other.id;
        let is_asker = may_be(&pending.asker) && me.team == pending.asker.team;
        match (answer, may_be(&pending.asker), approval) {
            (Answer::Apply | Answer::Cancel | Answer::Deny, _, _) if is_asker => Ok(()),
            (Answer::Apply | Answer::Cancel, ..) => Err(asking::not_theirs(pending)),
            (Answer::Approve | Answer::Deny, true, _) => Err(asking::own()),
            (Answer::Approve | Answer::Deny, false, None) => Err(asking::needless(pending)),
            (Answer::Approve | Answer::Deny, false, Some(approval)) => {
                let known = self.groups(me).await;
                let groups = known.as_deref().map_or(Groups::Unknown, Groups::Known);
                let asker = Asker { groups, ..Asker::of(&self.job.request, self.clock.now()) };
                if !self.dispatcher.app.policy().can_approve(approval, asker) {
                    return Err(asking::no_approver(approval));
                }
                let again = answer == Answer::Approve && pending.approvers.iter().any(|one| may_be(&one.who));
                if again { Err(asking::again()) } else { Ok(()) }
            }
        }
    }
}
