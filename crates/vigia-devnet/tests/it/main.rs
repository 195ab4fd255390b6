//! Behaviour of the simulated node, as its clients see it.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod chain;
mod clients;
mod command_line;
mod counted;
mod encoded;
mod fault_answers;
mod fault_bucket;
mod fault_chain;
mod fault_process;
mod fault_streams;
mod files;
mod lists;
mod proof;
mod services;
mod stream;
mod support;
mod wire;
