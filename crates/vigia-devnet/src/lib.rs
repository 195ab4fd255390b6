//! A simulated Sui full node over real gRPC, for the demo, tests and benches.
//!
//! `chain` makes up a chain that is valid in every digest and signature, from a seed. `serve`
//! answers as a full node from what it has seen. `devnet` runs both.

mod chain;
mod devnet;
mod serve;

pub use chain::{
    Ability, Chain, ChainConfig, Coin, DeclaredFunction, DeclaredModule, DeclaredStruct, Field,
    FieldType, Packages, Party, VerifyError, WalletUser, declared_modules, generate, verify_chain,
};
pub use devnet::{Devnet, DevnetConfig, Pace};
