//! What benches share: the report, the machine, and the simulated node as a process of its own.

pub(crate) mod node;
pub(crate) mod report;
pub(crate) mod usage;
