//! A simulated Sui full node over real gRPC, for the demo, tests and benches.

mod chain;

pub use chain::*;
