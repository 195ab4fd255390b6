//! Read masks: validated against the message they select from, then turned into a tree.

use prost_types::FieldMask;
use sui_rpc::field::{FieldMaskTree, FieldMaskUtil, MessageFields};
use tonic::Status;

/// The mask of a request for messages of type `M`, or its documented default.
pub(crate) fn read_mask<M: MessageFields>(
    mask: Option<FieldMask>,
    default: &str,
) -> Result<FieldMaskTree, Status> {
    let mask = mask.unwrap_or_else(|| FieldMask::from_str(default));
    mask.validate::<M>()
        .map_err(|path| Status::invalid_argument(format!("invalid read_mask path: {path}")))?;
    Ok(FieldMaskTree::from(mask))
}

pub(crate) const CHECKPOINT_DEFAULT: &str = "sequence_number,digest";
pub(crate) const TRANSACTION_DEFAULT: &str = "digest";
pub(crate) const OBJECT_DEFAULT: &str = "object_id,version,digest";
pub(crate) const EVENT_DEFAULT: &str =
    "checkpoint,transaction_digest,transaction_index,event_index";
pub(crate) const EPOCH_DEFAULT: &str = "epoch,first_checkpoint,last_checkpoint,start,end,reference_gas_price,protocol_config.protocol_version";
