//! Rows of either database, read by column name.

use std::str::FromStr;

use bytes::Bytes;
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};
use vigia_core::{
    AccountId, AccountKind, Address, BalanceChange, Digest, Direction, LabelKind, Locale,
    MatchReason, Proof, Slot, Status, Suppressed,
};

use super::money::Money;
use crate::{Result, StoreError};

/// A row.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that columns of both databases hold as it is.
pub(crate) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Column for i64 {}
impl Column for String {}
impl Column for Vec<u8> {}
impl Column for Money {}

/// A value with a form in the database.
pub(crate) trait Stored: Sized {
    /// What the column holds.
    type Column: Column;

    /// From what the column holds.
    fn from_column(column: Self::Column) -> std::result::Result<Self, String>;
}

impl Row {
    /// The value of a column as it is stored; none for null.
    pub(crate) fn column<C: Column>(&self, name: &str) -> Result<Option<C>> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(name)?,
            Self::Postgres(row) => row.try_get(name)?,
        })
    }
}

/// Reads a column that always has a value.
pub(crate) fn get<T: Stored>(row: &Row, column: &'static str) -> Result<T> {
    get_opt(row, column)?.ok_or_else(|| StoreError::Damaged {
        what: column,
        problem: "it is missing".to_owned(),
    })
}

/// Reads a column that may be null.
pub(crate) fn get_opt<T: Stored>(row: &Row, column: &'static str) -> Result<Option<T>> {
    row.column::<T::Column>(column)?
        .map(|value| parsed(column, T::from_column(value)))
        .transpose()
}

/// A problem with a stored value, as an error that names it.
pub(crate) fn parsed<T>(what: &'static str, value: std::result::Result<T, String>) -> Result<T> {
    value.map_err(|problem| StoreError::Damaged { what, problem })
}

/// Types that the databases know.
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
stored_as_is!(i64, String, Vec<u8>, Money);

impl Stored for bool {
    type Column = i64;
    fn from_column(column: i64) -> std::result::Result<Self, String> {
        Ok(column != 0)
    }
}

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
stored_as_text!(
    AccountKind,
    Direction,
    LabelKind,
    Locale,
    Slot,
    Status,
    Suppressed,
    Json,
    Proof
);

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
    [u8; 16]: std::convert::identity
);

impl Stored for i128 {
    type Column = Money;
    fn from_column(column: Money) -> std::result::Result<Self, String> {
        Ok(column.0)
    }
}

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
    fn damage_is_named() {
        assert!(u64::from_column(-1).is_err());
        assert_eq!(
            Address::from_column(vec![1]).unwrap_err(),
            "1 bytes".to_owned()
        );
    }
}
