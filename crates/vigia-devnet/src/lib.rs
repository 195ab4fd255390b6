//! A simulated Sui full node over real gRPC, for the demo, tests and benches.
//!
//! `chain` makes up a chain that is valid in every digest and signature, from a seed. `serve`
//! answers as a full node from what it has seen. `devnet` runs both. `files` writes checkpoints and
//! reads them back.

mod chain;
mod devnet;
mod files;
mod serve;

pub use chain::{
    Ability, Chain, ChainConfig, Coin, DeclaredFunction, DeclaredModule, DeclaredStruct, Field,
    FieldType, Packages, Party, VerifyError, WalletUser, declared_modules, generate, verify_chain,
};
pub use devnet::{Devnet, DevnetConfig, Pace};
pub use files::{FileFormat, read_chk, read_chk_directory, write_checkpoint};
