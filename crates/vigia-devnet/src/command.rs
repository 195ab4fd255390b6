//! Commands that serve until they are interrupted.

mod bucket;
mod control;
mod faults;
mod serve;

pub(crate) use bucket::{Bucket, run_bucket};
pub(crate) use serve::{Serve, run_serve};
