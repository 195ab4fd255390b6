//! Where the contracts and coins of every made-up chain live: constants, whatever the seed, so that
//! a configuration can name them.

use sui_sdk_types::{Address, Identifier, StructTag, TypeTag, hash::Hasher};

/// Package ids. An id names the package as first published; only `pay` is ever upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packages {
    /// The cUSD coin and its controls.
    pub cusd: Address,
    /// The CONFIO coin.
    pub confio: Address,
    /// Payments, as first published; its event types keep this id for ever.
    pub pay: Address,
    /// Payments after the upgrade; calls go here from then on.
    pub pay_upgraded: Address,
    /// Trades between people.
    pub p2p_trade: Address,
    /// Invitations that carry money.
    pub invite_send: Address,
    /// A dollar coin from elsewhere, in which people deposit and withdraw.
    pub usdc: Address,
    /// A worthless coin that is thrown at people.
    pub scam: Address,
    /// An exchange that has nothing to do with the wallet.
    pub dex: Address,
}

impl Packages {
    /// The ids used by every chain of this crate.
    pub fn declared() -> Self {
        Self {
            cusd: named_id("cusd"),
            confio: named_id("confio"),
            pay: named_id("pay"),
            pay_upgraded: named_id("pay v2"),
            p2p_trade: named_id("p2p_trade"),
            invite_send: named_id("invite_send"),
            usdc: named_id("usdc"),
            scam: named_id("scam"),
            dex: named_id("dex"),
        }
    }
}

/// An address that is a constant of this crate.
pub(crate) fn named_id(label: &str) -> Address {
    Address::new(Hasher::digest(format!("vigia-devnet::{label}")).into_inner())
}

/// A type without parameters, or with those given. Names are constants of this crate.
pub(crate) fn struct_tag(
    package: Address,
    module: &'static str,
    name: &'static str,
    type_params: Vec<TypeTag>,
) -> StructTag {
    StructTag::new(
        package,
        Identifier::from_static(module),
        Identifier::from_static(name),
        type_params,
    )
}
