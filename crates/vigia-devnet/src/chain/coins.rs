//! The coins of the chain, and what their metadata says.

use std::{fmt, sync::LazyLock};

use sui_sdk_types::{Address, StructTag, TypeTag};

use super::packages::{Packages, named_id, struct_tag};

/// A coin type of the made-up chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coin {
    /// SUI, which pays for gas.
    Sui,
    /// The wallet's dollar.
    Cusd,
    /// The wallet's own token.
    Confio,
    /// A dollar from elsewhere.
    Usdc,
    /// Worthless, unasked for.
    Scam,
}

static COIN_TYPES: LazyLock<[TypeTag; 5]> = LazyLock::new(|| {
    let packages = Packages::declared();
    let tag = |package, module, name| TypeTag::from(struct_tag(package, module, name, vec![]));
    [
        TypeTag::from(StructTag::sui()),
        tag(packages.cusd, "cusd", "CUSD"),
        tag(packages.confio, "confio", "CONFIO"),
        tag(packages.usdc, "usdc", "USDC"),
        tag(packages.scam, "scam", "SCAM"),
    ]
});

impl Coin {
    /// Every coin of the chain.
    pub const ALL: [Self; 5] = [Self::Sui, Self::Cusd, Self::Confio, Self::Usdc, Self::Scam];

    /// The coin's type, `T` of `Coin<T>`.
    pub fn type_tag(self) -> TypeTag {
        COIN_TYPES[self as usize].clone()
    }

    /// The coin of a type, if it is one of this chain.
    pub fn from_type_tag(tag: &TypeTag) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|c| COIN_TYPES[*c as usize] == *tag)
    }

    /// Digits after the decimal point.
    pub fn decimals(self) -> u32 {
        if self == Self::Sui { 9 } else { 6 }
    }

    /// The short name shown beside amounts.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Sui => "SUI",
            Self::Cusd => "cUSD",
            Self::Confio => "CONFIO",
            Self::Usdc => "USDC",
            Self::Scam => "WIN-SUI",
        }
    }

    /// The full name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sui => "Sui",
            Self::Cusd => "Confío Dollar",
            Self::Confio => "Confío",
            Self::Usdc => "USDC",
            Self::Scam => "Claim your reward",
        }
    }

    /// Where the metadata object lives.
    pub fn metadata_id(self) -> Address {
        named_id(&format!("metadata of {self}"))
    }

    /// Where the treasury cap lives.
    pub fn treasury_id(self) -> Address {
        named_id(&format!("treasury cap of {self}"))
    }

    /// What contracts call the coin, in UTF-8 bytes.
    pub(crate) fn token_type(self) -> Vec<u8> {
        self.symbol().to_uppercase().into_bytes()
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}
