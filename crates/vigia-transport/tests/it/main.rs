//! Transports through their public face: one conformance suite stamped on each, against real
//! servers that the tests start and stop themselves, and what only one of them has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod channel;
mod codec;
mod frames;
mod redis_access;
mod redis_counts;
mod redis_outages;
mod redis_streams;
mod server;
#[cfg(feature = "sqs")]
mod sqs;
#[cfg(feature = "sqs")]
mod sqs_answers;
mod suite;
mod support;
