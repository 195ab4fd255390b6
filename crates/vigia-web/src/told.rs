//! What people are told of notifications: one by one in the inbox, and together on their devices. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vigia_core::{
    CoinInfo, Direction, Locale, NotificationKind, NotificationText, RenderInput, TextArg,
};
use vigia_store::{ActivityRow, BroadcastText, BroadcastTexts, NotificationRow};

use crate::text::{money, money_or_units};

/// Version of the data of a push. Keys may be added to it; none goes or changes its meaning.
pub const PUSH_VERSION: u32 = 1;
/// Ids of notifications that the data of a push names.
const IDS_MAX: usize = 20;

/// A message as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The first line.
    pub title: String,
    /// The text.
    pub body: String,
}

/// What several notifications come together as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Together {
    /// How many they are; there may be more than are at hand.
    pub count: u32,
    /// Whether they are of long ago.
    pub is_late: bool,
    /// Whether the message says no amounts.
    pub hides_amounts: bool,
}

/// The message of one notification.
pub(crate) fn one(
    texts: &dyn NotificationText,
    row: &NotificationRow,
    locale: Locale,
    hides_amounts: bool,
) -> Told {
    if let Some(BroadcastText { title, body }) = broadcast(row, locale) {
        return Told { title, body };
    }
    let args = args(&row.details);
    let about = row.about.as_ref();
    let alone = RenderInput {
        args: &args,
        hides_amounts,
        ..RenderInput::new(&row.kind)
    };
    let input = match about {
        None => alone,
        Some(about) => {
            let activity = &about.activity;
            let amount = activity.amount.zip(activity.coin_type.as_deref());
            RenderInput {
                direction: activity.direction,
                money: amount.map(|(minor, coin_type)| {
                    money_or_units(minor, coin_type, about.coin.as_ref(), locale)
                }),
                counterparty_name: about.counterparty_name(),
                counterparty: activity.counterparty,
                business_id: activity.business_id.as_deref(),
                account_name: Some(&about.account.display_name)
                    .filter(|name| !name.is_empty())
                    .map(|name| &**name),
                hides_amounts: hides_amounts || !row.may_read,
                ..alone
            }
        }
    };
    Told {
        title: texts.title(&input, locale),
        body: texts.render(&input, locale),
    }
}

/// The message of notifications that come together, of which there is at least one.
pub fn push_text(
    texts: &dyn NotificationText,
    rows: &[NotificationRow],
    together: Together,
    locale: Locale,
) -> Option<Told> {
    let first = rows.first()?;
    if together.count <= 1 && !together.is_late {
        return Some(one(texts, first, locale, together.hides_amounts));
    }
    let sum = (rows.len() == usize::try_from(together.count).ok()?)
        .then(|| received(rows))
        .flatten();
    let kind = match (together.is_late, &sum) {
        (true, _) => "SUMMARY",
        (false, Some(_)) => "DIGEST_RECEIVED",
        (false, None) => "DIGEST",
    };
    let accounts: BTreeSet<_> = rows.iter().map(account_name).collect();
    let account = accounts.first().copied().flatten();
    let kind = NotificationKind::new(kind);
    let input = RenderInput {
        direction: Direction::In,
        money: sum.and_then(|(minor, coin)| money(minor, coin, locale)),
        account_name: account.filter(|_| accounts.len() == 1),
        args: &[("count", TextArg::Count(together.count.into()))],
        hides_amounts: together.hides_amounts,
        ..RenderInput::new(&kind)
    };
    Some(Told {
        title: texts.title(&input, locale),
        body: texts.render(&input, locale),
    })
}

fn account_name(row: &NotificationRow) -> Option<&str> {
    let name = &*row.about.as_ref()?.account.display_name;
    Some(name).filter(|name| !name.is_empty())
}

/// What was received in all, where everything is a receipt of one coin.
fn received(rows: &[NotificationRow]) -> Option<(i128, &CoinInfo)> {
    let mut sum: Option<(i128, &CoinInfo)> = None;
    for row in rows {
        let about = row.about.as_ref().filter(|_| row.may_read)?;
        let (amount, coin) = (about.activity.amount?, about.coin.as_ref()?);
        let is_alike = sum.is_none_or(|(_, other)| other.coin_type == coin.coin_type);
        if about.activity.direction != Direction::In || coin.decimals.is_none() || !is_alike {
            return None;
        }
        let before = sum.map_or(0, |(before, _)| before);
        sum = Some((before.checked_add(amount)?, coin));
    }
    sum
}

/// What an application finds in a push, by docs/schemas/push-v1.json: texts only, as FCM knows nothing else.
pub fn push_data(rows: &[NotificationRow], count: u32, user: &str) -> BTreeMap<String, String> {
    let mut data = BTreeMap::new();
    let mut put = |key: &str, value: String| data.insert(key.to_owned(), value);
    put("version", PUSH_VERSION.to_string());
    put("user", user.to_owned());
    put("count", count.to_string());
    let ids = rows
        .iter()
        .rev()
        .take(IDS_MAX)
        .map(|row| row.id.to_string());
    put("notification_ids", ids.collect::<Vec<_>>().join(","));
    let [row] = rows else {
        put("event", "notifications".to_owned());
        return data;
    };
    put("event", "notification".to_owned());
    put("kind", row.kind.as_str().to_owned());
    put("category", row.category.as_str().to_owned());
    if let Some(about) = &row.about {
        put("account", about.account.external_id.clone());
        put("account_kind", about.account.kind.as_str().to_owned());
        if row.may_read {
            data.extend(activity(about));
        }
    }
    data
}

fn activity(about: &ActivityRow) -> BTreeMap<String, String> {
    let activity = &about.activity;
    let coin = about.coin.as_ref();
    let known = [
        ("activity_id", Some(about.id.to_string())),
        ("digest", Some(about.digest.to_string())),
        ("timestamp_ms", Some(about.timestamp_ms.to_string())),
        ("activity_kind", Some(activity.kind.clone())),
        ("direction", Some(activity.direction.as_str().to_owned())),
        ("status", Some(activity.status.as_str().to_owned())),
        ("amount", activity.amount.map(|amount| amount.to_string())),
        ("coin_type", activity.coin_type.clone()),
        ("symbol", coin.map(|coin| coin.symbol.clone())),
        (
            "decimals",
            coin.and_then(|coin| coin.decimals)
                .map(|decimals| decimals.to_string()),
        ),
        (
            "counterparty",
            activity.counterparty.map(|address| address.to_string()),
        ),
        (
            "counterparty_name",
            about.counterparty_name().map(str::to_owned),
        ),
        (
            "counterparty_external",
            about
                .counterparty_is_external()
                .map(|external| external.to_string()),
        ),
        ("contract", activity.contract.clone()),
        ("business_id", activity.business_id.clone()),
        ("note", about.note.clone()),
    ];
    let known = known.into_iter();
    let known = known.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    known.collect()
}

/// What a broadcast says.
fn broadcast(row: &NotificationRow, locale: Locale) -> Option<BroadcastText> {
    let texts = row.details.get("texts")?.clone();
    let texts: BroadcastTexts = serde_json::from_value(texts).ok()?;
    texts.text(locale).cloned()
}

/// What the text of a notice shows: its details, of which those in `_ms` are moments.
fn args(details: &Value) -> Vec<(&str, TextArg<'_>)> {
    let Some(details) = details.as_object() else {
        return Vec::new();
    };
    let mut args = Vec::new();
    for (name, value) in details {
        match value {
            Value::String(text) => args.push((&**name, TextArg::Text(text))),
            Value::Number(number) => {
                let Some(number) = number.as_u64() else {
                    continue;
                };
                match name.strip_suffix("_ms") {
                    Some(name) => args.push((name, TextArg::TimeMs(number))),
                    None => args.push((&**name, TextArg::Count(number))),
                }
            }
            _ => {}
        }
    }
    args
}
