//! Behaviour of the simulated node, as its clients see it.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod chain;
mod clients;
mod command_line;
mod encoded;
mod files;
mod lists;
mod services;
mod stream;
mod support;
mod wire;
