//! Rows 11 to 27: what can happen between the two legs and in the second.

use std::time::{Duration, Instant};

use serde_json::json;

use super::bench::{Stage, TIME_LIMIT};
use super::{Checked, ensure};
use crate::audit::Outcome;
use crate::job::{Job, MAX_HOPS, MAX_SEALED, SealedJob, VERSION};
use crate::testing::slack::{ANSWER_TIME, API, Answer, Post};

pub(super) async fn slow(stage: &Stage<'_>) -> Checked {
    let gate = stage.name();
    let begun = Instant::now();
    let sent = stage.send(&format!("wait {gate}")).await?;
    ensure!(begun.elapsed() < ANSWER_TIME, "the acknowledgement took {:?}", begun.elapsed());
    stage.marked(&format!("{gate}.begun"), 1).await?;
    ensure!(stage.bench.workspace().posts(&sent.path).is_empty(), "it was answered before it ended");
    stage.open(&gate)?;
    let reply = stage.reply(&sent).await?;
    ensure!(reply.text().contains("waited"), "the reply is {}", reply.all());
    Ok(())
}

pub(super) async fn progress(stage: &Stage<'_>) -> Checked {
    // Where the bot is not in the channel, the reply address carries it; row 56 has the bot's own message.
    let channel = stage.channel();
    stage.bench.workspace().refuse_channel(&channel, "not_in_channel");
    let sent = stage.send_as(stage.command("steps").in_channel(&channel)).await?;
    stage.record(&sent).await?;
    let posts = stage.bench.workspace().posts(&sent.path);
    ensure!((2..=4).contains(&posts.len()), "there were {} posts for 20 steps", posts.len());
    ensure!(!posts[0].replaces() && posts[0].text().contains("/20"), "the first is {}", posts[0].all());
    ensure!(posts[1..].iter().all(Post::replaces), "a later post is a new message");
    let last = posts.last().map(Post::text).unwrap_or_default();
    ensure!(last.contains("all steps taken"), "the last post is {last:?}");
    // A platform may show the log of an invocation only after its end.
    let logged = stage.until(async || {
        let output = stage.bench.output().await?;
        let line = output.lines().any(|line| line.contains("twenty steps to take") && line.contains(sent.id.as_str()));
        Ok(line.then_some(()))
    });
    ensure!(logged.await?.is_some(), "what the command logged is not in the log with the job's id");
    Ok(())
}

pub(super) async fn sent_twice(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let command = stage.command(&format!("say {mark} twice"));
    let (first, second) = (stage.send_as(command.clone()).await?, stage.send_as(command).await?);
    ensure!(first.id == second.id, "the two have different ids");
    stage.reply(&first).await?;
    stage.settled().await?;
    stage.record(&first).await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    ensure!(stage.bench.workspace().posts(&first.path).len() == 1, "it was answered more than once");
    Ok(())
}

pub(super) async fn finished_again(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (sent, _, _) = stage.ask(&format!("say {mark} once")).await?;
    stage.redeliver(&sent).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    ensure!(stage.bench.workspace().posts(&sent.path).len() == 1, "it was answered again");
    stage.record(&sent).await?;
    Ok(())
}

pub(super) async fn running_again(stage: &Stage<'_>) -> Checked {
    let gate = stage.name();
    let sent = stage.send(&format!("wait {gate}")).await?;
    stage.marked(&format!("{gate}.begun"), 1).await?;
    stage.redeliver(&sent).await?;
    // Another command goes through the same queue behind it; once it has ended, the repeat has been looked at.
    stage.ask("say behind it").await?;
    ensure!(stage.marks(&format!("{gate}.begun")) == 1, "it ran beside itself");
    stage.open(&gate)?;
    stage.reply(&sent).await?;
    stage.settled().await?;
    ensure!(stage.marks(&format!("{gate}.begun")) == 1, "it ran again");
    ensure!(stage.bench.workspace().posts(&sent.path).len() == 1, "it was answered more than once");
    Ok(())
}

pub(super) async fn died(stage: &Stage<'_>) -> Checked {
    let gate = stage.name();
    let once = stage.send(&format!("wait {gate}")).await?;
    let again = stage.send(&format!("wait-again {gate}")).await?;
    stage.marked(&format!("{gate}.begun"), 1).await?;
    stage.marked(&format!("{gate}.again"), 1).await?;
    stage.bench.kill().await?;
    let told = stage.reply(&once).await?;
    ensure!(told.text().contains("no end was recorded"), "the asker was told {}", told.all());
    ensure!(stage.record(&once).await?.outcome == Outcome::Died, "the record does not say that it died");
    stage.marked(&format!("{gate}.again"), 2).await?;
    stage.open(&gate)?;
    let reply = stage.reply(&again).await?;
    ensure!(reply.text().contains("waited again"), "the repeatable command was answered {}", reply.all());
    stage.settled().await?;
    ensure!(stage.marks(&format!("{gate}.begun")) == 1, "the unrepeatable command ran again");
    Ok(())
}

pub(super) async fn queue_down(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    stage.bench.queue(false).await?;
    let begun = Instant::now();
    let sent = stage.send(&format!("say {mark} lost")).await;
    let took = begun.elapsed();
    stage.bench.queue(true).await?;
    let sent = sent?;
    ensure!(took < ANSWER_TIME, "the acknowledgement took {took:?}");
    let ack = sent.ack["text"].as_str().unwrap_or_default();
    ensure!(ack.contains("could not start"), "the acknowledgement is {}", sent.ack);
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran after all");
    stage.ask(&format!("say {mark} works")).await?;
    Ok(())
}

pub(super) async fn too_large(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let sent = stage.send(&format!("say {mark} {}", "x".repeat(MAX_SEALED))).await?;
    let ack = sent.ack["text"].as_str().unwrap_or_default();
    ensure!(ack.contains("more text than"), "the acknowledgement is {}", sent.ack);
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran after all");
    Ok(())
}

pub(super) async fn store_down_before(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    stage.bench.store(false).await?;
    let sent = stage.send(&format!("say {mark} unclaimed")).await;
    let told = match &sent {
        Ok(sent) => stage.reply(sent).await,
        Err(_) => Err("it was not sent".into()),
    };
    stage.bench.store(true).await?;
    sent?;
    let told = told?;
    ensure!(told.text().contains("nothing was run"), "the asker was told {}", told.all());
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran after all");
    Ok(())
}

pub(super) async fn store_down_after(stage: &Stage<'_>) -> Checked {
    let gate = stage.name();
    let sent = stage.send(&format!("wait {gate}")).await?;
    stage.marked(&format!("{gate}.begun"), 1).await?;
    stage.bench.store(false).await?;
    stage.open(&gate)?;
    let reply = stage.reply(&sent).await;
    let logged = stage.until(async || {
        let output = stage.bench.output().await?;
        let line = output.lines().any(|line| line.contains("could not be stored") && line.contains(sent.id.as_str()));
        Ok(line.then_some(()))
    });
    let logged = logged.await;
    stage.bench.store(true).await?;
    ensure!(reply?.text().contains("waited"), "the reply is not the command's");
    ensure!(logged?.is_some(), "the record is not in the log");
    stage.settled().await
}

pub(super) async fn failures(stage: &Stage<'_>) -> Checked {
    for (text, outcome) in [
        ("fail", Outcome::Failed),
        ("panic", Outcome::Panicked),
        ("panic-later", Outcome::Panicked),
        ("panic-plain", Outcome::Panicked),
        ("overrun", Outcome::TimedOut),
        ("block", Outcome::TimedOut),
    ] {
        let (sent, reply, record) = stage.ask(text).await?;
        ensure!(record.outcome == outcome, "`{text}` ended as {:?}", record.outcome);
        ensure!(reply.text().contains(sent.id.as_str()), "`{text}` was answered without the job's id: {}", reply.all());
        ensure!(!reply.all().contains("inner detail"), "`{text}` told the asker what went wrong inside");
        let took = record.ended.since(record.asked);
        ensure!(took < TIME_LIMIT + Duration::from_secs(2), "`{text}` took {took:?}");
        stage.ask("say the next one works").await?;
    }
    let output = stage.bench.output().await?;
    ensure!(output.matches("inner detail").count() >= 3, "the details are not in the log");
    Ok(())
}

pub(super) async fn killed(stage: &Stage<'_>) -> Checked {
    let gate = stage.name();
    let sent = stage.send(&format!("wait {gate}")).await?;
    stage.marked(&format!("{gate}.begun"), 1).await?;
    stage.bench.kill().await?;
    let told = stage.reply(&sent).await?;
    ensure!(told.text().contains(sent.id.as_str()), "the asker was told {}", told.all());
    stage.open(&gate)?;
    stage.settled().await?;
    ensure!(stage.marks(&format!("{gate}.begun")) == 1, "it ran again");
    Ok(())
}

pub(super) async fn stubborn_address(stage: &Stage<'_>) -> Checked {
    let scripts: [&[Answer]; 3] = [
        &[Answer::Status(500), Answer::Status(500), Answer::Status(200)],
        &[Answer::Busy(1), Answer::Status(200)],
        &[Answer::Late(Duration::from_secs(10))],
    ];
    let mut all = Vec::new();
    for script in scripts {
        let command = stage.command("say stubborn hello");
        stage.bench.workspace().script(command.path(), script.iter().copied());
        all.push((stage.send_as(command).await?, script.len()));
    }
    for (sent, tries) in all {
        stage.reply(&sent).await?;
        ensure!(stage.record(&sent).await?.undelivered.is_none(), "it is recorded as undelivered");
        let (posts, tried) =
            (stage.bench.workspace().posts(&sent.path).len(), stage.bench.workspace().tries(&sent.path));
        ensure!((posts, tried) == (1, tries), "{posts} posts were taken in {tried} tries, not 1 in {tries}");
    }
    Ok(())
}

pub(super) async fn expired_address(stage: &Stage<'_>) -> Checked {
    let (slack, api) = (stage.bench.workspace(), format!("{API}chat.postMessage"));
    let posted =
        |mark: &str| slack.posts(&api).into_iter().filter(|post| post.all().contains(mark)).collect::<Vec<_>>();

    let mark = stage.name();
    let command = stage.command(&format!("say hello {mark}"));
    slack.script(command.path(), [Answer::Status(404)]);
    let sent = stage.send_as(command).await?;
    let record = stage.record(&sent).await?;
    ensure!(record.outcome == Outcome::Ran && record.undelivered.is_none(), "the record is {record:?}");
    ensure!(slack.tries(&sent.path) == 1, "a final answer was tried again");
    let posts = posted(&mark);
    ensure!(posts.len() == 1 && posts[0].channel() == "C0001", "the chat's API was given {posts:?}");

    // What nobody takes is recorded: the API refuses, or there is no channel to post to.
    let (mark, tries) = (stage.name(), slack.tries(&api));
    let command = stage.command(&format!("say hello {mark}"));
    slack.script(command.path(), [Answer::Status(404)]);
    slack.script(&api, [Answer::Refused("channel_not_found")]);
    let sent = stage.send_as(command).await?;
    let record = stage.record(&sent).await?;
    let why = record.undelivered.as_deref().unwrap_or_default();
    ensure!(record.outcome == Outcome::Ran && why.contains("C0001"), "the record is {record:?}");
    ensure!(posted(&mark).is_empty() && slack.tries(&api) == tries + 1, "a refusal was tried again");

    let mark = stage.name();
    let command = stage.command(&format!("say hello {mark}"));
    slack.script(command.path(), [Answer::Status(404)]);
    let mut job = stage.job(&command);
    job.reply_to.channel.clear();
    job.reply_to.user.clear();
    stage.deliver(&job).await?;
    let record = stage.record_of(&job.id).await?.ok_or("there is no record of the job without a channel")?;
    ensure!(record.outcome == Outcome::Ran && record.undelivered.is_some(), "the record is {record:?}");
    ensure!(slack.tries(command.path()) == 1, "a final answer was tried again");
    Ok(())
}

pub(super) async fn versions(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    for (version, says, runs) in [(VERSION - 1, "from before", 1), (VERSION + 1, "new version of me", 0)] {
        let mark = format!("{mark}-{version}");
        let command = stage.command(&format!("say {mark} from before"));
        let (job, path) = (stage.job(&command), command.path());
        let url = job.reply_to.url.as_ref().map(|url| url.expose().clone());
        let content = json!({
            "v": version, "id": job.id, "asked": job.asked, "expires": job.expires,
            "reply_to": {"chat": "slack", "url": url, "expires": job.reply_to.expires},
            "request": job.request, "something": ["that", "this version does not know"],
        });
        let sealed = SealedJob::of_content(job.id, &content, stage.bench.key())?;
        stage.bench.deliver(sealed.as_str()).await?;
        let posts = stage.bench.workspace().wait(path, 1, stage.bench.patience()).await;
        ensure!(posts.first().is_some_and(|post| post.text().contains(says)), "version {version}: {posts:?}");
        stage.settled().await?;
        ensure!(stage.marks(&mark) == runs, "version {version} ran {} times", stage.marks(&mark));
    }
    Ok(())
}

pub(super) async fn hops(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    for (hops, runs) in [(MAX_HOPS, 1), (MAX_HOPS + 1, 0)] {
        let mark = format!("{mark}-{hops}");
        let command = stage.command(&format!("say {mark} round and round"));
        let path = command.path();
        stage.deliver(&Job { hops, ..stage.job(&command) }).await?;
        let posts = stage.bench.workspace().wait(path, 1, stage.bench.patience()).await;
        let stopped = posts.first().is_some_and(|post| post.text().contains("was stopped"));
        ensure!(!posts.is_empty() && stopped == (runs == 0), "after {hops} hops the asker was told {posts:?}");
        ensure!(stage.marks(&mark) == runs, "after {hops} hops it ran {} times", stage.marks(&mark));
    }
    Ok(())
}

pub(super) async fn fifty(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let commands: Vec<_> = (0..50).map(|n| stage.command(&format!("say {mark} number {n}."))).collect();
    let mut sent = Vec::new();
    for chunk in commands.chunks(10) {
        let mut waiting: Vec<_> = chunk.iter().map(|command| Box::pin(stage.send_as(command.clone()))).collect();
        // All of a chunk are on their way before the first is awaited to its end.
        let mut done: Vec<Option<_>> = waiting.iter().map(|_| None).collect();
        std::future::poll_fn(|cx| {
            for (future, done) in waiting.iter_mut().zip(&mut done) {
                if done.is_none()
                    && let std::task::Poll::Ready(result) = future.as_mut().poll(cx)
                {
                    *done = Some(result);
                }
            }
            if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        for result in done.into_iter().flatten() {
            sent.push(result?);
        }
    }
    for (n, sent) in sent.iter().enumerate() {
        let reply = stage.reply(sent).await?;
        ensure!(reply.text().contains(&format!("number {n}.")), "number {n} was answered {}", reply.all());
    }
    stage.settled().await?;
    for sent in &sent {
        ensure!(stage.bench.workspace().posts(&sent.path).len() == 1, "one was answered more than once");
        stage.record(sent).await?;
    }
    ensure!(stage.marks(&mark) == 50, "they ran {} times", stage.marks(&mark));
    Ok(())
}
