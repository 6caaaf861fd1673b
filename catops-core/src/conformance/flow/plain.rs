//! Rows 1 to 10: one command, one reply.

use super::bench::Stage;
use super::{Checked, ensure};
use crate::audit::Outcome;

pub(super) async fn public(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (sent, reply, record) = stage.ask(&format!("say {mark} hello there")).await?;
    ensure!(sent.ack["response_type"] == "in_channel", "the words were not shown: {}", sent.ack);
    ensure!(reply.is_public() && reply.text().contains("hello there"), "the reply is {}", reply.all());
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    ensure!(record.outcome == Outcome::Ran && record.command == "say", "the record is {record:?}");
    ensure!(record.actor.id == "U0001" && record.channel.id == "C0001", "the record is {record:?}");
    ensure!(record.arguments.ends_with("hello there") && record.undelivered.is_none(), "the record is {record:?}");
    Ok(())
}

pub(super) async fn ephemeral(stage: &Stage<'_>) -> Checked {
    let (sent, reply, _) = stage.ask("hush psst").await?;
    ensure!(sent.ack["response_type"] != "in_channel", "the words were shown: {}", sent.ack);
    ensure!(!reply.is_public() && reply.text().contains("psst"), "the reply is {}", reply.all());
    Ok(())
}

pub(super) async fn unknown(stage: &Stage<'_>) -> Checked {
    let (sent, reply, record) = stage.ask("sya hello").await?;
    ensure!(sent.ack["response_type"] != "in_channel", "the words were shown: {}", sent.ack);
    ensure!(!reply.is_public() && reply.text().contains("`say`"), "the reply is {}", reply.all());
    ensure!(record.outcome == Outcome::Unknown, "the record is {record:?}");
    Ok(())
}

pub(super) async fn help(stage: &Stage<'_>) -> Checked {
    // Without a word a form is opened: rows 53 and 54.
    for (text, has, has_not) in [
        ("help", "hush", "guarded"),
        ("help say", "The words to say", "hush"),
        ("say --help", "The words to say", "hush"),
    ] {
        let sent = stage.send(text).await?;
        // Help may be in the acknowledgement, or come later.
        let help = match sent.ack.to_string().contains(has) {
            true => sent.ack.clone(),
            false => stage.reply(&sent).await?.body,
        };
        ensure!(help["response_type"] != "in_channel", "help for `{text}` is shown to all");
        let help = help.to_string();
        ensure!(help.contains(has) && !help.contains(has_not), "help for `{text}` is {help}");
    }
    Ok(())
}

pub(super) async fn wrong_arguments(stage: &Stage<'_>) -> Checked {
    // What lacks something is asked for by a form: rows 52 and 54.
    for (text, says) in [
        ("typed eu-west extra", "extra"),
        ("typed eu-west --nwo", "--now"),
        ("typed eu-wset", "eu-west"),
        ("typed eu-west --count many", "many"),
        ("typed eu-west --count 10", "10"),
    ] {
        let (_, reply, record) = stage.ask(text).await?;
        ensure!(record.outcome == Outcome::Usage, "`{text}` ended as {:?}", record.outcome);
        ensure!(!reply.is_public() && reply.all().contains(says), "`{text}` was answered {}", reply.all());
        ensure!(reply.all().contains("Usage"), "`{text}` was answered without the usage: {}", reply.all());
    }
    let (_, reply, _) = stage.ask("typed eu-west --count 9 --now").await?;
    ensure!(reply.text().contains("EuWest 9 true"), "the reply is {}", reply.all());
    Ok(())
}

pub(super) async fn words(stage: &Stage<'_>) -> Checked {
    for (text, words) in [
        ("words a  b", "[a][b]"),
        ("words 'a b' \"c d\"", "[a b][c d]"),
        ("words “a b” ‘c d’", "[a b][c d]"),
        ("words it’s", "[it’s]"),
        ("words a &amp; b &lt;c&gt;", "[a][&][b][<c>]"),
        ("words <@U7|ann> <#C9|ops>", "[@ann][#ops]"),
        ("words <http://example.com|example.com>", "[example.com]"),
        ("words 🐈‍⬛ مرحبا שלום", "[🐈‍⬛][مرحبا][שלום]"),
        ("words —upper a", "[A]"),
        ("who <@U7|ann> <#C9|ops>", "U7 C9"),
    ] {
        let (_, reply, _) = stage.ask(text).await?;
        let escaped = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        ensure!(reply.text().contains(&escaped), "`{text}` was answered {:?}, without {escaped:?}", reply.text());
    }
    Ok(())
}

pub(super) async fn unclosed_quote(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (_, reply, record) = stage.ask(&format!("words \"{mark} never closed")).await?;
    ensure!(record.outcome == Outcome::Usage, "it ended as {:?}", record.outcome);
    ensure!(reply.text().contains("never closed"), "the reply is {}", reply.all());
    Ok(())
}

pub(super) async fn parts(stage: &Stage<'_>) -> Checked {
    let (_, reply, _) = stage.ask("show").await?;
    let blocks = reply.body["blocks"].as_array().cloned().unwrap_or_default();
    let has = |kind: &str| blocks.iter().any(|block| block["type"] == kind);
    ensure!(has("section") && has("image") && has("actions"), "the blocks are {blocks:?}");
    ensure!(blocks.iter().any(|block| block["fields"].is_array()), "there are no fields: {blocks:?}");
    ensure!(reply.all().contains("```"), "there is no code: {}", reply.all());
    Ok(())
}

/// The largest sum of block text that Slack was seen to take is near 13,200 characters; see `chat::slack`.
const MOST: usize = 13_000;

pub(super) async fn flood(stage: &Stage<'_>) -> Checked {
    let (_, reply, record) = stage.ask("flood").await?;
    ensure!(record.undelivered.is_none(), "it was not delivered: {record:?}");
    let blocks = reply.body["blocks"].as_array().cloned().unwrap_or_default();
    ensure!(blocks.len() <= 50, "there are {} blocks", blocks.len());
    let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"]["text"].as_str()).collect();
    let (longest, all) = texts.iter().fold((0, 0), |(longest, all), text| {
        let length = text.chars().count();
        (length.max(longest), all + length)
    });
    ensure!(longest <= 3000 && all <= MOST, "the longest text has {longest} characters, all have {all}");
    // Without files it is cut; row 58 has both.
    let says = reply.all().contains("cut") || reply.all().contains("all of it is in output.txt");
    ensure!(reply.all().contains("line 1 ") && says, "it does not say that there is more");
    Ok(())
}

pub(super) async fn nothing(stage: &Stage<'_>) -> Checked {
    let (_, reply, _) = stage.ask("nothing").await?;
    ensure!(reply.text() == "Done.", "the reply is {}", reply.all());
    Ok(())
}
