//! The functions take turns, so that a slow moment of the machine hits all of them.

use std::time::Duration;

use crate::figures::Row;
use crate::function::{Function, Subject};
use crate::quota::Quota;
use crate::{Failure, table};

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Plan {
    /// How many fresh processes of each.
    pub(crate) rounds: usize,
    /// How many commands each process runs; the first of them is the cold one.
    pub(crate) commands: usize,
    /// The programs.
    pub(crate) subjects: Vec<Subject>,
    /// Figures from elsewhere.
    pub(crate) rows: Vec<Row>,
}

/// What was measured of one program, with one CPU share. One entry for each round, or for each warm command.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// From spawn to the first poll.
    pub(crate) first_poll: Vec<Duration>,
    /// From spawn to the acknowledgement of the first command.
    pub(crate) cold_ack: Vec<Duration>,
    /// From spawn to the reply of the first command.
    pub(crate) cold_reply: Vec<Duration>,
    /// CPU from spawn until the first command is done.
    pub(crate) cold_cpu: Vec<Duration>,
    /// From handing a command over to its acknowledgement.
    pub(crate) warm_ack: Vec<Duration>,
    /// From handing a command over to its reply.
    pub(crate) warm_reply: Vec<Duration>,
    /// CPU of one warm command, the mean of a process.
    pub(crate) warm_cpu: Vec<Duration>,
    /// The most memory that was resident, in KiB.
    pub(crate) peak: Vec<u64>,
}

/// Both CPU shares of one program.
#[derive(Debug)]
pub(crate) struct Column {
    /// The program.
    pub(crate) subject: Subject,
    /// With a core to itself.
    pub(crate) whole: Measured,
    /// With the share of a 128 MB function after init, if that can be set.
    pub(crate) share: Option<Measured>,
}

/// Measures all and prints the table.
pub(crate) async fn run(plan: Plan) -> Result<(), Failure> {
    let quota = Quota::find();
    if let Err(reason) = &quota {
        println!("The CPU share of a 128 MB function is not measured, since no cgroup can be made: {reason}\n");
    }
    let quota = quota.ok();
    let Plan { rounds, commands, subjects, rows } = plan;
    let column =
        |subject| Column { subject, whole: Measured::default(), share: quota.as_ref().map(|_| Measured::default()) };
    let mut columns: Vec<Column> = subjects.into_iter().map(column).collect();
    for round in 0..rounds {
        // Another one begins each time.
        for turn in 0..columns.len() {
            let place = (round + turn) % columns.len();
            let column = &mut columns[place];
            let name = column.subject.kind.name();
            let named = |error: Failure| Failure::from(format!("{name}, round {round}: {error}"));
            measure(&column.subject, None, commands, &mut column.whole).await.map_err(named)?;
            if let (Some(share), Some(_)) = (&mut column.share, &quota) {
                measure(&column.subject, quota.as_ref(), commands, share).await.map_err(named)?;
            }
        }
    }
    table::print(&columns, rows, rounds, commands);
    Ok(())
}

async fn measure(
    subject: &Subject,
    quota: Option<&Quota>,
    commands: usize,
    into: &mut Measured,
) -> Result<(), Failure> {
    let mut function = Function::start(subject, quota).await?;
    let done = commands_of(&mut function, commands, into).await;
    let stopped = function.stop().await;
    done.and(stopped)
}

async fn commands_of(function: &mut Function, commands: usize, into: &mut Measured) -> Result<(), Failure> {
    let init = function.init();
    into.first_poll.push(init);
    // Without what the emulator did between the poll and the event.
    let cold = function.command().await?;
    into.cold_ack.push(init + cold.ack());
    into.cold_reply.extend(cold.reply().map(|reply| init + reply));
    let cpu = function.cpu()?;
    into.cold_cpu.push(cpu);
    for _ in 1..commands {
        let warm = function.command().await?;
        into.warm_ack.push(warm.ack());
        into.warm_reply.extend(warm.reply());
    }
    into.warm_cpu.push((function.cpu()? - cpu) / u32::try_from(commands - 1)?);
    into.peak.push(function.peak()?);
    Ok(())
}
