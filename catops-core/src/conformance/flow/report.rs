//! What the suite saw, as a table.

use std::fmt;
use std::time::Duration;

/// The rows of one target.
#[derive(Debug)]
pub struct Report {
    target: String,
    /// The rows, in the order of the table.
    pub rows: Vec<Row>,
}

/// One scenario at one target.
#[derive(Debug)]
pub struct Row {
    /// Its number in the table.
    pub number: u8,
    /// What it is called.
    pub name: &'static str,
    /// How it went.
    pub seen: Seen,
    /// How long it took.
    pub took: Duration,
}

/// How a scenario went.
#[derive(Debug)]
pub enum Seen {
    /// Everything that must be seen was seen.
    Passed,
    /// Something was not; what.
    Failed(String),
    /// This bench cannot show it, and why.
    Gap(&'static str),
}

impl Report {
    pub(super) fn new(target: &str) -> Self {
        Self { target: target.to_owned(), rows: Vec::new() }
    }

    /// Returns the rows that failed.
    pub fn failed(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| matches!(row.seen, Seen::Failed(_))).collect()
    }
}

/// Prints a Markdown table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| # | scenario | {} |", self.target)?;
        writeln!(f, "|---|---|---|")?;
        for Row { number, name, seen, .. } in &self.rows {
            match seen {
                Seen::Passed => writeln!(f, "| {number} | {name} | passed |")?,
                Seen::Failed(what) => writeln!(f, "| {number} | {name} | **FAILED**: {} |", what.replace('\n', " "))?,
                Seen::Gap(why) => writeln!(f, "| {number} | {name} | not shown here: {why} |")?,
            }
        }
        let count = |wanted: fn(&Seen) -> bool| self.rows.iter().filter(|row| wanted(&row.seen)).count();
        let (passed, failed) = (count(|s| matches!(s, Seen::Passed)), count(|s| matches!(s, Seen::Failed(_))));
        let gaps = count(|s| matches!(s, Seen::Gap(_)));
        write!(f, "\n{passed} passed, {failed} failed, {gaps} not shown here")
    }
}
