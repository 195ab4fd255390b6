//! Whether two databases hold the same: a checksum of rows that depends on neither.

use vigia_core::Hasher;

use super::page::{self, Page, Values};
use super::statements::Statements;
use crate::db::{Tx, Value};
use crate::{CopyLimits, Result, TableSum};

/// Adds up a table from its pages.
pub(super) struct Summing {
    pub(super) sum: TableSum,
    after: Option<Values>,
    pub(super) is_done: bool,
}

impl Summing {
    pub(super) fn new() -> Self {
        Self {
            sum: TableSum::default(),
            after: None,
            is_done: false,
        }
    }

    /// Reads and adds the next page, where one is left.
    pub(super) async fn step(
        &mut self,
        tx: &mut Tx,
        statements: &'static Statements,
        limits: CopyLimits,
    ) -> Result<()> {
        if self.is_done {
            return Ok(());
        }
        let page = page::read(tx, statements, self.after.as_ref(), limits).await?;
        self.add(page);
        Ok(())
    }

    fn add(&mut self, page: Page) {
        for row in &page.rows {
            self.sum.rows += 1;
            self.sum.checksum = self.sum.checksum.wrapping_add(digest(row));
        }
        self.after = page.last_key;
        self.is_done = page.is_last;
    }
}

/// The sum of a whole table.
pub(super) async fn sum(
    tx: &mut Tx,
    statements: &'static Statements,
    limits: CopyLimits,
) -> Result<TableSum> {
    let mut summing = Summing::new();
    while !summing.is_done {
        summing.step(tx, statements, limits).await?;
    }
    Ok(summing.sum)
}

/// A row's digest over its canonical form: for each column a letter for its kind, and the value's
/// length and bytes, numbers in decimal; null is a letter of its own. No two rows share a form.
fn digest(row: &Values) -> u128 {
    let mut hasher = Hasher::new();
    let mut update = |kind: u8, bytes: &[u8]| {
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    for value in row {
        match value {
            Value::Int(Some(number)) => update(b'i', number.to_string().as_bytes()),
            Value::Text(Some(text)) => update(b't', text.as_bytes()),
            Value::Bytes(Some(bytes)) => update(b'b', bytes),
            Value::Money(Some(money)) => update(b'm', money.0.to_string().as_bytes()),
            _ => update(b'-', &[]),
        }
    }
    let digest = hasher.finalize().into_inner();
    let first = digest.first_chunk().expect("a digest is 32 bytes");
    u128::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_rows_have_different_digests() {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let rows = [
            vec![text("a"), text("b")],
            vec![text("ab"), text("")],
            vec![text(""), text("ab")],
            vec![text("ab"), Value::Text(None)],
            vec![Value::Text(None), text("ab")],
            vec![Value::Bytes(Some(b"ab".to_vec())), Value::Text(None)],
            vec![Value::Int(Some(1)), Value::Text(None)],
            vec![text("1"), Value::Text(None)],
        ];
        let digests: std::collections::BTreeSet<u128> = rows.iter().map(digest).collect();
        assert_eq!(digests.len(), rows.len());
    }
}
