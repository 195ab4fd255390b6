//! What a process has used: CPU time and memory, as the kernel counts them.

use std::time::Duration;

/// CPU time of this process so far, user and system.
pub(crate) fn cpu_time() -> Duration {
    // utime and stime are the 14th and 15th fields; the second, a name in brackets, may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let after_name = stat.rsplit(") ").next().expect("a name in brackets");
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|field| fields[*field].parse::<u64>().expect("ticks"))
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_S)
}

/// `USER_HZ`, which is 100 on every Linux that Rust runs on.
const TICKS_PER_S: u64 = 100;

/// The most memory this process has had resident, in KiB.
pub(crate) fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a peak");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse()
        .expect("a number")
}
