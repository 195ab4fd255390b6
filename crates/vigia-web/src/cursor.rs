//! Cursors as clients see them: opaque, stable, and checked when they come back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vigia_core::{Address, DeliveryId, Place, parse_address};
use vigia_store::ActivityCursor;

/// Longest cursor that is looked at, in bytes: that of a coin holds its type.
const CURSOR_BYTES_MAX: usize = 1_000;

/// The cursor of a place in the feed.
pub(crate) fn of_activity(cursor: ActivityCursor) -> String {
    let Place { checkpoint, index } = cursor.place;
    encode(&format!("a:{checkpoint}:{index}:{}", cursor.id))
}

/// The place in the feed that a cursor means; none if it is not one of ours.
pub(crate) fn to_activity(text: &str) -> Option<ActivityCursor> {
    let decoded = decode(text)?;
    let parts: Vec<&str> = decoded.strip_prefix("a:")?.split(':').collect();
    let [checkpoint, index, id] = parts[..] else {
        return None;
    };
    // Signed first: the database holds 63 bits, and beyond them no cursor was ever made.
    let checkpoint = u64::try_from(checkpoint.parse::<i64>().ok()?).ok()?;
    Some(ActivityCursor {
        place: Place {
            checkpoint,
            index: index.parse().ok()?,
        },
        id: id.parse().ok()?,
    })
}

/// The cursor of a place in the list of failed transactions.
pub(crate) fn of_failed(Place { checkpoint, index }: Place) -> String {
    encode(&format!("f:{checkpoint}:{index}"))
}

/// The place in the list of failed transactions that a cursor means; none if it is not one of ours.
pub(crate) fn to_failed(text: &str) -> Option<Place> {
    let decoded = decode(text)?;
    let (checkpoint, index) = decoded.strip_prefix("f:")?.split_once(':')?;
    Some(Place {
        checkpoint: u64::try_from(checkpoint.parse::<i64>().ok()?).ok()?,
        index: index.parse().ok()?,
    })
}

/// The cursor of a place in the inbox.
pub(crate) fn of_notification(seq: i64) -> String {
    encode(&format!("n:{seq}"))
}

/// The place in the inbox that a cursor means; none if it is not one of ours.
pub(crate) fn to_notification(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("n:")?.parse().ok()
}

/// The cursor of a place in the list of addresses.
pub(crate) fn of_watch(id: i64) -> String {
    encode(&format!("w:{id}"))
}

/// The place in the list of addresses that a cursor means; none if it is not one of ours.
pub(crate) fn to_watch(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("w:")?.parse().ok()
}

/// The cursor of a place in a list of addresses in their order.
pub(crate) fn of_target(address: &Address) -> String {
    encode(&format!("t:{address}"))
}

/// The place in a list of addresses in their order that a cursor means; none if it is not one of ours.
pub(crate) fn to_target(text: &str) -> Option<Address> {
    parse_address(decode(text)?.strip_prefix("t:")?).ok()
}

/// The cursor of a place in the list of business objects.
pub(crate) fn of_business(id: i64) -> String {
    encode(&format!("b:{id}"))
}

/// The place in the list of business objects that a cursor means; none if it is not one of ours.
pub(crate) fn to_business(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("b:")?.parse().ok()
}

/// The cursor of a place in the list of announcements.
pub(crate) fn of_announcement(id: i64) -> String {
    encode(&format!("p:{id}"))
}

/// The place in the list of announcements that a cursor means; none if it is not one of ours.
pub(crate) fn to_announcement(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("p:")?.parse().ok()
}

/// The cursor of a place in the list of deliveries.
pub(crate) fn of_delivery(created_at_ms: u64, id: DeliveryId) -> String {
    encode(&format!("d:{created_at_ms}:{id}"))
}

/// The place in the list of deliveries that a cursor means; none if it is not one of ours.
pub(crate) fn to_delivery(text: &str) -> Option<(u64, DeliveryId)> {
    let decoded = decode(text)?;
    let (at_ms, id) = decoded.strip_prefix("d:")?.split_once(':')?;
    let at_ms = u64::try_from(at_ms.parse::<i64>().ok()?).ok()?;
    Some((at_ms, id.parse().ok()?))
}

/// The cursor of a place in the list of users.
pub(crate) fn of_user(id: i64) -> String {
    encode(&format!("u:{id}"))
}

/// The place in the list of users that a cursor means; none if it is not one of ours.
pub(crate) fn to_user(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("u:")?.parse().ok()
}

/// The cursor of a place in the list of accounts.
pub(crate) fn of_account(id: i64) -> String {
    encode(&format!("h:{id}"))
}

/// The place in the list of accounts that a cursor means; none if it is not one of ours.
pub(crate) fn to_account(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("h:")?.parse().ok()
}

/// The cursor of a place in the list of coins.
pub(crate) fn of_coin(coin_type: &str) -> String {
    encode(&format!("c:{coin_type}"))
}

/// The place in the list of coins that a cursor means; none if it is not one of ours.
pub(crate) fn to_coin(text: &str) -> Option<String> {
    let decoded = decode(text)?;
    let coin_type = decoded.strip_prefix("c:")?;
    (!coin_type.contains('\0')).then(|| coin_type.to_owned())
}

/// The cursor of a place in the log of actions.
pub(crate) fn of_action(id: i64) -> String {
    encode(&format!("l:{id}"))
}

/// The place in the log of actions that a cursor means; none if it is not one of ours.
pub(crate) fn to_action(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("l:")?.parse().ok()
}

/// The cursor of a place in the list of invoices.
pub(crate) fn of_invoice(id: i64) -> String {
    encode(&format!("i:{id}"))
}

/// The place in the list of invoices that a cursor means; none if it is not one of ours.
pub(crate) fn to_invoice(text: &str) -> Option<i64> {
    decode(text)?.strip_prefix("i:")?.parse().ok()
}

/// The cursor of a place in the list of labels.
pub(crate) fn of_label(address: Address) -> String {
    encode(&format!("l:{address}"))
}

/// The place in the list of labels that a cursor means; none if it is not one of ours.
pub(crate) fn to_label(text: &str) -> Option<Address> {
    parse_address(decode(text)?.strip_prefix("l:")?).ok()
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn decode(text: &str) -> Option<String> {
    if text.len() > CURSOR_BYTES_MAX {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_forgeries_do_not() {
        let cursor = ActivityCursor {
            place: Place {
                checkpoint: i64::MAX.cast_unsigned(),
                index: u32::MAX,
            },
            id: i64::MAX,
        };
        assert_eq!(to_activity(&of_activity(cursor)), Some(cursor));
        assert_eq!(to_notification(&of_notification(7)), Some(7));
        assert_eq!(to_watch(&of_watch(7)), Some(7));
        assert_eq!(to_watch(&of_notification(7)), None);
        assert_eq!(to_failed(&of_failed(cursor.place)), Some(cursor.place));
        for forged in [
            "f:1",
            "f:1:2:3",
            "f:-1:0",
            "f:9223372036854775808:0",
            "a:1:2:3",
            "",
        ] {
            assert_eq!(to_failed(&encode(forged)), None, "{forged}");
        }

        let beyond = encode("a:9223372036854775808:0:1");
        let negative = encode("a:-1:0:1");
        let longer = encode("a:1:0:1:1");
        let long = "A".repeat(CURSOR_BYTES_MAX + 1);
        let inbox = of_notification(7);
        for forged in [
            "", "x", "a:1:0:1", "%%%", &beyond, &negative, &longer, &long, &inbox,
        ] {
            assert_eq!(to_activity(forged), None, "{forged}");
        }
        assert_eq!(to_notification(&of_activity(cursor)), None);
    }
}
