//! The body of a webhook: an activity as other systems read it, by docs/schemas/activity-v1.json. Pure.

use serde_json::{Value, json};
use vigia_store::{ActivityRow, DeliveryEvent, DeliveryKind};

/// Version of the form. Fields may be added to it; none goes or changes its meaning.
pub const EVENT_VERSION: u32 = 1;

/// The body for a delivery; none where there is nothing to tell any more: a correction has withdrawn what was to be told,
/// and is told itself.
pub fn event_json(event: &DeliveryEvent) -> Option<String> {
    let is_over = event.row.kind == DeliveryKind::Created && event.about.is_none();
    (!is_over).then(|| event_value(event).to_string())
}

/// The same as a value, also of what is not told any more, so that whoever reads on finds every number.
pub(crate) fn event_value(event: &DeliveryEvent) -> Value {
    let row = &event.row;
    let kind = match (row.kind, &event.about) {
        (DeliveryKind::Test, _) => "endpoint.test",
        (DeliveryKind::Withdrawn, _) | (_, None) => "activity.withdrawn",
        (DeliveryKind::Created, Some(_)) => "activity.created",
        (DeliveryKind::Corrected, Some(_)) => "activity.corrected",
    };
    let mut value = json!({
        "type": kind,
        "version": EVENT_VERSION,
        "id": row.id.to_string(),
        "sequence": row.sequence,
        "historical": event.is_historical,
    });
    if row.kind != DeliveryKind::Test {
        value["activity"] = match &event.about {
            Some(about) if row.kind != DeliveryKind::Withdrawn => activity_value(about),
            _ => json!({ "id": row.activity.to_string() }),
        };
    }
    if let Some(revision) = &event.revision {
        value["correction"] = json!({
            "reason": revision.reason,
            "atMs": revision.at_ms,
            "before": revision.before,
        });
    }
    value
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
