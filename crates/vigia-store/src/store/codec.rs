//! Values as both databases store them, and back.
//!
//! Writing can fail only for numbers beyond 63 bits; reading fails as `Damaged`, naming the column.

use vigia_core::{
    Address, BalanceChange, MatchReason, Place, Proof, WatchTarget, parse_address, parse_coin_type,
    parse_watch_target,
};

use crate::db::{Money, Row, Stored, get, parsed};
use crate::{Result, StoreError};

/// A number as the databases hold it, which have 63 bits for it.
pub(super) fn int(what: &'static str, value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::OutOfRange {
        what,
        value: value.to_string(),
    })
}

/// Money as columns hold it.
pub(super) fn amount(minor: i128) -> Money {
    Money(minor)
}

/// An address or nothing, as bytes.
pub(super) fn address_opt(address: Option<&Address>) -> Option<Vec<u8>> {
    address.map(|address| address.as_bytes().to_vec())
}

/// Balance changes as BCS.
pub(super) fn balance_changes(changes: &[BalanceChange]) -> Vec<u8> {
    bcs::to_bytes(changes).expect("plain values of bounded depth always have BCS")
}

/// How far something is proven as text; nothing where nobody asked.
pub(super) fn proof(proof: &Proof) -> Option<String> {
    (*proof != Proof::unasked()).then(|| proof.to_text())
}

/// Reasons as JSON text.
pub(super) fn reasons(reasons: &[MatchReason]) -> String {
    serde_json::to_string(reasons).expect("words and text always have JSON")
}

/// The place a row is about.
pub(super) fn place(row: &Row) -> Result<Place> {
    Ok(Place {
        checkpoint: get(row, "checkpoint")?,
        index: get(row, "tx_index")?,
    })
}

/// The watch target a row is about.
pub(super) fn watch_target(row: &Row) -> Result<WatchTarget> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(parse_stored_target("module", b"0x2::a::B::c".to_vec()).is_err());
    }
}
