//! Plain values of vigia and their invariants: no I/O, no async.

mod balance;

pub use balance::{derive_balance_changes, owning_address};
