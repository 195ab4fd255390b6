//! The registry: contract files checked and compiled for look-up by event type.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use vigia_core::{
    Address, CoinInfo, Direction, Identifier, NotificationKind, StructTag, TypeTag, WatchTarget,
    icon_url, parse_address, parse_coin_type,
};

use crate::declaration::{
    ActivityDeclaration, CoinDeclaration, ContractDeclaration, ContractFile, DeclarationError,
    EventDeclaration, FeeDeclaration, PackageIds,
};
use crate::layout::{Layout, LayoutError, decode};

/// Where an activity takes a value from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldRef {
    /// A field of the event itself.
    Own(String),
    /// A field of any event of the same business object.
    Object(String),
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

/// A checked `EventDeclaration`.
#[derive(Clone, Debug)]
pub(crate) struct EventRule {
    pub(crate) contract: String,
    /// `module::Name`.
    pub(crate) name: String,
    pub(crate) fields: Vec<(String, Layout)>,
    /// Kind of business object and the field with its id.
    pub(crate) object: Option<(String, String)>,
    pub(crate) state: Option<String>,
    pub(crate) movement: Option<String>,
    pub(crate) fee: Option<FeeRule>,
    pub(crate) activities: Vec<ActivityRule>,
}

/// All declared contracts and coins of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    events: HashMap<(Address, Identifier, Identifier), EventRule>,
    /// The same rules by contract and `module::Name`, for folding stored events.
    names: HashMap<(String, String), (Address, Identifier, Identifier)>,
    codes: HashMap<String, String>,
    coins: BTreeMap<String, CoinInfo>,
    packages: PackageIds,
}

impl Registry {
    /// Checks and compiles contract files, each with the name to use in errors. Contracts without
    /// a package id, and coins of such contracts, are left out.
    pub fn new(
        files: &[(String, ContractFile)],
        packages: &PackageIds,
    ) -> Result<Self, DeclarationError> {
        let mut registry = Self {
            packages: packages.clone(),
            ..Self::default()
        };
        for (file, declared) in files {
            for contract in &declared.contracts {
                registry.add_package(file, contract)?;
            }
        }
        for (file, declared) in files {
            for coin in &declared.coins {
                registry.add_coin(file, coin)?;
            }
            for contract in &declared.contracts {
                for event in &contract.events {
                    registry.add_event(file, contract, event)?;
                }
            }
        }
        Ok(registry)
    }

    /// What the files say about coins.
    pub fn coins(&self) -> impl Iterator<Item = &CoinInfo> {
        self.coins.values()
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

    /// The fields of an event by its declared layout, to show or search them; none where no layout
    /// is declared for its type. An error is about the declaration: the event is what the chain has.
    pub fn decode_event(
        &self,
        tag: &StructTag,
        contents: &[u8],
    ) -> Option<Result<Map<String, Value>, LayoutError>> {
        let rule = self.event_rule(tag)?;
        Some(decode(&rule.fields, contents))
    }

    /// The rule for events of this type.
    pub(crate) fn event_rule(&self, tag: &StructTag) -> Option<&EventRule> {
        let key = (*tag.address(), tag.module().clone(), tag.name().clone());
        self.events.get(&key)
    }

    /// The rule for a stored event of a contract.
    pub(crate) fn event_rule_named(&self, contract: &str, name: &str) -> Option<&EventRule> {
        let key = self.names.get(&(contract.to_owned(), name.to_owned()))?;
        self.events.get(key)
    }

    /// The coin type that events call `code`.
    pub(crate) fn coin_by_code(&self, code: &str) -> Option<&str> {
        self.codes.get(code).map(String::as_str)
    }

    fn add_package(
        &mut self,
        file: &str,
        contract: &ContractDeclaration,
    ) -> Result<(), DeclarationError> {
        if let Some(text) = &contract.package {
            let package = parse_address(text)
                .map_err(|error| invalid(file, format!("contract {:?}", contract.name), error))?;
            self.packages
                .entry(contract.name.clone())
                .or_insert_with(|| vec![package]);
        }
        Ok(())
    }

    fn add_coin(&mut self, file: &str, coin: &CoinDeclaration) -> Result<(), DeclarationError> {
        let item = || format!("coin {:?}", coin.symbol);
        let Some(coin_type) = self
            .resolve_coin_type(&coin.coin_type)
            .map_err(|problem| invalid(file, item(), problem))?
        else {
            return Ok(());
        };
        if let Some(code) = &coin.code
            && self.codes.insert(code.clone(), coin_type.clone()).is_some()
        {
            let problem = format!("code {code:?} is declared twice");
            return Err(invalid(file, item(), problem));
        }
        let icon_url = coin.icon_url.as_deref().map(|text| {
            icon_url(text).ok_or_else(|| {
                format!(
                    "icon_url {text:?} is no picture: expected https://, ipfs:// or data:image/"
                )
            })
        });
        let icon_url = icon_url
            .transpose()
            .map_err(|problem| invalid(file, item(), problem))?;
        let info = CoinInfo {
            icon_url,
            coin_type: coin_type.clone(),
            decimals: Some(coin.decimals),
            symbol: coin.symbol.clone(),
            name: coin.name.clone(),
        };
        self.coins.insert(coin_type, info);
        Ok(())
    }

    /// A coin type in canonical form; none while its contract has no package id.
    fn resolve_coin_type(&self, text: &str) -> Result<Option<String>, String> {
        let canonical = |text: &str| match parse_coin_type(text) {
            Ok(TypeTag::Struct(tag)) => Ok(Some(tag.to_string())),
            Ok(other) => Ok(Some(other.to_string())),
            Err(error) => Err(error.to_string()),
        };
        if text.starts_with("0x") {
            return canonical(text);
        }
        let (contract, rest) = text.split_once("::").ok_or_else(|| {
            format!("{text:?} is not a coin type: expected package::module::NAME")
        })?;
        match self.packages.get(contract).and_then(|ids| ids.first()) {
            Some(package) => canonical(&format!("{package}::{rest}")),
            None => Ok(None),
        }
    }

    fn add_event(
        &mut self,
        file: &str,
        contract: &ContractDeclaration,
        event: &EventDeclaration,
    ) -> Result<(), DeclarationError> {
        let item = || {
            format!(
                "event {:?} of contract {:?}",
                event.event_type, contract.name
            )
        };
        let (module, name) = parse_event_type(&event.event_type)
            .map_err(|problem| invalid(file, item(), problem))?;
        let rule = self
            .check_event(contract, event)
            .map_err(|problem| invalid(file, item(), problem))?;
        let packages = self
            .packages
            .get(&contract.name)
            .cloned()
            .unwrap_or_default();
        for package in packages {
            let key = (package, module.clone(), name.clone());
            self.names
                .entry((contract.name.clone(), rule.name.clone()))
                .or_insert(key.clone());
            if self.events.insert(key, rule.clone()).is_some() {
                return Err(invalid(file, item(), "it is declared twice"));
            }
        }
        Ok(())
    }

    fn check_event(
        &self,
        contract: &ContractDeclaration,
        event: &EventDeclaration,
    ) -> Result<EventRule, String> {
        let fields = parse_fields(&event.fields)?;
        let has = |field: &str| fields.iter().any(|(name, _)| name == field);
        let object = match (&event.object, &event.business_id) {
            (Some(object), Some(field)) if has(field) => Some((object.clone(), field.clone())),
            (Some(_), Some(field)) => return Err(no_such_field(field, &fields)),
            (None, None) => None,
            _ => return Err("object and business_id go together: set both or none".to_owned()),
        };
        let check_ref = |text: &str| -> Result<FieldRef, String> {
            match text.strip_prefix('@') {
                Some(field) if object.is_some() => object_field(contract, event, field),
                Some(_) => Err(format!("{text:?} needs the event to have a business_id")),
                None if text == "$sender" => Ok(FieldRef::Sender),
                None if has(text) => Ok(FieldRef::Own(text.to_owned())),
                None => Err(no_such_field(text, &fields)),
            }
        };
        let activities = event
            .activities
            .iter()
            .map(|declared| self.check_activity(declared, &check_ref))
            .collect::<Result<_, _>>()?;
        let check_fee = |declared: &FeeDeclaration| -> Result<FeeRule, String> {
            let texts = [&declared.amount, &declared.coin];
            if let Some(text) = texts.iter().find(|text| text.starts_with('@')) {
                return Err(format!(
                    "{text:?} in a fee: it names fields of its own event"
                ));
            }
            Ok(FeeRule {
                kind: declared.kind.clone(),
                amount: check_ref(&declared.amount)?,
                coin: self.check_coin(&declared.coin, &check_ref)?,
            })
        };
        let fee = event.fee.as_ref().map(check_fee).transpose()?;
        Ok(EventRule {
            contract: contract.name.clone(),
            name: event.event_type.clone(),
            object,
            state: event.state.clone(),
            movement: event.movement.clone(),
            fee,
            activities,
            fields,
        })
    }

    fn check_activity(
        &self,
        declared: &ActivityDeclaration,
        check_ref: &impl Fn(&str) -> Result<FieldRef, String>,
    ) -> Result<ActivityRule, String> {
        let optional = |text: &Option<String>| text.as_deref().map(check_ref).transpose();
        let coin = match declared.coin.as_deref() {
            None => None,
            Some(text) => self.check_coin(text, check_ref)?,
        };
        Ok(ActivityRule {
            account: check_ref(&declared.account)?,
            kind: declared.kind.clone(),
            direction: declared.direction,
            amount: optional(&declared.amount)?,
            coin,
            counterparty: optional(&declared.counterparty)?,
            notify: declared.notify.clone().map(NotificationKind),
        })
    }

    /// None for a coin of a contract that has no package id.
    fn check_coin(
        &self,
        text: &str,
        check_ref: &impl Fn(&str) -> Result<FieldRef, String>,
    ) -> Result<Option<CoinRef>, String> {
        match text.strip_prefix('=') {
            Some(fixed) => Ok(self.resolve_coin_type(fixed)?.map(CoinRef::Fixed)),
            None => Ok(Some(CoinRef::Code(check_ref(text)?))),
        }
    }
}

fn parse_event_type(text: &str) -> Result<(Identifier, Identifier), String> {
    let wrong = || format!("{text:?} is not an event type: expected module::Name");
    let (module, name) = text.split_once("::").ok_or_else(wrong)?;
    let identifier = |part: &str| Identifier::new(part).map_err(|_| wrong());
    Ok((identifier(module)?, identifier(name)?))
}

fn parse_fields(declared: &[String]) -> Result<Vec<(String, Layout)>, String> {
    let parse = |text: &String| {
        let (name, layout) = text
            .split_once(':')
            .ok_or_else(|| format!("field {text:?} lacks its type: expected \"name: type\""))?;
        let layout = Layout::parse(layout).map_err(|error| format!("field {name:?}: {error}"))?;
        Ok((name.trim().to_owned(), layout))
    };
    declared.iter().map(parse).collect()
}

/// A field of any event of the same business object. One that no event has would be waited for in
/// vain.
fn object_field(
    contract: &ContractDeclaration,
    event: &EventDeclaration,
    field: &str,
) -> Result<FieldRef, String> {
    let mut names: Vec<&str> = contract
        .events
        .iter()
        .filter(|other| other.object == event.object)
        .flat_map(|other| &other.fields)
        .filter_map(|text| Some(text.split_once(':')?.0.trim()))
        .collect();
    if names.contains(&field) {
        return Ok(FieldRef::Object(field.to_owned()));
    }
    names.sort_unstable();
    names.dedup();
    Err(format!(
        "no event of the same object has a field {field:?}; they have {}",
        names.join(", ")
    ))
}

fn no_such_field(field: &str, fields: &[(String, Layout)]) -> String {
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "there is no field {field:?}; the event has {}",
        names.join(", ")
    )
}

fn invalid(file: &str, item: String, problem: impl ToString) -> DeclarationError {
    DeclarationError::Invalid {
        file: file.to_owned(),
        item,
        problem: problem.to_string(),
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
        assert_eq!(registry.events.len(), 23);
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
