//! Labels: what to call addresses that everybody deals with and that are nobody's account here.
//!
//! A label is public, whoever looks at the address; it never says whose account an address is.

use std::collections::BTreeMap;

use sui_sdk_types::Address;

/// Longest name of a label in bytes (I-13): it has to fit a line of a lock screen.
pub const LABEL_NAME_BYTES_MAX: usize = 100;

/// What an address with a label is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// An exchange, or its hot wallet.
    Exchange,
    /// Who keeps the fees of a contract.
    FeeCollector,
    /// Who holds coins until something is settled.
    Escrow,
    /// Anything else.
    Other,
}

impl LabelKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Exchange,
        Self::FeeCollector,
        Self::Escrow,
        Self::Other,
    ];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::FeeCollector => "fee_collector",
            Self::Escrow => "escrow",
            Self::Other => "other",
        }
    }
}

impl std::str::FromStr for LabelKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| {
            let choices = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is not a kind of label ({choices})")
        })
    }
}

/// The public name of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The address.
    pub address: Address,
    /// What to call it.
    pub name: String,
    /// What it is.
    pub kind: LabelKind,
}

impl Label {
    /// A label with its name checked; the error says what is wrong with the name.
    pub fn new(address: Address, name: &str, kind: LabelKind) -> Result<Self, String> {
        let name = name.trim();
        if name.is_empty() {
            return Err("a label needs a name".to_owned());
        }
        if name.len() > LABEL_NAME_BYTES_MAX {
            let found = name.len();
            return Err(format!(
                "the name has {found} bytes; at most {LABEL_NAME_BYTES_MAX} fit"
            ));
        }
        if name.contains(char::is_control) {
            return Err("the name holds a control character".to_owned());
        }
        Ok(Self {
            address,
            name: name.to_owned(),
            kind,
        })
    }
}

/// Labels that settings declare, by address.
pub type Labels = BTreeMap<Address, Label>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_limit_and_no_tricks() {
        let named = |name: &str| Label::new(Address::TWO, name, LabelKind::Other);
        assert_eq!(named("  Binance ").unwrap().name, "Binance");
        let at_limit = "a".repeat(LABEL_NAME_BYTES_MAX);
        assert!(named(&at_limit).is_ok() && named(&(at_limit + "a")).is_err());
        for bad in ["", " \t", "a\0b", "a\nb"] {
            assert!(named(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn kinds_name_the_choices() {
        for kind in LabelKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        let error = "bank".parse::<LabelKind>().unwrap_err();
        assert_eq!(
            error,
            "\"bank\" is not a kind of label (exchange, fee_collector, escrow, other)"
        );
    }
}
