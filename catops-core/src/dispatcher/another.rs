//! Replies to what somebody asked for and another pressed the button of.

use std::sync::Arc;

use async_trait::async_trait;

use super::asking;
use crate::error::Error;
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Press, ReplyTo};
use crate::responder::{Posted, Responder};
use crate::time::Timestamp;

/// Returns what takes the replies to what `asker` asked for, when `presser` has pressed.
pub(super) fn for_asker(responder: &Arc<dyn Responder>, presser: &Actor, asker: &Actor) -> Arc<dyn Responder> {
    if presser.is_same(asker) {
        return responder.clone();
    }
    Arc::new(ForAsker { responder: responder.clone(), asker: asker.clone() })
}

/// Sends what is for the asker alone to the asker: the address that came with the press is that of whoever pressed.
#[derive(Debug)]
struct ForAsker {
    responder: Arc<dyn Responder>,
    asker: Actor,
}

impl ForAsker {
    fn place(&self, to: &ReplyTo, reply: &Reply) -> ReplyTo {
        match reply.audience {
            Audience::Channel => to.clone(),
            Audience::Asker => ReplyTo { url: None, user: self.asker.id.clone(), ..to.clone() },
        }
    }
}

#[async_trait]
impl Responder for ForAsker {
    /// If the asker cannot be reached, all are told that there is an answer, and no more of it.
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let delivered = self.responder.respond(&self.place(to, reply), reply, earlier, now).await;
        if delivered.is_err() && reply.audience == Audience::Asker {
            let told = self.responder.respond(to, &asking::for_one(&self.asker), None, now).await;
            if let Err(error) = told {
                tracing::error!(error = error.chain(), "nobody was told that an answer was not delivered");
            }
        }
        delivered
    }

    async fn progress(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        self.responder.progress(&self.place(to, reply), reply, earlier, now).await
    }

    fn room(&self) -> usize {
        self.responder.room()
    }

    async fn pressed(&self, to: &ReplyTo, press: &Press, note: &str, now: Timestamp) -> Result<(), Error> {
        self.responder.pressed(to, press, note, now).await
    }
}
