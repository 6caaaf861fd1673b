use catops_core::JobId;
use catops_core::audit::{Approver, Link, Outcome, Seen};
use catops_core::request::{Actor, Channel};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_250);

fn record() -> Record {
    let id = |id: &str| JobId::try_from(id.to_owned()).unwrap();
    let who = |id: &str| Actor { id: id.to_owned(), name: "=ann".to_owned(), team: "T1".to_owned() };
    let after = ["ab", "cd"].map(|seal| Seen { seal: seal.to_owned(), at: NOW }).to_vec();
    Record {
        actor: who("U1"),
        channel: Channel { id: "C1".to_owned(), name: "ops".to_owned() },
        chat: "slack".to_owned(),
        command: "note".to_owned(),
        arguments: "-1, \"two\"\nand 3".to_owned(),
        took: Some(12),
        approvers: vec![Approver { who: who("U2"), at: NOW }, Approver { who: who("U3"), at: NOW }],
        reason: Some("@all =1+1".to_owned()),
        origin: Some(id("j0")),
        link: Some(Link { chain: id("c1"), seq: 7, after, seal: "ef".to_owned() }),
        ..Record::new(id("j1"), Outcome::Ran, NOW)
    }
}

#[test]
fn a_table_has_a_row_for_each_record() {
    let bare = Record::new(JobId::try_from("j2".to_owned()).unwrap(), Outcome::Denied, NOW);
    let mut out = Vec::new();
    table(&mut out, &[record(), bare]).unwrap();
    let at = "2026-11-22T00:00:00.250Z";
    let rows = format!(
        "{}\nj1,{at},{at},'=ann,U1,T1,ops,C1,slack,note,\"'-1, \"\"two\"\"\nand 3\",ran,,12,,,U2 at {at} U3 at {at},\
         '@all =1+1,j0,,c1,7,ab cd,ef\nj2,{at},{at},,,,,,,,,denied,,,,,,,,,,,,\n",
        HEAD.join(",")
    );
    assert_eq!(String::from_utf8(out).unwrap(), rows);
}

#[test]
fn lines_are_what_is_sealed() {
    let mut out = Vec::new();
    lines(&mut out, &[record(), record()]).unwrap();
    let text = String::from_utf8(out).unwrap();
    let read: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, [record(), record()]);
}

#[test]
fn no_cell_is_a_formula() {
    for (cell, shown) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("1=1", "1=1"),
        ("'=1", "'=1"),
        ("", ""),
    ] {
        assert_eq!(harmless(cell.to_owned()), shown);
    }
}

#[test]
fn since_is_what_it_is_in_a_chat() {
    let read = |text: &str| parser().try_get_matches_from(["audit", "verify", "--since", text]);
    let read = |text: &str| read(text).ok()?.subcommand()?.1.get_one::<Timestamp>("since").copied();
    assert_eq!(read("2026-11-22"), Some("2026-11-22T00:00:00Z".parse().unwrap()));
    assert!(read("7d").unwrap() < read("30m").unwrap());
    assert_eq!((read("yesterday"), read("")), (None, None));
}
