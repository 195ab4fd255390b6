//! What benches share: the report, the machine, and the simulated node as a process of its own.

#![allow(dead_code, reason = "every bench uses a part of it")]

pub(crate) mod node;
pub(crate) mod program;
pub(crate) mod report;
pub(crate) mod usage;
