//! The audit, for its operator: whether it is whole, and as a table for other programs.

use std::io::{self, Write};

use catops_core::audit::{self, Record, report, verify};
use catops_core::command::Since;
use catops_core::{Error, ErrorKind, Timestamp};
use clap::{Arg, ArgMatches};

use crate::bot::State;
use crate::config::Config;
use crate::exit::Exit;
use crate::key;
use crate::store::KEEP_RECORDS;
use crate::terminal::{complain, say};

/// Returns the verb and what it takes.
pub(crate) fn parser() -> clap::Command {
    let since = || {
        let help = "From when on: a time back, such as 30m, 12h, 7d or 1w, or a date such as 2026-11-22";
        let read = |text: &str| text.parse().map(|since: Since| since.time(Timestamp::now()));
        Arg::new("since").long("since").value_name("TIME").value_parser(read).help(help)
    };
    clap::Command::new("audit")
        .about("Check the record of who did what, or write it out")
        .after_help("These are the records of the store of this machine: CATOPS_LOCAL_DIR and CATOPS_STORE.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            clap::Command::new("verify")
                .about("Check that no record was changed, removed or put in; exit code 1 if one was")
                .after_help(
                    "Records are sealed with the bot's key: CATOPS_JOB_KEY, or what it is derived from. Each names the one \
                     before it. Whether the newest ones were cut off only the log can tell.",
                )
                .arg(since()),
        )
        .subcommand(
            clap::Command::new("export")
                .about("Write the records to standard output, the oldest first")
                .after_help(
                    "In csv a cell that a spreadsheet would take for a formula begins with an apostrophe; jsonl has each \
                     record as it is sealed.",
                )
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .value_parser(["csv", "jsonl"])
                        .default_value("jsonl")
                        .help("A table, or a JSON object a line"),
                )
                .arg(since()),
        )
}

/// Does what the verb's words ask for.
pub(crate) async fn run(config: Config, matches: &ArgMatches) -> Result<Exit, Error> {
    match matches.subcommand() {
        Some(("verify", matches)) => check(&config, matches).await,
        Some((_, matches)) => export(&config, matches).await,
        None => Ok(Exit::Usage),
    }
}

async fn check(config: &Config, matches: &ArgMatches) -> Result<Exit, Error> {
    let state = State::open(config)?;
    let mut records = audit::newest(&*state.store, KEEP_RECORDS as usize).await?;
    leave(&mut records, matches);
    let found = verify::verify(&records, &key::sealing(config)?);
    if found.faults.is_empty() {
        say(&report::summary(&found));
        say(report::LIMITS);
        return Ok(Exit::Success);
    }
    for fault in &found.faults {
        complain(&fault.to_string());
    }
    complain(&report::summary(&found));
    Ok(Exit::Failure)
}

async fn export(config: &Config, matches: &ArgMatches) -> Result<Exit, Error> {
    let state = State::open(config)?;
    let mut records = state.store.records(KEEP_RECORDS as usize).await?;
    leave(&mut records, matches);
    records.reverse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match matches.get_one::<String>("format").map(String::as_str) {
        Some("csv") => table(&mut out, &records),
        _ => lines(&mut out, &records),
    };
    match written.and_then(|()| out.flush()) {
        // A reader that has gone, as with `| head`, is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Unavailable, "writing the records to standard output").because(error))
        }
        _ => Ok(Exit::Success),
    }
}

/// Leaves the records since the time that was asked for.
fn leave(records: &mut Vec<Record>, matches: &ArgMatches) {
    if let Some(since) = matches.get_one::<Timestamp>("since") {
        records.retain(|record| record.ended >= *since);
    }
}

/// Writes each record as the JSON object that it is sealed as.
fn lines(out: &mut dyn Write, records: &[Record]) -> io::Result<()> {
    for record in records {
        serde_json::to_writer(&mut *out, record)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The columns of the table.
const HEAD: [&str; 24] = [
    "job",
    "asked",
    "ended",
    "actor",
    "actor_id",
    "team",
    "channel",
    "channel_id",
    "chat",
    "command",
    "arguments",
    "outcome",
    "undelivered",
    "took_ms",
    "rule",
    "plan",
    "approvers",
    "reason",
    "origin",
    "text",
    "chain",
    "seq",
    "after",
    "seal",
];

/// Writes the records as a table with a heading.
fn table(out: &mut dyn Write, records: &[Record]) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(HEAD)?;
    for record in records {
        table.write_record(row(record).map(harmless))?;
    }
    table.flush()
}

fn row(record: &Record) -> [String; HEAD.len()] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let link = record.link.as_ref();
    let approvers = record.approvers.iter().map(|approver| format!("{} at {}", approver.who.id, approver.at.rfc3339()));
    let after = link.into_iter().flat_map(|link| &link.after).map(|seen| seen.seal.as_str());
    [
        record.job.to_string(),
        record.asked.rfc3339(),
        record.ended.rfc3339(),
        record.actor.name.clone(),
        record.actor.id.clone(),
        record.actor.team.clone(),
        record.channel.name.clone(),
        record.channel.id.clone(),
        record.chat.clone(),
        record.command.clone(),
        record.arguments.clone(),
        record.outcome.as_str().to_owned(),
        text(&record.undelivered),
        record.took.map(|took| took.to_string()).unwrap_or_default(),
        text(&record.rule),
        text(&record.plan),
        approvers.collect::<Vec<_>>().join(" "),
        text(&record.reason),
        record.origin.as_ref().map(ToString::to_string).unwrap_or_default(),
        text(&record.text),
        link.map(|link| link.chain.to_string()).unwrap_or_default(),
        link.map(|link| link.seq.to_string()).unwrap_or_default(),
        after.collect::<Vec<_>>().join(" "),
        link.map(|link| link.seal.clone()).unwrap_or_default(),
    ]
}

/// Puts an apostrophe before what a spreadsheet would run as a formula. owasp.org, "CSV Injection".
fn harmless(cell: String) -> String {
    let runs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if cell.starts_with(runs) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests;
