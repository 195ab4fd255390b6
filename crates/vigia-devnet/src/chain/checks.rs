//! Checks a chain as a client would that trusts nothing but the first committee.

use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;
use sui_crypto::{SuiVerifier, UserSignatureVerifier};
use sui_sdk_types::{
    Address, CheckpointData, CheckpointTransaction, CheckpointTransactionInfo, Digest, Object,
    ObjectChange, TransactionEvents, ValidatorCommittee,
};

/// What is wrong with a chain, and where.
#[derive(Debug)]
pub struct VerifyError {
    /// The checkpoint at fault.
    pub sequence_number: u64,
    /// What does not hold there.
    pub reason: String,
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            sequence_number,
            reason,
        } = self;
        write!(f, "checkpoint {sequence_number}: {reason}")
    }
}

impl std::error::Error for VerifyError {}

/// Verifies adjacent checkpoints from genesis on: validators' signatures over committees that
/// follow from the first, links between summaries, and every digest and user signature below them.
pub fn verify_chain(
    genesis_committee: ValidatorCommittee,
    checkpoints: impl IntoIterator<Item = CheckpointData>,
) -> Result<u64, VerifyError> {
    let mut verifier = verifier_of(genesis_committee).map_err(|reason| at(0, reason))?;
    let mut previous: Option<Digest> = None;
    let mut count = 0;
    for data in checkpoints {
        let summary = &data.checkpoint_summary.checkpoint;
        let located = |reason| at(summary.sequence_number, reason);
        verify_summary(&data, &verifier, count, previous).map_err(located)?;
        verify_contents(&data).map_err(located)?;
        if let Some(end) = &summary.end_of_epoch_data {
            let next = ValidatorCommittee {
                epoch: summary.epoch + 1,
                members: end.next_epoch_committee.clone(),
            };
            verifier = verifier_of(next).map_err(located)?;
        }
        previous = Some(summary.digest());
        count += 1;
    }
    Ok(count)
}

fn at(sequence_number: u64, reason: String) -> VerifyError {
    VerifyError {
        sequence_number,
        reason,
    }
}

fn verifier_of(
    committee: ValidatorCommittee,
) -> Result<ValidatorCommitteeSignatureVerifier, String> {
    ValidatorCommitteeSignatureVerifier::new(committee).map_err(|error| error.to_string())
}

fn verify_summary(
    data: &CheckpointData,
    verifier: &ValidatorCommitteeSignatureVerifier,
    expected: u64,
    previous: Option<Digest>,
) -> Result<(), String> {
    let signed = &data.checkpoint_summary;
    let summary = &signed.checkpoint;
    ensure(summary.sequence_number == expected, "sequence number")?;
    ensure(summary.previous_digest == previous, "previous digest")?;
    let contents = data.checkpoint_contents.digest();
    ensure(summary.content_digest == contents, "content digest")?;
    verifier
        .verify_checkpoint_summary(summary, &signed.signature)
        .map_err(|error| format!("validators' signature: {error}"))
}

fn verify_contents(data: &CheckpointData) -> Result<(), String> {
    let listed = data.checkpoint_contents.transactions();
    let same_length = listed.len() == data.transactions.len();
    ensure(same_length, "number of transactions")?;
    for (index, (info, transaction)) in listed.iter().zip(&data.transactions).enumerate() {
        verify_transaction(info, transaction)
            .map_err(|reason| format!("transaction {index}: {reason}"))?;
    }
    Ok(())
}

fn verify_transaction(
    info: &CheckpointTransactionInfo,
    executed: &CheckpointTransaction,
) -> Result<(), String> {
    let signed = &executed.transaction;
    let digest = signed.transaction.digest();
    ensure(*info.transaction() == digest, "transaction digest")?;
    let effects = &executed.effects;
    ensure(*info.effects() == effects.digest(), "effects digest")?;
    let same = *effects.transaction_digest() == digest;
    ensure(same, "transaction named in effects")?;
    let events = executed.events.as_ref().map(TransactionEvents::digest);
    ensure(effects.events_digest().copied() == events, "events digest")?;
    verify_objects(executed, digest)?;
    if signed.transaction.sender == Address::ZERO {
        return Ok(());
    }
    verify_signatures(executed)
}

/// Every object that the effects name is there, and is what they say.
fn verify_objects(executed: &CheckpointTransaction, digest: Digest) -> Result<(), String> {
    let find = |objects: &[Object], id: &Address| {
        let found = objects.iter().find(|object| object.object_id() == *id);
        found.map(|object| (object.version(), object.digest()))
    };
    let mut written = 0;
    for change in executed.effects.object_changes() {
        let (before, after) = states(&change);
        let id = change.object_id();
        if let Some(before) = before {
            let found = find(&executed.input_objects, id);
            ensure(found == Some(before), "input object")?;
        }
        if let Some(after) = after {
            let found = find(&executed.output_objects, id);
            ensure(found == Some(after), "output object")?;
            written += 1;
        }
    }
    ensure(written == executed.output_objects.len(), "stray object")?;
    let mut outputs = executed.output_objects.iter();
    let dated = outputs.all(|object| object.previous_transaction() == digest);
    ensure(dated, "previous transaction of an output object")
}

type State = Option<(u64, Digest)>;

fn states(change: &ObjectChange<'_>) -> (State, State) {
    match *change {
        ObjectChange::Created {
            output_version,
            output_digest,
            ..
        } => (None, Some((output_version, *output_digest))),
        ObjectChange::Mutated {
            input_version,
            input_digest,
            output_version,
            output_digest,
            ..
        } => (
            input_version.zip(input_digest.copied()),
            Some((output_version, *output_digest)),
        ),
        ObjectChange::Deleted {
            input_version,
            input_digest,
            ..
        } => (input_version.zip(input_digest.copied()), None),
        _ => (None, None),
    }
}

/// The sender signs, and whoever pays for gas; nobody else does.
fn verify_signatures(executed: &CheckpointTransaction) -> Result<(), String> {
    let transaction = &executed.transaction.transaction;
    let mut wanted = vec![transaction.sender];
    if transaction.gas_payment.owner != transaction.sender {
        wanted.push(transaction.gas_payment.owner);
    }
    let signatures = &executed.transaction.signatures;
    let signers: Vec<_> = signatures.iter().map(|s| s.derive_address()).collect();
    ensure(signers == wanted, "signers")?;
    let verifier = UserSignatureVerifier::new();
    for signature in signatures {
        verifier
            .verify_transaction(transaction, signature)
            .map_err(|error| format!("user signature: {error}"))?;
    }
    Ok(())
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("{what} does not match"))
    }
}
