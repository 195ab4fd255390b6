//! What a watch list takes in memory, each size in a process of its own.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people, not money"
)]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

mod support;

use std::hint::black_box;
use std::process::Command;

use support::report::Report;
use support::usage;
use vigia_core::WatchTarget;
use vigia_watch::WatchList;

/// The argument by which this program holds a list and says what that takes.
const HOLD: &str = "--hold";

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != HOLD);
    if let Some(count) = arguments.nth(1) {
        return hold(count.parse().expect("a number"));
    }
    usage::watch_processes();
    let sizes: &[u64] = match support::is_quick() {
        true => &[100_000],
        false => &[100_000, 1_000_000, 10_000_000],
    };
    let mut report = Report::new("memory");
    for size in sizes {
        let program = std::env::current_exe().expect("a bench is a file");
        let output = Command::new(program)
            .args([HOLD, &size.to_string()])
            .output();
        let said = String::from_utf8(output.expect("it runs").stdout).expect("text");
        let mut kib = said
            .split_whitespace()
            .map(|kib| kib.parse::<f64>().expect("a number"));
        let mut next = || kib.next().expect("two numbers") / 1024.0;
        let (held, peak) = (next(), next());
        report.figure(&format!("addresses_{size}_mb"), held);
        report.figure(&format!("addresses_{size}_peak_mb"), peak);
        report.figure(
            &format!("addresses_{size}_bytes_each"),
            held * 1_048_576.0 / *size as f64,
        );
    }
    report.setting(
        "measured",
        "resident memory more than before the list was made",
    );
    report.finish();
}

/// As a poller loads it: reserved, then filled.
fn hold(count: u64) {
    let resident = || usage::pss_kib_of(std::process::id()).expect("Linux tells");
    let before = resident();
    let mut list = WatchList::new(1);
    list.reserve_addresses(usize::try_from(count).expect("it fits"));
    for n in 0..count {
        list.insert(WatchTarget::Address(support::watched_address(n, &[])));
    }
    let held = resident() - before;
    println!("{held} {}", usage::peak_rss_kib() - before);
    black_box(&list);
}
