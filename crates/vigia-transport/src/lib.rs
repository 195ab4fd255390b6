//! Carries matched frames from pollers to workers.
//!
//! A transport may lose, repeat or reorder: the database is the only truth, and a position in a
//! transport is never a watermark (I-3). In one process it is a bounded channel, bounded by count
//! and by bytes.

mod channel;

pub use channel::{FrameReceiver, FrameSender, Limits, channel};
