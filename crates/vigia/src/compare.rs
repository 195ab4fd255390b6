//! Comparing what vigia has recorded with a ledger that somebody else keeps, by digest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use vigia_core::Digest;

/// A row of the ledger, as its query returns it.
#[derive(Debug, Deserialize)]
struct Written {
    digest: String,
    #[serde(default)]
    account: Value,
    #[serde(default)]
    amount: Value,
    #[serde(default)]
    timestamp_ms: Option<u64>,
}

/// Something that a ledger says happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// In this transaction.
    pub digest: Digest,
    /// To the account of this external id; none where the ledger does not say.
    pub account: Option<String>,
    /// How much, in minor units, whichever way it went; none where the ledger does not say.
    pub amount: Option<u128>,
    /// When, in milliseconds since 1970; none where the ledger does not say.
    pub timestamp_ms: Option<u64>,
}

impl Entry {
    /// Of a row as JSON; the error says what is wrong with it.
    pub fn parse(row: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(row).map_err(|error| {
            format!("{error}: expected the columns digest, and account, amount and timestamp_ms where there are")
        })?;
        let digest: Option<Digest> = written.digest.parse().ok();
        // Text that is too short is taken for a digest with zeros in front.
        let digest = digest.filter(|digest| digest.to_string() == written.digest);
        let digest = digest.ok_or_else(|| {
            let found = &written.digest;
            format!("column digest: {found:?} is not the digest of a transaction, in base58")
        })?;
        let account = match written.account {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            other => {
                return Err(format!(
                    "column account: {other} is neither text nor a number"
                ));
            }
        };
        let amount = match written.amount {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            other => return Err(format!("column amount: {other} is not a whole number")),
        };
        let amount = amount.map(|text| {
            let number = text.parse::<i128>();
            let number = number.map_err(|_| {
                format!("column amount: {text:?} is not a whole number of minor units")
            });
            number.map(i128::unsigned_abs)
        });
        Ok(Self {
            digest,
            account,
            amount: amount.transpose()?,
            timestamp_ms: written.timestamp_ms,
        })
    }
}

/// What is compared: a transaction, for an account where both say it.
pub type Key = (Digest, Option<String>);

/// Both ledgers, as far as they have been read.
#[derive(Debug, Default)]
pub struct Comparison {
    there: BTreeMap<Key, Vec<u128>>,
    here: BTreeMap<Key, Vec<u128>>,
    /// Whether the ledger says accounts, which it does of all rows or of none.
    has_accounts: Option<bool>,
}

/// Where they differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// As many are the same.
    pub same: u64,
    /// Only the other ledger has them.
    pub only_there: Vec<Key>,
    /// Only vigia has them.
    pub only_here: Vec<Key>,
    /// Both have them, with these amounts there and here.
    pub amounts: Vec<(Key, Vec<u128>, Vec<u128>)>,
}

impl Differences {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.only_there.is_empty() && self.only_here.is_empty() && self.amounts.is_empty()
    }
}

impl Comparison {
    /// Takes in a row of the ledger.
    pub fn there(&mut self, entry: Entry) -> Result<(), String> {
        let has_account = entry.account.is_some();
        if *self.has_accounts.get_or_insert(has_account) != has_account {
            return Err("column account: some rows have one and others none".to_owned());
        }
        let amounts = self.there.entry((entry.digest, entry.account)).or_default();
        amounts.extend(entry.amount);
        Ok(())
    }

    /// Takes in what vigia has recorded.
    pub fn here(&mut self, entry: Entry) {
        let has_account = self.has_accounts.unwrap_or_default();
        let account = entry.account.filter(|_| has_account);
        let amounts = self.here.entry((entry.digest, account)).or_default();
        // Without accounts those of both sides of a transfer would be added.
        amounts.extend(entry.amount.filter(|_| has_account));
    }

    /// Compares them.
    pub fn differences(mut self) -> Differences {
        let mut found = Differences::default();
        for (key, mut there) in self.there {
            let Some(mut here) = self.here.remove(&key) else {
                found.only_there.push(key);
                continue;
            };
            there.sort_unstable();
            here.sort_unstable();
            let are_compared = key.1.is_some() && !there.is_empty();
            match are_compared && there != here {
                true => found.amounts.push((key, there, here)),
                false => found.same += 1,
            }
        }
        found.only_here = self.here.into_keys().collect();
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(n: u8, account: Option<&str>, amount: Option<u128>) -> Entry {
        Entry {
            digest: Digest::new([n; 32]),
            account: account.map(str::to_owned),
            amount,
            timestamp_ms: None,
        }
    }

    fn key(n: u8, account: Option<&str>) -> Key {
        (Digest::new([n; 32]), account.map(str::to_owned))
    }

    #[test]
    fn rows_are_read_and_what_is_wrong_is_said() {
        let digest = Digest::new([1; 32]).to_string();
        let row = json!({ "digest": digest, "account": 7, "amount": "-1500", "timestamp_ms": 9, "more": true });
        let expected = Entry {
            timestamp_ms: Some(9),
            ..entry(1, Some("7"), Some(1_500))
        };
        assert_eq!(Entry::parse(&row.to_string()), Ok(expected));
        let bare = json!({ "digest": digest });
        assert_eq!(Entry::parse(&bare.to_string()), Ok(entry(1, None, None)));
        for (row, word) in [
            (json!({}), "digest"),
            (json!({ "digest": "0x1" }), "base58"),
            (json!({ "digest": "x" }), "base58"),
            (json!({ "digest": digest, "amount": 1.5 }), "amount"),
            (json!({ "digest": digest, "account": [] }), "account"),
        ] {
            let problem = Entry::parse(&row.to_string()).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
    }

    #[test]
    fn differences_are_found() {
        let mut comparison = Comparison::default();
        for row in [
            entry(1, Some("ana"), Some(5)),
            entry(2, Some("ana"), Some(5)),
            entry(2, Some("ana"), Some(6)),
            entry(3, Some("ana"), Some(5)),
            entry(4, Some("ana"), Some(5)),
        ] {
            comparison.there(row).unwrap();
        }
        for row in [
            entry(1, Some("ana"), Some(5)),
            entry(1, Some("beto"), Some(5)),
            entry(2, Some("ana"), Some(6)),
            entry(2, Some("ana"), Some(5)),
            entry(3, Some("ana"), Some(7)),
        ] {
            comparison.here(row);
        }
        let found = comparison.differences();
        let expected = Differences {
            same: 2,
            only_there: vec![key(4, Some("ana"))],
            only_here: vec![key(1, Some("beto"))],
            amounts: vec![(key(3, Some("ana")), vec![5], vec![7])],
        };
        assert_eq!(found, expected);
        assert!(!found.is_empty());
    }

    #[test]
    fn digests_alone_are_compared_where_no_more_is_said() {
        let mut comparison = Comparison::default();
        comparison.there(entry(1, None, None)).unwrap();
        comparison.here(entry(1, Some("ana"), Some(5)));
        comparison.here(entry(1, Some("beto"), Some(5)));
        let found = comparison.differences();
        assert!(found.is_empty() && found.same == 1, "{found:?}");
    }

    #[test]
    fn rows_of_two_shapes_are_refused() {
        let mut comparison = Comparison::default();
        comparison.there(entry(1, Some("ana"), None)).unwrap();
        assert!(comparison.there(entry(2, None, None)).is_err());
    }
}
