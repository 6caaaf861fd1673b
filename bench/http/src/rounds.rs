//! The programs take turns, so that a slow moment of the machine hits all of them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::figures::Row;
use crate::process::Process;
use crate::pubsub::PubSub;
use crate::target::Target;
use crate::{Failure, machine, table, usage};

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What the programs are made for.
    pub(crate) target: Target,
    /// How many fresh processes of each.
    pub(crate) rounds: usize,
    /// How many commands each process acknowledges; the first of them is the cold one.
    pub(crate) acks: usize,
    /// The programs.
    pub(crate) subjects: Vec<Subject>,
    /// Figures from elsewhere.
    pub(crate) rows: Vec<Row>,
}

/// A program.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Whether it is the peer, of which nothing but 200 is expected.
    pub(crate) is_bare: bool,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Subject {
    /// Returns the name of its column.
    pub(crate) const fn name(&self) -> &'static str {
        if self.is_bare { "bare" } else { "catops" }
    }
}

/// What was measured of one program: one entry for each process, or for each warm acknowledgement.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// From spawn to the first answer.
    pub(crate) start: Vec<Duration>,
    /// From spawn to the acknowledgement of the first command.
    pub(crate) cold_ack: Vec<Duration>,
    /// CPU from spawn to the acknowledgement of the first command.
    pub(crate) cold_cpu: Vec<Duration>,
    /// From sending a command to its acknowledgement.
    pub(crate) warm_ack: Vec<Duration>,
    /// CPU of one warm acknowledgement, the mean of a process.
    pub(crate) warm_cpu: Vec<Duration>,
    /// The most memory that was resident, in KiB.
    pub(crate) peak: Vec<u64>,
}

/// Measures all and prints the table.
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    let before = machine::times()?;
    let pubsub = PubSub::start()?;
    let mut measured: Vec<Measured> = plan.subjects.iter().map(|_| Measured::default()).collect();
    for round in 0..plan.rounds {
        // Another one begins each time.
        for turn in 0..plan.subjects.len() {
            let place = (round + turn) % plan.subjects.len();
            let subject = &plan.subjects[place];
            measure(plan, subject, &pubsub, &mut measured[place])
                .map_err(|error| format!("{}, round {round}: {error}", subject.name()))?;
        }
    }
    table::print(plan, &measured);
    let (cores, busy) = (std::thread::available_parallelism()?, machine::times()?.busy_since(&before));
    println!(
        "\nThe machine's {cores} cores were busy for {busy:.0} % of the run, which by itself keeps one of them busy."
    );
    Ok(())
}

fn measure(plan: &Plan, subject: &Subject, pubsub: &PubSub, into: &mut Measured) -> Result<(), Failure> {
    let stored = pubsub.stored();
    let mut process = Process::spawn::<&str>(plan.target, subject.path.as_os_str(), &[], pubsub.address)?;
    let (ready, mut connection) = process.first_answer()?;
    let mut acknowledge = |n| {
        let request = plan.target.ping(n);
        let begun = Instant::now();
        let answer = connection.exchange(&request).map_err(|error| process.failed(&error.to_string()))?;
        let checked = match (subject.is_bare, answer.status) {
            (true, 200) => Ok(()),
            (false, 200) => plan.target.check(&answer),
            (_, status) => Err(format!("the acknowledgement is {status}").into()),
        };
        checked.map_err(|error| process.failed(&error.to_string()))?;
        Ok::<_, Failure>(answer.at.duration_since(begun))
    };
    let start = ready.duration_since(process.spawned);
    into.start.push(start);
    // Without what the bench did between the first answer and the command.
    into.cold_ack.push(start + acknowledge(0)?);
    let cpu = usage::cpu(process.pid)?;
    into.cold_cpu.push(cpu);
    for n in 1..plan.acks {
        into.warm_ack.push(acknowledge(n)?);
    }
    into.warm_cpu.push((usage::cpu(process.pid)? - cpu) / u32::try_from(plan.acks - 1)?);
    into.peak.push(usage::peak(process.pid)?);
    let published = pubsub.stored() - stored;
    match (plan.target, subject.is_bare) {
        (Target::Gcp, false) if published != plan.acks => {
            Err(process.failed(&format!("{} acknowledged, {published} published", plan.acks)))
        }
        _ => Ok(()),
    }
}
