use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::audit::{Approver, Outcome};
use crate::error::{Error, ErrorKind};
use crate::request::{Actor, Channel};
use crate::secret::Secret;
use crate::store::{Entry, MemoryStore, Put, When};

fn key() -> JobKey {
    JobKey::derive([&Secret::new("of the tests".to_owned())])
}

fn record(job: &str, secs: u64) -> Record {
    Record::new(JobId::try_from(job.to_owned()).unwrap(), Outcome::Ran, Timestamp::from_secs(secs))
}

fn actor(id: &str) -> Actor {
    Actor { id: id.to_owned(), name: id.to_lowercase(), team: "T1".to_owned() }
}

/// The form of a record is for ever: if this fails, seals that were made before do not fit any more.
#[test]
fn the_form_of_a_record_stays() {
    let old = r#"{"job":"j1","asked":1000,"ended":2000,"actor":{"id":"U1"},"channel":{"id":"C1"},"chat":"slack","command":"restart","arguments":"api","outcome":"ran"}"#;
    let read: Record = serde_json::from_str(old).unwrap();
    let id = |id: &str| id.to_owned();
    let mut expected = Record {
        asked: Timestamp::from_secs(1),
        actor: Actor { id: id("U1"), ..Actor::default() },
        channel: Channel { id: id("C1"), ..Channel::default() },
        chat: id("slack"),
        command: id("restart"),
        arguments: id("api"),
        ..record("j1", 2)
    };
    assert_eq!((json(&read).as_str(), &read), (old, &expected));

    let at = Timestamp::from_secs(3);
    expected.actor = actor("U1");
    expected.channel.name = id("ops");
    expected.arguments = id("api “now” \n \u{7f} 🐈");
    expected.outcome = Outcome::TimedOut;
    expected.undelivered = Some(id("no connection"));
    expected.took = Some(12);
    expected.rule = Some(id("role `oncall`"));
    expected.plan = Some(id("5f"));
    expected.approvers = vec![Approver { who: actor("U2"), at }];
    expected.reason = Some(id("prod is \"down\""));
    expected.origin = Some(record("j0", 0).job);
    expected.text = Some(id("restart  api"));
    let after = vec![Seen { seal: id("ab"), at }];
    expected.link = Some(Link { chain: record("c1", 0).job, seq: 7, after, seal: id("cd") });
    let full = concat!(
        r#"{"job":"j1","asked":1000,"ended":2000,"actor":{"id":"U1","name":"u1","team":"T1"},"#,
        r#""channel":{"id":"C1","name":"ops"},"chat":"slack","command":"restart","#,
        "\"arguments\":\"api “now” \\n \u{7f} 🐈\",",
        r#""outcome":"timed_out","undelivered":"no connection","took":12,"rule":"role `oncall`","plan":"5f","#,
        r#""approvers":[{"who":{"id":"U2","name":"u2","team":"T1"},"at":3000}],"reason":"prod is \"down\"","#,
        r#""origin":"j0","text":"restart  api","#,
        r#""link":{"chain":"c1","seq":7,"after":[{"seal":"ab","at":3000}],"seal":"cd"}}"#,
    );
    assert_eq!(json(&expected), full);
    assert_eq!(serde_json::from_str::<Record>(full).unwrap(), expected);
}

/// The seal of a known record, worked out with Python's `hmac`.
#[test]
fn the_seal_is_an_hmac_over_the_record_without_it() {
    let link = Link { chain: record("c1", 0).job, seq: 0, after: Vec::new(), seal: String::new() };
    let mut sealed = Record { link: Some(link), ..record("j1", 2) };
    let text = concat!(
        r#"{"job":"j1","asked":2000,"ended":2000,"actor":{"id":""},"channel":{"id":""},"chat":"","command":"","#,
        r#""arguments":"","outcome":"ran","link":{"chain":"c1","seq":0,"seal":""}}"#
    );
    assert_eq!(json(&sealed), text);
    sealed.link.as_mut().unwrap().seal = "eef9cc928fb52cc01d1141995fe9de67f7e390cbd7cd85629a0fd68ab5110677".to_owned();
    assert!(is_sealed(&sealed, &key()));
    assert!(!is_sealed(&sealed, &JobKey::derive([])), "another bot's key");
    assert!(!is_sealed(&record("j1", 2), &key()), "no link");
    sealed.arguments.push('x');
    assert!(!is_sealed(&sealed, &key()));
}

/// A store that counts how often it is read, and answers late, wrongly, or never.
#[derive(Debug, Default)]
struct Slow {
    inner: MemoryStore,
    reads: AtomicUsize,
    answer: Answer,
}

#[derive(Clone, Copy, Debug, Default)]
enum Answer {
    #[default]
    Late,
    Fails,
    Never,
}

#[async_trait]
impl Store for Slow {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        self.inner.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        self.inner.put(key, value, expires, when, now).await
    }

    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        self.inner.delete(key, when, now).await
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        self.inner.list(prefix, now).await
    }

    async fn append(&self, record: &Record) -> Result<(), Error> {
        self.inner.append(record).await
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        match self.answer {
            Answer::Late => tokio::time::sleep(Duration::from_millis(1_500)).await,
            Answer::Fails => return Err(Error::new(ErrorKind::Unavailable, "no connection")),
            Answer::Never => std::future::pending().await,
        }
        self.inner.records(limit).await
    }
}

async fn linked(chain: &Chain, job: &str, secs: u64, store: &dyn Store) -> Link {
    let mut record = record(job, secs);
    chain.link(&mut record, &key(), store, LOOK_TIME).await;
    assert!(is_sealed(&record, &key()), "{record:?}");
    store.append(&record).await.unwrap();
    record.link.unwrap()
}

#[tokio::test]
async fn each_record_names_the_one_before() {
    let store = MemoryStore::default();
    let chain = Chain::default();
    let mut before: Option<Link> = None;
    for (seq, secs) in (0..5).zip(10..) {
        let link = linked(&chain, "j", secs, &store).await;
        assert_eq!(link.seq, seq);
        match before {
            None => assert_eq!(link.after, []),
            Some(before) => {
                assert_eq!(link.chain, before.chain);
                assert_eq!(link.after, [Seen { seal: before.seal, at: Timestamp::from_secs(secs - 1) }]);
            }
        }
        before = Some(link);
    }
}

#[tokio::test]
async fn a_new_process_names_the_latest_of_each_chain() {
    let store = MemoryStore::default();
    store.append(&record("old", 1)).await.unwrap();
    let (one, two) = (Chain::default(), Chain::default());
    linked(&one, "a", 2, &store).await;
    linked(&two, "b", 3, &store).await;
    let last_of_two = linked(&two, "c", 4, &store).await;
    let last_of_one = linked(&one, "d", 5, &store).await;
    let link = linked(&Chain::default(), "e", 6, &store).await;
    let seals: Vec<_> = link.after.into_iter().map(|seen| (seen.seal, seen.at.as_secs())).collect();
    assert_eq!(seals, [(last_of_one.seal, 5), (last_of_two.seal, 4)]);
    assert_ne!(link.chain, last_of_one.chain);
}

#[tokio::test]
async fn it_names_sixteen_chains_of_sixty_four_records() {
    let store = MemoryStore::default();
    for n in 0..20 {
        linked(&Chain::default(), "j", n, &store).await;
    }
    let times = |link: Link| link.after.iter().map(|seen| seen.at.as_secs()).collect::<Vec<_>>();
    assert_eq!(times(linked(&Chain::default(), "j", 20, &store).await), (4..20).rev().collect::<Vec<_>>());
    for n in 21..21 + 64 {
        store.append(&record("j", n)).await.unwrap();
    }
    assert_eq!(linked(&Chain::default(), "j", 99, &store).await.after, []);
}

#[tokio::test(start_paused = true)]
async fn those_that_come_at_once_wait_for_one_look() {
    let store = Slow::default();
    let before = linked(&Chain::default(), "before", 1, &store.inner).await;
    let chain = Chain::default();
    let (one, two, three) =
        tokio::join!(linked(&chain, "1", 2, &store), linked(&chain, "2", 2, &store), linked(&chain, "3", 2, &store),);
    assert_eq!(store.reads.load(Ordering::Relaxed), 1);
    let mut links = [one, two, three];
    links.sort_by_key(|link| link.seq);
    assert_eq!(links[0].after[0].seal, before.seal);
    for (seq, pair) in links.windows(2).enumerate() {
        assert_eq!((pair[1].seq, &pair[1].after[0].seal), (seq as u64 + 1, &pair[0].seal));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_stops_nothing() {
    for answer in [Answer::Fails, Answer::Never] {
        let store = Slow { answer, ..Slow::default() };
        linked(&Chain::default(), "before", 1, &store.inner).await;
        let chain = Chain::default();
        let began = tokio::time::Instant::now();
        let first = linked(&chain, "1", 2, &store).await;
        assert!(began.elapsed() <= LOOK_TIME + Duration::from_millis(10), "{answer:?}");
        assert_eq!((first.seq, first.after.len()), (0, 0));
        assert_eq!(linked(&chain, "2", 2, &store).await.seq, 1);
        assert_eq!(store.reads.load(Ordering::Relaxed), 1, "it is asked once");
    }
}
