//! What a process has used: CPU time and memory, as the kernel counts them.

#[path = "ledger.rs"]
mod ledger;

use std::time::Duration;

#[allow(unused_imports, reason = "every bench uses a part of it")]
pub(crate) use self::ledger::{look, processes, watch_processes};

/// CPU time of this process so far, user and system.
pub(crate) fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    // Fields 14 and 15, counted after the first three.
    ticks(&fields(&stat), &[11, 12])
}

/// CPU time of a process and its children so far, those that are gone included.
pub(crate) fn family_cpu_time(parent: u32) -> Duration {
    let parent = parent.to_string();
    let mut sum = Duration::ZERO;
    for entry in std::fs::read_dir("/proc").expect("Linux tells").flatten() {
        // Not a process, or one that has just ended.
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let fields = fields(&stat);
        if entry.file_name().to_string_lossy() == parent {
            // Its own, and that of children it has waited for.
            sum += ticks(&fields, &[11, 12, 13, 14]);
        } else if fields.get(1) == Some(&parent.as_str()) {
            sum += ticks(&fields, &[11, 12]);
        }
    }
    sum
}

/// What `/proc/PID/stat` says after the second field, a name in brackets that may hold spaces.
fn fields(stat: &str) -> Vec<&str> {
    let after_name = stat.rsplit(") ").next().expect("a name in brackets");
    after_name.split(' ').collect()
}

fn ticks(fields: &[&str], wanted: &[usize]) -> Duration {
    let ticks: u64 = wanted
        .iter()
        .map(|field| fields[*field].parse::<u64>().expect("ticks"))
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_S)
}

/// `USER_HZ`, which is 100 on every Linux that Rust runs on.
const TICKS_PER_S: u64 = 100;

/// CPU time of another process so far; none where it is gone.
pub(crate) fn cpu_time_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(ticks(&fields(&stat), &[11, 12]))
}

/// The most memory this process has had resident, in KiB.
pub(crate) fn peak_rss_kib() -> u64 {
    peak_rss_kib_of(std::process::id()).expect("Linux tells")
}

/// The most memory a process has had resident, in KiB; none where it is gone.
pub(crate) fn peak_rss_kib_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Memory that a process has resident now, its share of what it shares, in KiB; none where it is gone.
pub(crate) fn pss_kib_of(process: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The same of a process and its children.
pub(crate) fn family_pss_kib(parent: u32) -> u64 {
    let parent_text = parent.to_string();
    let children = std::fs::read_dir("/proc").expect("Linux tells").flatten();
    let children = children.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let is_child = fields(&stat).get(1) == Some(&parent_text.as_str());
        is_child.then(|| entry.file_name().to_string_lossy().parse().ok())?
    });
    let all = children.chain([parent]);
    all.filter_map(pss_kib_of).sum()
}
