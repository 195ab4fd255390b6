//! What the validators signed, and what follows from it. Pure: no I/O, no async.
//!
//! A [`TrustRoot`] is the one committee that has to be believed. From it [`Committees`] go from epoch to
//! epoch: the last summary of each, signed by its committee, names the next one. A committee's signature
//! makes an [`Anchor`] of a summary; whatever is linked to an anchor by digests is proven with it:
//! earlier summaries by [`prove_linked`], and a whole checkpoint, over the very bytes that are matched,
//! by [`verify_checkpoint`]. What no signature covers, amounts that need objects, is proven by
//! [`prove_amounts`] or said not to be.
//!
//! Whom to ask for summaries, and what is kept of them, is decided elsewhere (`providers`, the store).

mod amounts;
mod anchor;
mod certified;
mod checkpoint;
mod committee;
mod committees;
mod error;
mod genesis;
mod root;
mod system_state;

pub use amounts::prove_amounts;
pub use anchor::{Anchor, prove_linked};
pub use certified::CertifiedSummary;
pub use checkpoint::{ProvenCheckpoint, verify_checkpoint};
pub use committee::{Committee, committee_digest};
pub use committees::{Announced, Committees};
pub use error::TrustError;
pub use root::{CommitteePin, InvalidPin, RootSource, TrustRoot};
