//! The address book: who held what when, as interpretation needs it.

use vigia_core::{Address, AddressBook, Holding};

use crate::Result;
use crate::db::{Database, Row, Tx, byte_strings, get, get_opt, query, texts};
use crate::sql::sql;

/// Every holding of `addresses`, ended ones too.
pub(super) async fn holdings(
    tx: &mut Tx,
    addresses: impl ExactSizeIterator<Item = &Address>,
) -> Result<Vec<(Address, Holding)>> {
    if addresses.len() == 0 {
        return Ok(Vec::new());
    }
    let rows = query(sql!(dialects "address_book_holdings"))
        .bind(byte_strings(addresses.map(|address| address.as_bytes())))
        .fetch_all(tx)
        .await?;
    rows.iter().map(holding).collect()
}

fn holding(row: &Row) -> Result<(Address, Holding)> {
    let holding = Holding {
        account: get(row, "account_id")?,
        from_inclusive: get(row, "live_from")?,
        to_exclusive: get_opt(row, "live_to")?,
    };
    Ok((get(row, "target")?, holding))
}

/// Every holding of `addresses`, and the accounts that observe `targets` now: as of one moment.
pub(super) async fn book(
    database: &Database,
    addresses: &[Address],
    targets: &[String],
) -> Result<AddressBook> {
    let rows = query(sql!(dialects "address_book"))
        .bind(byte_strings(
            addresses.iter().map(|address| address.as_bytes()),
        ))
        .bind(texts(targets.iter().cloned()))
        .fetch_alone(database)
        .await?;
    let mut book = AddressBook::default();
    for row in &rows {
        match get_opt::<String>(row, "observed")? {
            Some(target) => book.observe(target, get(row, "account_id")?),
            None => {
                let (address, holding) = holding(row)?;
                book.insert(address, holding);
            }
        }
    }
    Ok(book)
}
