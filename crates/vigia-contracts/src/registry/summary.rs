//! What is declared, for people to read.

use vigia_core::{Address, Direction, StructTag};

use super::{EventRule, Registry};

/// A declared contract.
#[derive(Debug)]
pub struct ContractSummary<'r> {
    /// Its name in the files.
    pub name: &'r str,
    /// Its packages, every version of its lineage.
    pub packages: &'r [Address],
    /// Whether a handler in Rust says what its events mean.
    pub has_handler: bool,
    /// Its events by name.
    pub events: Vec<EventSummary<'r>>,
}

/// A declared event.
#[derive(Debug)]
pub struct EventSummary<'r> {
    /// `module::Name`.
    pub name: &'r str,
    /// Whether its fields are known: not while they are left out and the package has not been asked.
    pub is_readable: bool,
    /// The kind of business object that it is of, and the state in which that is afterwards.
    pub object: Option<(&'r str, Option<&'r str>)>,
    /// Whether nothing is waited for afterwards.
    pub is_final: bool,
    /// The activities that it amounts to.
    pub activities: Vec<(&'r str, Direction)>,
    /// What coins that go back to whom it does not name are called.
    pub movement: Option<&'r str>,
    /// Whether it pays an invoice.
    pub pays: bool,
    /// Whether coins are held from it on.
    pub holds: bool,
    /// Whether it names a fee.
    pub has_fee: bool,
}

impl<'r> EventSummary<'r> {
    fn new(rule: &'r EventRule) -> Self {
        let object = rule.object.as_ref();
        let activities = rule.activities.iter();
        Self {
            name: &rule.name,
            is_readable: rule.fields.is_some(),
            object: object.map(|(object, _)| (&**object, rule.state.as_deref())),
            is_final: rule.is_final,
            activities: activities
                .map(|activity| (&*activity.kind, activity.direction))
                .collect(),
            movement: rule.movement.as_deref(),
            pays: rule.pays.is_some(),
            holds: rule.holds.is_some(),
            has_fee: rule.fee.is_some(),
        }
    }
}

impl Registry {
    /// The declared contracts that have a package, by name.
    pub fn contracts(&self) -> Vec<ContractSummary<'_>> {
        let contracts = self.packages.iter().map(|(name, packages)| {
            let names = self
                .names
                .get(name)
                .into_iter()
                .flat_map(|names| names.keys());
            let rules = names.filter_map(|event| self.event_rule_named(name, event));
            ContractSummary {
                name,
                packages,
                has_handler: self.handler(name).is_some(),
                events: rules.map(EventSummary::new).collect(),
            }
        });
        contracts.collect()
    }

    /// The contract and name of the declaration of events of this type.
    pub fn declared_event(&self, tag: &StructTag) -> Option<(&str, &str)> {
        let rule = self.event_rule(tag)?;
        Some((&rule.contract, &rule.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContractFile, PackageIds};

    #[test]
    fn what_is_declared_is_told() {
        let file = ContractFile::parse("confio.toml", crate::CONFIO).unwrap();
        let packages: PackageIds = [("p2p_trade", 4), ("confio", 2)]
            .into_iter()
            .map(|(name, n)| (name.to_owned(), vec![Address::new([n; 32])]))
            .collect();
        let registry = Registry::new(&[("confio.toml".to_owned(), file)], &packages).unwrap();
        let contracts = registry.contracts();
        let names: Vec<&str> = contracts.iter().map(|contract| contract.name).collect();
        assert_eq!(names, ["confio", "p2p_trade"]);
        assert!(contracts[0].events.is_empty() && !contracts[0].has_handler);
        let mut events = contracts[1].events.iter();
        let created = events.find(|event| event.name == "p2p_trade::TradeCreated");
        let created = created.unwrap();
        assert_eq!(created.object, Some(("trade", Some("created"))));
        assert_eq!(created.activities, [("trade_created", Direction::Out)]);
        assert!(created.holds && created.is_readable && !created.is_final && !created.pays);
        let tag = format!("{}::p2p_trade::TradeCreated", contracts[1].packages[0]);
        let declared = registry.declared_event(&tag.parse().unwrap());
        assert_eq!(declared, Some(("p2p_trade", "p2p_trade::TradeCreated")));
    }
}
