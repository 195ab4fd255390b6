//! What a device is told, from what was taken for it. Pure.

use vigia_core::NotificationText;
use vigia_notify::{MessageId, PushMessage};
use vigia_store::{ClaimedPush, PushLane};
use vigia_web::{Together, push_data, push_text};

use super::PushLimits;

/// The message of pushes that come together; none where there is nothing to tell any more.
pub fn compose(
    texts: &dyn NotificationText,
    claimed: &ClaimedPush,
    limits: &PushLimits,
    now_ms: u64,
) -> Option<PushMessage> {
    let rows = &claimed.notifications;
    let is_late = rows.iter().any(|row| {
        let happened_at_ms = row.about.as_ref().map(|about| about.timestamp_ms);
        happened_at_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) >= limits.late_after_ms)
    });
    let together = Together {
        count: claimed.count,
        is_late,
        hides_amounts: claimed.hides_amounts,
    };
    let told = push_text(texts, rows, together, claimed.locale)?;
    // The newest push in it: told again after a crash, the same message has the same id.
    let (newest, _) = claimed.pushes.last()?;
    let id = |id: vigia_core::DeliveryId| {
        MessageId::new(id.to_string()).expect("32 hexadecimal digits are an id")
    };
    Some(PushMessage {
        id: id(newest.id),
        group: (claimed.bundle != newest.id).then(|| id(claimed.bundle)),
        title: told.title,
        body: told.body,
        data: push_data(rows, claimed.count, &claimed.user),
        ttl_s: limits.ttl_s,
        is_urgent: claimed.lane == PushLane::Live,
    })
}
