//! What benches share: the report, the machine, and the simulated node as a process of its own.

#![allow(dead_code, reason = "every bench uses a part of it")]

pub(crate) mod asking;
pub(crate) mod bare;
pub(crate) mod deployment;
pub(crate) mod loopback;
pub(crate) mod node;
pub(crate) mod people;
pub(crate) mod program;
pub(crate) mod proven;
pub(crate) mod receiver;
pub(crate) mod redis;
pub(crate) mod report;
pub(crate) mod telling;
pub(crate) mod usage;

use vigia_core::{Address, Hasher};

/// Whether the bench has to be done within a minute.
pub(crate) fn is_quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// The chain of the benches of the pipeline, and how many addresses they watch.
pub(crate) fn pipeline_size() -> (node::NodeConfig, u64) {
    let (transactions, watched) = match is_quick() {
        true => (20_000, 20_000),
        false => (100_000, 200_000),
    };
    (node::NodeConfig::with_transactions(transactions), watched)
}

/// What `cargo xtask bench` says about the servers that it has started.
pub(crate) fn told(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is set by cargo xtask bench"))
}

/// The address watched as number `n`: the wallet's users come first, then strangers.
pub(crate) fn watched_address(n: u64, users: &[Address]) -> Address {
    let known = usize::try_from(n).ok().and_then(|n| users.get(n));
    known.copied().unwrap_or_else(|| {
        let mut hasher = Hasher::new();
        hasher.update(n.to_le_bytes());
        Address::new(*hasher.finalize().inner())
    })
}
