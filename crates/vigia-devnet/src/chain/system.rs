//! Transactions that nobody signs: the consensus prologue of each checkpoint, the end of an epoch.

use sui_sdk_types::{
    Address, ChangeEpoch, CheckpointTransaction, ConsensusCommitPrologueV4,
    ConsensusDeterminedVersionAssignments, Digest, EndOfEpochTransactionKind, GasCostSummary,
    TransactionKind, hash::Hasher,
};

use super::{
    execute::execute_system, genesis::system_draft, ledger::object_contents, story::World,
};

pub(crate) const CLOCK: Address = Address::from_static("0x6");
pub(crate) const SYSTEM_STATE: Address = Address::from_static("0x5");
pub(crate) const PROTOCOL_VERSION: u64 = 100;
/// Version of the system state's inner layout.
const STATE_LAYOUT: u64 = 2;

/// Sets the on-chain clock to the checkpoint's time.
pub(crate) fn prologue(world: &mut World, round: u64) -> CheckpointTransaction {
    let kind = TransactionKind::ConsensusCommitPrologueV4(ConsensusCommitPrologueV4 {
        epoch: world.clock.epoch,
        round,
        sub_dag_index: None,
        commit_timestamp_ms: world.clock.now_ms,
        consensus_commit_digest: Hasher::digest(round.to_le_bytes()),
        consensus_determined_version_assignments:
            ConsensusDeterminedVersionAssignments::CanceledTransactionsV2 {
                canceled_transactions: vec![],
            },
        additional_state_digest: Digest::ZERO,
    });
    let draft = system_draft(CLOCK, object_contents(CLOCK, &world.clock.now_ms));
    let World { ledger, books, .. } = world;
    execute_system(draft, kind, world.clock.epoch, ledger, books).transaction
}

/// Closes the epoch; `gas` is what was paid in it.
pub(crate) fn end_of_epoch(world: &mut World, gas: &GasCostSummary) -> CheckpointTransaction {
    let change = ChangeEpoch {
        epoch: world.clock.epoch + 1,
        protocol_version: PROTOCOL_VERSION,
        storage_charge: gas.storage_cost,
        computation_charge: gas.computation_cost,
        storage_rebate: gas.storage_rebate,
        non_refundable_storage_fee: gas.non_refundable_storage_fee,
        epoch_start_timestamp_ms: world.clock.now_ms,
        system_packages: vec![],
    };
    let kind = TransactionKind::EndOfEpoch(vec![EndOfEpochTransactionKind::ChangeEpoch(change)]);
    let contents = object_contents(SYSTEM_STATE, &STATE_LAYOUT);
    let draft = system_draft(SYSTEM_STATE, contents);
    let World { ledger, books, .. } = world;
    execute_system(draft, kind, world.clock.epoch, ledger, books).transaction
}
