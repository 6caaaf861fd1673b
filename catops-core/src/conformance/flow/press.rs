//! Rows 47 to 51: buttons, and the steps that follow.

use serde_json::Value;

use super::bench::{Stage, id};
use super::{Checked, Failure, ensure};
use crate::audit::Outcome;
use crate::chat::{Ack, Chat as _};
use crate::reply::Reply;
use crate::secret::Secret;
use crate::testing::slack::{Call, Message, Workspace};

/// Asks for a message with buttons, and returns it.
async fn offered(stage: &Stage<'_>, mark: &str) -> Result<Message, Failure> {
    let channel = stage.channel();
    stage.does(stage.bench.workspace().command(&format!("offer {mark}")).in_channel(&channel)).await?;
    stage.message(&channel, &format!("what shall become of {mark}?")).await
}

/// Returns the message as it stands now.
pub(super) fn now(workspace: &Workspace, message: &Message) -> Result<Message, Failure> {
    let mut all = workspace.messages(&message.channel).into_iter();
    all.find(|one| one.ts == message.ts).ok_or_else(|| "the message is gone".into())
}

pub(super) async fn pressed(stage: &Stage<'_>) -> Checked {
    let (workspace, mark) = (stage.bench.workspace(), stage.name());
    let message = offered(stage, &mark).await?;
    stage.does(workspace.press_in(&message, "Say it")?.by("U0002").named("bob")).await?;
    let reply = stage.message(&message.channel, &format!("you said: pressed {mark}")).await?;
    ensure!(reply.is_public() && reply.all().contains("bob"), "the reply does not say who asked: {}", reply.all());
    let record = stage.records_with(&mark, 2).await?.into_iter().find(|record| record.command == "say");
    let record = record.ok_or("there is no record of the press")?;
    ensure!(record.actor.id == "U0002" && record.outcome == Outcome::Ran, "the record is {record:?}");
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    let message = now(workspace, &message)?;
    ensure!(
        message.all().contains("bob") && message.all().contains("what shall"),
        "the message says {}",
        message.all()
    );
    ensure!(message.buttons().is_empty(), "its buttons are still there: {:?}", message.buttons());
    Ok(())
}

pub(super) async fn pressed_twice(stage: &Stage<'_>) -> Checked {
    let (workspace, mark) = (stage.bench.workspace(), stage.name());
    let message = offered(stage, &mark).await?;
    let press = |user: &str, name: &str| -> Result<Call, Failure> {
        Ok(workspace.press_in(&message, "Say it")?.by(user).named(name))
    };
    let (one, other) = (press("U0002", "bob")?, press("U0003", "eve")?);
    stage.does(one.clone()).await?;
    stage.does(other).await?;
    stage.does(one).await?; // the very same request
    stage.message(&message.channel, &format!("you said: pressed {mark}")).await?;
    let records = stage.records_with(&mark, 3).await?;
    let used = records.iter().filter(|record| record.outcome == Outcome::Used).count();
    ensure!(records.len() == 3 && used == 1, "the records are {records:?}");
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    let told = stage.message(&message.channel, "already").await?;
    ensure!(!told.is_public(), "the second one was told before all");
    Ok(())
}

pub(super) async fn denied(stage: &Stage<'_>) -> Checked {
    let (workspace, mark) = (stage.bench.workspace(), stage.name());
    let message = offered(stage, &mark).await?;
    stage.does(workspace.press_in(&message, "Guarded")?.by("U0002")).await?;
    let told = stage.message(&message.channel, "ops.guarded").await?;
    ensure!(told.only_for.as_deref() == Some("U0002"), "it was told to {:?}", told.only_for);
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran");
    // The next one may be allowed to, so the buttons stay; and the others work.
    ensure!(now(workspace, &message)?.buttons().len() == 3, "the buttons are gone");
    stage.does(workspace.press_in(&message, "Say it")?).await?;
    stage.message(&message.channel, &format!("you said: pressed {mark}")).await?;
    Ok(())
}

pub(super) async fn forged(stage: &Stage<'_>) -> Checked {
    let (workspace, mark) = (stage.bench.workspace(), stage.name());
    let message = offered(stage, &mark).await?;
    let sound = value(&message.body, "Say it")?;
    ensure!(sound.contains(&mark), "the button runs {sound:?}");
    let with =
        |value: &str| -> Result<Call, Failure> { Ok(workspace.press_in(&with(&message, &sound, value), "Say it")?) };
    // One altered character in each part: version, seal, ticket, time, line.
    let mut jobs = Vec::new();
    for at in (0..sound.len()).step_by(7) {
        let altered: String = sound.char_indices().map(|(here, c)| if here == at { flipped(c) } else { c }).collect();
        let press = with(&altered)?;
        stage.refused(&press, &format!("a button altered at {at}")).await?;
        jobs.push(id(&press));
    }
    for job in jobs {
        stage.ended(&job, Outcome::Forged).await?;
    }
    stage.refused(&with(&format!("{sound} twice"))?, "a button with a longer line").await?;
    stage.refused(&with(&sound[..sound.len() - 1])?, "a button with a shorter line").await?;
    // Another bot's button, sealed just so with that bot's secret.
    let other = Workspace::start_with(Secret::new("of another bot, 32 characters at least".to_owned())).await?;
    let reply = Reply::to_channel("x").button("Say it", format!("say {mark} stolen"));
    let theirs = other.chat()?.ack(Ack::Reply(&reply), other.now()).into_body();
    let theirs = value(&serde_json::from_slice(&theirs)?, "Say it")?;
    stage.refused(&with(&theirs)?, "another bot's button").await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "one of them ran");
    let output = stage.bench.output().await?;
    ensure!(!output.contains(&sound) && !output.contains(&theirs), "the value of a button is in the log");
    stage.does(with(&sound)?).await?;
    stage.message(&message.channel, &format!("you said: pressed {mark}")).await?;
    Ok(())
}

/// Returns the value of the button with these words.
pub(super) fn value(message: &Value, label: &str) -> Result<String, Failure> {
    let blocks = message["blocks"].as_array().into_iter().flatten();
    let buttons = blocks.filter_map(|block| block["elements"].as_array()).flatten();
    let value = buttons.filter(|button| button["text"]["text"] == *label).find_map(|button| button["value"].as_str());
    value.map(str::to_owned).ok_or_else(|| format!("no button {label:?} has a value: {message}").into())
}

/// Returns the message with one button's value in place of another.
pub(super) fn with(message: &Message, sound: &str, value: &str) -> Message {
    let mut altered = message.clone();
    for block in altered.body["blocks"].as_array_mut().into_iter().flatten() {
        for button in block["elements"].as_array_mut().into_iter().flatten() {
            if button["value"].as_str() == Some(sound) {
                button["value"] = value.into();
            }
        }
    }
    altered
}

/// Another character of the same kind, so that the value is wrong and not merely ill-formed.
pub(super) fn flipped(c: char) -> char {
    match c {
        '0' => '1',
        'a' => 'b',
        _ if c.is_ascii_digit() => '0',
        _ if c.is_ascii_lowercase() => 'a',
        _ => '0',
    }
}

pub(super) async fn next_steps(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    stage.does(workspace.command(&format!("chain {mark}")).in_channel(&channel)).await?;
    let reply = stage.message(&channel, "chained").await?;
    // What the asker may not run, and what names an argument that was not given, is not offered.
    ensure!(reply.buttons() == [format!("say {mark} followed")], "the steps are {:?}", reply.buttons());
    stage.does(workspace.press_in(&reply, &reply.buttons()[0])?).await?;
    stage.message(&channel, "you said: followed").await?;
    ensure!(stage.marks(&mark) == 1, "the step ran {} times", stage.marks(&mark));

    let mark = stage.name();
    stage.does(workspace.command(&format!("chain {mark} --broken")).in_channel(&channel)).await?;
    let reply = stage.message(&channel, "failed").await?;
    ensure!(reply.buttons() == [format!("say {mark} cleared")], "the steps are {:?}", reply.buttons());
    Ok(())
}
