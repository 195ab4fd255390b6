//! The node: what it remembers of a chain, and the gRPC services that answer from it.
//!
//! Everything that leaves the node about a checkpoint goes through `render`; that is the one place
//! between chain and wire.

mod cursor;
mod encoded;

mod filter;
mod headers;
mod items;
mod ledger;
mod mask;
mod node;
mod packages;
mod render;
mod scan;
mod state;
mod stored;
mod subscription;
mod wire;

pub(crate) use encoded::EncodedMask;
pub(crate) use node::Node;
pub(crate) use render::checkpoint as render_checkpoint;
pub(crate) use stored::Stored;
pub(crate) use wire::{WireOptions, serve};
