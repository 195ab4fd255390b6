//! Reading a table page by page, along its key.

use serde_json::Value as Json;

use super::super::tables::{Kind, Table};
use super::statements::Statements;
use crate::db::{Row, Tx, Value, query};
use crate::{CopyLimits, Result, StoreError};

/// What a number takes.
const NUMBER_BYTES: usize = 16;

/// The columns of a row, as the list of tables has them.
pub(super) type Values = Vec<Value>;

/// Consecutive rows.
pub(super) struct Page {
    pub(super) rows: Vec<Values>,
    /// Key of the last row; none for a page without rows.
    pub(super) last_key: Option<Values>,
    /// Whether no row follows.
    pub(super) is_last: bool,
}

/// Reads what follows the row with the key `after`, as much as `limits` allow and at least one row.
pub(super) async fn read(
    tx: &mut Tx,
    statements: &'static Statements,
    after: Option<&Values>,
    limits: CopyLimits,
) -> Result<Page> {
    let table = statements.table;
    let limit = limits.rows.max(1);
    let statement = match after {
        None => query(statements.first()),
        Some(key) => key
            .iter()
            .fold(query(statements.next()), |statement, value| {
                statement.bind(value.clone())
            }),
    };
    let mut rows = Vec::new();
    let (mut bytes, mut is_full) = (0, false);
    statement
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_while(tx, |row| {
            let values = values(table, &row)?;
            bytes += values.iter().map(weight).sum::<usize>();
            rows.push(values);
            is_full = bytes >= limits.bytes || rows.len() >= limit;
            Ok(!is_full)
        })
        .await?;
    Ok(Page {
        last_key: rows.last().map(|row| key_of(table, row)),
        rows,
        is_last: !is_full,
    })
}

fn values(table: &Table, row: &Row) -> Result<Values> {
    let value = |(name, kind): &(&'static str, Kind)| {
        Ok(match kind {
            Kind::Int => Value::Int(row.column(name)?),
            Kind::Text => Value::Text(row.column(name)?),
            Kind::Bytes => Value::Bytes(row.column(name)?),
            Kind::Money => Value::Money(row.column(name)?),
        })
    };
    table.columns.iter().map(value).collect()
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Text(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        _ => NUMBER_BYTES,
    }
}

fn key_of(table: &Table, row: &Values) -> Values {
    let named = table.columns.iter().zip(row);
    let value = |key: &&str| {
        named
            .clone()
            .find(|((name, _), _)| name == key)
            .map(|(_, value)| value.clone())
    };
    table.key.iter().filter_map(value).collect()
}

/// A key as it is kept between runs: a JSON array, bytes in hexadecimal.
pub(super) fn key_text(key: &Values) -> String {
    let json = |value: &Value| match value {
        Value::Int(Some(number)) => Json::from(*number),
        Value::Text(Some(text)) => Json::from(&**text),
        Value::Bytes(Some(bytes)) => Json::from(hex::encode(bytes)),
        _ => unreachable!("keys are never null, and hold neither money nor lists"),
    };
    key.iter().map(json).collect::<Json>().to_string()
}

/// A kept key.
pub(super) fn key_parsed(table: &Table, text: &str) -> Result<Values> {
    let damaged = || StoreError::Damaged {
        what: "position of a copy",
        problem: format!("{text} is no key of {}", table.name),
    };
    let parts: Vec<Json> = serde_json::from_str(text).map_err(|_| damaged())?;
    if parts.len() != table.key.len() {
        return Err(damaged());
    }
    let value = |(name, part): (&&str, &Json)| {
        let kind = table.columns.iter().find(|(column, _)| column == name)?.1;
        Some(match kind {
            Kind::Int => Value::Int(Some(part.as_i64()?)),
            Kind::Text => Value::Text(Some(part.as_str()?.to_owned())),
            Kind::Bytes => Value::Bytes(Some(hex::decode(part.as_str()?).ok()?)),
            Kind::Money => return None,
        })
    };
    let parsed = table.key.iter().zip(&parts).map(value);
    parsed.collect::<Option<Values>>().ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use super::super::super::tables::tables;
    use super::*;

    #[test]
    fn kept_keys_come_back() {
        let table = tables().find(|table| table.name == "balance_effect");
        let table = table.unwrap();
        let key = vec![
            Value::Int(Some(i64::MAX)),
            Value::Int(Some(0)),
            Value::Bytes(Some(vec![0, 255])),
            Value::Text(Some("0x2::a::\"B\"\u{1f}".to_owned())),
        ];
        let text = key_text(&key);
        let again = key_parsed(table, &text).unwrap();
        assert_eq!(format!("{again:?}"), format!("{key:?}"));
        for wrong in ["", "[]", "[1, 2, \"zz\", \"\"]", "[1, 2, \"00\"]"] {
            assert!(key_parsed(table, wrong).is_err(), "{wrong}");
        }
    }
}
