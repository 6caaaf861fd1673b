//! Roles by groups and addresses, with emulate in the place of the Web API: what it does not vouch for opens nothing.

use crate::bot::Bot;
use crate::common::Folder;
use crate::emulate::{Emulate, TOKEN};
use crate::requests::{Body, Scene};
use crate::sdk::Sdk;

/// The workspace that emulate plays.
const TEAM: &str = "T000000001";

/// Lets ann run what only `member` may, with these scopes besides those of the manifest; the bot must say `why` it is closed.
async fn closed(member: &str, scopes: &[&str], why: &str) {
    let (mut sdk, folder) = (Sdk::start(), Folder::new("people").unwrap());
    let emulate = Emulate::start_with(&mut sdk, scopes);
    let policy = folder.path().join("catops.toml");
    std::fs::write(&policy, format!("[roles.some]\nmembers = [\"{member}\"]\nallow = [\"ops.guarded\"]\n")).unwrap();
    let bot = Bot::start(&[
        ("CATOPS_SLACK_BOT_TOKEN", TOKEN),
        ("CATOPS_SLACK_API_URL", &emulate.api()),
        ("CATOPS_CONFIG", policy.to_str().unwrap()),
    ])
    .await;
    let scene = Scene {
        user: emulate.user.clone(),
        channel: emulate.channel.clone(),
        response_url: None,
        trigger: "1.1.x".to_owned(),
    };
    let Body { kind, text } = scene.command("guarded opened");
    bot.send(sdk.signed(bot.secret(), kind, &text.replace("T0001", TEAM))).await;
    bot.says(why).await;
    bot.says(r#""outcome":"denied""#).await;
    assert_eq!(bot.marks("opened"), 0, "{member}");
}

#[tokio::test]
async fn an_address_takes_its_scopes_and_slacks_word_that_it_is_confirmed() {
    let address = "ann@emulate.dev";
    closed(address, &[], "lacks the scope `users:read` with `users:read.email`").await;
    closed(address, &["users:read"], "it tells none; CATOPS_SLACK_BOT_TOKEN may lack the scope `users:read.email`")
        .await;
    let both = ["users:read", "users:read.email"];
    closed(address, &both, "it does not say whether the address is confirmed").await;
}

#[tokio::test]
async fn a_group_that_cannot_be_asked_for_is_closed() {
    closed("S0614TZR7", &["usergroups:read"], "there is no `usergroups.users.list` at CATOPS_SLACK_API_URL").await;
}
