//! On call: who is, since when, and who takes over.

use catops_core::{Context, Reply, Result, Timestamp, UserRef, command, usage};
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::period::{Period, periods, rounded};

/// Who is on call for a team.
#[derive(Clone, Serialize, Deserialize)]
struct Duty {
    person: UserRef,
    since: Timestamp,
    /// Who stands in for them; it stays here when its time is up, to say since when they are back.
    cover: Option<Cover>,
}

/// Somebody who stands in for a time.
#[derive(Clone, Serialize, Deserialize)]
struct Cover {
    person: UserRef,
    since: Timestamp,
    until: Timestamp,
}

impl Duty {
    fn new(person: UserRef, since: Timestamp) -> Self {
        Self { person, since, cover: None }
    }

    /// Returns who stands in right now.
    fn cover(&self, now: Timestamp) -> Option<&Cover> {
        self.cover.as_ref().filter(|cover| now < cover.until)
    }

    /// Returns who is on call, and since when.
    fn on_call(&self, now: Timestamp) -> (&UserRef, Timestamp) {
        match (self.cover(now), &self.cover) {
            (Some(cover), _) => (&cover.person, cover.since),
            (None, Some(over)) => (&self.person, over.until),
            (None, None) => (&self.person, self.since),
        }
    }

    /// Says what comes next, where that is known.
    fn next(&self, now: Timestamp) -> String {
        let next =
            |cover: &Cover| format!("{} from {} ({})", self.person, cover.until, rounded(cover.until.since(now)));
        self.cover(now).map_or_else(String::new, next)
    }
}

/// Show who is on call, and since when.
#[command(group, repeatable)]
async fn show(
    ctx: &Context,
    /// The team; all of them if you name none
    #[arg(complete = teams)]
    team: Option<Name>,
) -> Result<Reply> {
    let now = ctx.now();
    let duties: Vec<(String, Duty)> = match &team {
        Some(team) => {
            let duty = ctx.state().get(team.as_str()).await?;
            duty.map(|duty| (team.to_string(), duty)).into_iter().collect()
        }
        None => ctx.state().list("").await?,
    };
    if duties.is_empty() {
        let team = team.map(|team| format!(" for {team}")).unwrap_or_default();
        return Ok(Reply::to_channel(format!("Nobody is on call{team}; `oncall set @somebody` changes that")));
    }
    let rows = duties.iter().map(|(team, duty)| {
        let (person, since) = duty.on_call(now);
        let since = format!("{since} ({})", rounded(now.since(since)));
        [team.clone(), person.to_string(), since, duty.next(now)]
    });
    Ok(Reply::to_channel("On call").table(["team", "person", "since", "next"], rows))
}

/// Put somebody on call.
///
/// With `--for 8h` they stand in for that time, and then whoever is on call now takes over again by itself.
#[command(group, next = ["oncall show {team}"])]
async fn set(
    ctx: &Context,
    /// Who, as a mention
    person: UserRef,
    /// The team
    #[arg(complete = teams, default_value = "ops")]
    team: Name,
    /// How long they stand in, as in 30m, 8h or 2d
    #[arg(long = "for", complete = periods)]
    time: Option<Period>,
) -> Result<Reply> {
    let (now, state) = (ctx.now(), ctx.state());
    let mut before = None;
    let duty = state.update(team.as_str(), |old: Option<Duty>| {
        before = old.as_ref().map(|old| old.on_call(now).0.clone());
        match (time, old) {
            (None, _) => Some(Duty::new(person.clone(), now)),
            (Some(time), Some(old)) => {
                let cover = Cover { person: person.clone(), since: now, until: now + time.duration() };
                Some(Duty { cover: Some(cover), ..old })
            }
            (Some(_), None) => None,
        }
    });
    let Some(duty) = duty.await? else {
        return Err(usage(format!(
            "nobody is on call for {team}, so there is nobody to stand in for; leave out `--for`"
        )));
    };
    Ok(told(&team, &duty, before.as_ref(), now))
}

/// Hand over to somebody else.
///
/// Whoever stands in hands over the time that is left, or everything if it is to the person they stand in for.
#[command(group, next = ["oncall show {team}"])]
async fn swap(
    ctx: &Context,
    /// Who takes over, as a mention
    with: UserRef,
    /// The team
    #[arg(complete = teams, default_value = "ops")]
    team: Name,
) -> Result<Reply> {
    let (now, state) = (ctx.now(), ctx.state());
    let mut before = None;
    let duty = state.update(team.as_str(), |old: Option<Duty>| {
        let old = old?;
        let on_call = old.on_call(now).0.clone();
        let is_same = on_call.id == with.id;
        before = Some(on_call);
        Some(match old.cover(now) {
            _ if is_same => old,
            Some(cover) if with.id != old.person.id => {
                let cover = Cover { person: with.clone(), since: now, until: cover.until };
                Duty { cover: Some(cover), ..old }
            }
            _ => Duty::new(with.clone(), now),
        })
    });
    let Some(duty) = duty.await? else {
        return Err(usage(format!("nobody is on call for {team}; `oncall set` puts somebody there")));
    };
    Ok(told(&team, &duty, before.as_ref(), now))
}

/// Tells both, in one reply that all see.
fn told(team: &Name, duty: &Duty, before: Option<&UserRef>, now: Timestamp) -> Reply {
    let (person, _) = duty.on_call(now);
    let text = match before.filter(|before| before.id != person.id) {
        Some(before) => format!("**{person}** is on call for {team} now; **{before}** is relieved"),
        None => format!("**{person}** is on call for {team}"),
    };
    match duty.next(now) {
        next if next.is_empty() => Reply::to_channel(text),
        next => Reply::to_channel(text).field("Next", next),
    }
}

/// The teams that somebody is on call for.
async fn teams(ctx: &Context, _: &str) -> Vec<String> {
    let duties = ctx.state().list::<Duty>("").await.unwrap_or_default();
    duties.into_iter().map(|(team, _)| team).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use catops_core::testing::{Bot, Outcome};

    use crate::bot;

    const ANN: &str = "<@U1|ann>";
    const BOB: &str = "<@U2|bob>";
    const CAY: &str = "<@U3|cay>";
    const HOUR: Duration = Duration::from_secs(3600);

    async fn says(bot: &Bot, line: &str, text: &str) {
        let (outcome, reply) = bot.run(line).outcome().await;
        assert_eq!(outcome, Outcome::Ran, "{line}: {}", reply.text());
        assert!(reply.text().starts_with(text), "{line}: {}", reply.text());
    }

    async fn refuses(bot: &Bot, line: &str, why: &str) {
        let (outcome, reply) = bot.run(line).outcome().await;
        assert_eq!(outcome, Outcome::Usage, "{line}: {}", reply.text());
        assert!(reply.text().contains(why), "{line}: {}", reply.text());
    }

    /// Checks who `oncall show` names for `ops`, for how long they are, and who is next.
    async fn shows(bot: &Bot, person: &str, time: &str, next: &str) {
        let reply = bot.run("oncall show ops").await;
        let text = reply.text();
        let line = text.lines().last().unwrap();
        assert!(line.starts_with("ops") && line.contains(&format!("  {person}  ")), "{text}");
        assert!(line.contains(&format!("UTC ({time}")), "{text}");
        assert!(
            if next.is_empty() { line.ends_with(')') && !line.contains("from") } else { line.contains(next) },
            "{text}"
        );
    }

    #[tokio::test]
    async fn teams_and_times_are_proposed() {
        let bot = bot();
        says(&bot, &format!("oncall set {ANN}"), "").await;
        says(&bot, &format!("oncall set {BOB} DB"), "").await;
        assert_eq!(bot.complete("oncall show", "team", "").await, ["db", "ops"]);
        assert_eq!(bot.complete("oncall set", "team", "O").await, ["ops"]);
        assert_eq!(bot.complete("oncall swap", "team", "b").await, ["db"]);
        for time in bot.complete("oncall set", "time", "").await {
            says(&bot, &format!("oncall set {ANN} --for {time}"), "**@ann**").await;
        }
    }

    #[tokio::test]
    async fn who_and_since_when() {
        let bot = bot();
        says(&bot, "oncall show", "Nobody is on call; `oncall set").await;
        says(&bot, "oncall show db", "Nobody is on call for db; ").await;
        says(&bot, &format!("oncall set {ANN}"), "**@ann** is on call for ops").await;
        says(&bot, &format!("oncall set {BOB} DB"), "**@bob** is on call for db").await;
        let bot = bot.later(2 * HOUR);
        shows(&bot, "@ann", "2h", "").await;
        let all = bot.run("oncall show").await.text();
        assert!(all.contains("\ndb    @bob") && all.contains("\nops   @ann"), "{all}");
    }

    #[tokio::test]
    async fn both_are_told() {
        let bot = bot();
        refuses(&bot, &format!("oncall swap {BOB}"), "nobody is on call for ops").await;
        says(&bot, &format!("oncall set {ANN}"), "**@ann** is on call for ops").await;
        let both = "**@bob** is on call for ops now; **@ann** is relieved";
        says(&bot, &format!("oncall swap {BOB}"), both).await;
        let bot = bot.later(HOUR);
        // Somebody who is on call already stays so, since when they were.
        says(&bot, &format!("oncall swap {BOB}"), "**@bob** is on call for ops").await;
        shows(&bot, "@bob", "1h", "").await;
        says(&bot, &format!("oncall set {CAY}"), "**@cay** is on call for ops now; **@bob** is relieved").await;
    }

    #[tokio::test]
    async fn who_stands_in_goes_by_themselves() {
        let bot = bot();
        refuses(&bot, &format!("oncall set {BOB} --for 8h"), "nobody to stand in for").await;
        says(&bot, &format!("oncall set {ANN}"), "**@ann**").await;
        let text = "**@bob** is on call for ops now; **@ann** is relieved\nNext: @ann from ";
        says(&bot, &format!("oncall set {BOB} --for 8h"), text).await;
        let bot = bot.later(HOUR);
        shows(&bot, "@bob", "1h", "@ann from ").await;
        let bot = bot.later(8 * HOUR);
        shows(&bot, "@ann", "1h", "").await;
    }

    #[tokio::test]
    async fn who_stands_in_can_swap() {
        let bot = bot();
        says(&bot, &format!("oncall set {ANN}"), "**@ann**").await;
        says(&bot, &format!("oncall set {BOB} --for 8h"), "**@bob**").await;
        says(&bot, &format!("oncall swap {CAY}"), "**@cay** is on call for ops now; **@bob** is relieved\nNext: @ann")
            .await;
        says(&bot, &format!("oncall swap {ANN}"), "**@ann** is on call for ops now; **@cay** is relieved").await;
        shows(&bot, "@ann", "0s", "").await;
    }

    #[tokio::test]
    async fn a_person_is_a_mention() {
        refuses(&bot(), "oncall set ann", "pick a person from the list that opens after @").await;
        refuses(&bot(), &format!("oncall set {ANN} --for ever"), "30m, 2h, 1d or 1h30m").await;
    }
}
