//! Forms in the first leg: opened, completed while somebody types, and taken.
//!
//! None of this can wait for the second leg: a chat shows what is answered within three seconds, and nothing later.

use std::time::Duration;

use super::{Answered, Heard, INLINE_LIMIT, Ingress, not_accepted};
use crate::chat::{Chat, Hearing, Incoming, Opening, Submission, Submitted, Typing};
use crate::command::{Command, Param, What, refusal};
use crate::form::complete::{context, matching, proposals};
use crate::form::{COMMAND, Draft, Form, compose};
use crate::http::{HttpResponse, status};
use crate::job::Job;
use crate::line::{Words, escape};
use crate::request::{Actor, Request, Via};
use crate::secret::Secret;
use crate::time::Timestamp;

/// How long the chat may take to open a form. Slack lets a trigger live for 3 s from the key press, and what stands in for
/// the form has to fit into them too. docs.slack.dev, "Modals".
const OPEN_TIME: Duration = Duration::from_millis(1500);

impl Ingress {
    /// Opens a form where a line says too little: which command, or what it needs. `false` says that the line is to be
    /// answered as it is.
    pub(super) async fn form_instead(
        &self,
        chat: &dyn Chat,
        job: &Job,
        command: Option<&Command>,
        trigger: Option<&Secret>,
    ) -> bool {
        let Some(trigger) = trigger.filter(|_| chat.opens_forms()) else { return false };
        let Request { actor, channel, prefix, text, .. } = &job.request;
        let given = match command {
            Some(command) => match command.lacking(text) {
                Some(given) => {
                    let asker = self.known(&job.reply_to.chat, actor, &channel.id, job.asked).await;
                    if !asker.offers(command) {
                        return false;
                    }
                    given
                }
                None => return false,
            },
            None if Words::new(text).next().is_none() => Vec::new(),
            None => return false,
        };
        let (prefix, channel, reply_to) = (prefix.clone(), channel.clone(), job.reply_to.clone());
        let draft = Draft { prefix, channel, reply_to, ..Draft::default() };
        let form =
            command.map_or_else(|| Form::which(draft.clone()), |command| Form::of(command, &given, draft.clone()));
        is_open(chat, &form, trigger).await
    }

    /// Opens the form that was asked for without a line.
    pub(super) async fn open(&self, chat: &dyn Chat, opening: Opening, now: Timestamp) -> HttpResponse {
        let Opening { actor, draft, trigger } = opening;
        let command = match self.app.commands().find(&draft.command) {
            Some(command) => {
                let asker = self.known(chat.name(), &actor, &draft.channel.id, now).await;
                Some(command).filter(|command| asker.offers(command))
            }
            None => None,
        };
        let form = match command {
            Some(command) => Form::of(&command, &[], draft),
            None => Form::which(draft),
        };
        // There is no other place for an answer: what is not 200, the chat shows as a failure.
        match is_open(chat, &form, &trigger).await {
            true => status(http::StatusCode::OK),
            false => status(http::StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// Tells what may stand in a field.
    pub(super) async fn complete(&self, chat: &dyn Chat, typing: Typing, now: Timestamp) -> HttpResponse {
        chat.completions(&self.proposals(&typing, now).await)
    }

    /// Returns the commands that are worth showing to somebody in a channel of the chat of that name: for a page that lists
    /// them.
    pub async fn offered(&self, chat: &str, actor: &Actor, channel: &str, now: Timestamp) -> Vec<Command> {
        let asker = self.known(chat, actor, channel, now).await;
        self.app.commands().all().filter(|command| asker.offers(command)).collect()
    }

    /// Returns the words that may stand in a field, best first: for a chat that completes the line itself, as a terminal or
    /// a page does. Within the time of an inline command; what its completer lacks then is not among them.
    pub async fn proposals(&self, typing: &Typing, now: Timestamp) -> Vec<String> {
        let Typing { actor, draft, field, typed } = typing;
        let asker = self.known(&draft.reply_to.chat, actor, &draft.channel.id, now).await;
        if draft.command.is_empty() && field == COMMAND {
            let offered = self.app.commands().all().filter(|command| asker.offers(command));
            return matching(offered.map(|command| command.path()), typed);
        }
        let command = self.app.commands().find(&draft.command).filter(|command| asker.offers(command));
        let Some(command) = command else { return Vec::new() };
        let Some(param) = command.params().iter().find(|param| param.name() == field) else { return Vec::new() };
        if param.completer().is_none() {
            return matching(param.choices().iter().map(|(word, _)| (*word).to_owned()), typed);
        }
        let request = Request {
            actor: actor.clone(),
            channel: draft.channel.clone(),
            prefix: draft.prefix.clone(),
            text: String::new(),
            via: Via::Form,
        };
        let store = self.dispatcher.store().clone();
        let context = context(&command, request, &draft.reply_to.chat, store, now, INLINE_LIMIT);
        let (mut words, failed) = proposals(param, &context, typed).await;
        if let Some(error) = failed {
            tracing::error!(command = command.path(), field, error, "a completer failed");
        }
        as_typed(&mut words, param, typed);
        words
    }

    /// Takes what somebody filled in: it becomes a line and a job like any other.
    pub(super) async fn submit(&self, chat: &dyn Chat, submission: Submission, now: Timestamp) -> HttpResponse {
        let Submission { id, actor, draft, values } = submission;
        let asks_which = draft.command.is_empty();
        let path = match values.iter().find(|(name, _)| name == COMMAND) {
            Some((_, words)) if asks_which => words.first().map(String::as_str).unwrap_or_default(),
            _ => &draft.command,
        };
        let known = match self.app.commands().find(path) {
            // Which command it is was chosen now; what the form of one is for was decided when that was opened.
            Some(command) if asks_which => {
                let asker = self.known(chat.name(), &actor, &draft.channel.id, now).await;
                Some(command).filter(|command| asker.offers(command))
            }
            known => known,
        };
        let Some(command) = known else {
            // It was there when the form was opened: the bot has changed meanwhile.
            tracing::warn!(job = %id, "a form was sent off for a command that is not there");
            let said = format!("There is no command `{path}`.");
            return match asks_which {
                true => chat.submitted(Submitted::Wrong(&[(COMMAND.to_owned(), said)])),
                false => chat.submitted(Submitted::Next(&Form { about: said, ..Form::which(draft) })),
            };
        };
        if asks_which && !command.params().is_empty() {
            return chat.submitted(Submitted::Next(&Form::of(&command, &[], draft)));
        }
        let first = if asks_which { Some(COMMAND) } else { command.params().first().map(Param::name) };
        let text = match self.line(&command, &draft.prefix, &values) {
            Ok(text) => text,
            Err(Refused::Fields(wrong)) => return chat.submitted(Submitted::Wrong(&wrong)),
            Err(Refused::Line(reason)) => return refuse(chat, first, reason, || Form::of(&command, &[], draft)),
        };
        let request =
            Request { actor, channel: draft.channel.clone(), prefix: draft.prefix.clone(), text, via: Via::Form };
        let reply_to = draft.reply_to.clone();
        let incoming = Incoming { hearing: Hearing::Unseen, ..Incoming::new(id, request, reply_to) };
        let job = Job::new(incoming, now);
        let (mut response, answered) = match self.hand_over(&job).await {
            Ok(()) => (chat.submitted(Submitted::Taken), Answered::Later),
            Err(error) => {
                let reason = not_accepted(&error).text();
                (refuse(chat, first, reason, || Form::of(&command, &[], draft)), Answered::NotAccepted)
            }
        };
        response.extensions_mut().insert(Heard { job: job.id, command: command.path(), answered });
        response
    }

    /// Makes the line out of what is in the fields, and sees that it is read as it was meant.
    fn line(&self, command: &Command, prefix: &str, values: &[(String, Vec<String>)]) -> Result<String, Refused> {
        let line = compose(command, values).map_err(Refused::Fields)?;
        match self.app.commands().read(prefix, &line, &|_| true).what {
            What::Run(read, _) if read.path() == command.path() => Ok(line),
            What::Usage(_, reply) | What::Unknown(reply) => Err(Refused::Line(reply.text())),
            What::Run(..) | What::Help(_) | What::Own(_) => {
                Err(Refused::Line("these words cannot be put into one line".to_owned()))
            }
        }
    }
}

/// Why a form was not taken.
enum Refused {
    /// What is wrong with which fields.
    Fields(Vec<(String, String)>),
    /// What is wrong with all of it.
    Line(String),
}

/// Says `reason` beside the first field; where there is none, in the form itself.
fn refuse(chat: &dyn Chat, first: Option<&str>, reason: String, form: impl FnOnce() -> Form) -> HttpResponse {
    match first {
        Some(first) => chat.submitted(Submitted::Wrong(&[(first.to_owned(), reason)])),
        None => chat.submitted(Submitted::Next(&Form { about: reason, ..form() })),
    }
}

async fn is_open(chat: &dyn Chat, form: &Form, trigger: &Secret) -> bool {
    let opened = chat.open_form(form, trigger, OPEN_TIME).await;
    if let Err(error) = &opened {
        tracing::warn!(chat = chat.name(), error = error.chain(), "a form was not opened");
    }
    opened.is_ok()
}

/// Proposes what is typed itself as the last, since a completer proposes and does not decide: a new name can be wanted.
fn as_typed(words: &mut Vec<String>, param: &Param, typed: &str) {
    let typed = typed.trim();
    let is_new = !typed.is_empty() && words.iter().all(|word| word.to_lowercase() != typed.to_lowercase());
    if is_new && refusal(param, &escape(typed)).is_none() {
        words.truncate(crate::form::MENU - 1);
        words.push(typed.to_owned());
    }
}
