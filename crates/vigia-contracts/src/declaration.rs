//! Contract files: coins, events and what they mean, as people write them in TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use vigia_core::{Address, Direction};

/// Package ids of a deployment by the name of their contract: every version of its lineage, the
/// one that first defined the types first.
pub type PackageIds = BTreeMap<String, Vec<Address>>;

/// A contract file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractFile {
    /// Coins it knows.
    #[serde(default, rename = "coin")]
    pub coins: Vec<CoinDeclaration>,
    /// Contracts it knows.
    #[serde(default, rename = "contract")]
    pub contracts: Vec<ContractDeclaration>,
}

/// A coin, and the code by which events name it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoinDeclaration {
    /// `0xPACKAGE::module::NAME`, or the name of a contract in place of the package.
    #[serde(rename = "type")]
    pub coin_type: String,
    /// What events call it.
    pub code: Option<String>,
    /// What people call it.
    pub symbol: String,
    /// Its full name.
    pub name: String,
    /// Digits after the point.
    pub decimals: u8,
    /// Where its picture is: `https:`, `ipfs:` or `data:image/`.
    pub icon_url: Option<String>,
}

/// A contract and its events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractDeclaration {
    /// Its name: the key of its package id in the configuration.
    pub name: String,
    /// Its package id, where the file fixes it.
    pub package: Option<String>,
    /// Its events.
    #[serde(default, rename = "event")]
    pub events: Vec<EventDeclaration>,
}

/// An event: its layout and what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDeclaration {
    /// `module::Name`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `name: type`, in the order of the Move struct.
    pub fields: Vec<String>,
    /// What kind of business object it moves along.
    pub object: Option<String>,
    /// The field that holds the object's id.
    pub business_id: Option<String>,
    /// The state in which the event leaves the object.
    pub state: Option<String>,
    /// What to call coins that it gives back to somebody whom it does not name.
    pub movement: Option<String>,
    /// What of the amount somebody whom it does not name kept.
    pub fee: Option<FeeDeclaration>,
    /// For whom it means what.
    #[serde(default)]
    pub activities: Vec<ActivityDeclaration>,
}

/// The fee of an event, which may go to an address that the event does not name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeDeclaration {
    /// What to call it for who receives it.
    pub kind: String,
    /// Field with the amount.
    pub amount: String,
    /// Field with the coin's code, or `=` and a coin type.
    pub coin: String,
}

/// For one party of an event: what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityDeclaration {
    /// Field with the party's address.
    pub account: String,
    /// What it was.
    pub kind: String,
    /// Which way money went.
    pub direction: Direction,
    /// Field with the amount.
    pub amount: Option<String>,
    /// Field with the coin's code, or `=` and a coin type.
    pub coin: Option<String>,
    /// Field with the other party's address.
    pub counterparty: Option<String>,
    /// The message it causes.
    pub notify: Option<String>,
}

/// A contract file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeclarationError {
    /// Not TOML, or not of this shape; the message shows the line.
    #[error("contract file {file}: {problem}")]
    Syntax {
        /// Which file.
        file: String,
        /// What the parser says, with the line.
        problem: String,
    },
    /// A declaration that does not hold together.
    #[error("contract file {file}, {item}: {problem}")]
    Invalid {
        /// Which file.
        file: String,
        /// Which contract, event or coin.
        item: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl ContractFile {
    /// Parses the text of a contract file; `file` is its name in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, DeclarationError> {
        toml::from_str(text).map_err(|error| DeclarationError::Syntax {
            file: file.to_owned(),
            problem: error.to_string(),
        })
    }
}
