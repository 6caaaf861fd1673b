//! Locks: one works on it, the others know who, why and until when.

use catops_core::request::Actor;
use catops_core::{Context, Reply, Result, Timestamp, command, usage};
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::period::{Period, periods, rounded};

/// The longest reason, in characters: more than a line is not read in a table.
const LONGEST_REASON: usize = 200;

/// Who holds a lock. One whose time is up counts as free; it stays in the store until somebody lists or takes it.
#[derive(Clone, Serialize, Deserialize)]
struct Lock {
    holder: Actor,
    since: Timestamp,
    until: Timestamp,
    reason: String,
}

impl Lock {
    /// Whether `actor` holds it. By id, since people choose their names.
    fn is_of(&self, actor: &Actor) -> bool {
        self.holder.is_same(actor)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// Says until when and why, as the end of a sentence.
    fn terms(&self, now: Timestamp) -> String {
        let left = rounded(self.until.since(now));
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("until {} ({left}){reason}", self.until)
    }
}

/// Take a lock, so that others keep off.
///
/// It opens by itself when its time is up. Take it again to hold it for longer; it never gets shorter.
#[command(next = ["lock {name} --for {time}", "locks"])]
async fn lock(
    ctx: &Context,
    /// What to lock, such as `api` or `prod/db`
    #[arg(complete = names)]
    name: Name,
    /// How long, as in 30m, 2h, 1d or 1h30m
    #[arg(long = "for", default_value = "30m", complete = periods)]
    time: Period,
    /// What you are doing
    #[arg(rest)]
    reason: Option<String>,
) -> Result<Reply> {
    let reason = reason.map(|reason| tidy(&reason)).transpose()?;
    let (me, now, state) = (ctx.actor(), ctx.now(), ctx.state());
    // Of two who take it at once, one writes and the other is called again with what is there by then.
    let taken = state.update(name.as_str(), |old: Option<Lock>| {
        let until = now + time.duration();
        Some(match old.filter(|old| !old.is_over(now)) {
            Some(mine) if mine.is_of(me) => {
                Lock { until: until.max(mine.until), reason: reason.clone().unwrap_or(mine.reason), ..mine }
            }
            Some(theirs) => theirs,
            None => Lock { holder: me.clone(), since: now, until, reason: reason.clone().unwrap_or_default() },
        })
    });
    let lock = taken.await?.expect("the change above never leaves nothing");
    let terms = lock.terms(now);
    if lock.is_of(me) {
        let reply = Reply::to_channel(format!("**{me}** holds `{name}` {terms}"));
        Ok(reply.button("Unlock", format!("unlock {name}")))
    } else {
        Ok(Reply::to_channel(format!("`{name}` is taken: **{}** holds it {terms}", lock.holder)))
    }
}

/// Makes a reason one line.
fn tidy(reason: &str) -> Result<String> {
    let words: Vec<&str> = reason.split_whitespace().collect();
    // Everything after the name is the reason, also an option; and nobody writes that in a reason.
    if words.iter().any(|word| *word == "--for" || word.starts_with("--for=")) {
        return Err(usage("write `--for` before the reason, as in `lock api --for 2h new disks`"));
    }
    let reason = words.join(" ");
    match reason.chars().count() {
        0..=LONGEST_REASON => Ok(reason),
        _ => Err(usage("a reason has at most 200 characters")),
    }
}

/// Give a lock back.
///
/// With `--force` also one that somebody else holds; everybody here sees that you did.
#[command(next = ["lock {name}", "locks"])]
async fn unlock(
    ctx: &Context,
    /// The lock, as `locks` lists it
    #[arg(complete = names)]
    name: Name,
    /// Though somebody else holds it
    force: bool,
) -> Result<Reply> {
    let (me, now, state) = (ctx.actor(), ctx.now(), ctx.state());
    let may = |lock: &Lock| force || lock.is_of(me) || lock.is_over(now);
    let mut seen = None;
    let removed = state.take(name.as_str(), |lock: &Lock| {
        seen = Some(lock.clone());
        may(lock)
    });
    let removed = removed.await?.filter(|lock| !lock.is_over(now));
    Ok(match (removed, seen) {
        (Some(mine), _) if mine.is_of(me) => Reply::to_channel(format!("**{me}** has unlocked `{name}`")),
        (Some(theirs), _) => Reply::to_channel(format!(
            "**{me}** has unlocked `{name}` by force; **{}** held it {}",
            theirs.holder,
            theirs.terms(now)
        )),
        (None, Some(theirs)) if !may(&theirs) => Reply::to_channel(format!(
            "`{name}` stays locked: **{}** holds it {}\nAsk them, or if you must: `unlock {name} --force`",
            theirs.holder,
            theirs.terms(now)
        )),
        // Never locked, expired, or unlocked by somebody else at this moment.
        (None, _) => Reply::to_channel(format!("`{name}` is not locked")),
    })
}

/// List what is locked.
#[command(repeatable)]
async fn locks(ctx: &Context) -> Result<Reply> {
    let now = ctx.now();
    let mut rows = Vec::new();
    for (name, lock) in ctx.state().list::<Lock>("").await? {
        if lock.is_over(now) {
            // By compare-and-set: if somebody takes it just now, it is theirs.
            ctx.state().take(&name, |lock: &Lock| lock.is_over(now)).await?;
            continue;
        }
        let until = format!("{} ({})", lock.until, rounded(lock.until.since(now)));
        rows.push([name, lock.holder.to_string(), lock.since.to_string(), until, lock.reason]);
    }
    if rows.is_empty() {
        return Ok(Reply::to_channel("Nothing is locked"));
    }
    let count = if rows.len() == 1 { "1 lock".to_owned() } else { format!("{} locks", rows.len()) };
    Ok(Reply::to_channel(count).table(["lock", "holder", "since", "until", "reason"], rows))
}

/// What is locked, first what the asker holds.
async fn names(ctx: &Context, _: &str) -> Vec<String> {
    let now = ctx.now();
    let mut locks = ctx.state().list::<Lock>("").await.unwrap_or_default();
    locks.retain(|(_, lock)| !lock.is_over(now));
    locks.sort_by_key(|(_, lock)| !lock.is_of(ctx.actor()));
    locks.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use catops_core::reply::Part;
    use catops_core::testing::{Bot, Outcome};
    use tokio::task::JoinSet;

    use super::*;
    use crate::bot;

    const HOUR: Duration = Duration::from_secs(3600);

    async fn says(bot: &Bot, actor: &str, line: &str, parts: &[&str]) {
        let (outcome, reply) = bot.run(line).by(actor).outcome().await;
        assert_eq!(outcome, Outcome::Ran, "{line}: {}", reply.text());
        for part in parts {
            assert!(reply.text().contains(part), "{line}: {part:?} is not in {:?}", reply.text());
        }
    }

    async fn held(bot: &Bot, name: &str) -> Lock {
        bot.state("locks").get(name).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn one_holds_it_the_other_is_told() {
        let bot = bot();
        says(
            &bot,
            "ann",
            "lock API --for 2h can't be  disturbed",
            &["**ann** holds `api` until ", "[Unlock] unlock api"],
        )
        .await;
        says(&bot, "bob", "lock api", &["`api` is taken: **ann** holds it until ", "): can't be disturbed"]).await;
        let lock = held(&bot, "api").await;
        assert_eq!((lock.holder.id.as_str(), lock.until.since(lock.since)), ("U-ann", 2 * HOUR));
    }

    #[tokio::test]
    async fn what_follows_has_the_same_name_and_time() {
        let reply = bot().run("lock API disks").await;
        let steps: Vec<_> = reply.next.iter().map(|step| step.command.as_str()).collect();
        assert_eq!(steps, ["lock API --for 30m", "locks"]);
    }

    #[tokio::test]
    async fn the_holder_extends_and_never_shortens() {
        let bot = bot();
        says(&bot, "ann", "lock api --for 1h disks", &["holds `api`"]).await;
        let first = held(&bot, "api").await;
        let bot = bot.later(HOUR / 2);
        says(&bot, "ann", "lock api --for 1h", &["disks"]).await;
        let second = held(&bot, "api").await;
        assert_eq!(second.since, first.since);
        assert!(second.until >= first.until + HOUR / 2);
        says(&bot, "ann", "lock api --for 1m new disks", &["new disks"]).await;
        assert_eq!(held(&bot, "api").await.until, second.until);
    }

    #[tokio::test]
    async fn it_opens_when_its_time_is_up() {
        let bot = bot();
        says(&bot, "ann", "lock api", &["(30m)"]).await;
        says(&bot, "ann", "lock web", &["holds `web`"]).await;
        let bot = bot.later(HOUR / 2);
        says(&bot, "ann", "unlock web", &["`web` is not locked"]).await;
        says(&bot, "bob", "lock api", &["**bob** holds `api`"]).await;
        assert_eq!(held(&bot, "api").await.holder.name, "bob");
    }

    #[tokio::test]
    async fn only_the_holder_unlocks_or_force_in_public() {
        let bot = bot();
        says(&bot, "ann", "lock api disks", &["holds"]).await;
        says(&bot, "bob", "unlock api", &["`api` stays locked: **ann** holds it until", "unlock api --force"]).await;
        says(&bot, "ann", "unlock api", &["**ann** has unlocked `api`"]).await;
        says(&bot, "ann", "unlock api", &["`api` is not locked"]).await;
        says(&bot, "ann", "lock api disks", &["holds"]).await;
        let reply = bot.run("unlock api --force").by("bob").await;
        assert!(reply.text().starts_with("**bob** has unlocked `api` by force; **ann** held it until "), "{reply:?}");
        assert_eq!(reply.audience, catops_core::Audience::Channel);
        says(&bot, "bob", "locks", &["Nothing is locked"]).await;
    }

    #[tokio::test]
    async fn the_list_shows_what_holds_and_sweeps_the_rest() {
        let bot = bot();
        says(&bot, "ann", "lock old --for 1m", &[]).await;
        says(&bot, "ann", "lock web", &[]).await;
        says(&bot, "bob", "lock api --for 1d <b>&amp;", &[]).await;
        let bot = bot.later(Duration::from_secs(60));
        let reply = bot.run("locks").await;
        let Some(Part::Table { rows, .. }) = reply.parts.get(1) else { panic!("{reply:?}") };
        let shown: Vec<_> = rows.iter().map(|row| [row[0].as_str(), row[1].as_str(), row[4].as_str()]).collect();
        assert_eq!(shown, [["api", "bob", "<b>&"], ["web", "ann", ""]]);
        assert_eq!(bot.state("locks").list::<Lock>("").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_is_not_taken() {
        for (line, why) in [
            ("lock", "needs <name>"),
            ("lock `x`", "a name is one word"),
            ("lock api --for soon", "30m, 2h, 1d or 1h30m"),
            ("lock api new disks --for 2h", "write `--for` before the reason"),
            (&format!("lock api {}", "x".repeat(201)), "at most 200"),
        ] {
            let (outcome, reply) = bot().run(line).outcome().await;
            assert_eq!(outcome, Outcome::Usage, "{line}");
            assert!(reply.text().contains(why), "{line}: {}", reply.text());
        }
    }

    #[tokio::test]
    async fn what_is_locked_is_proposed() {
        let bot = bot();
        assert!(bot.complete("unlock", "name", "").await.is_empty());
        says(&bot, "bob", "lock prod/api", &[]).await;
        bot.run("lock web").await;
        says(&bot, "bob", "lock old --for 1m", &[]).await;
        let bot = bot.later(Duration::from_secs(60));
        assert_eq!(bot.complete("unlock", "name", "").await, ["web", "prod/api"]);
        assert_eq!(bot.complete("lock", "name", "API").await, ["prod/api"]);
        assert!(bot.complete("lock", "time", "3").await.contains(&"30m".to_owned()));
    }

    /// Lets forty people take one lock at once, on several threads.
    async fn race(bot: Bot) {
        let bot = Arc::new(bot);
        let mut takers = JoinSet::new();
        for number in 0..40 {
            let bot = Arc::clone(&bot);
            takers.spawn(async move {
                let me = format!("p{number}");
                let (outcome, reply) = bot.run("lock api").by(&me).outcome().await;
                assert_eq!(outcome, Outcome::Ran);
                (format!("**{me}** holds `api` "), me, reply.text())
            });
        }
        let replies = takers.join_all().await;
        let winners: Vec<_> = replies.iter().filter(|(won, _, text)| text.starts_with(won.as_str())).collect();
        let [(_, winner, _)] = winners.as_slice() else { panic!("{} winners", winners.len()) };
        let told = format!("`api` is taken: **{winner}** holds it ");
        assert_eq!(replies.iter().filter(|(_, _, text)| text.starts_with(&told)).count(), 39);
        assert_eq!(held(&bot, "api").await.holder.name, *winner);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_takers_one_has_it() {
        for _ in 0..20 {
            race(bot()).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_takers_of_an_expired_lock_one_has_it() {
        for _ in 0..20 {
            let bot = bot();
            says(&bot, "ann", "lock api", &[]).await;
            race(bot.later(HOUR)).await;
        }
    }
}
