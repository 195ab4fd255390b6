//! What a transaction means, for whom: the pure middle of vigia (I-11).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use vigia_core::{
    AccountId, Activity, Address, AddressBook, BalanceEffect, BusinessEvent, BusinessKey,
    Direction, Event, ExecutedTransaction, Place, Slot, Status, WatchTarget, address_text,
    struct_text, type_text,
};

use crate::handler::{self, HandledEvent, Meaning, activities_of_meanings};
use crate::layout::{LayoutError, decode};
use crate::movement::{Explained, Named, plain_movements};
use crate::parties::{Fields, Occurrence, SENDER, activities_of_event, money, scalar_text};
use crate::registry::{EventRule, Registry};
use crate::told::CurrentRegistry;

/// What a transaction means for the accounts it concerns.
#[derive(Debug, Default)]
pub struct Interpretation {
    /// Activities that follow from the transaction alone.
    pub activities: Vec<Activity>,
    /// Events of business objects, to be folded with those stored.
    pub business_events: Vec<BusinessEvent>,
}

/// A transaction that cannot be interpreted; it is kept with the reason (I-8).
#[derive(Debug, thiserror::Error)]
pub enum InterpretError {
    /// An event whose bytes its declared layout does not fit.
    #[error("event {index} is declared as {contract} {name}, but its bytes do not fit: {source}")]
    EventLayout {
        /// Index of the event in the transaction.
        index: usize,
        /// Declared contract.
        contract: String,
        /// `module::Name`.
        name: String,
        /// What does not fit.
        source: LayoutError,
    },
    /// A declared event whose layout the package has not told yet.
    #[error(
        "event {index} is declared as {contract} {name} without fields, and what its package says of it \
         is not known yet"
    )]
    UnknownLayout {
        /// Index of the event in the transaction.
        index: usize,
        /// Declared contract.
        contract: String,
        /// `module::Name`.
        name: String,
    },
    /// A handler in Rust that panicked.
    #[error("the handler of {contract} panicked on event {index}, {name}")]
    Handler {
        /// Index of the event in the transaction.
        index: usize,
        /// Declared contract.
        contract: String,
        /// `module::Name`.
        name: String,
    },
}

/// Interprets transactions by a registry.
#[derive(Clone, Debug)]
pub struct Interpreter {
    registry: Arc<Registry>,
    /// Where the registry is replaced, while it may be.
    source: Option<Arc<CurrentRegistry>>,
}

/// A declared event of a transaction, decoded.
struct DeclaredEvent<'a> {
    index: u32,
    rule: &'a EventRule,
    fields: Map<String, Value>,
    business_id: Option<String>,
    /// What a handler says of it.
    handled: Option<Vec<Meaning>>,
}

impl DeclaredEvent<'_> {
    fn handled_event<'e>(&'e self, transaction: &'e ExecutedTransaction) -> HandledEvent<'e> {
        HandledEvent {
            name: &self.rule.name,
            fields: &self.fields,
            event: &transaction.events[self.index as usize],
            transaction,
        }
    }

    /// Whether the event itself names the account as one of its parties.
    fn names(&self, account: AccountId, place: Place, book: &AddressBook) -> bool {
        let fields = Fields {
            own: &self.fields,
            object: None,
        };
        let handled = self.handled.iter().flatten();
        let parties = self.rule.activities.iter();
        parties
            .filter(|_| self.handled.is_none())
            .filter_map(|party| fields.address(&party.account))
            .chain(handled.map(|meaning| meaning.address))
            .any(|address| book.account_at(&address, place.checkpoint) == Some(account))
    }
}

impl Interpreter {
    /// An interpreter of these declarations.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            source: None,
        }
    }

    /// One whose [`Self::current`] follows the registry in use.
    pub fn following(source: Arc<CurrentRegistry>) -> Self {
        Self {
            registry: source.get(),
            source: Some(source),
        }
    }

    /// One of the declarations as they are now. What belongs together is interpreted by one: who has to be
    /// known of a transaction and what it means.
    #[must_use]
    pub fn current(&self) -> Self {
        match &self.source {
            Some(source) => Self::following(Arc::clone(source)),
            None => self.clone(),
        }
    }

    /// Whether the declarations are still as they were when this was made.
    pub fn is_current(&self) -> bool {
        let source = self.source.as_ref();
        source.is_none_or(|source| Arc::ptr_eq(&self.registry, &source.get()))
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The addresses whose holders interpretation needs to know.
    pub fn parties(&self, transaction: &ExecutedTransaction) -> BTreeSet<Address> {
        let mut parties: BTreeSet<Address> = transaction
            .balance_changes
            .iter()
            .map(|change| change.address)
            .collect();
        parties.insert(transaction.transaction.sender);
        parties.insert(transaction.gas_payer());
        // Bytes that do not fit come up again in `interpret`, which reports them.
        for event in self.declared_events(transaction).unwrap_or_default() {
            let fields = Fields {
                own: &event.fields,
                object: None,
            };
            for meaning in event.handled.iter().flatten() {
                parties.insert(meaning.address);
                parties.extend(meaning.counterparty);
            }
            for party in &event.rule.activities {
                parties.extend(fields.address(&party.account));
                parties.extend(
                    party
                        .counterparty
                        .as_ref()
                        .and_then(|field| fields.address(field)),
                );
            }
        }
        parties
    }

    /// The contract targets whose observers interpretation needs to know, in canonical text.
    pub fn observed_targets(&self, transaction: &ExecutedTransaction) -> BTreeSet<String> {
        transaction.events.iter().flat_map(event_targets).collect()
    }

    /// Movements of every balance that an account holds, whatever the transaction meant.
    pub fn balance_effects(
        &self,
        transaction: &ExecutedTransaction,
        book: &AddressBook,
    ) -> Vec<BalanceEffect> {
        let place = transaction.place;
        transaction
            .balance_changes
            .iter()
            .filter(|change| book.account_at(&change.address, place.checkpoint).is_some())
            .map(|change| BalanceEffect {
                place,
                address: change.address,
                coin_type: type_text(&change.coin_type),
                amount: change.amount,
            })
            .collect()
    }

    /// What `transaction` means for the accounts in `book`.
    pub fn interpret(
        &self,
        transaction: &ExecutedTransaction,
        book: &AddressBook,
    ) -> Result<Interpretation, InterpretError> {
        if !transaction.succeeded() {
            let activities = failed_activity(transaction, book).into_iter().collect();
            return Ok(Interpretation {
                activities,
                business_events: Vec::new(),
            });
        }
        let declared = self.declared_events(transaction)?;
        let mut interpretation = Interpretation::default();
        for event in &declared {
            self.add_declared(transaction, event, book, &mut interpretation);
        }
        let explained = self.explained(&declared);
        interpretation.activities.extend(plain_movements(
            transaction,
            book,
            &self.registry,
            &explained,
        ));
        self.add_observed(transaction, &declared, book, &mut interpretation);
        if declared.is_empty() {
            add_call_of_sender(transaction, book, &mut interpretation);
        }
        Ok(interpretation)
    }

    fn declared_events<'a>(
        &'a self,
        transaction: &ExecutedTransaction,
    ) -> Result<Vec<DeclaredEvent<'a>>, InterpretError> {
        let mut declared = Vec::new();
        for (index, event) in (0u32..).zip(&transaction.events) {
            let Some(rule) = self.registry.event_rule(&event.type_) else {
                continue;
            };
            let mut fields = decode_declared(index as usize, rule, &event.contents)?;
            fields.insert(
                SENDER.to_owned(),
                address_text(&transaction.transaction.sender).into(),
            );
            let business_id = rule
                .object
                .as_ref()
                .and_then(|(_, field)| scalar_text(field.value(&fields)?));
            let mut event = DeclaredEvent {
                index,
                rule,
                fields,
                business_id,
                handled: None,
            };
            event.handled = self.handled(&event, transaction)?;
            declared.push(event);
        }
        Ok(declared)
    }

    /// What a handler in Rust says of an event that is of no business object.
    fn handled(
        &self,
        event: &DeclaredEvent<'_>,
        transaction: &ExecutedTransaction,
    ) -> Result<Option<Vec<Meaning>>, InterpretError> {
        let rule = event.rule;
        let Some(handler) = self.registry.handler(&rule.contract) else {
            return Ok(None);
        };
        if rule.object.is_some() {
            return Ok(None);
        }
        let asked = handler::ask(handler, &event.handled_event(transaction));
        asked.map_err(|()| InterpretError::Handler {
            index: event.index as usize,
            contract: rule.contract.clone(),
            name: rule.name.clone(),
        })
    }

    /// A business event is kept for the fold, which makes its activities; any other is itself one.
    fn add_declared(
        &self,
        transaction: &ExecutedTransaction,
        event: &DeclaredEvent<'_>,
        book: &AddressBook,
        interpretation: &mut Interpretation,
    ) {
        let DeclaredEvent {
            index,
            rule,
            fields,
            business_id,
            handled,
        } = event;
        if let Some(meanings) = handled {
            let event = (&event.handled_event(transaction), *index);
            let activities = activities_of_meanings(&rule.contract, event, meanings, book);
            interpretation.activities.extend(activities);
            return;
        }
        match (&rule.object, business_id) {
            (Some((object, _)), Some(id)) => interpretation.business_events.push(BusinessEvent {
                key: BusinessKey {
                    contract: rule.contract.clone(),
                    object: object.clone(),
                    id: id.clone(),
                },
                place: transaction.place,
                event_index: *index,
                name: rule.name.clone(),
                fields: Value::Object(fields.clone()),
            }),
            _ => {
                let occurrence = Occurrence {
                    rule,
                    place: transaction.place,
                    event_index: *index,
                    business_id: None,
                };
                let fields = Fields {
                    own: fields,
                    object: None,
                };
                interpretation.activities.extend(activities_of_event(
                    &self.registry,
                    occurrence,
                    fields,
                    book,
                ));
            }
        }
    }

    fn explained(&self, declared: &[DeclaredEvent<'_>]) -> Explained {
        let mut explained = Explained::default();
        for event in declared {
            let fields = Fields {
                own: &event.fields,
                // Only what the event itself says: a value found through its business object would
                // depend on which other events have arrived.
                object: None,
            };
            for meaning in event.handled.iter().flatten() {
                if let Some(money) = meaning.money() {
                    explained.add(meaning.address, meaning.direction, money);
                }
            }
            let declared = event.rule.activities.iter();
            for party in declared.filter(|_| event.handled.is_none()) {
                let address = fields.address(&party.account);
                let money = money(&self.registry, party.money(), fields);
                if let (Some(address), Some(money)) = (address, money) {
                    explained.add(address, party.direction, money);
                }
            }
            let named = |kind: &String| Named {
                kind: kind.clone(),
                contract: event.rule.contract.clone(),
                business_id: event.business_id.clone(),
            };
            if let Some(kind) = &event.rule.movement {
                explained.add_returned(named(kind));
            }
            if let Some(fee) = &event.rule.fee
                && let Some(money) = money(
                    &self.registry,
                    (fee.coin.as_ref(), Some(&fee.amount)),
                    fields,
                )
            {
                explained.add_fee(money, named(&fee.kind));
            }
        }
        explained
    }

    /// Activities for accounts that observe a contract: every event of it, decoded where its layout
    /// is declared.
    fn add_observed(
        &self,
        transaction: &ExecutedTransaction,
        declared: &[DeclaredEvent<'_>],
        book: &AddressBook,
        interpretation: &mut Interpretation,
    ) {
        if !book.has_observers() {
            return;
        }
        for (index, event) in (0u32..).zip(&transaction.events) {
            let known = declared.iter().find(|known| known.index == index);
            let mut observers: Vec<_> = event_targets(event)
                .iter()
                .flat_map(|target| book.observers_of(target).to_vec())
                .collect();
            observers.sort_unstable();
            observers.dedup();
            // What an event means for its party says more than that it was observed.
            let is_party = |account: &AccountId| {
                known.is_some_and(|event| event.names(*account, transaction.place, book))
            };
            observers.retain(|account| !is_party(account));
            for account in observers {
                interpretation.activities.push(Activity {
                    place: transaction.place,
                    account,
                    slot: Slot::Event(index),
                    kind: "contract_event".to_owned(),
                    direction: Direction::Neutral,
                    status: Status::Completed,
                    address: None,
                    coin_type: None,
                    amount: None,
                    counterparty: Some(transaction.transaction.sender),
                    contract: known.map(|known| known.rule.contract.clone()),
                    business_id: known.and_then(|known| known.business_id.clone()),
                    details: match known {
                        Some(known) => json!({
                            "event": struct_text(&event.type_), "fields": known.fields,
                        }),
                        None => json!({
                            "event": struct_text(&event.type_), "bcs": hex(&event.contents),
                        }),
                    },
                    notify: None,
                    suppressed: None,
                });
            }
        }
    }
}

fn decode_declared(
    index: usize,
    rule: &EventRule,
    contents: &[u8],
) -> Result<Map<String, Value>, InterpretError> {
    let (contract, name) = (&rule.contract, &rule.name);
    let Some(fields) = &rule.fields else {
        return Err(InterpretError::UnknownLayout {
            index,
            contract: contract.clone(),
            name: name.clone(),
        });
    };
    decode(fields, contents).map_err(|source| InterpretError::EventLayout {
        index,
        contract: contract.clone(),
        name: name.clone(),
        source,
    })
}

/// Every watch target an event falls under, in canonical text.
fn event_targets(event: &Event) -> Vec<String> {
    let tag = &event.type_;
    [
        WatchTarget::Package(event.package_id),
        WatchTarget::Package(*tag.address()),
        WatchTarget::Module(event.package_id, event.module.clone()),
        WatchTarget::Module(*tag.address(), tag.module().clone()),
        WatchTarget::event_type(tag),
    ]
    .iter()
    .map(ToString::to_string)
    .collect()
}

/// A failed transaction concerns its sender: it moved nothing but gas.
fn failed_activity(transaction: &ExecutedTransaction, book: &AddressBook) -> Option<Activity> {
    let details = json!({ "error": transaction.failure(), "calls": calls(transaction) });
    sender_activity(transaction, book, Status::Failed, details)
}

/// A call that did something without a name for its sender is at least shown as a call.
fn add_call_of_sender(
    transaction: &ExecutedTransaction,
    book: &AddressBook,
    interpretation: &mut Interpretation,
) {
    let details = json!({ "calls": calls(transaction) });
    let Some(activity) = sender_activity(transaction, book, Status::Completed, details) else {
        return;
    };
    if !interpretation
        .activities
        .iter()
        .any(|other| other.account == activity.account)
    {
        interpretation.activities.push(activity);
    }
}

fn sender_activity(
    transaction: &ExecutedTransaction,
    book: &AddressBook,
    status: Status,
    details: Value,
) -> Option<Activity> {
    let sender = transaction.transaction.sender;
    let account = book.account_at(&sender, transaction.place.checkpoint)?;
    Some(Activity {
        place: transaction.place,
        account,
        slot: Slot::Transaction,
        kind: "transaction".to_owned(),
        direction: Direction::Neutral,
        status,
        address: Some(sender),
        coin_type: None,
        amount: None,
        counterparty: None,
        contract: None,
        business_id: None,
        details,
        notify: None,
        suppressed: None,
    })
}

fn calls(transaction: &ExecutedTransaction) -> Vec<String> {
    use sui_sdk_types::{Command, TransactionKind};
    let TransactionKind::ProgrammableTransaction(program) = &transaction.transaction.kind else {
        return Vec::new();
    };
    program
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::MoveCall(call) => Some(format!(
                "{}::{}::{}",
                call.package, call.module, call.function
            )),
            _ => None,
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
