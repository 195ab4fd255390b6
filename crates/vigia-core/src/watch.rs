//! What is watched, and why a transaction matched.

use std::fmt;

use serde::{Deserialize, Serialize};
use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use crate::{AccountId, address_text, type_text};

/// Something somebody asked to observe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WatchTarget {
    /// Everything that affects an address.
    Address(Address),
    /// Calls into a package and events of its types.
    Package(Address),
    /// Calls into one module and events of its types.
    Module(Address, Identifier),
    /// Events of one type, whatever its type parameters.
    EventType(Address, Identifier, Identifier),
    /// Movements of one coin.
    CoinType(TypeTag),
}

impl WatchTarget {
    /// The word for what kind of target it is, as stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Package(_) => "package",
            Self::Module(..) => "module",
            Self::EventType(..) => "event_type",
            Self::CoinType(_) => "coin_type",
        }
    }

    /// The target an event of this type belongs to.
    pub fn event_type(tag: &StructTag) -> Self {
        Self::EventType(*tag.address(), tag.module().clone(), tag.name().clone())
    }

    /// The bytes stored: 32 for an address, UTF-8 of the canonical text for all others.
    pub fn to_key(&self) -> Vec<u8> {
        match self {
            Self::Address(address) => address.as_bytes().to_vec(),
            other => other.to_string().into_bytes(),
        }
    }
}

impl fmt::Display for WatchTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) | Self::Package(address) => f.write_str(&address_text(address)),
            Self::Module(package, module) => {
                f.write_str(&address_text(package))?;
                write!(f, "::{module}")
            }
            Self::EventType(package, module, name) => {
                f.write_str(&address_text(package))?;
                write!(f, "::{module}::{name}")
            }
            Self::CoinType(coin_type) => f.write_str(&type_text(coin_type)),
        }
    }
}

/// Whether a change adds or removes a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchOp {
    /// Observe it from now on.
    Add,
    /// Observe it no longer.
    Remove,
}

/// One entry of the watch list's change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchChange {
    /// Version of the list that has it; changes of one request share theirs.
    pub version: u64,
    /// Added or removed.
    pub op: WatchOp,
    /// What.
    pub target: WatchTarget,
    /// For whom, where it is watched for an account.
    pub account: Option<AccountId>,
    /// First checkpoint for which it holds.
    pub effective_from: u64,
}

/// One reason for which a transaction is relevant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MatchReason {
    /// How the target is involved.
    pub kind: ReasonKind,
    /// The watched target in canonical text.
    pub target: String,
}

/// How a watched target is involved in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// It sent the transaction.
    Sender,
    /// It paid for gas.
    GasPayer,
    /// Its balance changed.
    BalanceOwner,
    /// It owned a changed object before.
    ObjectOwnerBefore,
    /// It owns a changed object after.
    ObjectOwnerAfter,
    /// Its package was called.
    CallPackage,
    /// Its module was called.
    CallModule,
    /// An event came from it or is of a type it defines.
    EventPackage,
    /// An event came from its module or is of a type it defines.
    EventModule,
    /// An event has this type.
    EventType,
    /// This coin moved.
    CoinType,
}

impl ReasonKind {
    /// All there are.
    pub const ALL: [Self; 11] = [
        Self::Sender,
        Self::GasPayer,
        Self::BalanceOwner,
        Self::ObjectOwnerBefore,
        Self::ObjectOwnerAfter,
        Self::CallPackage,
        Self::CallModule,
        Self::EventPackage,
        Self::EventModule,
        Self::EventType,
        Self::CoinType,
    ];

    /// Its name in the database and in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::GasPayer => "gas_payer",
            Self::BalanceOwner => "balance_owner",
            Self::ObjectOwnerBefore => "object_owner_before",
            Self::ObjectOwnerAfter => "object_owner_after",
            Self::CallPackage => "call_package",
            Self::CallModule => "call_module",
            Self::EventPackage => "event_package",
            Self::EventModule => "event_module",
            Self::EventType => "event_type",
            Self::CoinType => "coin_type",
        }
    }
}
