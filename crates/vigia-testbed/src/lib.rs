//! A Postgres of one's own for tests and benches, from the system's binaries: where they are, how a
//! cluster is made, and as whom its server runs.
//!
//! Commands only: who runs them also decides on folders and ports, waits, stops servers, and knows what
//! to do where there is no Postgres.

mod postgres;
mod user;

pub use postgres::{FAST, Postgres};
pub use user::{as_server_user, give_to_server_user, is_root};
