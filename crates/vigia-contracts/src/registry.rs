//! The registry: contract files checked and compiled for look-up by event type.

mod build;
mod layouts;
mod path;
mod summary;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};
use vigia_core::{
    Address, CoinInfo, DatatypeName, Direction, Identifier, NotificationKind, StructTag,
    Suppressed, WatchTarget,
};

use crate::declaration::{ContractFile, DeclarationError, PackageIds};
use crate::guard::CoinGuard;
use crate::handler::Handler;
use crate::layout::{Datatypes, LayoutError, LayoutField, ResolveError, decode};
use crate::told::Told;
pub(crate) use path::FieldPath;
pub use summary::{ContractSummary, EventSummary};

/// Where an activity takes a value from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldRef {
    /// A field of the event itself.
    Own(FieldPath),
    /// A field of any event of the same business object.
    Object(FieldPath),
    /// The sender of the transaction.
    Sender,
}

/// Where an activity takes its coin from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CoinRef {
    /// A field that holds a declared code.
    Code(FieldRef),
    /// Always this coin.
    Fixed(String),
}

/// A checked `ActivityDeclaration`.
#[derive(Clone, Debug)]
pub(crate) struct ActivityRule {
    pub(crate) account: FieldRef,
    pub(crate) kind: String,
    pub(crate) direction: Direction,
    pub(crate) amount: Option<FieldRef>,
    pub(crate) coin: Option<CoinRef>,
    pub(crate) counterparty: Option<FieldRef>,
    pub(crate) notify: Option<NotificationKind>,
}

impl ActivityRule {
    /// Where its coin and amount are from.
    pub(crate) fn money(&self) -> (Option<&CoinRef>, Option<&FieldRef>) {
        (self.coin.as_ref(), self.amount.as_ref())
    }
}

/// A checked `FeeDeclaration`; without a coin while its contract has no package id.
#[derive(Clone, Debug)]
pub(crate) struct FeeRule {
    pub(crate) kind: String,
    pub(crate) amount: FieldRef,
    pub(crate) coin: Option<CoinRef>,
}

/// A checked `PaysDeclaration`.
#[derive(Clone, Debug)]
pub(crate) struct PaysRule {
    pub(crate) to: FieldRef,
    pub(crate) amount: FieldRef,
    pub(crate) coin: Option<CoinRef>,
}

/// A checked `HoldsDeclaration`.
#[derive(Clone, Debug)]
pub(crate) struct HoldsRule {
    pub(crate) from: FieldRef,
    pub(crate) to: Option<FieldRef>,
    pub(crate) amount: FieldRef,
    pub(crate) coin: Option<CoinRef>,
}

/// A checked `EventDeclaration`.
#[derive(Clone, Debug)]
pub(crate) struct EventRule {
    pub(crate) contract: String,
    /// `module::Name`.
    pub(crate) name: String,
    /// None while the package has not been asked.
    pub(crate) fields: Option<Vec<LayoutField>>,
    /// Kind of business object and the field with its id.
    pub(crate) object: Option<(String, FieldPath)>,
    pub(crate) state: Option<String>,
    pub(crate) movement: Option<String>,
    pub(crate) fee: Option<FeeRule>,
    pub(crate) pays: Option<PaysRule>,
    pub(crate) holds: Option<HoldsRule>,
    pub(crate) deadline: Option<FieldRef>,
    pub(crate) is_final: bool,
    pub(crate) activities: Vec<ActivityRule>,
}

/// All declared contracts and coins of a deployment, and the datatypes that are known of packages.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Few a package, with module and name of their type: looking through them takes no copies, and most events are of
    /// no package that is here.
    events: HashMap<Address, Vec<(Identifier, Identifier, EventRule)>>,
    /// The package and position of the rule for `module::Name` of a contract, for folding stored events.
    names: BTreeMap<String, BTreeMap<String, (Address, usize)>>,
    codes: HashMap<String, String>,
    /// By type, with the minimum that they state.
    coins: BTreeMap<String, (CoinInfo, Option<i128>)>,
    packages: PackageIds,
    datatypes: Datatypes,
    missing: BTreeSet<DatatypeName>,
    handlers: HashMap<String, Arc<dyn Handler>>,
    guard: Option<CoinGuard>,
    /// Kinds of business objects by contract, with whether they go through several states.
    objects: BTreeMap<String, BTreeMap<String, bool>>,
    /// Those of them under whose id invoices are paid.
    payable: BTreeSet<(String, String)>,
}

/// Why the fields of an event cannot be told.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EventError {
    /// Its layout is not known, or there can be none.
    #[error(transparent)]
    Layout(#[from] ResolveError),
    /// Its bytes do not fit its layout.
    #[error(transparent)]
    Bytes(#[from] LayoutError),
}

impl Registry {
    /// Checks and compiles contract files, each with the name to use in errors. Contracts without
    /// a package id, and coins of such contracts, are left out.
    pub fn new(
        files: &[(String, ContractFile)],
        packages: &PackageIds,
    ) -> Result<Self, DeclarationError> {
        Self::with_told(files, packages, &Told::default())
    }

    /// The same with what nodes told of packages: what files declare has to agree with it, and they may
    /// leave out what it tells.
    pub fn with_told(
        files: &[(String, ContractFile)],
        packages: &PackageIds,
        told: &Told,
    ) -> Result<Self, DeclarationError> {
        build::build(files, packages, told)
    }

    /// The same with meanings in Rust for some contracts: at most one each, the last of two counts.
    #[must_use]
    pub fn with_handlers(mut self, handlers: Vec<Arc<dyn Handler>>) -> Self {
        let named = handlers.into_iter();
        self.handlers = named
            .map(|handler| (handler.contract().to_owned(), handler))
            .collect();
        self
    }

    /// The same with a guard against scams; without one people are told of every receipt.
    #[must_use]
    pub fn with_guard(mut self, guard: Option<CoinGuard>) -> Self {
        self.guard = guard;
        self
    }

    /// Why a plain receipt is told to nobody, where that is so.
    pub(crate) fn suppressed(&self, coin_type: &str, amount: i128) -> Option<Suppressed> {
        let guard = self.guard.as_ref()?;
        guard.suppressed(&self.coins, coin_type, amount)
    }

    pub(crate) fn handler(&self, contract: &str) -> Option<&dyn Handler> {
        self.handlers.get(contract).map(Arc::as_ref)
    }

    /// What the files say about coins.
    pub fn coins(&self) -> impl Iterator<Item = &CoinInfo> {
        self.coins.values().map(|(coin, _)| coin)
    }

    /// The packages of each declared contract, every version of its lineage.
    pub fn packages(&self) -> &PackageIds {
        &self.packages
    }

    /// The targets that have to be watched for the declared contracts: every package of each
    /// lineage.
    pub fn watch_targets(&self) -> Vec<WatchTarget> {
        self.packages
            .values()
            .flatten()
            .copied()
            .map(WatchTarget::Package)
            .collect()
    }

    /// The datatypes that are known.
    pub fn datatypes(&self) -> &Datatypes {
        &self.datatypes
    }

    /// Datatypes of declared events and of their fields that nobody has told yet.
    pub fn missing(&self) -> &BTreeSet<DatatypeName> {
        &self.missing
    }

    /// The fields of an event, to show or search them: by its declaration, or by what its package says of
    /// its type. An error is about the layout: the event is what the chain has.
    pub fn decode_event(
        &self,
        tag: &StructTag,
        contents: &[u8],
    ) -> Result<Map<String, Value>, EventError> {
        let declared = self.event_rule(tag).and_then(|rule| rule.fields.as_ref());
        Ok(match declared {
            Some(fields) => decode(fields, contents)?,
            None => decode(&self.datatypes.struct_fields(tag)?, contents)?,
        })
    }

    /// The contract whose event this type is.
    pub fn contract_of(&self, tag: &StructTag) -> Option<&str> {
        Some(&self.event_rule(tag)?.contract)
    }

    /// The rule for events of this type.
    pub(crate) fn event_rule(&self, tag: &StructTag) -> Option<&EventRule> {
        let rules = self.events.get(tag.address())?.iter();
        let mut rules =
            rules.filter(|(module, name, _)| module == tag.module() && name == tag.name());
        rules.next().map(|(_, _, rule)| rule)
    }

    /// The rule for a stored event of a contract.
    pub(crate) fn event_rule_named(&self, contract: &str, name: &str) -> Option<&EventRule> {
        let (package, position) = self.names.get(contract)?.get(name)?;
        let (_, _, rule) = self.events.get(package)?.get(*position)?;
        Some(rule)
    }

    /// The kinds of business objects of all contracts, each with its contract.
    pub fn object_kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        let contracts = self.objects.iter();
        contracts
            .flat_map(|(contract, objects)| objects.keys().map(|object| (&**contract, &**object)))
    }

    /// Kinds of business objects of a contract that go through several states.
    pub fn staged_objects(&self, contract: &str) -> impl Iterator<Item = &str> {
        let of_contract = self.objects.get(contract).into_iter().flatten();
        of_contract.filter_map(|(object, is_staged)| is_staged.then_some(&**object))
    }

    /// Whether objects of this kind go through several states: some event of theirs leaves something to wait for.
    pub(crate) fn is_listed(&self, contract: &str, object: &str) -> bool {
        let of_contract = self.objects.get(contract);
        let goes_on = of_contract.and_then(|of_contract| of_contract.get(object));
        goes_on.copied().unwrap_or(false)
    }

    /// The contract through which an invoice is to be paid, with the kind of its business objects: the one wanted,
    /// else the first that takes payments. The error says which ones do.
    pub fn payable(&self, wanted: Option<&str>) -> Result<(String, String), String> {
        let mut all = self.payable.iter();
        if let Some(found) = all.find(|(contract, _)| wanted.is_none_or(|name| name == contract)) {
            return Ok(found.clone());
        }
        let names: Vec<&str> = self
            .payable
            .iter()
            .map(|(contract, _)| &**contract)
            .collect();
        Err(match wanted {
            _ if names.is_empty() => {
                "no contract takes payments: none with a package id has an event that \
                                      `pays`"
                    .to_owned()
            }
            Some(wanted) => format!("{wanted:?} takes no payments; {} do", names.join(", ")),
            None => format!("name the contract: {}", names.join(", ")),
        })
    }

    /// The coin type of a declared code, or of a coin type in any form.
    pub fn coin_type(&self, text: &str) -> Option<String> {
        let code = || self.codes.get(text).cloned();
        code().or_else(|| {
            Some(vigia_core::type_text(
                &vigia_core::parse_coin_type(text).ok()?,
            ))
        })
    }

    /// The coin type that events call `code`.
    pub(crate) fn coin_by_code(&self, code: &str) -> Option<&str> {
        self.codes.get(code).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> PackageIds {
        [
            ("cusd", 1u8),
            ("confio", 2),
            ("pay", 3),
            ("p2p_trade", 4),
            ("invite_send", 5),
        ]
        .into_iter()
        .map(|(name, n)| (name.to_owned(), vec![Address::new([n; 32])]))
        .collect()
    }

    fn build(text: &str) -> Result<Registry, DeclarationError> {
        let file = ContractFile::parse("test.toml", text)?;
        Registry::new(&[("test.toml".to_owned(), file)], &packages())
    }

    #[test]
    fn the_shipped_contracts_hold_together() {
        let registry = build(crate::CONFIO).unwrap();
        assert_eq!(registry.events.values().map(Vec::len).sum::<usize>(), 23);
        assert_eq!(
            registry
                .coins()
                .map(|coin| coin.symbol.as_str())
                .collect::<Vec<_>>(),
            ["cUSD", "CONFIO"]
        );
        assert_eq!(registry.watch_targets().len(), 5);
    }

    #[test]
    fn contracts_without_a_package_are_left_out() {
        let file = ContractFile::parse("confio.toml", crate::CONFIO).unwrap();
        let registry =
            Registry::new(&[("confio.toml".to_owned(), file)], &PackageIds::new()).unwrap();
        assert!(registry.events.is_empty());
        assert_eq!(registry.coins().count(), 0);
    }

    #[test]
    fn errors_name_file_item_and_choices() {
        let wrong_field = r#"
            [[contract]]
            name = "pay"
            [[contract.event]]
            type = "pay::PaymentMade"
            fields = ["payer: address", "amount: u64"]
            activities = [{ account = "payor", kind = "payment", direction = "out" }]
        "#;
        let error = build(wrong_field).unwrap_err().to_string();
        assert!(error.contains("test.toml"), "{error}");
        assert!(error.contains("pay::PaymentMade"), "{error}");
        assert!(
            error.contains("payor") && error.contains("payer, amount"),
            "{error}"
        );

        let field_of_another = r#"
            [[contract]]
            name = "pay"
            [[contract.event]]
            type = "pay::PaymentMade"
            fields = ["id: u64", "amount: u64"]
            object = "payment"
            business_id = "id"
            fee = { kind = "fee", amount = "@amount", coin = "=0x2::sui::SUI" }
        "#;
        let error = build(field_of_another).unwrap_err().to_string();
        assert!(
            error.contains("@amount") && error.contains("own event"),
            "{error}"
        );

        let unknown_key = "[[contract]]\nname = \"pay\"\npakage = \"0x2\"\n";
        let error = build(unknown_key).unwrap_err().to_string();
        assert!(
            error.contains("line 3") && error.contains("pakage"),
            "{error}"
        );

        let unknown_type = "[[contract]]\nname = \"pay\"\n[[contract.event]]\n\
                            type = \"pay::X\"\nfields = [\"a: u65\"]\n";
        let error = build(unknown_type).unwrap_err().to_string();
        assert!(error.contains("u65") && error.contains("u128"), "{error}");
    }
}
