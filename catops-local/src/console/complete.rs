//! Words for the command line while somebody types: the same that a form's menu would be given.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use catops_core::Timestamp;
use catops_core::chat::Typing;
use catops_core::form::Draft;
use catops_core::request::{Actor, Channel, ReplyTo};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::workspace::{CHANNEL, CHANNEL_NAME, NAME, PREFIX, TEAM, USER, USER_NAME};

/// What is typed, and where in a line.
#[derive(Deserialize)]
pub(super) struct Asked {
    command: String,
    /// The parameter.
    field: String,
    typed: String,
}

/// What may stand there, best first.
#[derive(Serialize)]
pub(super) struct Words {
    words: Vec<String>,
}

pub(super) async fn complete(State(shared): State<Arc<Shared>>, Json(asked): Json<Asked>) -> Json<Words> {
    let Asked { command, field, typed } = asked;
    let (channel, user) = (CHANNEL.to_owned(), USER.to_owned());
    let reply_to =
        ReplyTo { chat: NAME.to_owned(), channel: channel.clone(), user: user.clone(), ..ReplyTo::default() };
    let channel = Channel { id: channel, name: CHANNEL_NAME.to_owned() };
    let actor = Actor { id: user, name: USER_NAME.to_owned(), team: TEAM.to_owned() };
    let draft = Draft { command, prefix: PREFIX.to_owned(), channel, reply_to, ..Draft::default() };
    let typing = Typing { actor, draft, field, typed };
    Json(Words { words: shared.ingress.proposals(&typing, Timestamp::now()).await })
}
