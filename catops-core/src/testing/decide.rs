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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::command::{Command, Commands};
    use crate::context::Context;
    use crate::testing::Outcome;
    use crate::{Result, command};

    /// Replace a version by the next.
    #[command(plan = next, ephemeral)]
    async fn replace(ctx: &Context) -> Result<String> {
        let next = next(ctx).await?;
        ctx.state().set("version", &(version(ctx).await? + 1)).await?;
        Ok(next)
    }

    async fn next(ctx: &Context) -> Result<String> {
        let version = version(ctx).await?;
        Ok(format!("v{} replaces v{version}", version + 1))
    }

    async fn version(ctx: &Context) -> Result<u32> {
        Ok(ctx.state().get("version").await?.unwrap_or(6))
    }

    /// Open a vault.
    #[command(approve = "role:leads", n = 2)]
    fn open(vault: String, #[arg(secret)] code: String) -> String {
        format!("{vault} is open to {code}")
    }

    fn find(path: &str) -> Option<Command> {
        Some(match path {
            "open" => __catops_open(),
            "replace" => __catops_replace().from_file("ops", "plugins/ops.rs"),
            _ => return None,
        })
    }

    static COMMANDS: Commands = Commands::new("open\nreplace", |_| "", find);

    const LEADS: &str = "[roles.leads]\nmembers = [\"user:U-bob\", \"user:U-eve\"]\n";

    fn bot() -> Bot {
        Bot::new(&COMMANDS).with_policy(LEADS)
    }

    #[tokio::test]
    async fn a_plan_that_has_changed_asks_again() {
        let bot = bot();
        let (first, second) = (bot.run("replace").await, bot.run("replace").await);
        assert!(first.text().ends_with("v7 replaces v6\n[Apply]\n[Cancel]"), "{}", first.text());
        let (outcome, reply) = bot.decide(&first, "Apply").outcome().await;
        assert_eq!((outcome, reply.text().as_str()), (Outcome::Ran, "v7 replaces v6"));
        assert_eq!(bot.decide(&first, "Apply").outcome().await.0, Outcome::Used);
        let (outcome, changed) = bot.decide(&second, "Apply").outcome().await;
        assert_eq!(outcome, Outcome::Changed);
        assert!(changed.text().ends_with("v8 replaces v7\n[Apply]\n[Cancel]"), "{}", changed.text());
        assert_eq!(bot.decide(&changed, "Cancel").outcome().await.0, Outcome::Rejected);
        let late = bot.run("replace").await;
        let bot = bot.later(Duration::from_secs(3600));
        assert_eq!(bot.decide(&late, "Apply").outcome().await.0, Outcome::Expired);
    }

    #[tokio::test]
    async fn what_is_secret_waits_for_each_that_has_to_approve() {
        let bot = bot();
        let asked = bot.run("open gold 1234").by("ann").in_channel("vaults").await;
        assert!(!serde_json::to_string(&asked).unwrap().contains("1234"));
        let (outcome, more) = bot.decide(&asked, "Approve").by("bob").outcome().await;
        assert_eq!(outcome, Outcome::Approved);
        assert_eq!(bot.decide(&more, "Approve").by("zoe").outcome().await.0, Outcome::Denied);
        let (outcome, reply) = bot.decide(&more, "Approve").by("eve").outcome().await;
        assert_eq!(outcome, Outcome::Ran);
        assert!(reply.text().ends_with("gold is open to 1234"), "{}", reply.text());
    }

    #[tokio::test]
    #[should_panic = "nothing waits under this reply: There is no command `opne`"]
    async fn a_reply_without_buttons_is_told() {
        let bot = bot();
        let reply = bot.run("opne gold").await;
        bot.decide(&reply, "Apply");
    }

    #[tokio::test]
    #[should_panic = "there is no button `Approve`"]
    async fn a_button_that_is_not_there_is_told() {
        let bot = bot();
        let reply = bot.run("replace").await;
        bot.decide(&reply, "Approve");
    }

    #[test]
    #[should_panic = "the policy:2:12: `bob` looks like a name"]
    fn a_mistake_in_the_policy_is_told() {
        let _ = Bot::new(&COMMANDS).with_policy("[roles.leads]\nmembers = [\"bob\"]\n");
    }

    #[test]
    #[should_panic = "nobody could approve `open`"]
    fn a_policy_that_does_not_fit_the_commands_is_told() {
        let _ = Bot::new(&COMMANDS).with_policy("[roles.others]\nmembers = [\"user:U-bob\"]\n");
    }
}
