use super::*;
use crate::audit::Fault;
use crate::job::JobId;
use crate::reply::Audience;
use crate::time::Timestamp;

const FROM: Timestamp = Timestamp::from_secs(1_795_305_600);
const TO: Timestamp = Timestamp::from_secs(1_795_305_660);

fn found(count: usize, sealed: usize, faults: Vec<Fault>) -> Verified {
    Verified { count, sealed, from: Some(FROM), to: Some(TO), faults }
}

fn altered(job: &str) -> Fault {
    Fault::Altered { job: JobId::of(&[job]), ended: TO }
}

#[test]
fn what_came_of_it_is_one_sentence() {
    let span = "from 2026-11-22 00:00:00 UTC to 2026-11-22 00:01:00 UTC";
    let key = "No seal fits: if CATOPS_JOB_KEY was changed, or the secret that the key is derived from, what was sealed \
               before looks like this.";
    for (found, said) in [
        (Verified { from: None, to: None, ..found(0, 0, vec![]) }, "There are no records yet.".to_owned()),
        (
            found(1, 1, vec![]),
            format!("The audit is whole: 1 record {span}, as written, and none between them is missing."),
        ),
        (
            found(9, 7, vec![]),
            format!(
                "The audit is whole: 9 records {span}, as written, and none between them is missing. 2 of them were \
                 written before there were seals."
            ),
        ),
        (found(9, 9, vec![altered("a")]), format!("The audit is not whole: 1 fault in 9 records {span}.")),
        (
            found(3, 2, vec![altered("a"), altered("b")]),
            format!("The audit is not whole: 2 faults in 3 records {span}. {key}"),
        ),
        (
            Verified { from: None, ..found(1, 1, vec![altered("a")]) },
            format!("None of the 1 records is as it was written. {key}"),
        ),
    ] {
        assert_eq!(summary(&found), said);
    }
}

#[test]
fn faults_are_named_and_counted() {
    let whole = report(&found(9, 9, vec![]));
    assert_eq!((whole.audience, whole.color), (Audience::Asker, None));
    assert!(whole.text().ends_with(LIMITS), "{}", whole.text());

    let jobs: Vec<String> = (0..NAMED + 3).map(|n| n.to_string()).collect();
    let broken = report(&found(99, 99, jobs.iter().map(|job| altered(job)).collect()));
    let text = broken.text();
    assert_eq!((broken.audience, broken.color), (Audience::Asker, Some(Color::Danger)));
    let first = format!(
        "The record of job `{}`, which ended at {TO}, is not as it was written, or was sealed with another key.",
        JobId::of(&["0"])
    );
    assert!(text.contains(&first) && text.contains("\nAnd 3 more.\n"), "{text}");
    assert_eq!(text.matches("is not as it was written").count(), NAMED);
}
