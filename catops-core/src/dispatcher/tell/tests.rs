use super::*;
use crate::audit::Approver;
use crate::job::JobId;
use crate::reply::Part;
use crate::request::{Actor, Channel};

fn actor(name: &str) -> Actor {
    Actor { id: "U1".to_owned(), name: name.to_owned(), team: String::new() }
}

fn record(outcome: Outcome) -> Record {
    let job = JobId::try_from("j1".to_owned()).unwrap();
    Record {
        actor: actor("ann"),
        channel: Channel { id: "C1".to_owned(), name: "ops".to_owned() },
        command: "restart".to_owned(),
        arguments: "api --token …".to_owned(),
        ..Record::new(job, outcome, Timestamp::from_secs(1_795_305_600))
    }
}

fn said(record: &Record) -> String {
    let reply = line(record).expect("it is told");
    assert!(matches!(&reply.parts[..], [Part::Note(_) | Part::Text(_)]), "{reply:?}");
    reply.text()
}

#[test]
fn it_says_who_did_what() {
    assert_eq!(said(&record(Outcome::Ran)), "`ann`: `restart api --token …` in `ops`: **ran**, job `j1`");
    let at = Timestamp::from_secs(0);
    let full = Record {
        rule: Some("role `oncall`".to_owned()),
        approvers: vec![Approver { who: actor("bob"), at }, Approver { who: actor("cy"), at }],
        undelivered: Some("no connection".to_owned()),
        ..record(Outcome::TimedOut)
    };
    assert_eq!(
        said(&full),
        "`ann`: `restart api --token …` in `ops`: **timed out**, allowed by role `oncall`, approved by `bob`, `cy`, and the \
         reply did not arrive, job `j1`"
    );
    assert_eq!(line(&full).unwrap().color, None);
    let nowhere = Record { channel: Channel::default(), arguments: String::new(), ..record(Outcome::Denied) };
    assert_eq!(said(&nowhere), "`ann`: `restart`: **denied**, job `j1`");
    let forged = Record { command: String::new(), arguments: String::new(), ..record(Outcome::Forged) };
    assert_eq!(said(&forged), "`ann`: a button in `ops`: **forged**, job `j1`");
}

#[test]
fn a_broken_glass_is_red_and_says_why() {
    let broken = Record { reason: Some("prod is\n`down`".to_owned()), ..record(Outcome::Ran) };
    let reply = line(&broken).unwrap();
    assert_eq!(reply.color, Some(Color::Danger));
    assert!(reply.text().ends_with(", job `j1`\nThe glass was broken: `prod is 'down'`"), "{}", reply.text());
}

#[test]
fn what_was_only_asked_about_is_not_told() {
    for outcome in [Outcome::Help, Outcome::Usage, Outcome::Unknown, Outcome::Skewed] {
        assert_eq!(line(&record(outcome)), None, "{outcome:?}");
    }
    for outcome in [Outcome::Denied, Outcome::Waiting, Outcome::Forged, Outcome::Died, Outcome::Limited] {
        assert!(line(&record(outcome)).is_some(), "{outcome:?}");
    }
}

#[test]
fn what_people_wrote_neither_pings_nor_formats() {
    let odd = "<!channel> **bold** `x` *b* _i_\n> @here [a](https://x.example)";
    let written = Record {
        actor: actor(odd),
        channel: Channel { id: "C1".to_owned(), name: odd.to_owned() },
        arguments: odd.to_owned(),
        approvers: vec![Approver { who: actor(odd), at: Timestamp::from_secs(0) }],
        reason: Some(odd.to_owned()),
        ..record(Outcome::Ran)
    };
    let text = said(&written);
    assert_eq!((text.matches('`').count(), text.lines().count()), (12, 2), "{text}");
    // Every second piece is code; nothing of theirs is outside of it.
    let outside: String = text.split('`').step_by(2).collect();
    assert_eq!(outside, ":  in : **ran**, approved by , job \nThe glass was broken: ");
}
