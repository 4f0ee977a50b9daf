//! What processes use, as `/proc` tells it.

use std::fs;

/// A process that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) pid: u32,
}

/// CPU seconds of a process.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    pub(crate) name: String,
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Spent {
    pub(crate) fn total(&self) -> f64 {
        self.user + self.system
    }
}

/// Ticks of `/proc/*/stat` in a second: Linux shows 100 of them to programs everywhere.
const TICKS: f64 = 100.0;

/// Returns the CPU seconds of processes so far; one that is gone has none.
pub(crate) fn spent(processes: &[Process]) -> Vec<Spent> {
    let one = |process: &Process| {
        let (user, system) = stat(process.pid, 11).unwrap_or_default();
        Spent { name: process.name.clone(), user, system }
    };
    processes.iter().map(one).collect()
}

/// Returns what children of ours that have ended took.
pub(crate) fn spent_by_children() -> Spent {
    let (user, system) = stat(std::process::id(), 13).unwrap_or_default();
    Spent { name: "client".to_owned(), user, system }
}

/// Returns what this process took.
pub(crate) fn spent_by_self() -> Spent {
    let (user, system) = stat(std::process::id(), 11).unwrap_or_default();
    Spent { name: "client".to_owned(), user, system }
}

/// Returns the differences of two readings.
pub(crate) fn between(before: &[Spent], after: &[Spent]) -> Vec<Spent> {
    let one = |(before, after): (&Spent, &Spent)| Spent {
        name: after.name.clone(),
        user: after.user - before.user,
        system: after.system - before.system,
    };
    before.iter().zip(after).map(one).collect()
}

/// Reads two times out of `/proc/PID/stat`, the first at a place behind the program's name.
fn stat(pid: u32, place: usize) -> Option<(f64, f64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind) = text.rsplit_once(')')?;
    let mut words = behind.split_whitespace().skip(place);
    let user: f64 = words.next()?.parse().ok()?;
    let system: f64 = words.next()?.parse().ok()?;
    Some((user / TICKS, system / TICKS))
}

/// Returns the resident bytes of processes.
pub(crate) fn memory(processes: &[Process]) -> Vec<(String, u64)> {
    processes.iter().map(|one| (one.name.clone(), resident(one.pid))).collect()
}

/// Returns the resident bytes of a process, 0 if it is gone.
pub(crate) fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kib = line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_process_has_memory_and_takes_time() {
        let own = [Process { name: "own".to_owned(), pid: std::process::id() }];
        assert!(memory(&own)[0].1 > 1 << 20);
        let before = spent(&own);
        let mut sum = 0u64;
        while between(&before, &spent(&own))[0].total() <= 0.0 {
            sum = (0..10_000).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        assert_ne!(sum, 1);
        assert_eq!(spent(&[Process { name: String::new(), pid: 0 }])[0].total(), 0.0);
    }
}
