//! The watch list as a pure, swappable matcher.
//!
//! A `WatchList` answers one question: does this transaction concern anybody, and why. It holds no
//! accounts and does no I/O; the database is the truth and this is its image in memory.

mod footprint;
mod list;
mod scan;
mod shared;

pub use list::WatchList;
pub use scan::{Decode, Passed};
pub use shared::SharedWatchList;
