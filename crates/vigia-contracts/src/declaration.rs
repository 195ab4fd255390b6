//! Contract files: coins, events and what they mean, as people write them in TOML.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use vigia_core::{Address, Direction};

/// A text with its place in the file.
pub(crate) type Text = Spanned<String>;

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
    /// All of the file, by which places become lines.
    #[serde(skip)]
    text: String,
}

/// A coin, and the code by which events name it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoinDeclaration {
    /// `0xPACKAGE::module::NAME`, or the name of a contract in place of the package.
    #[serde(rename = "type")]
    pub coin_type: Text,
    /// What events call it.
    pub code: Option<Text>,
    /// What people call it.
    pub symbol: String,
    /// Its full name.
    pub name: String,
    /// Digits after the point.
    pub decimals: u8,
    /// Where its picture is: `https:`, `ipfs:` or `data:image/`.
    pub icon_url: Option<Text>,
    /// The least that people are told to have received, in minor units.
    pub minimum_units: Option<u64>,
}

/// A contract, its types and its events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractDeclaration {
    /// Its name: the key of its package id in the configuration.
    pub name: String,
    /// Its package id, where the file fixes it.
    pub package: Option<Text>,
    /// Types that fields of its events have, where no node can tell.
    #[serde(default, rename = "type")]
    pub types: Vec<TypeDeclaration>,
    /// Its events.
    #[serde(default, rename = "event")]
    pub events: Vec<EventDeclaration>,
}

/// A struct or an enum that fields of events have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeDeclaration {
    /// `module::Name`.
    #[serde(rename = "type")]
    pub type_name: Text,
    /// Names of its type parameters.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// `name: type`, in the order of the Move struct.
    pub fields: Option<Vec<Text>>,
    /// The variants of a Move enum, in order.
    pub variants: Option<Vec<VariantDeclaration>>,
}

/// A variant of an enum.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantDeclaration {
    /// Its name.
    pub name: String,
    /// `name: type`, in order.
    #[serde(default)]
    pub fields: Vec<Text>,
}

/// An event: its layout and what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDeclaration {
    /// `module::Name`.
    #[serde(rename = "type")]
    pub event_type: Text,
    /// `name: type`, in the order of the Move struct; without them its layout is the package's, as a node
    /// tells it.
    pub fields: Option<Vec<Text>>,
    /// What kind of business object it moves along.
    pub object: Option<String>,
    /// The field that holds the object's id.
    pub business_id: Option<Text>,
    /// The state in which the event leaves the object.
    pub state: Option<String>,
    /// What to call coins that it gives back to somebody whom it does not name.
    pub movement: Option<String>,
    /// What of the amount somebody whom it does not name kept.
    pub fee: Option<FeeDeclaration>,
    /// What it pays of an invoice with the object's id.
    pub pays: Option<PaysDeclaration>,
    /// Whose coins the contract holds from it on, until an event that is final.
    pub holds: Option<HoldsDeclaration>,
    /// Field with the time until when something has to happen, in milliseconds since 1970.
    pub deadline: Option<Text>,
    /// Whether nothing is waited for after it.
    #[serde(default, rename = "final")]
    pub is_final: bool,
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
    pub amount: Text,
    /// Field with the coin's code, or `=` and a coin type.
    pub coin: Text,
}

/// A payment under the id of a business object; all fields are the event's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaysDeclaration {
    /// Field with the address that is paid.
    pub to: Text,
    /// Field with the amount, fees not taken off.
    pub amount: Text,
    /// Field with the coin's code, or `=` and a coin type.
    pub coin: Text,
}

/// Coins that a contract holds for a business object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldsDeclaration {
    /// Field with the address whose they were.
    pub from: Text,
    /// Field with the address that is to get them; `@field` where another event of the object names it.
    pub to: Option<Text>,
    /// Field with the amount.
    pub amount: Text,
    /// Field with the coin's code, or `=` and a coin type.
    pub coin: Text,
}

/// For one party of an event: what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityDeclaration {
    /// Field with the party's address.
    pub account: Text,
    /// What it was.
    pub kind: String,
    /// Which way money went.
    pub direction: Direction,
    /// Field with the amount.
    pub amount: Option<Text>,
    /// Field with the coin's code, or `=` and a coin type.
    pub coin: Option<Text>,
    /// Field with the other party's address.
    pub counterparty: Option<Text>,
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
    #[error("contract file {file}, line {line}, {item}: {problem}")]
    Invalid {
        /// Which file.
        file: String,
        /// Which line of it.
        line: usize,
        /// Which contract, event or coin.
        item: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// What is wrong with a declaration, and where.
pub(crate) struct Problem {
    pub(crate) at: Range<usize>,
    pub(crate) what: String,
}

impl Problem {
    /// Something about `text`.
    pub(crate) fn with(text: &Text, what: impl ToString) -> Self {
        Self {
            at: text.span(),
            what: what.to_string(),
        }
    }
}

impl ContractFile {
    /// Parses the text of a contract file; `file` is its name in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, DeclarationError> {
        let parsed: Self = toml::from_str(text).map_err(|error| DeclarationError::Syntax {
            file: file.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Self {
            text: text.to_owned(),
            ..parsed
        })
    }

    /// The error of a problem with `item`.
    pub(crate) fn invalid(&self, file: &str, item: String, problem: Problem) -> DeclarationError {
        let before = self.text.as_bytes().iter().take(problem.at.start);
        DeclarationError::Invalid {
            file: file.to_owned(),
            line: 1 + before.filter(|byte| **byte == b'\n').count(),
            item,
            problem: problem.what,
        }
    }
}
