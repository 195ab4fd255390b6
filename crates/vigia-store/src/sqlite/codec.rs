//! Values as SQLite stores them, and back.
//!
//! Writing can fail only for numbers beyond 63 bits; reading fails as `Damaged`, naming the column.

use std::str::FromStr;

use bytes::Bytes;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};
use vigia_core::{
    AccountId, AccountKind, Address, BalanceChange, Digest, Direction, Locale, MatchReason, Place,
    Slot, Status, WatchTarget, parse_address, parse_coin_type, parse_watch_target,
};

use crate::{Result, StoreError};

/// A value with a form in the database.
pub(super) trait Stored: Sized {
    /// What the column holds.
    type Column: for<'r> Decode<'r, Sqlite> + Type<Sqlite>;

    /// From what the column holds.
    fn from_column(column: Self::Column) -> std::result::Result<Self, String>;
}

/// Reads a column that always has a value.
pub(super) fn get<T: Stored>(row: &SqliteRow, column: &'static str) -> Result<T> {
    parsed(column, T::from_column(row.try_get(column)?))
}

/// Reads a column that may be null.
pub(super) fn get_opt<T: Stored>(row: &SqliteRow, column: &'static str) -> Result<Option<T>> {
    row.try_get::<Option<T::Column>, _>(column)?
        .map(|value| parsed(column, T::from_column(value)))
        .transpose()
}

fn parsed<T>(what: &'static str, value: std::result::Result<T, String>) -> Result<T> {
    value.map_err(|problem| StoreError::Damaged { what, problem })
}

/// A number as SQLite holds it, which has 63 bits for it.
pub(super) fn int(what: &'static str, value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::OutOfRange {
        what,
        value: value.to_string(),
    })
}

const SIGN_BIT: u128 = 1 << 127;

/// Money as 16 bytes that compare as the numbers do.
pub(super) fn amount(minor: i128) -> Vec<u8> {
    (minor.cast_unsigned() ^ SIGN_BIT).to_be_bytes().to_vec()
}

/// An address or nothing, as bytes.
pub(super) fn address_opt(address: Option<&Address>) -> Option<Vec<u8>> {
    address.map(|address| address.as_bytes().to_vec())
}

/// Balance changes as BCS.
pub(super) fn balance_changes(changes: &[BalanceChange]) -> Vec<u8> {
    bcs::to_bytes(changes).expect("plain values of bounded depth always have BCS")
}

/// Reasons as JSON text.
pub(super) fn reasons(reasons: &[MatchReason]) -> String {
    serde_json::to_string(reasons).expect("words and text always have JSON")
}

/// A JSON array of the hexadecimal text of byte strings: how a list of blobs is handed to SQLite.
pub(super) fn hex_list<B: AsRef<[u8]>>(blobs: impl IntoIterator<Item = B>) -> String {
    let texts = blobs.into_iter().map(|blob| Value::from(hex::encode(blob)));
    Value::Array(texts.collect()).to_string()
}

/// A JSON array of texts.
pub(super) fn text_list<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts = texts.into_iter().map(|text| Value::from(text.into()));
    Value::Array(texts.collect()).to_string()
}

/// The place a row is about.
pub(super) fn place(row: &SqliteRow) -> Result<Place> {
    Ok(Place {
        checkpoint: get(row, "checkpoint")?,
        index: get(row, "tx_index")?,
    })
}

/// The watch target a row is about.
pub(super) fn watch_target(row: &SqliteRow) -> Result<WatchTarget> {
    let (kind, key): (String, Vec<u8>) = (get(row, "kind")?, get(row, "target")?);
    parsed("watch target", parse_stored_target(&kind, key))
}

fn parse_stored_target(kind: &str, key: Vec<u8>) -> std::result::Result<WatchTarget, String> {
    if kind == "address" {
        return Address::from_column(key).map(WatchTarget::Address);
    }
    let text = String::from_utf8(key).map_err(|error| error.to_string())?;
    let target = match kind {
        "package" => parse_address(&text).map(WatchTarget::Package),
        "coin_type" => parse_coin_type(&text).map(WatchTarget::CoinType),
        _ => parse_watch_target(&text),
    };
    target.map_err(|error| error.to_string())
}

/// Types that SQLite knows.
macro_rules! stored_as_is {
    ($($kind:ty),*) => {$(
        impl Stored for $kind {
            type Column = Self;
            fn from_column(column: Self) -> std::result::Result<Self, String> {
                Ok(column)
            }
        }
    )*};
}
stored_as_is!(bool, i64, String, Vec<u8>);

/// Numbers within the range of a column.
macro_rules! stored_as_integer {
    ($($kind:ty),*) => {$(
        impl Stored for $kind {
            type Column = i64;
            fn from_column(column: i64) -> std::result::Result<Self, String> {
                Self::try_from(column).map_err(|_| format!("{column} is out of range"))
            }
        }
    )*};
}
stored_as_integer!(u8, u32, u64);

/// Words and other texts that parse.
macro_rules! stored_as_text {
    ($($kind:ty),*) => {$(
        impl Stored for $kind {
            type Column = String;
            fn from_column(column: String) -> std::result::Result<Self, String> {
                Self::from_str(&column).map_err(|error| error.to_string())
            }
        }
    )*};
}
stored_as_text!(AccountKind, Direction, Locale, Slot, Status, Value);

/// Byte strings of a fixed length.
macro_rules! stored_as_bytes {
    ($($kind:ty: $make:expr),*) => {$(
        impl Stored for $kind {
            type Column = Vec<u8>;
            fn from_column(column: Vec<u8>) -> std::result::Result<Self, String> {
                let found = column.len();
                column.try_into().map($make).map_err(|_| format!("{found} bytes"))
            }
        }
    )*};
}
stored_as_bytes!(
    Address: Address::new,
    Digest: Digest::new,
    i128: |bytes| (u128::from_be_bytes(bytes) ^ SIGN_BIT).cast_signed(),
    [u8; 16]: std::convert::identity
);

impl Stored for Bytes {
    type Column = Vec<u8>;
    fn from_column(column: Vec<u8>) -> std::result::Result<Self, String> {
        Ok(column.into())
    }
}

impl Stored for AccountId {
    type Column = i64;
    fn from_column(column: i64) -> std::result::Result<Self, String> {
        Ok(Self(column))
    }
}

impl Stored for Vec<MatchReason> {
    type Column = String;
    fn from_column(column: String) -> std::result::Result<Self, String> {
        serde_json::from_str(&column).map_err(|error| error.to_string())
    }
}

impl Stored for Vec<BalanceChange> {
    type Column = Vec<u8>;
    fn from_column(column: Vec<u8>) -> std::result::Result<Self, String> {
        bcs::from_bytes(&column).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_compare_as_the_numbers_do() {
        let rising = [i128::MIN, -(1 << 64), -1, 0, 1, 1 << 63, 1 << 64, i128::MAX];
        let stored: Vec<Vec<u8>> = rising.iter().map(|minor| amount(*minor)).collect();
        assert!(stored.is_sorted());
        for (minor, bytes) in rising.into_iter().zip(stored) {
            assert_eq!(i128::from_column(bytes), Ok(minor));
        }
    }

    #[test]
    fn numbers_have_63_bits() {
        assert_eq!(int("epoch", u64::from(u32::MAX)).unwrap(), 4_294_967_295);
        assert_eq!(int("epoch", i64::MAX.cast_unsigned()).unwrap(), i64::MAX);
        let error = int("epoch", 1 << 63).unwrap_err().to_string();
        assert_eq!(
            error,
            "epoch 9223372036854775808 is beyond what the database can hold"
        );
    }

    #[test]
    fn damage_is_named() {
        assert!(u64::from_column(-1).is_err());
        assert_eq!(
            Address::from_column(vec![1]).unwrap_err(),
            "1 bytes".to_owned()
        );
        assert!(parse_stored_target("module", b"0x2::a::B::c".to_vec()).is_err());
    }
}
