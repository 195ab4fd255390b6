//! The watch list against a generated chain, transactions by hand, and a naive model of itself.

mod model;
mod reasons;
mod support;
