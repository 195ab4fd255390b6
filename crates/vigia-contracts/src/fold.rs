//! Business objects as folds of their stored events, in chain order (I-11).
//!
//! Activities are written once, with whatever events have arrived by then, so what a row holds must
//! not depend on which those are. The rule: an event's activities are taken in the order of their
//! declaration, up to the first that names an `@field` which no event that has arrived holds. What
//! is emitted is then final, and an event that arrives later only adds activities.
//!
//! This rests on the events of one object agreeing where they hold the same field (a trade has one
//! seller). A contract that lets an id be used twice breaks that: each account still gets one
//! activity per event, but which of the two values it shows depends on which came first.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use vigia_core::{
    Address, AddressBook, BusinessEvent, BusinessFolder, BusinessKey, BusinessOutcome, Escrow,
    RECEIVED, Receipts, StructTag, parse_address,
};

use crate::interpret::Interpreter;
use crate::parties::{Fields, Occurrence, SENDER, activities_of_event, money, scalar_text};
use crate::registry::{EventRule, Registry};

impl BusinessFolder for Interpreter {
    fn parties(&self, _key: &BusinessKey, events: &[BusinessEvent]) -> Vec<Address> {
        let addresses: BTreeSet<Address> = events
            .iter()
            .filter_map(|event| event.fields.as_object())
            .flat_map(Map::values)
            .filter_map(Value::as_str)
            .filter_map(|text| parse_address(text).ok())
            .collect();
        addresses.into_iter().collect()
    }

    fn fold(
        &self,
        key: &BusinessKey,
        events: &[BusinessEvent],
        book: &AddressBook,
    ) -> BusinessOutcome {
        let mut events: Vec<&BusinessEvent> = events.iter().collect();
        events.sort_by_key(|event| (event.place, event.event_index));
        let merged = merge_fields(&events);
        let mut outcome = BusinessOutcome {
            is_listed: self.registry().is_listed(&key.contract, &key.object),
            ..BusinessOutcome::default()
        };
        let mut moment = Moment::before();
        let mut receipts = Receipts::default();
        for event in events {
            // A declaration that has gone leaves its events stored and silent.
            let Some(rule) = self.registry().event_rule_named(&key.contract, &event.name) else {
                continue;
            };
            moment.advance(self.registry(), rule, event, &merged);
            if let Some((to, coin_type, amount)) = moment.payment.take() {
                receipts.add(to, &coin_type, amount);
            }
            let Some(own) = event.fields.as_object() else {
                continue;
            };
            let occurrence = Occurrence {
                rule,
                place: event.place,
                event_index: event.event_index,
                business_id: Some(&key.id),
            };
            let fields = Fields {
                own,
                object: Some(&merged),
            };
            outcome.activities.extend(activities_of_event(
                self.registry(),
                occurrence,
                fields,
                book,
            ));
        }
        outcome.state = moment.state;
        (outcome.deadline_ms, outcome.escrow) = (moment.deadline_ms, moment.escrow);
        let mut data = merged;
        let received = receipts.to_json();
        if !received.is_null() {
            data.insert(RECEIVED.to_owned(), received);
        }
        outcome.data = Value::Object(data);
        outcome
    }
}

/// What a business object is after one of its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The state it is in.
    pub state: String,
    /// When it runs out unless something happens, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
    /// What is held.
    pub escrow: Option<Escrow>,
    /// Whom the event has paid, in which coin and how much.
    pub payment: Option<(Address, String, i128)>,
}

impl Moment {
    /// What it is before any event is known.
    fn before() -> Self {
        Self {
            state: "unknown".to_owned(),
            deadline_ms: None,
            escrow: None,
            payment: None,
        }
    }

    fn advance(
        &mut self,
        registry: &Registry,
        rule: &EventRule,
        event: &BusinessEvent,
        merged: &Map<String, Value>,
    ) {
        self.payment = None;
        if let Some(state) = &rule.state {
            self.state.clone_from(state);
        }
        // After an event that is final nothing is waited for, and nothing is held.
        if rule.is_final {
            (self.deadline_ms, self.escrow) = (None, None);
        }
        let Some(own) = event.fields.as_object() else {
            return;
        };
        let fields = Fields {
            own,
            object: Some(merged),
        };
        self.payment = payment(registry, rule, fields);
        if !rule.is_final {
            self.deadline_ms = deadline(rule, fields).or(self.deadline_ms);
            self.escrow = escrow(registry, rule, fields).or(self.escrow.take());
        }
    }
}

impl Registry {
    /// What a business object is after each of its events, which are in the order of the chain; none for an event whose
    /// declaration has gone.
    pub fn moments(&self, key: &BusinessKey, events: &[&BusinessEvent]) -> Vec<Option<Moment>> {
        let merged = merge_fields(events);
        let mut moment = Moment::before();
        let after = events.iter().map(|event| {
            let rule = self.event_rule_named(&key.contract, &event.name)?;
            moment.advance(self, rule, event, &merged);
            Some(moment.clone())
        });
        after.collect()
    }

    /// The business object that an event is of, where it is of one.
    pub fn business_key(&self, tag: &StructTag, contents: &[u8]) -> Option<BusinessKey> {
        let rule = self.event_rule(tag)?;
        let (object, id) = rule.object.as_ref()?;
        let fields = self.decode_event(tag, contents).ok()?;
        Some(BusinessKey {
            contract: rule.contract.clone(),
            object: object.clone(),
            id: scalar_text(id.value(&fields)?)?,
        })
    }
}

/// Who sent the transaction of a stored event.
pub fn event_sender(event: &BusinessEvent) -> Option<Address> {
    let sender = event.fields.get(SENDER)?.as_str()?;
    parse_address(sender).ok()
}

/// Who is paid by an event, in which coin and how much.
fn payment(
    registry: &Registry,
    rule: &EventRule,
    fields: Fields<'_>,
) -> Option<(Address, String, i128)> {
    let pays = rule.pays.as_ref()?;
    let to = fields.address(&pays.to)?;
    let (coin_type, amount) = money(registry, (pays.coin.as_ref(), Some(&pays.amount)), fields)?;
    Some((to, coin_type, amount))
}

fn deadline(rule: &EventRule, fields: Fields<'_>) -> Option<u64> {
    let at_ms = fields.amount(rule.deadline.as_ref()?)?;
    // The contract takes any number. One beyond what a database keeps is no time that comes.
    let at_ms = u64::try_from(at_ms).ok()?;
    (at_ms <= i64::MAX.unsigned_abs()).then_some(at_ms)
}

fn escrow(registry: &Registry, rule: &EventRule, fields: Fields<'_>) -> Option<Escrow> {
    let holds = rule.holds.as_ref()?;
    let (coin_type, amount) = money(registry, (holds.coin.as_ref(), Some(&holds.amount)), fields)?;
    Some(Escrow {
        from: fields.address(&holds.from)?,
        to: holds.to.as_ref().and_then(|to| fields.address(to)),
        coin_type,
        amount,
    })
}

/// The fields of all events, the earliest value of each; an empty option is none.
fn merge_fields(events: &[&BusinessEvent]) -> Map<String, Value> {
    let mut merged = Map::new();
    for (name, value) in events
        .iter()
        .filter_map(|event| event.fields.as_object())
        .flat_map(Map::iter)
    {
        if !value.is_null() && !merged.contains_key(name) {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}
