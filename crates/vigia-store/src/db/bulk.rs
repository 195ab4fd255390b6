//! Many rows that are new, on Postgres by COPY.
//!
//! An INSERT that leaves alone what is there looks each row up before it writes it, and its arrays are taken apart by the server: for
//! thousands of rows at once twice the work of a COPY, which in turn refuses all of them where one is there.

use super::value::Value;
use super::{Tx, query::counted};
use crate::Result;

/// Bytes that go at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// What a binary COPY begins with: its signature, no flags, no extension (Postgres, COPY, binary format).
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with: a row of -1 columns.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Copies `rows`, each given by the values of the columns that the statement names, in a transaction on Postgres.
pub(crate) async fn copy<R>(
    tx: &mut Tx,
    statement: &'static str,
    rows: &[R],
    values: impl Fn(&R) -> Result<Vec<Value>>,
) -> Result<u64> {
    let Tx::Postgres { tx, session } = tx else {
        unreachable!("SQLite has no COPY")
    };
    if rows.is_empty() {
        return Ok(0);
    }
    counted();
    let mut copying = session.answer(tx.copy_in_raw(statement)).await?;
    let mut bytes = HEADER.to_vec();
    for row in rows {
        write(&mut bytes, values(row)?);
        if bytes.len() >= CHUNK_BYTES {
            session.answer(copying.send(&bytes[..])).await?;
            bytes.clear();
        }
    }
    bytes.extend(TRAILER);
    session.answer(copying.send(bytes)).await?;
    session.answer(copying.finish()).await
}

/// A row: how many columns, and of each its length and its bytes as the type's receive function takes them.
fn write(bytes: &mut Vec<u8>, values: Vec<Value>) {
    let columns = i16::try_from(values.len()).expect("a table has few columns");
    bytes.extend(columns.to_be_bytes());
    for value in values {
        match value {
            Value::Int(value) => field(bytes, value.map(i64::to_be_bytes)),
            Value::Text(value) => field(bytes, value),
            Value::Bytes(value) => field(bytes, value),
            Value::Money(value) => field(bytes, value.map(super::Money::to_numeric)),
            Value::Texts(_) | Value::ByteStrings(_) => unreachable!("no column holds a list"),
        }
    }
}

fn field(bytes: &mut Vec<u8>, value: Option<impl AsRef<[u8]>>) {
    match value {
        None => bytes.extend((-1_i32).to_be_bytes()),
        Some(value) => {
            let value = value.as_ref();
            let length = i32::try_from(value.len()).expect("a column holds less than 1 GiB");
            bytes.extend(length.to_be_bytes());
            bytes.extend(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_lengths_and_bytes() {
        let mut bytes = Vec::new();
        let values = vec![7_i64.into(), Option::<i64>::None.into(), "ab".into()];
        write(&mut bytes, values);
        let expected = [
            &[0, 3][..],
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7],
            &[0xff; 4],
            &[0, 0, 0, 2, b'a', b'b'],
        ];
        assert_eq!(bytes, expected.concat());
    }
}
