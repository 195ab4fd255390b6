//! The committee in the system state of a genesis: object 0x5 and the dynamic field that holds its
//! version 1, as Sui's Move package `sui_system` lays them out.
//!
//! BCS names no fields, so all that stands before and after the validators is read too.

#![expect(dead_code, reason = "most fields are read only to get past them")]

use serde::Deserialize;
use sui_sdk_types::{Address, Bls12381PublicKey, Object, TypeTag, ValidatorCommitteeMember};

/// The object that names the version of the system state.
const SYSTEM_STATE: Address = Address::from_static("0x5");

/// Id of the object that holds the system state of a genesis, given all objects of it.
pub(super) fn inner_id(system_state: &Object) -> Result<Address, String> {
    #[derive(Deserialize)]
    struct SuiSystemState {
        id: Address,
        version: u64,
    }
    let outer: SuiSystemState = contents(system_state)?;
    if outer.version != 1 {
        return Err(format!(
            "its system state has version {}, a genesis has version 1",
            outer.version
        ));
    }
    let key = outer.version.to_le_bytes();
    Ok(SYSTEM_STATE.derive_dynamic_child_id(&TypeTag::U64, &key))
}

/// Id of the object that names the version.
pub(super) fn outer_id() -> Address {
    SYSTEM_STATE
}

/// Epoch and committee that the object of [`inner_id`] holds.
pub(super) fn committee(inner: &Object) -> Result<(u64, Vec<ValidatorCommitteeMember>), String> {
    let field: Field = contents(inner)?;
    let validators = field.value.validators.active_validators.into_iter();
    let member = |validator: Validator| {
        let key = Bls12381PublicKey::from_bytes(validator.metadata.protocol_pubkey_bytes);
        let key = key.map_err(|error| {
            format!(
                "the key of validator {} is none: {error}",
                validator.metadata.sui_address
            )
        })?;
        Ok(ValidatorCommitteeMember {
            public_key: key,
            stake: validator.voting_power,
        })
    };
    let members: Result<_, String> = validators.map(member).collect();
    Ok((field.value.epoch, members?))
}

fn contents<'a, T: Deserialize<'a>>(object: &'a Object) -> Result<T, String> {
    let id = object.object_id();
    let data = object.as_struct();
    let data = data.ok_or_else(|| format!("its object {id} is a package"))?;
    bcs::from_bytes(data.contents())
        .map_err(|error| format!("its object {id} cannot be read: {error}"))
}

/// `Field<u64, SuiSystemStateInner>`.
#[derive(Deserialize)]
struct Field {
    id: Address,
    name: u64,
    value: SystemStateInner,
}

#[derive(Deserialize)]
struct SystemStateInner {
    epoch: u64,
    protocol_version: u64,
    system_state_version: u64,
    validators: ValidatorSet,
    /// Rebates of storage, and what is not refunded.
    storage_fund: [u64; 2],
    parameters: Parameters,
    reference_gas_price: u64,
    validator_report_records: Vec<(Address, Vec<Address>)>,
    stake_subsidy: StakeSubsidy,
    safe_mode: bool,
    /// Storage rewards, computation rewards, rebates, fees.
    safe_mode_sums: [u64; 4],
    epoch_start_timestamp_ms: u64,
    extra_fields: Table,
}

#[derive(Deserialize)]
struct Parameters {
    epoch_duration_ms: u64,
    stake_subsidy_start_epoch: u64,
    max_validator_count: u64,
    /// To join, low, very low.
    stake_thresholds: [u64; 3],
    validator_low_stake_grace_period: u64,
    extra_fields: Table,
}

#[derive(Deserialize)]
struct StakeSubsidy {
    balance: u64,
    distribution_counter: u64,
    current_distribution_amount: u64,
    stake_subsidy_period_length: u64,
    stake_subsidy_decrease_rate: u16,
    extra_fields: Table,
}

#[derive(Deserialize)]
struct ValidatorSet {
    total_stake: u64,
    active_validators: Vec<Validator>,
    pending_active_validators: Table,
    pending_removals: Vec<u64>,
    staking_pool_mappings: Table,
    inactive_validators: Table,
    validator_candidates: Table,
    at_risk_validators: Vec<(Address, u64)>,
    extra_fields: Table,
}

#[derive(Deserialize)]
struct Validator {
    metadata: Metadata,
    voting_power: u64,
    operation_cap_id: Address,
    gas_price: u64,
    staking_pool: StakingPool,
    commission_rate: u64,
    next_epoch_stake: u64,
    next_epoch_gas_price: u64,
    next_epoch_commission_rate: u64,
    extra_fields: Table,
}

#[derive(Deserialize)]
struct Metadata {
    sui_address: Address,
    protocol_pubkey_bytes: Vec<u8>,
    network_pubkey_bytes: Vec<u8>,
    worker_pubkey_bytes: Vec<u8>,
    proof_of_possession: Vec<u8>,
    /// Name, description, image, project.
    texts: [String; 4],
    /// Network, peer to peer, primary, worker.
    addresses: [String; 4],
    /// Protocol key, proof of possession, network key, worker key.
    next_epoch_keys: [Option<Vec<u8>>; 4],
    next_epoch_addresses: [Option<String>; 4],
    extra_fields: Table,
}

#[derive(Deserialize)]
struct StakingPool {
    id: Address,
    activation_epoch: Option<u64>,
    deactivation_epoch: Option<u64>,
    sui_balance: u64,
    rewards_pool: u64,
    pool_token_balance: u64,
    exchange_rates: Table,
    /// Stake, withdrawals of SUI, withdrawals of tokens.
    pending: [u64; 3],
    extra_fields: Table,
}

/// A table or bag: its contents are objects of their own.
#[derive(Deserialize)]
struct Table {
    id: Address,
    size: u64,
}
