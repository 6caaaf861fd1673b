//! In whose name, for whom and by whose word a decision counts.

use super::*;
use crate::policy::{Effect, Rule, Target};
use crate::request::ReplyTo;
use crate::responder::MemoryResponder;
use crate::secret::Secret;

/// The press of a button in a channel, by an address of its own.
fn press_by(who: &str, answer: Answer, desk: &Desk) -> Job {
    let url = Some(Secret::new("https://hooks.example/press".to_owned()));
    let reply_to = ReplyTo {
        chat: "test".to_owned(),
        url,
        channel: "C1".to_owned(),
        user: format!("U-{who}"),
        ..ReplyTo::default()
    };
    Job { reply_to, ..press_of(who, answer, &decision(desk)) }
}

#[tokio::test]
async fn what_is_for_the_asker_alone_is_not_shown_to_who_approves() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "key").await;
    let told = Arc::new(MemoryResponder::default());
    bot.0.run(&press_by("bob", Answer::Approve, &desk), told.clone(), NOW, LIMIT).await;
    let (to, reply) = told.replies().pop().unwrap();
    assert_eq!((reply.text().as_str(), reply.audience), ("the key is 1234", Audience::Asker));
    assert_eq!((to.user.as_str(), to.url, to.channel.as_str()), ("U-ann", None, "C1"));
}

/// A chat without a token: it reaches nobody but by the address of a press.
#[derive(Debug, Default)]
struct Tokenless(MemoryResponder);

#[async_trait]
impl Responder for Tokenless {
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        match to.url {
            Some(_) => self.0.respond(to, reply, earlier, now).await,
            None => Err(Error::new(ErrorKind::Config, "there is no token")),
        }
    }
}

#[tokio::test]
async fn an_answer_that_cannot_reach_its_asker_is_missed_by_nobody_in_silence() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "key").await;
    let told = Arc::new(Tokenless::default());
    let dispatched = bot.0.run(&press_by("bob", Answer::Approve, &desk), told.clone(), NOW, LIMIT).await;
    let Dispatched::Ended(record) = dispatched else { panic!("{dispatched:?}") };
    assert_eq!((record.outcome, record.undelivered.as_deref()), (Outcome::Ran, Some("there is no token")));
    let (_, reply) = told.0.replies().pop().unwrap();
    assert_eq!(reply.audience, Audience::Channel);
    assert!(reply.text().starts_with("The answer is for **ann** alone"), "{}", reply.text());
    assert!(!reply.text().contains("1234"), "{}", reply.text());
}

#[tokio::test]
async fn a_plan_that_fails_is_told_to_those_who_would_have_seen_it() {
    let (record, desk) = Bot::new().asks("ann", "peek broken").await;
    assert_eq!((record.outcome, desk.last().audience), (Outcome::Failed, Audience::Asker));
}

#[tokio::test]
async fn approvers_see_all_of_the_line() {
    let long = format!("drain {} prod", "a".repeat(300));
    for line in [&*format!("drain '{long}'"), "drain logs/**", "drain 'a   b'", "drain `eu`"] {
        let (_, desk) = Bot::new().asks("ann", line).await;
        assert!(desk.last().text().contains(line), "{line}: {}", desk.last().text());
    }
    let (_, desk) = Bot::new().asks("ann", "drain \u{202e}ue").await;
    assert!(!desk.last().text().contains('\u{202e}'), "{:?}", desk.last().text());
    let (_, desk) = Bot::new().asks("ann", "drain eu").await;
    assert_eq!(desk.last().text().matches("drain eu").count(), 1, "{}", desk.last().text());
}

#[tokio::test]
async fn a_name_of_nothing_but_signs_is_the_id() {
    let mut asks = job("1", "ann", "drain eu", Via::Line);
    asks.request.actor.name = "**".to_owned();
    let (_, desk) = Bot::new().takes(&asks, NOW).await;
    assert!(desk.last().text().starts_with("**U-ann** asked for"), "{}", desk.last().text());
}

#[tokio::test]
async fn another_of_the_same_name_turns_it_down_and_takes_nothing_back() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "drain eu").await;
    let mut press = press_of("bob", Answer::Deny, &decision(&desk));
    press.request.actor.name = "ann".to_owned();
    let (_, told) = bot.takes(&press, NOW).await;
    assert_eq!(told.last().text(), "**ann** turned down `drain eu`, which **ann** asked for. Nothing was run.");
}

#[tokio::test]
async fn who_may_not_approve_any_more_does_not_count() {
    static LATER: Rules = Rules {
        roles: &[Role { name: text("leads"), members: &[user("U-eve"), user("U-zoe")], allow: &[] }],
        ..Rules::NONE
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let before = Bot::with(&RULES, store.clone());
    let (_, desk) = before.asks("dan", "release v7").await;
    let (_, more) = before.decides("bob", Answer::Approve, &desk).await;
    let bot = Bot::with(&LATER, store);
    let (record, more) = bot.decides("eve", Answer::Approve, &more).await;
    assert_eq!((record.outcome, approvers(&record), bot.runs().await), (Outcome::Approved, vec!["eve"], 0));
    let (record, _) = bot.decides("zoe", Answer::Approve, &more).await;
    assert_eq!((record.outcome, approvers(&record), bot.runs().await), (Outcome::Ran, vec!["eve", "zoe"], 1));
}

#[tokio::test]
async fn what_waits_in_one_chat_is_decided_in_no_other() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "drain eu").await;
    let mut press = press_of("bob", Answer::Approve, &decision(&desk));
    press.reply_to.chat = "console".to_owned();
    let (record, told) = bot.takes(&press, NOW).await;
    assert_eq!((record.outcome, record.actor.name.as_str()), (Outcome::Forged, "bob"));
    assert!(told.last().text().starts_with("I no longer know"), "{}", told.last().text());
}

#[tokio::test]
async fn what_was_altered_in_the_store_is_not_run() {
    for (from, to) in [("v7", "v8"), ("U-ann", "U-bob"), ("", "x"), ("\"asked\"", "\"askt\"")] {
        let bot = Bot::new();
        let (_, desk) = bot.asks("ann", "deploy v7 --token hunter2").await;
        let store = bot.0.store();
        let (key, entry) = store.list("pending/", NOW).await.unwrap().pop().unwrap();
        store.put(&key, &entry.value.replacen(from, to, 1), entry.expires, When::Always, NOW).await.unwrap();
        let (record, told) = bot.decides("ann", Answer::Apply, &desk).await;
        assert_eq!((record.outcome, bot.runs().await), (Outcome::Forged, 0), "{from} {to}");
        assert!(told.last().text().starts_with("I no longer know"), "{}", told.last().text());
    }
}

#[tokio::test]
async fn what_was_put_into_the_store_for_one_ticket_is_of_no_use_for_another() {
    let bot = Bot::new();
    let (_, first) = bot.asks("ann", "deploy v7 --token hunter2").await;
    let (_, second) = bot.asks("bob", "deploy v8 --token hunter2").await;
    let (store, key) = (bot.0.store(), |desk: &Desk| format!("pending/{}", decision(desk).ticket));
    let entry = store.get(&key(&second), NOW).await.unwrap().unwrap();
    store.put(&key(&first), &entry.value, None, When::Always, NOW).await.unwrap();
    assert_eq!(bot.decides("bob", Answer::Apply, &first).await.0.outcome, Outcome::Forged);
}

#[tokio::test]
async fn what_was_decided_is_kept_no_longer() {
    for answer in [Answer::Apply, Answer::Cancel] {
        let bot = Bot::new();
        let (_, desk) = bot.asks("ann", "deploy v7 --token hunter2").await;
        assert_eq!(bot.decides("bob", answer, &desk).await.0.outcome, Outcome::Denied);
        assert_eq!(bot.0.store().list("pending/", NOW).await.unwrap().len(), 1);
        bot.decides("ann", answer, &desk).await;
        assert_eq!(bot.0.store().list("pending/", NOW).await.unwrap(), []);
        assert_eq!(bot.decides("ann", answer, &desk).await.0.outcome, Outcome::Used);
    }
}

#[tokio::test]
async fn what_this_version_cannot_read_is_told_and_recorded() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "drain eu").await;
    for carried in ["{}", "none", "{\"line\":1}"] {
        let decision = Decision { carried: carried.to_owned(), ..decision(&desk) };
        let (record, told) = bot.takes(&press_of("bob", Answer::Approve, &decision), NOW).await;
        assert_eq!((record.outcome, record.command.as_str()), (Outcome::Skewed, ""), "{carried}");
        assert!(told.last().text().starts_with("I no longer know"), "{}", told.last().text());
    }
}

#[tokio::test]
async fn the_record_of_what_ran_names_the_job_that_asked() {
    let bot = Bot::new();
    let (first, _) = bot.asks("ann", "drain eu").await;
    let (again, desk) = bot.asks("ann", &format!("rerun {}", first.job)).await;
    assert_eq!((again.outcome, again.origin), (Outcome::Waiting, Some(first.job)));
    let (ran, _) = bot.decides("bob", Answer::Approve, &desk).await;
    assert_eq!((ran.outcome, ran.origin), (Outcome::Ran, Some(again.job)));
}

#[tokio::test]
async fn a_press_that_is_refused_is_recorded_with_the_job_it_is_about() {
    let bot = Bot::new();
    let (asked, desk) = bot.asks("ann", "drain eu").await;
    let (own, _) = bot.decides("ann", Answer::Approve, &desk).await;
    assert_eq!((own.outcome, own.origin), (Outcome::Denied, Some(asked.job.clone())));
    let press = Job { expires: NOW, ..press_by("bob", Answer::Approve, &desk) };
    let (late, _) = bot.takes(&press, NOW).await;
    assert_eq!((late.outcome, late.origin), (Outcome::Expired, Some(asked.job)), "the queue had it for too long");
}

#[tokio::test]
async fn a_name_makes_no_link() {
    let mut asks = job("1", "ann", "drain eu", Via::Line);
    asks.request.actor.name = "ann](https://evil.example) [x](https://evil.example)".to_owned();
    let (_, desk) = Bot::new().takes(&asks, NOW).await;
    let Part::Text(said) = &desk.last().parts[0] else { panic!("{:?}", desk.last()) };
    assert!(!said.contains('['), "{said}");
}

#[tokio::test]
async fn others_have_their_own_time_once_it_takes_them_too() {
    const WAITS: Rule = Rule {
        name: "leads see it",
        at: Place { line: 1, column: 1 },
        effect: Effect::Approve,
        target: Target::Commands(&[text("deploy")]),
        roles: &[text("everybody")],
        except: &[],
        channels: &[],
        window: None,
        when: None,
        by: &[text("leads")],
        count: 1,
        within: 3600,
    };
    static LATER: Rules = Rules { rules: &[WAITS], ..RULES };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let (_, desk) = Bot::with(&RULES, store.clone()).asks("dan", "deploy v7").await;
    let almost = Timestamp::from_millis(decision(&desk).expires.as_millis() - 1);
    let bot = Bot::with(&LATER, store);
    let (record, more) = bot.decides_at("dan", Answer::Apply, &desk, almost).await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Waiting, 0));
    assert_eq!(decision(&more).expires, almost + Duration::from_secs(3600));
    assert_eq!(bot.decides_at("bob", Answer::Approve, &more, almost).await.0.outcome, Outcome::Ran);
}
