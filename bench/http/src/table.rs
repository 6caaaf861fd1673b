//! The table: a row for each figure, a column for each program, and what the last one is of the other.

use crate::figures::{Row, head, median, quantile};
use crate::rounds::{Measured, Plan, Subject};

/// Reads a figure.
type Figure = fn(&Measured) -> Option<f64>;

const FIGURES: [(&str, Figure); 7] = [
    ("spawn to first answer, ms", |m| median(&m.start)),
    ("spawn to first acknowledgement, ms", |m| median(&m.cold_ack)),
    ("warm acknowledgement p50, ms", |m| median(&m.warm_ack)),
    ("warm acknowledgement p99, ms", |m| quantile(&m.warm_ack, 99)),
    ("CPU of start and first acknowledgement, ms", |m| median(&m.cold_cpu)),
    ("CPU of a warm acknowledgement, ms", |m| median(&m.warm_cpu)),
    ("peak memory, MiB", |m| m.peak.iter().max().map(|kib| *kib as f64 / 1024.0)),
];

/// Prints the table, the rows of the plan at its end.
pub(crate) fn print(plan: &Plan, measured: &[Measured]) {
    let names: Vec<&str> = plan.subjects.iter().map(Subject::name).collect();
    let (target, rounds, warm) = (plan.target.name(), plan.rounds, plan.rounds * (plan.acks - 1));
    let head = head(format!("{target}: {rounds} processes of each, {warm} warm acknowledgements"), &names);
    println!("| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    let row =
        |(name, figure): (&str, Figure)| Row { name: name.to_owned(), figures: measured.iter().map(figure).collect() };
    for row in &FIGURES.map(row) {
        println!("| {} |", row.cells().join(" | "));
    }
    for row in &plan.rows {
        println!("| {} |", row.cells().join(" | "));
    }
}
