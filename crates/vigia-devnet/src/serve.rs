//! The node: what it remembers of a chain, and the gRPC services that answer from it.
//!
//! A checkpoint enters through `Node::append` and leaves through `render`, which alone turns it into
//! messages (`encoded` keeps what `render` made). Between these two is where a node that misbehaves
//! would alter what it says; streams are cut or stalled in `subscription`.

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
