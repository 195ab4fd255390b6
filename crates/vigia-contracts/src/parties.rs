//! From an event's fields to activities: who it concerns, what coin, how much.

use serde_json::{Map, Value, json};
use vigia_core::{Activity, Address, AddressBook, Direction, Place, Slot, Status, parse_address};

use crate::registry::{ActivityRule, CoinRef, EventRule, FieldRef, Registry};

/// The key under which an event's sender is kept among its stored fields.
pub(crate) const SENDER: &str = "$sender";

/// Looks values up for one event.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    /// The event's own fields, its sender among them.
    pub(crate) own: &'a Map<String, Value>,
    /// The fields of all events of its business object, the earliest value of each.
    pub(crate) object: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    fn value(&self, field: &FieldRef) -> Option<&'a Value> {
        match field {
            FieldRef::Own(path) => path.value(self.own),
            FieldRef::Object(path) => self.object.and_then(|fields| path.value(fields)),
            FieldRef::Sender => self.own.get(SENDER),
        }
    }

    fn text(&self, field: &FieldRef) -> Option<&'a str> {
        self.value(field)?.as_str()
    }

    pub(crate) fn address(&self, field: &FieldRef) -> Option<Address> {
        parse_address(self.text(field)?).ok()
    }

    pub(crate) fn amount(&self, field: &FieldRef) -> Option<i128> {
        let amount: i128 = scalar_text(self.value(field)?)?.parse().ok()?;
        // The direction says which way; only a text could hold a sign.
        (amount >= 0).then_some(amount)
    }

    /// Whether every `@field` that the rule names is known.
    fn complete(&self, rule: &ActivityRule) -> bool {
        let coin = match &rule.coin {
            Some(CoinRef::Code(field)) => Some(field),
            Some(CoinRef::Fixed(_)) | None => None,
        };
        [
            Some(&rule.account),
            rule.amount.as_ref(),
            coin,
            rule.counterparty.as_ref(),
        ]
        .into_iter()
        .flatten()
        .filter(|field| matches!(field, FieldRef::Object(_)))
        .all(|field| self.value(field).is_some())
    }
}

/// A number or text as text; integers of up to 32 bits are numbers in JSON.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Where an event stands and which rule it falls under.
#[derive(Clone, Copy)]
pub(crate) struct Occurrence<'a> {
    pub(crate) rule: &'a EventRule,
    pub(crate) place: Place,
    pub(crate) event_index: u32,
    pub(crate) business_id: Option<&'a str>,
}

/// The coin and amount that a rule names; both or none, so that an amount is never shown
/// in a coin that is not known.
pub(crate) fn money(
    registry: &Registry,
    (coin, amount): (Option<&CoinRef>, Option<&FieldRef>),
    fields: Fields<'_>,
) -> Option<(String, i128)> {
    let coin_type = match coin? {
        CoinRef::Fixed(coin_type) => coin_type.as_str(),
        CoinRef::Code(field) => registry.coin_by_code(fields.text(field)?)?,
    };
    let amount = fields.amount(amount?)?;
    Some((coin_type.to_owned(), amount))
}

/// What else is known of it. Money that is named and cannot be read is marked: an amount beyond i128, a code
/// that nobody declared.
fn details(
    registry: &Registry,
    rule: &EventRule,
    party: &ActivityRule,
    fields: Fields<'_>,
) -> Value {
    let mut details = json!({ "event": rule.name, "fields": fields.own });
    if let (Some(coin), Some(amount)) = party.money()
        && fields.value(amount).is_some()
        && money(registry, (Some(coin), Some(amount)), fields).is_none()
    {
        let unread = match fields.amount(amount) {
            None => "amount",
            Some(_) => "coin",
        };
        details["unread"] = unread.into();
    }
    details
}

/// The activities of one event for the accounts in `book`; an account that is several parties of
/// it gets the first. Ends at the first party whose `@fields` are not all known: what a later one
/// would give could be the first party's once they are (see `fold`).
pub(crate) fn activities_of_event(
    registry: &Registry,
    occurrence: Occurrence<'_>,
    fields: Fields<'_>,
    book: &AddressBook,
) -> Vec<Activity> {
    let Occurrence {
        rule,
        place,
        event_index,
        business_id,
    } = occurrence;
    let mut activities: Vec<Activity> = Vec::new();
    for party in rule
        .activities
        .iter()
        .take_while(|rule| fields.complete(rule))
    {
        let Some(address) = fields.address(&party.account) else {
            continue;
        };
        let Some(account) = book.account_at(&address, place.checkpoint) else {
            continue;
        };
        if activities
            .iter()
            .any(|activity| activity.account == account)
        {
            continue;
        }
        let counterparty = party
            .counterparty
            .as_ref()
            .and_then(|field| fields.address(field));
        let counterparty_account =
            counterparty.and_then(|address| book.account_at(&address, place.checkpoint));
        let to_itself = counterparty_account == Some(account);
        let money = money(registry, party.money(), fields);
        activities.push(Activity {
            place,
            account,
            slot: Slot::Event(event_index),
            kind: party.kind.clone(),
            direction: if to_itself {
                Direction::Neutral
            } else {
                party.direction
            },
            status: Status::Completed,
            address: Some(address),
            coin_type: money.as_ref().map(|(coin_type, _)| coin_type.clone()),
            amount: money.map(|(_, amount)| amount),
            counterparty,
            contract: Some(rule.contract.clone()),
            business_id: business_id.map(ToOwned::to_owned),
            details: details(registry, rule, party, fields),
            notify: if to_itself {
                None
            } else {
                party.notify.clone()
            },
            suppressed: None,
        });
    }
    activities
}
