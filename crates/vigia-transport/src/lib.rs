//! Carries matched frames from pollers to workers.
//!
//! A transport may lose, repeat or reorder: the database is the only truth, and a position in a
//! transport is never a watermark (I-3). So nothing here recognises duplicates or keeps an order:
//! a commit finds what was written before, and what was sent and not committed is sent again by
//! its poller.
//!
//! `FrameSender` and `FrameReceiver` are the seam. Behind it are a bounded channel within one
//! process, Redis Streams, and Amazon SQS (feature `sqs`); one conformance suite holds for all.

mod backlog;
mod backoff;
mod broker;
mod channel;
pub mod codec;
mod depot;
mod error;
mod frames;
mod receipt;
mod redis_streams;
#[cfg(feature = "sqs")]
mod sqs;
mod stats;

pub use backlog::Backlog;
pub use broker::ReceiverLimits;
pub use channel::{ChannelReceiver, ChannelSender, Limits, channel};
pub use depot::{Depot, DepotError};
pub use error::TransportError;
pub use frames::{Delivery, FrameReceiver, FrameSender};
pub use receipt::Receipt;
pub use redis_streams::{RedisConfig, RedisCounts, RedisReceiver, RedisSender};
#[cfg(feature = "sqs")]
pub use sqs::{SqsConfig, SqsCredentials, SqsReceiver, SqsSender};
pub use stats::TransportStats;
