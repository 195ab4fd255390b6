//! The address book: who held what when, as interpretation needs it.

use sqlx::SqliteConnection;
use vigia_core::{Address, AddressBook, Holding};

use super::codec::{get, get_opt, hex_list, text_list};
use super::sql;
use crate::Result;

/// Fills in every holding of `addresses`, ended ones too.
pub(super) async fn holdings(
    conn: &mut SqliteConnection,
    book: &mut AddressBook,
    addresses: &[Address],
) -> Result<()> {
    if addresses.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(sql!("address_book_holdings"))
        .bind(hex_list(addresses.iter().map(|address| address.as_bytes())))
        .fetch_all(conn)
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
    conn: &mut SqliteConnection,
    book: &mut AddressBook,
    targets: &[String],
) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(sql!("address_book_observers"))
        .bind(text_list(targets.iter().cloned()))
        .fetch_all(conn)
        .await?;
    for row in &rows {
        book.observe(get::<String>(row, "target")?, get(row, "account_id")?);
    }
    Ok(())
}
