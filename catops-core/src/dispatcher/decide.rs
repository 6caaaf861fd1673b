//! Decides on what waits: who may, once, and what comes of it.

use std::sync::Arc;

use super::another::for_asker;
use super::hold::Takes;
use super::kept::Kept;
use super::turn::{Call, Ending, Notes, Turn};
use super::{Dispatched, Dispatcher, asking, kept, ticket, words};
use crate::audit::{Approver, Outcome};
use crate::command::{Asked, What};
use crate::error::Error;
use crate::job::Job;
use crate::pending::{Answer, Pending};
use crate::policy::{Approval, Asker, Groups};
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Decided, Request};

impl Turn<'_> {
    /// Takes the press of a button that decides.
    pub(super) async fn decide(&self, decided: &Decided) -> Dispatched {
        let pending = match self.pending(decided).await {
            Ok(Ok(pending)) => pending,
            // Nobody knows what it was.
            Ok(Err((outcome, reply))) => return self.tell(Ending::of(outcome, reply)).await,
            Err(error) => return self.unclaimed(&error).await,
        };
        let mut notes = Notes {
            plan: pending.plan.clone(),
            approvers: pending.approvers.clone(),
            origin: Some(pending.origin.clone()),
            ..Notes::default()
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
        let responder = for_asker(&self.responder, &self.job.request.actor, &pending.asker);
        let theirs = Turn { job: &job, responder, ..self.clone() };
        let (name, arguments, call) = match theirs.read() {
            (name, arguments, Ok(call)) => (name, arguments, call),
            (name, arguments, Err((outcome, reply))) => {
                return self.tell(Ending { command: name, arguments, outcome, reply, notes }).await;
            }
        };
        if pending.expires <= self.clock.now() {
            return self.refuse(call, Outcome::Expired, asking::too_late(&pending), notes).await;
        }
        let known = self.groups(&pending.asker).await;
        let asker = theirs.asker(&known);
        let approval = theirs.approval(asker, &call.command);
        if let Err(reply) = self.may_decide(decided.answer, &pending, approval.as_ref()).await {
            return self.refuse(call, Outcome::Denied, reply, notes).await;
        }
        match theirs.admit(asker, &call) {
            Ok(rule) => notes.rule = rule,
            Err(why) if decided.answer.is_yes() => {
                return self.refuse(call, Outcome::Denied, asking::denied(&pending, &why), notes).await;
            }
            Err(_) => {}
        }
        match ticket::use_up(&*self.dispatcher.store, &decided.press, self.job, self.clock.now()).await {
            Ok(None) => self.tell_pressed(&decided.press).await,
            Ok(Some(used)) => {
                let reply = words::used(&used, &self.job.request.actor);
                return self.refuse(call, Outcome::Used, reply, notes).await;
            }
            Err(error) => return self.unclaimed(&error).await,
        }
        if decided.carried.is_empty() {
            kept::forget(&*self.dispatcher.store, &decided.press.ticket, self.clock.now()).await;
        }
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
        // Who approved before counts as long as they could do so today.
        pending.approvers = self.still(pending.approvers, approval.as_ref()).await;
        if answer == Answer::Approve {
            pending.approvers.push(Approver { who: self.job.request.actor.clone(), at: self.job.asked });
        }
        notes.approvers.clone_from(&pending.approvers);
        let takes = Takes { plan: call.command.plan(), approval };
        let is_missing = |approval: &Approval| pending.approvers.len() < usize::from(approval.count);
        if takes.approval.as_ref().is_some_and(is_missing) {
            let outcome = if answer == Answer::Approve { Outcome::Approved } else { Outcome::Waiting };
            if answer == Answer::Apply {
                // It waited for its asker until now, and for others from now on.
                pending.expires = self.clock.now() + takes.time();
            }
            let Call { command, name, arguments, .. } = call;
            let ending = Ending { command: name, arguments, outcome, reply: Reply::default(), notes };
            return self.ask(&self.outbox(Audience::Channel), &command, &takes, pending, None, ending).await;
        }
        let Some(plan) = takes.plan else { return theirs.perform(call, notes).await };
        let outbox = Arc::new(theirs.outbox(self.audience(&call.command, &takes)));
        let Call { command, values, name, arguments, .. } = call;
        let plan = match theirs.plan(plan, &command, &name, values, &outbox).await {
            Ok(plan) => plan,
            Err((outcome, reply)) => {
                return theirs.end(&outbox, Ending { command: name, arguments, outcome, reply, notes }).await;
            }
        };
        if Some(&plan.hash) == pending.plan.as_ref() {
            return match theirs.read() {
                (.., Ok(call)) => theirs.perform(call, notes).await,
                (name, arguments, Err((outcome, reply))) => {
                    self.tell(Ending { command: name, arguments, outcome, reply, notes }).await
                }
            };
        }
        let expires = self.clock.now() + takes.time();
        let pending = Pending { expires, plan: Some(plan.hash.clone()), approvers: Vec::new(), ..pending };
        let ending = Ending { command: name, arguments, outcome: Outcome::Changed, reply: Reply::default(), notes };
        self.ask(&outbox, &command, &takes, pending, Some(plan), ending).await
    }

    /// Returns those of the approvers who could approve today.
    async fn still(&self, approvers: Vec<Approver>, approval: Option<&Approval>) -> Vec<Approver> {
        let Some(approval) = approval else { return approvers };
        let mut still = Vec::with_capacity(approvers.len());
        for approver in approvers {
            if self.can_approve(&approver.who, approval).await {
                still.push(approver);
            }
        }
        still
    }

    /// Returns whether somebody could approve here and now.
    async fn can_approve(&self, who: &Actor, approval: &Approval) -> bool {
        let known = self.groups(who).await;
        let groups = known.as_deref().map_or(Groups::Unknown, Groups::Known);
        let asker = Asker { actor: who, groups, ..Asker::of(&self.job.request, self.clock.now()) };
        self.dispatcher.app.policy().can_approve(approval, asker)
    }

    /// Returns what waits, from the button or from the store; or how the press ends if that is not known.
    async fn pending(&self, decided: &Decided) -> Result<Result<Pending, (Outcome, Reply)>, Error> {
        let (ticket, now) = (&decided.press.ticket, self.clock.now());
        let Dispatcher { app, store, .. } = self.dispatcher;
        let gone = |outcome| Ok(Err((outcome, asking::gone())));
        let stored;
        let text = if decided.carried.is_empty() {
            match kept::get(&**store, app.key(), ticket, now).await? {
                Kept::Text(text) => {
                    stored = text;
                    &stored
                }
                Kept::Altered => {
                    tracing::warn!(%ticket, "what waits in the store was altered, or is of another bot");
                    return gone(Outcome::Forged);
                }
                // What was decided is not kept.
                Kept::Nothing => match ticket::used_up(&**store, ticket, now).await? {
                    Some(used) => return Ok(Err((Outcome::Used, words::used(&used, &self.job.request.actor)))),
                    None => return gone(Outcome::Expired),
                },
            }
        } else {
            &decided.carried
        };
        match serde_json::from_str::<Pending>(text) {
            Ok(pending) if pending.chat == self.job.reply_to.chat => Ok(Ok(pending)),
            Ok(_) => gone(Outcome::Forged),
            // Another version wrote it. What the parser says could quote the line.
            Err(_) => gone(Outcome::Skewed),
        }
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
        let is_asker = me.is_same(&pending.asker);
        match (answer, may_be(&pending.asker), approval) {
            (Answer::Apply | Answer::Cancel | Answer::Deny, _, _) if is_asker => Ok(()),
            (Answer::Apply | Answer::Cancel, ..) => Err(asking::not_theirs(pending)),
            (Answer::Approve | Answer::Deny, true, _) => Err(asking::own()),
            (Answer::Approve | Answer::Deny, false, None) => Err(asking::needless(pending)),
            (Answer::Approve | Answer::Deny, false, Some(approval)) => {
                if !self.can_approve(me, approval).await {
                    return Err(asking::no_approver(approval));
                }
                let again = answer == Answer::Approve && pending.approvers.iter().any(|one| may_be(&one.who));
                if again { Err(asking::again()) } else { Ok(()) }
            }
        }
    }
}
