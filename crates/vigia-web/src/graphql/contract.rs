//! The declared contracts, for operators.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use vigia_contracts::{ContractSummary, EventSummary, Registry};
use vigia_core::Address;

use super::activity::Direction;
use super::error::internal;
use super::failed::check_operator;
use super::query::web;
use super::scalar::UInt53;
use crate::contracts::ContractUse;

/// The contracts that are understood, and how busy they are.
#[derive(SimpleObject)]
struct Contracts {
    /// Those that are declared and have a package, by name.
    contracts: Vec<Contract>,
    /// Events of the last 24 hours that no contract declares.
    undeclared_events: UInt53,
    /// Whether more happened in the last 24 hours than is counted here: the newest transactions only.
    is_cut: bool,
}

/// A declared contract.
#[derive(SimpleObject)]
struct Contract {
    /// Its name in the files.
    name: String,
    /// Its packages, every version that is known.
    packages: Vec<ContractPackage>,
    /// Whether a handler in Rust says what its events mean.
    has_handler: bool,
    /// Its declared events, by name.
    events: Vec<ContractEvent>,
}

/// A version of a contract's code.
#[derive(SimpleObject)]
struct ContractPackage {
    /// Its id.
    package: String,
    /// The package that it is a version of: types keep this id. Null while no node was asked.
    original: Option<String>,
    /// Which version it is, from 1. Null while no node was asked.
    version: Option<UInt53>,
    /// When it was first heard of, in milliseconds since 1970. Null while no node was asked.
    noticed_at_ms: Option<UInt53>,
}

/// What a declaration says of an event.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
enum ContractEventTrait {
    /// It pays an invoice.
    PaysInvoice,
    /// Coins are held by the contract from it on.
    HoldsCoins,
    /// It names a fee.
    NamesFee,
    /// Nothing is waited for afterwards.
    EndsObject,
}

/// A declared event of a contract.
#[derive(SimpleObject)]
struct ContractEvent {
    /// `module::Name`.
    name: String,
    /// How often it happened in the last 24 hours.
    last_day: UInt53,
    /// Whether its fields are known: not while they are left out of the file and the package was not asked.
    is_readable: bool,
    /// The kind of business object that it is of; null where it is of none.
    object: Option<String>,
    /// The state that the object has afterwards; null where it stays in the one it is in.
    object_state: Option<String>,
    /// What coins are called that go back to somebody whom it does not name; null where none do.
    movement: Option<String>,
    /// What else it is.
    traits: Vec<ContractEventTrait>,
    /// The activities that it amounts to.
    activities: Vec<ContractActivity>,
}

/// An activity that an event amounts to.
#[derive(SimpleObject)]
struct ContractActivity {
    /// Its kind.
    kind: String,
    /// Which way it goes.
    direction: Direction,
}

impl Contracts {
    fn new(registry: &Registry, used: &ContractUse) -> Self {
        let contracts = registry.contracts();
        let contracts = contracts
            .iter()
            .map(|contract| Contract::new(contract, used));
        Self {
            contracts: contracts.collect(),
            undeclared_events: UInt53(used.undeclared),
            is_cut: used.is_cut,
        }
    }
}

impl Contract {
    fn new(contract: &ContractSummary<'_>, used: &ContractUse) -> Self {
        let packages = contract.packages.iter();
        let events = contract.events.iter();
        Self {
            name: contract.name.to_owned(),
            packages: packages
                .map(|package| ContractPackage::new(package, used))
                .collect(),
            has_handler: contract.has_handler,
            events: events
                .map(|event| ContractEvent::new(event, used.count_of(contract.name, event.name)))
                .collect(),
        }
    }
}

impl ContractPackage {
    fn new(package: &Address, used: &ContractUse) -> Self {
        let known = used.version_of(package);
        Self {
            package: package.to_string(),
            original: known.map(|(version, _)| version.original.to_string()),
            version: known.map(|(version, _)| UInt53(version.version)),
            noticed_at_ms: known.map(|(_, at_ms)| UInt53(*at_ms)),
        }
    }
}

impl ContractEvent {
    fn new(event: &EventSummary<'_>, last_day: u64) -> Self {
        let traits = [
            (event.pays, ContractEventTrait::PaysInvoice),
            (event.holds, ContractEventTrait::HoldsCoins),
            (event.has_fee, ContractEventTrait::NamesFee),
            (event.is_final, ContractEventTrait::EndsObject),
        ];
        let traits = traits.into_iter().filter(|(is_so, _)| *is_so);
        let activities = event.activities.iter();
        Self {
            name: event.name.to_owned(),
            last_day: UInt53(last_day),
            is_readable: event.is_readable,
            object: event.object.map(|(object, _)| object.to_owned()),
            object_state: event.object.and_then(|(_, state)| state.map(str::to_owned)),
            movement: event.movement.map(str::to_owned),
            traits: traits.map(|(_, what)| what).collect(),
            activities: activities
                .map(|(kind, direction)| ContractActivity {
                    kind: (*kind).to_owned(),
                    direction: (*direction).into(),
                })
                .collect(),
        }
    }
}

/// The part of queries about contracts.
#[derive(Default)]
pub(crate) struct ContractQueries;

/// What can be asked of contracts.
#[Object]
impl ContractQueries {
    /// The contracts that are declared, what is understood of them, and how busy they are. For operators.
    #[graphql(complexity = "child_complexity + 100")]
    async fn contracts(&self, ctx: &Context<'_>) -> Result<Contracts> {
        check_operator(ctx)?;
        let web = web(ctx);
        let registry = web.registry.get();
        let used = ContractUse::read(&*web.store, &registry, web.clock.now_ms()).await;
        Ok(Contracts::new(&registry, &used.map_err(internal)?))
    }
}
