//! The buttons that decide on what waits.

use super::{Bot, Line};
use crate::reply::{Decision, Part, Reply};

impl Bot {
    /// Presses the button `answer` (`Apply`, `Cancel`, `Approve` or `Deny`) of a reply: what waits under it is decided on.
    /// Await it for the reply to that.
    ///
    /// ```
    /// use catops_core::testing::{Bot, Outcome};
    /// # use catops_core::{Command, Commands, command};
    /// /// Deploy a version.
    /// #[command(plan = changes, approve = "role:leads")]
    /// fn deploy(version: String) -> String {
    ///     format!("{version} is out")
    /// }
    ///
    /// fn changes(version: String) -> String {
    ///     format!("{version} replaces v6")
    /// }
    /// # fn find(path: &str) -> Option<Command> { (path == "deploy").then(__catops_deploy) }
    /// # static COMMANDS: Commands = Commands::new("deploy", |_| "", find);
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let bot = Bot::new(&COMMANDS).with_policy(r#"
    ///     [roles.leads]
    ///     members = ["user:U-bob"]
    /// "#);
    /// let (outcome, asked) = bot.run("deploy v7").by("ann").outcome().await;
    /// assert_eq!(outcome, Outcome::Waiting);
    /// assert!(asked.text().ends_with("v7 replaces v6\n[Approve]\n[Deny]"));
    ///
    /// let (outcome, _) = bot.decide(&asked, "Approve").by("ann").outcome().await;
    /// assert_eq!(outcome, Outcome::Denied, "not one's own");
    /// let (outcome, reply) = bot.decide(&asked, "Approve").by("bob").outcome().await;
    /// assert_eq!(outcome, Outcome::Ran);
    /// assert!(reply.text().ends_with("v7 is out"));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Where the reply has no such button.
    pub fn decide(&self, reply: &Reply, answer: &str) -> Line<'_> {
        let decision = decision(reply).unwrap_or_else(|| panic!("nothing waits under this reply: {}", reply.text()));
        let found = decision.answers.iter().find(|other| other.label() == answer);
        let answer = *found.unwrap_or_else(|| panic!("there is no button `{answer}`: {}", reply.text()));
        let mut line = self.run("");
        let (actor, channel) = (line.request.actor, line.request.channel);
        line.request = decision.press(answer);
        line.request.actor = actor;
        if line.request.channel.id.is_empty() {
            line.request.channel = channel;
        }
        line
    }
}

fn decision(reply: &Reply) -> Option<&Decision> {
    reply.parts.iter().find_map(|part| match part {
        Part::Decision(decision) => Some(decision),
        _ => None,
    })
}
