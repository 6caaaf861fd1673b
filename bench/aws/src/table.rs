//! The table: a row for each figure, a column for each program, what the last one is of the others, and what it should be.

use crate::figures::{Row, head, median, quantile};
use crate::function::Kind;
use crate::rounds::{Column, Measured};

/// Reads a figure, unless the program has none.
type Figure = fn(&Measured) -> Option<f64>;

const FIRST_POLL: (&str, Figure) = ("spawn to first poll, ms", |m| median(&m.first_poll));
const PEAK: (&str, Figure) = ("peak memory, MiB", |m| m.peak.iter().max().map(|kib| *kib as f64 / 1024.0));

/// What the CPU share after init can change.
const AFTER_INIT: [(&str, Figure); 8] = [
    ("spawn to first acknowledgement, ms", |m| median(&m.cold_ack)),
    ("spawn to first reply, ms", |m| median(&m.cold_reply)),
    ("warm acknowledgement p50, ms", |m| median(&m.warm_ack)),
    ("warm acknowledgement p99, ms", |m| quantile(&m.warm_ack, 99)),
    ("warm command until its reply p50, ms", |m| median(&m.warm_reply)),
    ("warm command until its reply p99, ms", |m| quantile(&m.warm_reply, 99)),
    ("CPU of start and first command, ms", |m| median(&m.cold_cpu)),
    ("CPU of a warm command, ms", |m| median(&m.warm_cpu)),
];

/// What CatOps has promised: a row, at most so much, of what.
const AIMS: [(&str, f64, Option<Kind>); 6] = [
    ("spawn to first acknowledgement, ms", 1.3, Some(Kind::Bare)),
    ("128 MB: spawn to first acknowledgement, ms", 1.3, Some(Kind::Bare)),
    ("CPU of a warm command, ms", 0.7, Some(Kind::HandWritten)),
    ("peak memory, MiB", 8.0, None),
    ("zipped, MB", 2.0, None),
    ("instructions to the first poll, millions", 1.0, None),
];

/// Prints the table, with `more` rows at its end.
pub(crate) fn print(columns: &[Column], more: Vec<Row>, rounds: usize, commands: usize) {
    let kinds: Vec<Kind> = columns.iter().map(|column| column.subject.kind).collect();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let what = format!("{rounds} processes of each, {} warm commands", rounds * (commands - 1));
    let mut head = head(what, &names);
    head.push("aim".to_owned());
    println!("| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    for row in rows(columns).into_iter().chain(more) {
        let mut cells = row.cells();
        cells.push(aim(&row, &kinds).unwrap_or_default());
        println!("| {} |", cells.join(" | "));
    }
}

fn rows(columns: &[Column]) -> Vec<Row> {
    let whole = |(name, figure): (&str, Figure)| {
        let figures = columns.iter().map(|column| figure(&column.whole)).collect();
        Row { name: name.to_owned(), figures }
    };
    let share = |(name, figure): (&str, Figure)| {
        let of = |column: &Column| column.share.as_ref().map(figure);
        let figures = columns.iter().map(of).collect::<Option<_>>()?;
        Some(Row { name: format!("128 MB: {name}"), figures })
    };
    let mut rows = vec![whole(FIRST_POLL)];
    rows.extend(AFTER_INIT.map(whole));
    rows.extend(AFTER_INIT.into_iter().filter_map(share));
    rows.push(whole(PEAK));
    rows
}

/// Says whether CatOps keeps what is promised of this row, if it and what it is held against were measured.
fn aim(row: &Row, kinds: &[Kind]) -> Option<String> {
    let (_, limit, of) = *AIMS.iter().find(|(name, ..)| *name == row.name)?;
    let figure = |kind| row.figures[kinds.iter().position(|other| *other == kind)?];
    let (limit, words) = match of {
        Some(of) => (limit * figure(of)?, format!("at most {limit} × {}", of.name())),
        None => (limit, format!("under {limit}")),
    };
    let catops = figure(Kind::Catops)?;
    let is_kept = catops < limit || (of.is_some() && catops == limit);
    Some(format!("{words}: {}", if is_kept { "kept" } else { "**missed**" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_kept_or_missed() {
        let row: Row = "spawn to first acknowledgement, ms=2,9,2.7".parse().unwrap();
        assert_eq!(aim(&row, &Kind::ALL).as_deref(), Some("at most 1.3 × bare: **missed**"));
        let row: Row = "zipped, MB=0.5,3,1.99".parse().unwrap();
        assert_eq!(aim(&row, &Kind::ALL).as_deref(), Some("under 2: kept"));
        assert_eq!(aim(&row, &[Kind::Bare, Kind::HandWritten]), None);
    }
}
