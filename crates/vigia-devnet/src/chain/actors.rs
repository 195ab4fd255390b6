//! Who acts on the chain, and the keys they sign with. All keys come from the seed.

use sui_crypto::{SuiSigner, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{Address, Transaction, UserSignature, hash::Hasher};

use super::names::display_name;

/// Addresses that use no wallet of ours. Enough that few meet twice.
const STRANGERS: usize = 200;
/// Users who own coins from the start; the others only ever receive.
const FUNDED_USERS_MAX: usize = 2_000;

/// A person who uses the made-up wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletUser {
    /// Position in the list of users.
    pub index: usize,
    /// The address on the chain.
    pub address: Address,
    /// A made-up name.
    pub name: String,
}

/// One address with its key.
pub(crate) struct Actor {
    pub(crate) address: Address,
    key: Ed25519PrivateKey,
}

impl Actor {
    fn derive(seed: u64, role: &str, index: usize) -> Self {
        let key = Ed25519PrivateKey::new(derive_secret(seed, role, index as u64));
        Self {
            address: key.public_key().derive_address(),
            key,
        }
    }

    pub(crate) fn sign(&self, transaction: &Transaction) -> UserSignature {
        self.key
            .sign_transaction(transaction)
            .expect("an ed25519 key signs any message")
    }
}

/// Everybody. An actor is named by its index.
pub(crate) struct Cast {
    actors: Vec<Actor>,
    users: usize,
}

/// Position of an actor in the cast.
pub(crate) type ActorId = usize;

impl Cast {
    /// Runs the contracts: mints, withdraws fees, resolves disputes.
    pub(crate) const ADMIN: ActorId = 0;
    /// Pays the gas of others.
    pub(crate) const SPONSOR: ActorId = 1;
    /// Holds plenty of every coin and refills those who run low.
    pub(crate) const EXCHANGE: ActorId = 2;
    const FIRST_USER: ActorId = 3;

    pub(crate) fn new(seed: u64, users: usize) -> Self {
        let special = ["admin", "sponsor", "exchange"];
        let actors = special
            .into_iter()
            .map(|role| Actor::derive(seed, role, 0))
            .chain((0..users).map(|i| Actor::derive(seed, "user", i)))
            .chain((0..STRANGERS).map(|i| Actor::derive(seed, "stranger", i)))
            .collect();
        Self { actors, users }
    }

    pub(crate) fn actor(&self, id: ActorId) -> &Actor {
        &self.actors[id]
    }

    pub(crate) fn address(&self, id: ActorId) -> Address {
        self.actors[id].address
    }

    /// Users who may send.
    pub(crate) fn funded_users(&self) -> std::ops::Range<ActorId> {
        Self::FIRST_USER..Self::FIRST_USER + self.users.min(FUNDED_USERS_MAX)
    }

    /// All users.
    pub(crate) fn users(&self) -> std::ops::Range<ActorId> {
        Self::FIRST_USER..Self::FIRST_USER + self.users
    }

    pub(crate) fn strangers(&self) -> std::ops::Range<ActorId> {
        Self::FIRST_USER + self.users..self.actors.len()
    }

    pub(crate) fn wallet_users(&self) -> Vec<WalletUser> {
        let describe = |(index, id)| WalletUser {
            index,
            address: self.address(id),
            name: display_name(index),
        };
        self.users().enumerate().map(describe).collect()
    }
}

/// 32 secret bytes for a role, different for every seed.
pub(crate) fn derive_secret(seed: u64, role: &str, index: u64) -> [u8; 32] {
    Hasher::digest(format!("vigia-devnet key {seed} {role} {index}")).into_inner()
}
