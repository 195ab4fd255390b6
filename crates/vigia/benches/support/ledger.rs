//! What every process of a bench takes, from its start to its end: this one, those it starts, those that they start, and the
//! server that `cargo xtask bench` has started for it.
//!
//! A process tells no more once it is gone, so all are looked at again and again, and once more before one is ended.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// How often processes are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// At one of so many looks the server's memory is added up, which takes longer.
const LOOKS_PER_SERVER_LOOK: u32 = 20;

static LEDGER: OnceLock<Mutex<Ledger>> = OnceLock::new();

#[derive(Default)]
struct Ledger {
    /// By process id.
    taken: BTreeMap<u32, Taken>,
    server: Option<Server>,
    looks: u32,
}

struct Taken {
    name: String,
    cpu: Duration,
    peak_kib: u64,
}

/// A server with processes of its own, which was there before.
struct Server {
    process: u32,
    before: Duration,
    taken: Taken,
}

/// Begins to look at the processes of this bench.
pub(crate) fn watch_processes() {
    let server = std::env::var("VIGIA_BENCH_POSTGRES_PID").ok();
    let server = server.and_then(|id| id.parse().ok()).map(|process| Server {
        process,
        before: super::family_cpu_time(process),
        taken: Taken {
            name: "postgres".to_owned(),
            cpu: Duration::ZERO,
            peak_kib: 0,
        },
    });
    let ledger = Ledger {
        server,
        ..Ledger::default()
    };
    assert!(LEDGER.set(Mutex::new(ledger)).is_ok(), "begun once");
    std::thread::spawn(|| {
        loop {
            look();
            std::thread::sleep(LOOK_INTERVAL);
        }
    });
}

fn ledger() -> Option<MutexGuard<'static, Ledger>> {
    let ledger = LEDGER.get()?;
    Some(ledger.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Looks at them now.
pub(crate) fn look() {
    if let Some(mut ledger) = ledger() {
        ledger.look();
    }
}

/// What each took, with those of one name together.
pub(crate) fn processes() -> Vec<Value> {
    let mut ledger = ledger().expect("watch_processes was called");
    ledger.looks = 0;
    ledger.look();
    let mut by_name = BTreeMap::<&str, (u32, Duration, u64)>::new();
    let server = ledger.server.iter().map(|server| &server.taken);
    for taken in ledger.taken.values().chain(server) {
        let all = by_name.entry(&taken.name).or_default();
        *all = (all.0 + 1, all.1 + taken.cpu, all.2.max(taken.peak_kib));
    }
    let said = by_name.into_iter().map(|(name, (count, cpu, peak_kib))| {
        json!({
            "name": name,
            "count": count,
            "cpu_s": cpu.as_secs_f64(),
            "peak_mb": peak_kib.div_ceil(1_024),
        })
    });
    said.collect()
}

impl Ledger {
    fn look(&mut self) {
        let own = std::process::id();
        let mut left = vec![own];
        while let Some(process) = left.pop() {
            left.extend(children(process));
            let (Some(cpu), Some(peak_kib)) =
                (super::cpu_time_of(process), super::peak_rss_kib_of(process))
            else {
                continue;
            };
            let taken = self.taken.entry(process).or_insert_with(|| Taken {
                name: String::new(),
                cpu,
                peak_kib,
            });
            (taken.cpu, taken.peak_kib) = (cpu, peak_kib.max(taken.peak_kib));
            // Between fork and exec a child still has its parent's name.
            taken.name = name(process, own).unwrap_or_default();
        }
        if let Some(server) = &mut self.server {
            let cpu = super::family_cpu_time(server.process);
            server.taken.cpu = cpu.saturating_sub(server.before);
            if self.looks.is_multiple_of(LOOKS_PER_SERVER_LOOK) {
                let memory = super::family_pss_kib(server.process);
                server.taken.peak_kib = server.taken.peak_kib.max(memory);
            }
        }
        self.looks += 1;
    }
}

/// The processes that a process has started and that are not gone.
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| {
        let children = thread.path().join("children");
        std::fs::read_to_string(children).ok()
    });
    let each = lists.flat_map(|list| {
        let children = list.split_whitespace().map(str::parse::<u32>);
        children.filter_map(Result::ok).collect::<Vec<_>>()
    });
    each.collect()
}

/// The program, with what was asked of it.
fn name(process: u32, own: u32) -> Option<String> {
    if process == own {
        return Some("bench".to_owned());
    }
    let line = std::fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let program = words.next()?.into_owned();
    let program = Path::new(&program).file_name()?.to_string_lossy();
    let words: Vec<_> = words.collect();
    if words.iter().any(|word| word == "--node") {
        return Some("node".to_owned());
    }
    if words.iter().any(|word| word == "--proven") {
        return Some("bench, proven".to_owned());
    }
    Some(match (program.as_ref(), words.first()) {
        ("vigia", Some(command)) => format!("vigia {command}"),
        // Cargo puts a hash behind a bench's name.
        (other, _) => other
            .rsplit_once('-')
            .map_or(other, |(name, hash)| match hash.len() == 16 {
                true => name,
                false => other,
            })
            .to_owned(),
    })
}
