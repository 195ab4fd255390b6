//! What a node says about epochs.

use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tonic::Code;
use vigia_core::EpochInfo;

use super::ProviderClient;
use crate::SourceError;

/// The system state is left out, which is large.
const EPOCH_MASK: [&str; 8] = [
    "epoch",
    "committee",
    "first_checkpoint",
    "last_checkpoint",
    "start",
    "end",
    "reference_gas_price",
    "protocol_config.protocol_version",
];

impl ProviderClient {
    /// Asks about an epoch, or the one that goes on; none where the node does not know it any more.
    pub(crate) async fn epoch(&self, epoch: Option<u64>) -> Result<Option<EpochInfo>, SourceError> {
        let Some((number, found)) = self.get_epoch(epoch, &EPOCH_MASK).await? else {
            return Ok(None);
        };
        let committee = found.committee.map(|committee| committee.members.len());
        let protocol = found.protocol_config;
        Ok(Some(EpochInfo {
            epoch: number,
            start_ms: found.start.and_then(time_ms),
            end_ms: found.end.and_then(time_ms),
            first_checkpoint: found.first_checkpoint,
            last_checkpoint: found.last_checkpoint,
            reference_gas_price: found.reference_gas_price,
            protocol_version: protocol.and_then(|protocol| protocol.protocol_version),
            committee_members: committee.and_then(|members| u64::try_from(members).ok()),
        }))
    }

    /// Fields of an epoch, and its number; none where the node does not know it any more, or never does.
    pub(super) async fn get_epoch(
        &self,
        epoch: Option<u64>,
        mask: &[&str],
    ) -> Result<Option<(u64, proto::Epoch)>, SourceError> {
        let mut request = proto::GetEpochRequest::default();
        request.epoch = epoch;
        request.read_mask = Some(FieldMask::from_paths(mask));
        let response = match self.client.clone().ledger_client().get_epoch(request).await {
            Ok(response) => response.into_inner(),
            Err(status) if matches!(status.code(), Code::NotFound | Code::Unimplemented) => {
                return Ok(None);
            }
            Err(status) => return Err(self.error(&status)),
        };
        let found = response.epoch.unwrap_or_default();
        // An absent number is not epoch 0 (I-4).
        let Some(number) = found.epoch else {
            return Err(self.problem("it tells of an epoch without a number"));
        };
        if epoch.is_some_and(|asked| asked != number) {
            return Err(self.problem(format!("asked about epoch {epoch:?}, it tells of {number}")));
        }
        Ok(Some((number, found)))
    }
}

/// Milliseconds since 1970; none where they are before it, or too many.
pub(crate) fn time_ms(time: prost_types::Timestamp) -> Option<u64> {
    let seconds_ms = u64::try_from(time.seconds).ok()?.checked_mul(1_000)?;
    seconds_ms.checked_add(u64::try_from(time.nanos).ok()? / 1_000_000)
}
