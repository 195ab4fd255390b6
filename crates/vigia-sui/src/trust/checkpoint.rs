//! A whole checkpoint, proven over the bytes that came.

use std::collections::BTreeMap;

use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Checkpoint, Proof, ProofPart, Why};

use super::{Anchor, TrustError};
use crate::SourceError;
use crate::decode::{Bound, OBJECTS_MASK, Objects, bound_from_proto, summary_from_proto};

/// A checkpoint whose every transaction is proven: its bytes, its effects and its events, and that none
/// is left out or added. Amounts are not in it (see [`super::prove_amounts`]), whatever the node said.
#[derive(Clone, Debug)]
pub struct ProvenCheckpoint {
    /// The checkpoint, its balance changes empty.
    pub checkpoint: Checkpoint,
    /// The epoch whose committee vouches for it.
    pub epoch: u64,
    /// Transactions, by index, whose prior owners are not proven: version 1 effects do not state them,
    /// and the objects that do were not there.
    pub owners_unproven: BTreeMap<u32, Why>,
    /// The objects that came along, for amounts.
    pub objects: Objects,
}

impl ProvenCheckpoint {
    /// Field paths of `sui.rpc.v2.Checkpoint` that it takes; the signature only where it is not linked.
    pub const MASK: [&'static str; 7] = [
        "sequence_number",
        "summary.bcs",
        "signature",
        "contents.bcs",
        "transactions.transaction.bcs",
        "transactions.effects.bcs",
        "transactions.events.bcs",
    ];

    /// The same, and the objects that amounts are proven with.
    pub const MASK_WITH_OBJECTS: [&'static str; 8] = [
        "sequence_number",
        "summary.bcs",
        "signature",
        "contents.bcs",
        "transactions.transaction.bcs",
        "transactions.effects.bcs",
        "transactions.events.bcs",
        OBJECTS_MASK,
    ];
}

/// Checks that a message is the checkpoint of an anchor, down to each byte of its transactions.
pub fn verify_checkpoint(
    message: &proto::Checkpoint,
    anchor: &Anchor,
) -> Result<ProvenCheckpoint, SourceError> {
    let (summary, header) = summary_from_proto(message)?;
    anchor.check(&header)?;
    let Bound {
        header,
        mut transactions,
        has_contents,
        objects,
    } = bound_from_proto(message, (summary, header))?;
    if !has_contents {
        let sequence = header.sequence;
        let what = "contents";
        return Err(TrustError::Missing { sequence, what }.into());
    }
    let mut owners_unproven = BTreeMap::new();
    let proof = Proof::whole(anchor.epoch());
    let proof = proof.without(
        ProofPart::Amounts,
        Why::of("its objects were not asked for"),
    );
    for transaction in &mut transactions {
        transaction.proof = proof.clone();
        match objects.owners_before(transaction) {
            Ok(owners) => transaction.owners_before = owners,
            Err(error) => {
                let why = Why::new(error.to_string());
                transaction.proof = proof.clone().without(ProofPart::Owners, why.clone());
                owners_unproven.insert(transaction.place.index, why);
            }
        }
    }
    Ok(ProvenCheckpoint {
        checkpoint: Checkpoint {
            header,
            transactions,
            scanned: None,
        },
        epoch: anchor.epoch(),
        owners_unproven,
        objects,
    })
}
