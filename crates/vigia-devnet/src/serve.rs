//! The node: what it remembers of a chain, and the gRPC services that answer from it.
//!
//! A checkpoint enters through `Node::append` and leaves through `tell`, which has it rendered
//! (`render` alone turns it into messages; `encoded` keeps what it made). One node is shown by several
//! faces, each with its own faults (`misbehaviour` has those in force). Each fault is applied where
//! it happens to real nodes:
//!
//! | what | where |
//! |---|---|
//! | connections that are silent or reset | `socket`, below HTTP |
//! | calls that are refused | `gate`, before the services |
//! | answers that stop, stall, trickle, come twice or in another order | `flow`, on their frames |
//! | how far the chain has come and goes back, and which chain it is | `face` and `view` |
//! | checkpoints that are not what was made | `forge`, before they are rendered |
//! | messages that contradict themselves | `alter`, `hide`, `missing`, after that |

mod alter;
mod bucket;
mod cursor;
mod encoded;
mod face;
mod filter;
mod flow;
mod forge;
mod gate;
mod headers;
mod hide;
mod items;
mod ledger;
mod mask;
mod misbehaviour;
mod missing;
mod node;
mod packages;
mod render;
mod scan;
mod socket;
mod state;
mod stored;
mod subscription;
mod tell;
mod view;
mod wire;

pub(crate) use bucket::{Shelf, serve_bucket};
pub(crate) use encoded::EncodedMask;
pub(crate) use face::{Face, huge_of};
pub(crate) use node::Node;
pub(crate) use render::checkpoint as render_checkpoint;
pub(crate) use stored::Stored;
pub(crate) use wire::{WireOptions, serve};
