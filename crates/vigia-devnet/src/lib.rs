//! A simulated Sui full node over real gRPC, for the demo, tests and benches.
//!
//! `chain` makes up a chain that is valid in every digest and signature, from a seed. `serve`
//! answers as a full node from what it has seen. `devnet` runs both. `files` writes checkpoints and
//! reads them back. `fault` names what can be wrong with a node; `serve` does it.
//!
//! `docs/devnet.md` tells how to use it, and lists all faults.
//!
//! What a real chain has and this one has not: bytecode (modules are placeholders, described by
//! declared layouts), settlement transactions after writes to address balances, names, dynamic
//! fields, execution of new transactions. Ids of packages are constants of this crate, also that of
//! the upgrade, which a real chain would derive from the transaction.

mod chain;
mod devnet;
mod executed;
mod fault;
mod files;
mod serve;

pub use chain::{
    Ability, Chain, ChainConfig, Coin, DeclaredFunction, DeclaredModule, DeclaredStruct, Field,
    FieldType, Huge, Packages, Party, VerifyError, WalletUser, declared_modules, generate,
    verify_chain,
};
pub use devnet::{Bucket, Devnet, DevnetConfig, DevnetFace, Pace};
pub use executed::executed;
pub use fault::{Fault, FaultError, FaultKind, Faults, Value, When};
pub use files::{FileFormat, checkpoint_message, read_chk, read_chk_directory, write_checkpoint};
