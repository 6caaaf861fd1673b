//! How busy the machine is with everything that runs on it.

use crate::Failure;

/// What all cores together did since the machine started, in ticks of the kernel.
#[derive(Debug)]
pub(crate) struct Times {
    busy: u64,
    idle: u64,
}

impl Times {
    /// Returns for how much of the time since `before` the cores were busy, in percent.
    pub(crate) fn busy_since(&self, before: &Self) -> f64 {
        let (busy, idle) = (self.busy - before.busy, self.idle.saturating_sub(before.idle));
        100.0 * busy as f64 / (busy + idle).max(1) as f64
    }
}

/// Reads the times.
pub(crate) fn times() -> Result<Times, Failure> {
    read(&std::fs::read_to_string("/proc/stat")?).ok_or_else(|| "the first line of /proc/stat has no times".into())
}

/// Reads the first line: user, nice, system, idle, waiting for a disk, interrupts (two), stolen, and guests, which are user time
/// already.
fn read(stat: &str) -> Option<Times> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[user, nice, system, idle, waiting, hard, soft, stolen, ..] = ticks.as_slice() else { return None };
    Some(Times { busy: user + nice + system + hard + soft + stolen, idle: idle + waiting })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_ticks_were_busy() {
        let before = read("cpu  100 0 50 1000 10 0 5 0 7 0\ncpu0 1 2 3").unwrap();
        let after = read("cpu  120 1 55 1009 11 2 6 1 9 0\n").unwrap();
        assert_eq!(after.busy_since(&before), 75.0);
        assert!(read("cpu0 1 2 3 4 5 6 7 8").is_none());
    }
}
