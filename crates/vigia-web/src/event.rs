//! The body of a webhook: an activity as other systems read it, by docs/schemas/activity-v1.json. Pure.

use serde_json::{Value, json};
use vigia_store::{ActivityRow, DeliveryEvent};

/// Version of the form. Fields may be added to it; none goes or changes its meaning.
pub const EVENT_VERSION: u32 = 1;

/// The body for a delivery; none where what it is about was withdrawn.
pub fn event_json(event: &DeliveryEvent) -> Option<String> {
    event_value(event).map(|event| event.to_string())
}

/// The same as a value; of what was withdrawn that it was, so that whoever reads on finds every number.
pub(crate) fn event_or_withdrawn(event: &DeliveryEvent) -> Value {
    event_value(event).unwrap_or_else(|| {
        json!({
            "type": "activity.withdrawn",
            "version": EVENT_VERSION,
            "id": event.row.id.to_string(),
            "sequence": event.row.sequence,
            "historical": event.is_historical,
            "activity": { "id": event.row.activity.to_string() },
        })
    })
}

fn event_value(delivery: &DeliveryEvent) -> Option<Value> {
    Some(json!({
        "type": "activity.created",
        "version": EVENT_VERSION,
        "id": delivery.row.id.to_string(),
        "sequence": delivery.row.sequence,
        "historical": delivery.is_historical,
        "activity": activity_value(delivery.about.as_ref()?),
    }))
}

/// An activity as other systems read it.
pub(crate) fn activity_value(about: &ActivityRow) -> Value {
    let activity = &about.activity;
    json!({
        "id": about.id.to_string(),
        "digest": about.digest.to_string(),
        "checkpoint": activity.place.checkpoint,
        "transactionIndex": activity.place.index,
        "slot": activity.slot.to_string(),
        "timestampMs": about.timestamp_ms,
        "account": {
            "externalId": about.account.external_id,
            "kind": about.account.kind.as_str(),
        },
        "kind": activity.kind,
        "direction": activity.direction.as_str(),
        "status": activity.status.as_str(),
        "address": activity.address.map(|address| address.to_string()),
        "amount": activity.amount.map(|amount| amount.to_string()),
        "coin": coin(about),
        "counterparty": activity.counterparty.map(|address| json!({
            "address": address.to_string(),
            "name": about.counterparty_name(),
            "external": about.counterparty_is_external(),
        })),
        "contract": activity.contract,
        "businessId": activity.business_id,
        "note": about.note,
        "suppressed": activity.suppressed.map(vigia_core::Suppressed::as_str),
    })
}

fn coin(about: &ActivityRow) -> Option<Value> {
    let coin_type = about.activity.coin_type.as_ref()?;
    let coin = about.coin.as_ref();
    Some(json!({
        "type": coin_type,
        "symbol": coin.map(|coin| &coin.symbol),
        "decimals": coin.and_then(|coin| coin.decimals),
    }))
}
