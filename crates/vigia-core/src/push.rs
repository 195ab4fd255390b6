//! When a phone is told of a notification, and with which others: what keeps a burst from being a burst of noise,
//! and loses none of it. Pure: the time is handed in.

use std::str::FromStr;

use crate::{Category, DeliveryId, Preferences};

/// Who brings a push to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// Firebase Cloud Messaging: Android, and iOS through Google.
    Fcm,
    /// Apple Push Notification service.
    Apns,
    /// Web Push: browsers.
    Web,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fcm, Self::Apns, Self::Web];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::Web => "web",
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|platform| platform.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is not a platform (fcm, apns, web)"))
    }
}

/// Why pushes come together as one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleKind {
    /// Many came in a short time.
    Burst,
    /// They came in the user's quiet hours.
    Quiet,
    /// They are about what happened long ago, as after an outage (I-16).
    Late,
}

impl BundleKind {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Quiet => "quiet",
            Self::Late => "late",
        }
    }
}

impl FromStr for BundleKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "burst" => Ok(Self::Burst),
            "quiet" => Ok(Self::Quiet),
            "late" => Ok(Self::Late),
            _ => Err(format!(
                "{text:?} is not a kind of bundle (burst, quiet, late)"
            )),
        }
    }
}

/// The pushes of a device that come together: each message of them replaces the one before on the screen and tells
/// of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The first push in it.
    pub id: DeliveryId,
    /// Why.
    pub kind: BundleKind,
    /// When it began.
    pub began_at_ms: u64,
    /// When what was held back in it is due.
    pub due_at_ms: u64,
    /// Pushes in it.
    pub count: u32,
}

/// When pushes come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleSettings {
    /// Pushes of a device within a window that are sent at once; further ones wait for its end.
    pub burst_max: u32,
    /// How long the window of a burst is.
    pub burst_window_ms: u64,
    /// What happened so long ago is late.
    pub late_after_ms: u64,
    /// How long late ones are collected.
    pub late_window_ms: u64,
}

impl Default for BundleSettings {
    fn default() -> Self {
        Self {
            burst_max: 3,
            burst_window_ms: 60_000,
            late_after_ms: 3_600_000,
            late_window_ms: 60_000,
        }
    }
}

/// When a push is due, and the bundle that its device has from then on; none where it stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushPlan {
    /// When it is to be sent.
    pub due_at_ms: u64,
    /// What it is a part of.
    pub bundle: Option<Bundle>,
}

/// Plans a new push `id` to a device that has `bundle` open, about what happened at `happened_at_ms`.
pub fn plan_push(
    id: DeliveryId,
    category: Category,
    happened_at_ms: u64,
    now_ms: u64,
    preferences: &Preferences,
    bundle: Option<&Bundle>,
    settings: &BundleSettings,
) -> PushPlan {
    if category == Category::Security {
        return PushPlan {
            due_at_ms: now_ms,
            bundle: None,
        };
    }
    let quiet_until_ms = preferences.quiet_until_ms(category, now_ms);
    let is_late = now_ms.saturating_sub(happened_at_ms) >= settings.late_after_ms;
    let (kind, window_ends_ms) = match (quiet_until_ms, is_late) {
        (Some(until_ms), _) => (BundleKind::Quiet, until_ms),
        (None, true) => (
            BundleKind::Late,
            now_ms.saturating_add(settings.late_window_ms),
        ),
        (None, false) => (
            BundleKind::Burst,
            now_ms.saturating_add(settings.burst_window_ms),
        ),
    };
    let open = bundle.filter(|bundle| bundle.kind == kind && bundle.due_at_ms > now_ms);
    let bundle = match open {
        Some(bundle) => Bundle {
            count: bundle.count.saturating_add(1),
            ..*bundle
        },
        None => Bundle {
            id,
            kind,
            began_at_ms: now_ms,
            due_at_ms: window_ends_ms,
            count: 1,
        },
    };
    let is_at_once = kind == BundleKind::Burst && bundle.count <= settings.burst_max;
    PushPlan {
        due_at_ms: if is_at_once { now_ms } else { bundle.due_at_ms },
        bundle: Some(bundle),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::QuietHours;

    const MINUTE: u64 = 60_000;

    fn id(n: u8) -> DeliveryId {
        DeliveryId::from_bytes([n; 16])
    }

    fn plan(n: u8, now_ms: u64, bundle: Option<&Bundle>) -> PushPlan {
        plan_push(
            id(n),
            Category::Money,
            now_ms,
            now_ms,
            &Preferences::default(),
            bundle,
            &BundleSettings::default(),
        )
    }

    #[test]
    fn ten_in_a_minute_are_three_and_one() {
        let (mut bundle, mut due) = (None, Vec::new());
        for n in 0..10 {
            let planned = plan(n, 1_000 + u64::from(n), bundle.as_ref());
            bundle = planned.bundle;
            due.push(planned.due_at_ms);
        }
        assert_eq!(due[..3], [1_000, 1_001, 1_002]);
        assert_eq!(due[3..], [1_000 + MINUTE; 7]);
        let bundle = bundle.unwrap();
        assert_eq!((bundle.id, bundle.count), (id(0), 10));
        // The next minute is another burst.
        let next = plan(11, 1_000 + MINUTE, Some(&bundle));
        assert_eq!(next.due_at_ms, 1_000 + MINUTE);
        assert_eq!(next.bundle.unwrap().id, id(11));
    }

    #[test]
    fn one_message_where_none_is_sent_at_once() {
        let settings = BundleSettings {
            burst_max: 0,
            ..BundleSettings::default()
        };
        let money = Category::Money;
        let preferences = Preferences::default();
        let first = plan_push(id(1), money, 5, 5, &preferences, None, &settings);
        assert_eq!(first.due_at_ms, 5 + MINUTE);
        let open = first.bundle;
        let second = plan_push(id(2), money, 9, 9, &preferences, open.as_ref(), &settings);
        assert_eq!(second.due_at_ms, 5 + MINUTE);
        assert_eq!(second.bundle.unwrap().id, id(1));
    }

    #[test]
    fn what_is_late_or_comes_at_night_waits_together() {
        let settings = BundleSettings::default();
        let now_ms = 10 * 60 * MINUTE;
        let late = |n, bundle: Option<&Bundle>| {
            let preferences = Preferences::default();
            let happened_at_ms = now_ms - 60 * MINUTE;
            plan_push(
                id(n),
                Category::Money,
                happened_at_ms,
                now_ms,
                &preferences,
                bundle,
                &settings,
            )
        };
        let first = late(1, None);
        assert_eq!(first.due_at_ms, now_ms + MINUTE);
        let second = late(2, first.bundle.as_ref());
        assert_eq!(second.due_at_ms, now_ms + MINUTE);
        assert_eq!(second.bundle.unwrap().count, 2);
        // What happens now is told now, in a bundle of its own.
        let fresh = plan(3, now_ms, second.bundle.as_ref());
        assert_eq!(fresh.due_at_ms, now_ms);
        assert_eq!(fresh.bundle.unwrap().id, id(3));

        let night = Preferences {
            quiet_hours: QuietHours::new(10 * 60, 12 * 60).ok(),
            ..Preferences::default()
        };
        let quiet = |category, bundle: Option<&Bundle>| {
            plan_push(id(4), category, now_ms, now_ms, &night, bundle, &settings)
        };
        let held = quiet(Category::Trades, None);
        assert_eq!(held.due_at_ms, 12 * 60 * MINUTE);
        assert_eq!(held.bundle.unwrap().kind, BundleKind::Quiet);
        let alarm = quiet(Category::Security, held.bundle.as_ref());
        assert_eq!((alarm.due_at_ms, alarm.bundle), (now_ms, None));
    }

    proptest! {
        #[test]
        fn none_is_due_before_now_or_after_its_window(
            steps in prop::collection::vec((0u64..40_000, 0u64..8_000_000), 1..60),
            burst_max in 0u32..5,
        ) {
            let settings = BundleSettings { burst_max, ..BundleSettings::default() };
            let (mut now_ms, mut bundle, mut seen) = (10_000_000, None::<Bundle>, Vec::new());
            for (index, (passed_ms, age_ms)) in steps.into_iter().enumerate() {
                now_ms += passed_ms;
                let id = id(u8::try_from(index).unwrap());
                let planned = plan_push(
                    id, Category::Money, now_ms - age_ms, now_ms, &Preferences::default(),
                    bundle.as_ref(), &settings,
                );
                prop_assert!(planned.due_at_ms >= now_ms);
                prop_assert!(planned.due_at_ms <= now_ms + MINUTE);
                bundle = planned.bundle;
                seen.push(bundle.unwrap().id);
            }
            // Every bundle is named by a push that is in it.
            for (index, id) in seen.iter().enumerate() {
                let first = usize::from(id.as_bytes()[0]);
                prop_assert!(first <= index && seen[first] == *id);
            }
        }
    }
}
