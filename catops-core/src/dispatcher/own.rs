//! The bot's own words.

use super::Dispatched;
use super::turn::Turn;
use crate::audit::Outcome;
use crate::command::Own;
use crate::policy::Asker;
use crate::reply::Reply;

impl Turn<'_> {
    /// Does what one of the bot's own words asks for.
    pub(super) async fn own(&self, _own: Own, _asker: Asker<'_>, name: String, arguments: String) -> Dispatched {
        self.say(name, arguments, Outcome::Help, Reply::to_asker("Not yet.")).await
    }
}
