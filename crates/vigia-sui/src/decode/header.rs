//! The header of a checkpoint from gRPC: numbers are present, digests are those of the bytes.

use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::CheckpointSummary;
use vigia_core::{CheckpointHeader, Digest};

use super::{bcs_value, decode_bcs};
use crate::SourceError;
use crate::integrity;

/// Decodes the header of a checkpoint. The digest that the node states has to be that of the summary
/// it sent.
pub(crate) fn header_from_proto(
    message: &proto::Checkpoint,
) -> Result<CheckpointHeader, SourceError> {
    let (_, header) = summary_from_proto(message)?;
    if message.digest.is_none() {
        return Err(missing(Some(header.sequence), "digest"));
    }
    Ok(header)
}

/// The summary of a checkpoint and the header it makes.
pub(crate) fn summary_from_proto(
    message: &proto::Checkpoint,
) -> Result<(CheckpointSummary, CheckpointHeader), SourceError> {
    let sequence = message
        .sequence_number
        .ok_or_else(|| missing(None, "sequence_number"))?;
    let summary = message
        .summary
        .as_ref()
        .and_then(|summary| summary.bcs.as_ref());
    let summary_bcs = bcs_value(summary).ok_or_else(|| missing(Some(sequence), "summary.bcs"))?;
    let summary: CheckpointSummary = decode_bcs(sequence, "summary", summary_bcs)?;
    if summary.sequence_number != sequence {
        let problem = format!(
            "its summary is that of checkpoint {}",
            summary.sequence_number
        );
        return Err(SourceError::invalid(sequence, problem));
    }
    let digest = integrity::digest_of("CheckpointSummary", summary_bcs);
    if let Some(stated) = &message.digest
        && *stated != digest.to_string()
    {
        let problem = format!("its summary has digest {digest}, the node states {stated:?}");
        return Err(SourceError::invalid(sequence, problem));
    }
    let header = header_of(&summary, digest);
    Ok((summary, header))
}

fn missing(sequence: Option<u64>, what: &str) -> SourceError {
    SourceError::Missing {
        sequence: sequence.map_or("without a number".to_owned(), |n| n.to_string()),
        what: what.to_owned(),
    }
}

/// The part of a summary that vigia keeps.
pub(super) fn header_of(summary: &CheckpointSummary, digest: Digest) -> CheckpointHeader {
    CheckpointHeader {
        sequence: summary.sequence_number,
        digest,
        previous_digest: summary.previous_digest,
        epoch: summary.epoch,
        timestamp_ms: summary.timestamp_ms,
    }
}

#[cfg(test)]
mod tests {
    use vigia_devnet::{ChainConfig, generate};

    use super::*;

    /// A checkpoint as a node sends it for the mask of headers.
    fn sent() -> proto::Checkpoint {
        let data = generate(ChainConfig::default()).nth(2);
        let summary = data.expect("a chain").checkpoint_summary.checkpoint;
        let mut bcs = proto::Bcs::default();
        bcs.value = Some(bcs::to_bytes(&summary).unwrap().into());
        let mut message = proto::Checkpoint::default();
        message.sequence_number = Some(summary.sequence_number);
        message.digest = Some(summary.digest().to_string());
        message.summary.get_or_insert_default().bcs = Some(bcs);
        message
    }

    fn refused(change: impl FnOnce(&mut proto::Checkpoint)) -> String {
        let mut message = sent();
        change(&mut message);
        header_from_proto(&message).unwrap_err().to_string()
    }

    #[test]
    fn a_header_is_that_of_its_summary() {
        let header = header_from_proto(&sent()).unwrap();
        assert_eq!((header.sequence, header.epoch), (2, 0));
        assert_eq!(Some(header.digest.to_string()), sent().digest);
        assert!(header.previous_digest.is_some() && header.timestamp_ms > 0);
    }

    #[test]
    fn what_is_absent_or_does_not_fit_is_refused() {
        let text = refused(|message| message.sequence_number = None);
        assert_eq!(
            text,
            "checkpoint without a number: sequence_number is missing"
        );
        let text = refused(|message| message.sequence_number = Some(3));
        assert_eq!(text, "checkpoint 3: its summary is that of checkpoint 2");
        let text = refused(|message| message.digest = None);
        assert_eq!(text, "checkpoint 2: digest is missing");
        let text = refused(|message| message.digest = Some("11".to_owned()));
        assert!(text.contains("the node states \"11\""), "{text}");
        let text = refused(|message| message.summary = None);
        assert_eq!(text, "checkpoint 2: summary.bcs is missing");
        let text = refused(|message| {
            let summary = message.summary.as_mut().and_then(|s| s.bcs.as_mut());
            summary.expect("it is there").value = Some(vec![1, 2, 3].into());
        });
        assert!(text.contains("its summary cannot be decoded"), "{text}");
    }
}
