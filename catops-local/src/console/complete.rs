//! Words for the command line while somebody types: the same that a form's menu would be given.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catops_core::Timestamp;
use catops_core::chat::Typing;
use catops_core::form::Draft;
use catops_core::request::{Channel, ReplyTo};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::send::nobody;
use super::workspace::{CHANNEL, CHANNEL_NAME, NAME, PREFIX};

/// What is typed, and where in a line.
#[derive(Deserialize)]
pub(super) struct Asked {
    command: String,
    /// The parameter.
    field: String,
    typed: String,
    /// The id of whoever types.
    #[serde(default)]
    who: String,
}

/// What may stand there, best first.
#[derive(Serialize)]
pub(super) struct Words {
    words: Vec<String>,
}

pub(super) async fn complete(State(shared): State<Arc<Shared>>, Json(asked): Json<Asked>) -> Response {
    let Asked { command, field, typed, who } = asked;
    let Some(who) = shared.person(&who) else { return nobody() };
    let (channel, user) = (CHANNEL.to_owned(), who.id.to_owned());
    let reply_to =
        ReplyTo { chat: NAME.to_owned(), channel: channel.clone(), user: user.clone(), ..ReplyTo::default() };
    let channel = Channel { id: channel, name: CHANNEL_NAME.to_owned() };
    let actor = who.actor();
    let draft = Draft { command, prefix: PREFIX.to_owned(), channel, reply_to, ..Draft::default() };
    let typing = Typing { actor, draft, field, typed };
    Json(Words { words: shared.ingress.proposals(&typing, Timestamp::now()).await }).into_response()
}
