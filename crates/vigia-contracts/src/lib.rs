//! Interprets a transaction through declared contracts and coins: pure.
//!
//! A `Registry` is built once from declarations (the shipped `contracts/confio.toml` and the
//! user's own files). `Interpreter` turns an executed transaction into activities, balance effects
//! and business events; it is also the fold that turns stored business events into the state of a
//! payment, trade or invitation. Nothing here does I/O or knows of a database.

mod declaration;
mod fold;
mod guard;
mod handler;
mod interpret;
mod layout;
mod movement;
mod parties;
mod registry;
mod told;

pub use declaration::{ContractFile, DeclarationError, PackageIds};
pub use fold::{Moment, event_sender};
pub use guard::CoinGuard;
pub use handler::{HandledEvent, Handler, Meaning};
pub use interpret::{InterpretError, Interpretation, Interpreter};
pub use layout::{
    Datatypes, EVENT_BYTES_MAX, LAYOUT_DEPTH_MAX, LAYOUT_NODES_MAX, Layout, LayoutError,
    LayoutField, ResolveError, VALUES_MAX, VARIANT, decode, is_built_in,
};
pub use registry::{ContractSummary, EventError, EventSummary, Registry};
pub use told::{CurrentRegistry, Told};

/// The contracts of Confío, as shipped: every event declared, package ids left to the deployment.
pub const CONFIO: &str = include_str!("../contracts/confio.toml");
