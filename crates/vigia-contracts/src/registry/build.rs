//! Contract files become rules: everything they name is looked up, and what is not there is an error that
//! says where and what there is.

use std::collections::BTreeSet;

use vigia_core::{
    Address, CoinInfo, NotificationKind, TypeTag, icon_url, parse_address, parse_coin_type,
};

use super::layouts::{EventLayout, Layouts, add_type};
use super::{
    ActivityRule, CoinRef, EventRule, FeeRule, FieldPath, FieldRef, HoldsRule, PaysRule, Registry,
};
use crate::declaration::{
    ActivityDeclaration, CoinDeclaration, ContractDeclaration, ContractFile, DeclarationError,
    EventDeclaration, FeeDeclaration, HoldsDeclaration, PackageIds, PaysDeclaration, Problem, Text,
};
use crate::layout::{Datatypes, Layout};
use crate::told::Told;

/// Checks and compiles the files.
pub(super) fn build(
    files: &[(String, ContractFile)],
    packages: &PackageIds,
    told: &Told,
) -> Result<Registry, DeclarationError> {
    let mut registry = Registry {
        packages: packages.clone(),
        datatypes: told.datatypes.clone(),
        ..Registry::default()
    };
    for (file, declared) in files {
        for contract in &declared.contracts {
            let item = || format!("contract {:?}", contract.name);
            let added = registry.add_package(contract);
            added.map_err(|problem| declared.invalid(file, item(), problem))?;
        }
    }
    told.extend(&mut registry.packages);
    for (file, declared) in files {
        for coin in &declared.coins {
            let item = || format!("coin {:?}", coin.symbol);
            let added = registry.add_coin(coin);
            added.map_err(|problem| declared.invalid(file, item(), problem))?;
        }
        for contract in &declared.contracts {
            registry.add_contract(file, declared, contract, &told.datatypes)?;
        }
    }
    Ok(registry)
}

impl Registry {
    fn add_package(&mut self, contract: &ContractDeclaration) -> Result<(), Problem> {
        if let Some(text) = &contract.package {
            let package =
                parse_address(text.as_ref()).map_err(|error| Problem::with(text, error))?;
            self.packages
                .entry(contract.name.clone())
                .or_insert_with(|| vec![package]);
        }
        Ok(())
    }

    fn add_coin(&mut self, coin: &CoinDeclaration) -> Result<(), Problem> {
        let coin_type = self.resolve_coin_type(coin.coin_type.as_ref());
        let Some(coin_type) = coin_type.map_err(|what| Problem::with(&coin.coin_type, what))?
        else {
            return Ok(());
        };
        if let Some(code) = &coin.code {
            let before = self.codes.insert(code.as_ref().clone(), coin_type.clone());
            if before.is_some() {
                let what = format!("code {:?} is declared twice", code.as_ref());
                return Err(Problem::with(code, what));
            }
        }
        let picture = |text: &Text| {
            icon_url(text.as_ref()).ok_or_else(|| {
                let what = format!(
                    "icon_url {:?} is no picture: expected https://, ipfs:// or data:image/",
                    text.as_ref()
                );
                Problem::with(text, what)
            })
        };
        let info = CoinInfo {
            icon_url: coin.icon_url.as_ref().map(picture).transpose()?,
            coin_type: coin_type.clone(),
            decimals: Some(coin.decimals),
            symbol: coin.symbol.clone(),
            name: coin.name.clone(),
        };
        let minimum = coin.minimum_units.map(i128::from);
        self.coins.insert(coin_type, (info, minimum));
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

    fn add_contract(
        &mut self,
        file: &str,
        declared: &ContractFile,
        contract: &ContractDeclaration,
        told: &Datatypes,
    ) -> Result<(), DeclarationError> {
        let packages = self.packages.get(&contract.name).cloned();
        let packages = packages.unwrap_or_default();
        // Types of a contract without a package id are checked as well, and then forgotten.
        let scope = packages.first().copied().unwrap_or(Address::ZERO);
        let mut datatypes = self.datatypes.clone();
        for declaration in &contract.types {
            let item = || {
                let name = declaration.type_name.as_ref();
                format!("type {name:?} of contract {:?}", contract.name)
            };
            add_type(&mut datatypes, scope, declaration)
                .map_err(|problem| declared.invalid(file, item(), problem))?;
        }
        let mut events = Vec::with_capacity(contract.events.len());
        let invalid = |event: &EventDeclaration, problem| {
            let name = event.event_type.as_ref();
            let item = format!("event {name:?} of contract {:?}", contract.name);
            declared.invalid(file, item, problem)
        };
        let layouts = Layouts {
            datatypes: &datatypes,
            told,
            packages: &packages,
            scope,
        };
        for event in &contract.events {
            let checked = layouts
                .of(event)
                .map_err(|problem| invalid(event, problem))?;
            events.push(checked);
        }
        for event in &events {
            let checker = Checker {
                registry: self,
                events: &events,
                event,
            };
            let rule = checker
                .rule(contract)
                .map_err(|problem| invalid(event.declared, problem))?;
            self.add_rule(&packages, event, &rule)
                .map_err(|problem| invalid(event.declared, problem))?;
        }
        if !packages.is_empty() {
            self.datatypes = datatypes;
        }
        Ok(())
    }

    fn add_rule(
        &mut self,
        packages: &[Address],
        event: &EventLayout<'_>,
        rule: &EventRule,
    ) -> Result<(), Problem> {
        for package in packages {
            let rules = self.events.entry(*package).or_default();
            let (module, name) = (&event.module, &event.name);
            if rules.iter().any(|(m, n, _)| m == module && n == name) {
                return Err(Problem::with(
                    &event.declared.event_type,
                    "it is declared twice",
                ));
            }
            let names = self.names.entry(rule.contract.clone()).or_default();
            let place = (*package, rules.len());
            names.entry(rule.name.clone()).or_insert(place);
            rules.push((module.clone(), name.clone(), rule.clone()));
        }
        if let Some((object, _)) = &rule.object
            && !packages.is_empty()
        {
            if rule.pays.is_some() {
                self.payable.insert((rule.contract.clone(), object.clone()));
            }
            let of_contract = self.objects.entry(rule.contract.clone()).or_default();
            *of_contract.entry(object.clone()).or_default() |= !rule.is_final;
        }
        self.missing.extend(event.missing.iter().cloned());
        Ok(())
    }
}

/// What a value has to be to serve.
#[derive(Clone, Copy)]
enum Wanted {
    Address,
    Amount,
    Code,
    Id,
}

impl Wanted {
    fn accepts(self, layout: &Layout) -> bool {
        use Layout::{Bytes, Option, String, U8, U16, U32, U64, U128, U256};
        let is_integer = matches!(layout, U8 | U16 | U32 | U64 | U128 | U256);
        let is_text = matches!(layout, Bytes | String);
        match (self, layout) {
            (Self::Id, Option(_)) => false,
            (_, Option(inner)) => self.accepts(inner),
            (Self::Address, _) => matches!(layout, Layout::Address),
            (Self::Amount, _) => is_integer || is_text,
            (Self::Code, _) => is_text,
            (Self::Id, _) => is_integer || is_text || matches!(layout, Layout::Address),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Address => "an address",
            Self::Amount => "an integer, or text that holds one",
            Self::Code => "text",
            Self::Id => "an integer, text or an address",
        }
    }
}

/// Checks what one event means.
struct Checker<'a> {
    registry: &'a Registry,
    /// All events of the contract.
    events: &'a [EventLayout<'a>],
    event: &'a EventLayout<'a>,
}

impl Checker<'_> {
    fn rule(&self, contract: &ContractDeclaration) -> Result<EventRule, Problem> {
        let declared = self.event.declared;
        let activities = declared.activities.iter();
        Ok(EventRule {
            contract: contract.name.clone(),
            name: declared.event_type.as_ref().clone(),
            object: self.object()?,
            state: declared.state.clone(),
            movement: declared.movement.clone(),
            fee: declared.fee.as_ref().map(|fee| self.fee(fee)).transpose()?,
            pays: declared
                .pays
                .as_ref()
                .map(|pays| self.pays(pays))
                .transpose()?,
            holds: declared
                .holds
                .as_ref()
                .map(|holds| self.holds(holds))
                .transpose()?,
            deadline: self.deadline()?,
            is_final: declared.is_final,
            activities: activities
                .map(|activity| self.activity(activity))
                .collect::<Result<_, _>>()?,
            fields: self.event.fields.clone(),
        })
    }

    fn object(&self) -> Result<Option<(String, FieldPath)>, Problem> {
        let declared = self.event.declared;
        match (&declared.object, &declared.business_id) {
            (Some(object), Some(field)) => {
                let path = self.own(field, Wanted::Id)?;
                Ok(Some((object.clone(), path)))
            }
            (None, None) => Ok(None),
            (_, business_id) => Err(Problem::with(
                business_id.as_ref().unwrap_or(&declared.event_type),
                "object and business_id go together: set both or none",
            )),
        }
    }

    fn activity(&self, declared: &ActivityDeclaration) -> Result<ActivityRule, Problem> {
        let optional = |text: &Option<Text>, wanted| {
            let field = text.as_ref().map(|text| self.field(text, wanted));
            field.transpose()
        };
        let coin = declared.coin.as_ref().map(|text| self.coin(text));
        Ok(ActivityRule {
            account: self.field(&declared.account, Wanted::Address)?,
            kind: declared.kind.clone(),
            direction: declared.direction,
            amount: optional(&declared.amount, Wanted::Amount)?,
            coin: coin.transpose()?.flatten(),
            counterparty: optional(&declared.counterparty, Wanted::Address)?,
            notify: declared.notify.clone().map(NotificationKind),
        })
    }

    fn fee(&self, declared: &FeeDeclaration) -> Result<FeeRule, Problem> {
        own_only("a fee", &[&declared.amount, &declared.coin])?;
        Ok(FeeRule {
            kind: declared.kind.clone(),
            amount: self.field(&declared.amount, Wanted::Amount)?,
            coin: self.coin(&declared.coin)?,
        })
    }

    fn pays(&self, declared: &PaysDeclaration) -> Result<PaysRule, Problem> {
        self.needs_object("pays", &declared.to)?;
        own_only("pays", &[&declared.to, &declared.amount, &declared.coin])?;
        Ok(PaysRule {
            to: self.field(&declared.to, Wanted::Address)?,
            amount: self.field(&declared.amount, Wanted::Amount)?,
            coin: self.coin(&declared.coin)?,
        })
    }

    fn holds(&self, declared: &HoldsDeclaration) -> Result<HoldsRule, Problem> {
        self.needs_object("holds", &declared.from)?;
        own_only("holds", &[&declared.from, &declared.amount, &declared.coin])?;
        let to = declared.to.as_ref();
        Ok(HoldsRule {
            from: self.field(&declared.from, Wanted::Address)?,
            to: to.map(|to| self.field(to, Wanted::Address)).transpose()?,
            amount: self.field(&declared.amount, Wanted::Amount)?,
            coin: self.coin(&declared.coin)?,
        })
    }

    fn deadline(&self) -> Result<Option<FieldRef>, Problem> {
        let Some(text) = &self.event.declared.deadline else {
            return Ok(None);
        };
        self.needs_object("deadline", text)?;
        own_only("a deadline", &[text])?;
        self.field(text, Wanted::Amount).map(Some)
    }

    fn needs_object(&self, key: &str, text: &Text) -> Result<(), Problem> {
        match self.event.declared.object {
            Some(_) => Ok(()),
            None => Err(Problem::with(
                text,
                format!("{key} needs the event to have an object and a business_id"),
            )),
        }
    }

    /// None for a coin of a contract that has no package id.
    fn coin(&self, text: &Text) -> Result<Option<CoinRef>, Problem> {
        match text.as_ref().strip_prefix('=') {
            Some(fixed) => {
                let coin_type = self.registry.resolve_coin_type(fixed);
                let coin_type = coin_type.map_err(|what| Problem::with(text, what))?;
                Ok(coin_type.map(CoinRef::Fixed))
            }
            None => Ok(Some(CoinRef::Code(self.field(text, Wanted::Code)?))),
        }
    }

    fn field(&self, text: &Text, wanted: Wanted) -> Result<FieldRef, Problem> {
        match text.as_ref().strip_prefix('@') {
            Some(field) if self.event.declared.object.is_some() => {
                Ok(FieldRef::Object(self.of_object(text, field, wanted)?))
            }
            Some(_) => {
                let what = format!("{:?} needs the event to have a business_id", text.as_ref());
                Err(Problem::with(text, what))
            }
            None if text.as_ref() == "$sender" && matches!(wanted, Wanted::Address) => {
                Ok(FieldRef::Sender)
            }
            None => Ok(FieldRef::Own(self.own(text, wanted)?)),
        }
    }

    /// A field of the event itself. While its layout is not known, it is taken on trust.
    fn own(&self, text: &Text, wanted: Wanted) -> Result<FieldPath, Problem> {
        let problem = |what: String| Problem::with(text, what);
        let path = FieldPath::parse(text.as_ref()).map_err(problem)?;
        if let Some(fields) = &self.event.fields {
            let layout = path.layout(fields).map_err(problem)?;
            check_kind(text, layout, wanted)?;
        }
        Ok(path)
    }

    /// A field of any event of the same business object. One that no event has would be waited for in
    /// vain.
    fn of_object(&self, text: &Text, field: &str, wanted: Wanted) -> Result<FieldPath, Problem> {
        let problem = |what: String| Problem::with(text, what);
        let path = FieldPath::parse(field).map_err(problem)?;
        let object = &self.event.declared.object;
        let events = self.events.iter();
        let events: Vec<_> = events
            .filter(|other| other.declared.object == *object)
            .collect();
        let mut known = events.iter().filter_map(|event| event.fields.as_ref());
        if let Some(layout) = known.clone().find_map(|fields| path.layout(fields).ok()) {
            check_kind(text, layout, wanted)?;
            return Ok(path);
        }
        if events.iter().any(|event| event.fields.is_none()) {
            return Ok(path);
        }
        let names: BTreeSet<&str> = known
            .by_ref()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        Err(problem(format!(
            "no event of the same object has a field {field:?}; they have {}",
            names.join(", ")
        )))
    }
}

/// What has to be known as soon as the event is.
fn own_only(of: &str, texts: &[&Text]) -> Result<(), Problem> {
    let mut texts = texts.iter();
    match texts.find(|text| text.as_ref().starts_with('@')) {
        None => Ok(()),
        Some(text) => {
            let what = format!(
                "{:?} in {of}: it names fields of its own event",
                text.as_ref()
            );
            Err(Problem::with(text, what))
        }
    }
}

fn check_kind(text: &Text, layout: &Layout, wanted: Wanted) -> Result<(), Problem> {
    match wanted.accepts(layout) {
        true => Ok(()),
        false => Err(Problem::with(
            text,
            format!(
                "{:?} is a {}; expected {}",
                text.as_ref(),
                layout.kind(),
                wanted.name()
            ),
        )),
    }
}
