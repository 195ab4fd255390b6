//! What a provider is asked for proof. Nothing that it answers is believed here.

use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::ValidatorCommittee;
use tonic::Code;
use vigia_core::Digest;

use super::{MESSAGE_BYTES_MAX, ProviderClient};
use crate::SourceError;
use crate::decode::{OBJECTS_MASK, Objects};
use crate::trust::{Anchor, CertifiedSummary, ProvenCheckpoint, verify_checkpoint};

/// A summary with the committee it announces takes some 15 kB.
const SUMMARY_BYTES_MAX: usize = 1024 * 1024;

impl ProviderClient {
    /// The last summary of an epoch, unproven; none where the node does not have it.
    pub(crate) async fn end_of_epoch(
        &self,
        epoch: u64,
    ) -> Result<Option<CertifiedSummary>, SourceError> {
        let mask = ["epoch", "last_checkpoint"];
        let found = self.get_epoch(Some(epoch), &mask).await?;
        let Some(last) = found.and_then(|(_, found)| found.last_checkpoint) else {
            return Ok(None);
        };
        let mask = CertifiedSummary::MASK;
        let message = match self.get_checkpoint(last, &mask, SUMMARY_BYTES_MAX).await {
            Ok(message) => message,
            Err(status) if status.code() == Code::NotFound => return Ok(None),
            Err(status) => return Err(self.error(&status)),
        };
        let certified = CertifiedSummary::from_proto(&message)?;
        let (found, of) = (certified.summary(), certified.summary().epoch);
        if (found.sequence_number, of) != (last, epoch) {
            return Err(self.problem(format!(
                "asked for the last checkpoint of epoch {epoch}, {last}, it sent checkpoint {} of \
                 epoch {of}",
                found.sequence_number
            )));
        }
        Ok(Some(certified))
    }

    /// The committee of an epoch, unproven; none where the node does not know it.
    pub(crate) async fn committee(
        &self,
        epoch: u64,
    ) -> Result<Option<ValidatorCommittee>, SourceError> {
        let found = self.get_epoch(Some(epoch), &["epoch", "committee"]).await?;
        let Some(committee) = found.and_then(|(_, found)| found.committee) else {
            return Ok(None);
        };
        let committee = ValidatorCommittee::try_from(&committee);
        committee.map(Some).map_err(|error| self.problem(error))
    }

    /// A checkpoint as it has it.
    pub(crate) async fn checkpoint(
        &self,
        sequence: u64,
        mask: &[&str],
    ) -> Result<proto::Checkpoint, SourceError> {
        let message = self.get_checkpoint(sequence, mask, MESSAGE_BYTES_MAX).await;
        message.map_err(|status| self.error(&status))
    }

    /// Proves a checkpoint that it sent. Where prior owners take objects and none came along, it is
    /// asked for again with them.
    pub(crate) async fn prove(
        &self,
        message: &proto::Checkpoint,
        anchor: &Anchor,
    ) -> Result<ProvenCheckpoint, SourceError> {
        let proven = verify_checkpoint(message, anchor)?;
        if proven.owners_unproven.is_empty() || !proven.objects.is_empty() {
            return Ok(proven);
        }
        let sequence = anchor.sequence();
        let mask: Vec<&str> = ProvenCheckpoint::MASK
            .into_iter()
            .chain([OBJECTS_MASK])
            .collect();
        let message = self.checkpoint(sequence, &mask).await?;
        verify_checkpoint(&message, anchor)
    }

    /// The objects that transactions changed, unproven; those that it does not have are absent.
    pub(crate) async fn objects_of(&self, transactions: &[Digest]) -> Result<Objects, SourceError> {
        let mut request = proto::BatchGetTransactionsRequest::default();
        request.digests = transactions.iter().map(Digest::to_string).collect();
        request.read_mask = Some(FieldMask::from_paths([OBJECTS_MASK]));
        let client = self.client.clone();
        let mut client = client.with_max_decoding_message_size(MESSAGE_BYTES_MAX);
        let response = client.ledger_client().batch_get_transactions(request).await;
        let response = match response {
            Ok(response) => response.into_inner(),
            Err(status) if status.code() == Code::Unimplemented => return Ok(Objects::default()),
            Err(status) => return Err(self.error(&status)),
        };
        let mut objects = Objects::default();
        for result in response.transactions {
            if let Some(set) = result.transaction_opt().and_then(|t| t.objects.as_ref()) {
                objects.extend_from_proto(set).map_err(|problem| {
                    self.problem(format!("it sent an object that cannot be read: {problem}"))
                })?;
            }
        }
        Ok(objects)
    }
}
