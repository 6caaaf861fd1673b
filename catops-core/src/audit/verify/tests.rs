use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::audit::{Approver, Chain, Link, Outcome};
use crate::request::{Actor, Channel};
use crate::secret::Secret;
use crate::store::MemoryStore;

fn key() -> JobKey {
    JobKey::derive([&Secret::new("of the tests".to_owned())])
}

fn plain(job: &str, secs: u64) -> Record {
    Record::new(JobId::try_from(job.to_owned()).unwrap(), Outcome::Ran, Timestamp::from_secs(secs))
}

/// Writes an audit as processes do: each number is the process that writes the next record, and one that begins looks
/// at what is there. Everything that a record can have is there in some of them.
fn written(by: &[usize], pause: &[u64]) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (store, chains): (_, [Chain; 4]) = (MemoryStore::default(), Default::default());
    let mut secs = 1_000;
    for (n, process) in by.iter().enumerate() {
        secs += pause[n % pause.len()];
        let who = Actor { id: format!("U{process}"), name: "ann".to_owned(), team: "T1".to_owned() };
        let mut record = Record {
            asked: Timestamp::from_secs(secs - 1),
            channel: Channel { id: "C1".to_owned(), name: "ops".to_owned() },
            chat: "slack".to_owned(),
            command: "restart".to_owned(),
            arguments: format!("api {n}"),
            approvers: vec![Approver { who: who.clone(), at: Timestamp::from_secs(secs) }; n % 2],
            actor: who,
            took: (n % 3 == 0).then_some(n as u64),
            reason: (n % 3 == 1).then(|| "it burns".to_owned()),
            rule: (n % 3 == 2).then(|| "role `oncall`".to_owned()),
            ..plain(&format!("j{n}"), secs)
        };
        runtime.block_on(async {
            chains[process % 4].link(&mut record, &key(), &store, Duration::MAX).await;
            store.append(&record).await.unwrap();
        });
    }
    runtime.block_on(store.records(1_000)).unwrap()
}

fn faults(records: &[Record]) -> Vec<Fault> {
    verify(records, &key()).faults
}

fn is_named(one: &Record, records: &[Record]) -> bool {
    let seal = &one.link.as_ref().unwrap().seal;
    let after =
        |record: &Record| record.link.as_ref().is_some_and(|link| link.after.iter().any(|seen| seen.seal == *seal));
    records.iter().any(after)
}

type Change = fn(&mut Record);

/// Everything of a record that can be changed, each in one way.
fn changes() -> Vec<(&'static str, Change)> {
    fn link(record: &mut Record) -> &mut Link {
        record.link.as_mut().unwrap()
    }
    fn other(text: &mut String) {
        text.push('x');
    }
    vec![
        ("job", |r| r.job = JobId::of(&["other"])),
        ("asked", |r| r.asked = Timestamp::from_millis(r.asked.as_millis() + 1)),
        ("ended, later", |r| r.ended = Timestamp::from_millis(r.ended.as_millis() + 1)),
        ("ended, earlier", |r| r.ended = Timestamp::from_millis(0)),
        ("actor.id", |r| other(&mut r.actor.id)),
        ("actor.name", |r| r.actor.name.clear()),
        ("actor.team", |r| other(&mut r.actor.team)),
        ("channel.id", |r| other(&mut r.channel.id)),
        ("channel.name", |r| other(&mut r.channel.name)),
        ("chat", |r| other(&mut r.chat)),
        ("command", |r| other(&mut r.command)),
        ("arguments", |r| other(&mut r.arguments)),
        ("outcome", |r| r.outcome = Outcome::Denied),
        ("undelivered", |r| r.undelivered = Some(String::new())),
        ("took", |r| r.took = if r.took.is_some() { None } else { Some(0) }),
        ("rule", |r| r.rule = Some("role `admins`".to_owned())),
        ("plan", |r| r.plan = Some("5f".to_owned())),
        ("approvers", |r| r.approvers.push(Approver { who: Actor::default(), at: r.ended })),
        ("reason", |r| r.reason = if r.reason.is_some() { None } else { Some("x".to_owned()) }),
        ("origin", |r| r.origin = Some(JobId::of(&["other"]))),
        ("text", |r| r.text = Some("restart all".to_owned())),
        ("link.chain", |r| link(r).chain = JobId::of(&["other"])),
        ("link.seq", |r| link(r).seq += 1),
        ("link.after", |r| link(r).after.clear()),
        ("link.after.at", |r| link(r).after.iter_mut().for_each(|seen| seen.at = Timestamp::default())),
        ("link.seal", |r| link(r).seal = "00".repeat(32)),
        ("link.seal, cut", |r| link(r).seal.truncate(62)),
        ("link.seal, large", |r| link(r).seal.make_ascii_uppercase()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_done_to_an_audit_shows(
        by in prop::collection::vec(0..4_usize, 1..24),
        pause in prop::collection::vec(0..3_u64, 1..5),
        at in any::<Index>(),
        to in any::<Index>(),
        shuffled in any::<u64>(),
    ) {
        let whole = written(&by, &pause);
        prop_assert_eq!(&verify(&whole, &key()).faults, &[]);
        let at = at.index(whole.len());

        // The order does not matter.
        let mut mixed = whole.clone();
        let step = mixed.len() as u64;
        mixed.sort_by_key(|record| (record.job.as_str().len() as u64 * 31 + record.arguments.len() as u64 + shuffled) % step);
        mixed.rotate_left(at);
        prop_assert_eq!(verify(&mixed, &key()), verify(&whole, &key()));

        // One is removed: it shows if another names it and something as old is left.
        let mut fewer = whole.clone();
        let removed = fewer.remove(at);
        let is_oldest = fewer.iter().all(|record| record.ended > removed.ended);
        let expected = usize::from(is_named(&removed, &fewer) && !is_oldest);
        prop_assert_eq!(faults(&fewer).len(), expected, "{:?}", removed);
        let is_loss = |fault: &Fault| matches!(fault, Fault::Missing { .. } | Fault::Gone { .. });
        prop_assert!(faults(&fewer).iter().all(is_loss));

        // One is there twice.
        let mut more = whole.clone();
        more.insert(to.index(more.len()), whole[at].clone());
        let doubled = Fault::Doubled { job: whole[at].job.clone(), ended: whole[at].ended };
        prop_assert_eq!(faults(&more), [doubled]);

        // One is changed.
        for (what, change) in changes() {
            let mut changed = whole.clone();
            change(&mut changed[at]);
            if changed[at] == whole[at] {
                continue; // there was nothing in that field
            }
            let altered = Fault::Altered { job: changed[at].job.clone(), ended: changed[at].ended };
            let found = faults(&changed);
            prop_assert!(found.contains(&altered), "{}: {:?}", what, found);
            if !what.starts_with("link") && !what.starts_with("ended") {
                prop_assert_eq!(found, [altered], "{}", what);
            }
        }

        // One loses its seal: then it is no record of the chain any more.
        let mut bare = whole.clone();
        bare[at].link = None;
        let is_new = bare.iter().any(|record| record.link.is_some() && record.ended < bare[at].ended);
        prop_assert_eq!(!faults(&bare).is_empty(), is_new || is_named(&whole[at], &bare));

        // Two change places, or what they say.
        let to = to.index(whole.len());
        let mut swapped = whole.clone();
        swapped.swap(at, to);
        prop_assert_eq!(faults(&swapped), &[]);
        let (one, two) = (swapped[at].link.clone(), swapped[to].link.clone());
        (swapped[at].link, swapped[to].link) = (two, one);
        prop_assert_eq!(faults(&swapped).len(), if at == to { 0 } else { 2 });

        // Whatever is left of it after a moment is whole.
        let later: Vec<Record> = whole.iter().filter(|record| record.ended >= whole[at].ended).cloned().collect();
        prop_assert_eq!(faults(&later), &[]);
    }
}

#[test]
fn the_last_of_a_chain_is_missed_by_a_later_process() {
    // Three processes, one after the other; the third has seen the last record of each.
    let whole = written(&[0, 0, 1, 1, 2, 2], &[1]);
    for job in ["j1", "j3"] {
        let left: Vec<Record> = whole.iter().filter(|record| record.job.as_str() != job).cloned().collect();
        let found = faults(&left);
        assert!(
            matches!(&found[..], [Fault::Gone { named_by, .. }] if named_by.as_str() == if job == "j1" { "j2" } else { "j4" }),
            "{found:?}"
        );
    }
    let cut: Vec<Record> = whole.iter().filter(|record| record.job.as_str() != "j5").cloned().collect();
    assert_eq!(faults(&cut), [], "only the log has it");
}

#[test]
fn a_gap_is_one_fault() {
    let left: Vec<Record> =
        written(&[0; 6], &[1]).into_iter().filter(|record| !["j2", "j3"].contains(&record.job.as_str())).collect();
    let found = faults(&left);
    assert_eq!(found.len(), 1, "{found:?}");
    let chain = left[0].link.as_ref().unwrap().chain.clone();
    let said = format!(
        "The record before that of job `j4`, which ended at 1970-01-01 00:16:45 UTC, and others are missing: numbers 2 to \
         3 of chain `{chain}`."
    );
    assert_eq!(found[0].to_string(), said);
    let found =
        faults(&written(&[0, 0, 0, 0], &[1]).into_iter().filter(|r| r.job.as_str() != "j2").collect::<Vec<_>>());
    let said =
        "The record before that of job `j3`, which ended at 1970-01-01 00:16:44 UTC, is missing: number 2 of chain `";
    assert!(found[0].to_string().starts_with(said), "{}", found[0]);
}

#[test]
fn what_was_written_before_there_were_links_is_no_fault() {
    let mut records = written(&[0, 0], &[1]);
    records.push(plain("old", 10));
    assert_eq!(verify(&records, &key()).faults, []);
    assert_eq!((verify(&records, &key()).count, verify(&records, &key()).sealed), (3, 2));
    records.push(plain("new", 1_002));
    let new = Fault::Unlinked { job: plain("new", 0).job, ended: Timestamp::from_secs(1_002) };
    assert_eq!(verify(&records, &key()).faults, [new]);
}

#[test]
fn another_key_fits_no_record() {
    let records = written(&[0, 1, 0], &[1]);
    let found = verify(&records, &JobKey::derive([]));
    assert_eq!((found.faults.len(), found.from), (3, None));
    assert!(found.faults.iter().all(|fault| matches!(fault, Fault::Altered { .. })));
    assert_eq!(verify(&[], &key()), Verified { count: 0, sealed: 0, from: None, to: None, faults: Vec::new() });
}

#[tokio::test]
async fn a_list_that_is_cut_does_not_look_damaged() {
    let (store, chain) = (MemoryStore::default(), Chain::default());
    let mut linked = Vec::new();
    for n in 0..300_u64 {
        let mut record = plain(&format!("j{n}"), 1_000 + n / 3);
        chain.link(&mut record, &key(), &store, Duration::MAX).await;
        linked.push(record);
    }
    // Written by several at once: not in the order in which they ended.
    for some in linked.chunks(8) {
        for record in some.iter().rev() {
            store.append(record).await.unwrap();
        }
    }
    for limit in [100, 150, 299, 300, 301, 1_000] {
        let records = newest(&store, limit).await.unwrap();
        assert!(records.len() + UNSETTLED + 3 >= limit.min(300) && !records.is_empty(), "{limit}: {}", records.len());
        assert_eq!(verify(&records, &key()).faults, [], "{limit}");
    }
    for limit in [0, 1, 64] {
        assert_eq!(newest(&store, limit).await.unwrap(), [], "{limit}");
    }
}
