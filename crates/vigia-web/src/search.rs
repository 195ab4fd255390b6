//! What activities are to be like, as people and programs say it. Pure.

use vigia_contracts::Registry;
use vigia_core::{Direction, parse_address};
use vigia_store::{ActivityFilter, ActivitySearch};

/// Kinds or coins that are named at once (I-13).
const NAMED_MAX: usize = 20;
/// Bytes of a text that is searched for, of a kind and of an account's key (I-13).
const TEXT_BYTES_MAX: usize = 200;

/// What is said, unread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) account: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) kinds: Vec<String>,
    pub(crate) coins: Vec<String>,
    pub(crate) direction: Option<Direction>,
    pub(crate) from_ms: Option<u64>,
    pub(crate) before_ms: Option<u64>,
    pub(crate) counterparty: Option<String>,
    pub(crate) text: Option<String>,
}

/// What is wrong with it, and what would be right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) what: &'static str,
    pub(crate) problem: String,
    pub(crate) expected: &'static str,
}

impl Said {
    /// Reads it; coins go by the codes of declared contracts, or by type.
    pub(crate) fn read(self, registry: &Registry) -> Result<ActivityFilter, Unreadable> {
        let address = |what, text: Option<String>| {
            let parsed = text.map(|text| parse_address(&text)).transpose();
            parsed.map_err(|error| Unreadable {
                what,
                problem: error.to_string(),
                expected: "0x and 1 to 64 hexadecimal digits",
            })
        };
        for (what, count) in [("kinds", self.kinds.len()), ("coins", self.coins.len())] {
            if count > NAMED_MAX {
                return Err(Unreadable {
                    what,
                    problem: format!("these are {count}"),
                    expected: "at most 20 at once",
                });
            }
        }
        let texts = [
            ("account", self.account.as_slice()),
            ("kinds", &self.kinds),
            ("text", self.text.as_slice()),
        ];
        for (what, texts) in texts {
            if texts.iter().any(|text| !is_text(text)) {
                return Err(Unreadable {
                    what,
                    problem: "this cannot be looked for".to_owned(),
                    expected: "1 to 200 bytes, none of them zero",
                });
            }
        }
        if let (Some(from), Some(before)) = (self.from_ms, self.before_ms)
            && from >= before
        {
            return Err(Unreadable {
                what: "beforeMs",
                problem: format!("{before} is not after {from}, where it begins"),
                expected: "a later time than fromMs",
            });
        }
        let coins = self.coins.into_iter().map(|coin| {
            registry.coin_type(&coin).ok_or_else(|| Unreadable {
                what: "coins",
                problem: format!("{coin:?} is no code of a declared coin and no coin type"),
                expected: "a code, or 0xPACKAGE::module::NAME",
            })
        });
        Ok(ActivityFilter {
            address: address("address", self.address)?,
            digest: None,
            search: ActivitySearch {
                coins: coins.collect::<Result<_, _>>()?,
                counterparty: address("counterparty", self.counterparty)?,
                account: self.account,
                kinds: self.kinds,
                direction: self.direction,
                from_ms: self.from_ms,
                before_ms: self.before_ms,
                text: self.text,
            },
        })
    }
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.contains('\0')
}
