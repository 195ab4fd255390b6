//! What is behind: ranges of checkpoints that somebody asks for, and the history of addresses that were
//! added (I-7). All of it is committed in the import lane, so it moves no watermark and tells nobody
//! (I-16), and is keyed as live data is, so that where both overlap nothing is there twice (I-2).

mod import;
mod ledger;
mod listed;
mod place;
mod refetch;
mod registration;
mod whole;
mod work;

pub use import::{Import, ImportError, Imported, Step};
pub use place::HistorySource;
pub use refetch::{Refetch, Refetched};
pub use registration::{HistoryLimits, HistoryRunner, RunnerMemory};
