//! The address book: who held what when, as interpretation needs it.

use vigia_core::{Address, AddressBook, Holding};

use crate::Result;
use crate::db::{Tx, byte_strings, get, get_opt, query, texts};
use crate::sql::sql;

/// Fills in every holding of `addresses`, ended ones too.
pub(super) async fn holdings(
    tx: &mut Tx,
    book: &mut AddressBook,
    addresses: &[Address],
) -> Result<()> {
    if addresses.is_empty() {
        return Ok(());
    }
    let rows = query(sql!(dialects "address_book_holdings"))
        .bind(byte_strings(
            addresses.iter().map(|address| address.as_bytes()),
        ))
        .fetch_all(tx)
        .await?;
    for row in &rows {
        let holding = Holding {
            account: get(row, "account_id")?,
            from_inclusive: get(row, "live_from")?,
            to_exclusive: get_opt(row, "live_to")?,
        };
        book.insert(get(row, "target")?, holding);
    }
    Ok(())
}

/// Fills in the accounts that observe `targets` now.
pub(super) async fn observers(
    tx: &mut Tx,
    book: &mut AddressBook,
    targets: &[String],
) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let rows = query(sql!(dialects "address_book_observers"))
        .bind(texts(targets.iter().cloned()))
        .fetch_all(tx)
        .await?;
    for row in &rows {
        book.observe(get::<String>(row, "target")?, get(row, "account_id")?);
    }
    Ok(())
}
