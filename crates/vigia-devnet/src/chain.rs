//! The made-up chain: pure, without I/O, the same for the same settings.
//!
//! `story` invents what people do, `draft` writes one transaction, `execute` settles it against the
//! `ledger`, `builder` seals checkpoints and has the `committee` sign them. `books` is a second,
//! independent account of every coin.

mod actors;
mod books;
mod builder;
mod checks;
mod coins;
mod committee;
mod config;
mod contracts;
mod draft;
mod effects;
mod execute;
mod genesis;
mod layouts;
mod ledger;
mod names;
mod packages;
mod story;
mod system;

pub use actors::WalletUser;
pub use books::Party;
pub use builder::Chain;
pub use checks::{VerifyError, verify_chain};
pub use coins::Coin;
pub use config::{ChainConfig, Huge};
pub use layouts::{
    Ability, DeclaredFunction, DeclaredModule, DeclaredStruct, Field, FieldType, declared_modules,
};
pub use packages::Packages;
pub(crate) use system::PROTOCOL_VERSION;

use sui_sdk_types::{CheckpointData, CheckpointSummary, ValidatorAggregatedSignature};

/// Generates the chain of a configuration from genesis on, at its own pace of `interval_ms`.
///
/// Ends after the configured number of transactions, if one is given.
pub fn generate(config: ChainConfig) -> impl Iterator<Item = CheckpointData> {
    let mut chain = Chain::new(config);
    std::iter::from_fn(move || (!chain.is_finished()).then(|| chain.next_checkpoint()))
}

/// A certificate by one validator of a chain: a valid signature, and no quorum.
pub(crate) fn minority_certificate(
    seed: u64,
    summary: &CheckpointSummary,
) -> ValidatorAggregatedSignature {
    committee::Committee::of_epoch(seed, summary.epoch).sign_alone(summary)
}
