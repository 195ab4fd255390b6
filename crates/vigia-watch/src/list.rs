//! The matcher: sets of targets, looked up for everything a transaction touches.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use vigia_core::{
    Address, ExecutedTransaction, Identifier, MatchReason, ReasonKind, TypeTag, WatchChange,
    WatchOp, WatchTarget,
};

use crate::footprint::{Touch, walk};

type Set<T> = HashSet<T, RandomState>;

/// All live watches, at one version of the list.
#[derive(Clone, Debug, Default)]
pub struct WatchList {
    version: u64,
    addresses: Set<Address>,
    packages: Set<Address>,
    modules: HashMap<Address, Set<Identifier>, RandomState>,
    event_types: HashMap<Address, Set<(Identifier, Identifier)>, RandomState>,
    coin_types: Set<TypeTag>,
}

impl WatchList {
    /// An empty list at `version`.
    pub fn new(version: u64) -> Self {
        Self {
            version,
            ..Self::default()
        }
    }

    /// Makes room for so many more addresses at once.
    pub fn reserve_addresses(&mut self, more: usize) {
        self.addresses.reserve(more);
    }

    /// The version of the watch list this is an image of.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many targets are watched.
    pub fn len(&self) -> usize {
        let nested = |sets: usize, set: usize| sets + set;
        self.addresses.len()
            + self.packages.len()
            + self.modules.values().map(HashSet::len).fold(0, nested)
            + self.event_types.values().map(HashSet::len).fold(0, nested)
            + self.coin_types.len()
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether coin types are watched, which takes the amounts of every transaction.
    pub fn watches_coins(&self) -> bool {
        !self.coin_types.is_empty()
    }

    /// All targets; none where there are more than so many.
    pub fn targets_within(&self, max: usize) -> Option<Vec<WatchTarget>> {
        if self.len() > max {
            return None;
        }
        let modules = self.modules.iter().flat_map(|(package, modules)| {
            let module = |module: &Identifier| WatchTarget::Module(*package, module.clone());
            modules.iter().map(module)
        });
        let event_types = self.event_types.iter().flat_map(|(package, types)| {
            types.iter().map(|(module, name)| {
                WatchTarget::EventType(*package, module.clone(), name.clone())
            })
        });
        let addresses = self.addresses.iter().copied().map(WatchTarget::Address);
        let packages = self.packages.iter().copied().map(WatchTarget::Package);
        let coin_types = self.coin_types.iter().cloned().map(WatchTarget::CoinType);
        Some(
            addresses
                .chain(packages)
                .chain(modules)
                .chain(event_types)
                .chain(coin_types)
                .collect(),
        )
    }

    /// Whether a target is watched.
    pub fn contains(&self, target: &WatchTarget) -> bool {
        match target {
            WatchTarget::Address(address) => self.addresses.contains(address),
            WatchTarget::Package(package) => self.packages.contains(package),
            WatchTarget::Module(package, module) => self.watches_module(package, module),
            WatchTarget::EventType(package, module, name) => {
                self.watches_event_type(package, module, name)
            }
            WatchTarget::CoinType(coin_type) => self.coin_types.contains(coin_type),
        }
    }

    /// Adds a target; adding it again changes nothing.
    pub fn insert(&mut self, target: WatchTarget) {
        match target {
            WatchTarget::Address(address) => {
                self.addresses.insert(address);
            }
            WatchTarget::Package(package) => {
                self.packages.insert(package);
            }
            WatchTarget::Module(package, module) => {
                self.modules.entry(package).or_default().insert(module);
            }
            WatchTarget::EventType(package, module, name) => {
                self.event_types
                    .entry(package)
                    .or_default()
                    .insert((module, name));
            }
            WatchTarget::CoinType(coin_type) => {
                self.coin_types.insert(coin_type);
            }
        }
    }

    /// Removes a target; removing what is not there changes nothing.
    pub fn remove(&mut self, target: &WatchTarget) {
        match target {
            WatchTarget::Address(address) => {
                self.addresses.remove(address);
            }
            WatchTarget::Package(package) => {
                self.packages.remove(package);
            }
            WatchTarget::Module(package, module) => {
                if let Some(modules) = self.modules.get_mut(package) {
                    modules.remove(module);
                }
            }
            WatchTarget::EventType(package, module, name) => {
                if let Some(types) = self.event_types.get_mut(package) {
                    types.remove(&(module.clone(), name.clone()));
                }
            }
            WatchTarget::CoinType(coin_type) => {
                self.coin_types.remove(coin_type);
            }
        }
    }

    /// Applies changes in order of their version and moves on to the newest.
    pub fn apply(&mut self, changes: &[WatchChange]) {
        for change in changes {
            match change.op {
                WatchOp::Add => self.insert(change.target.clone()),
                WatchOp::Remove => self.remove(&change.target),
            }
            self.version = self.version.max(change.version);
        }
    }

    /// Why `transaction` is relevant; empty when it is not. No reason comes twice.
    pub fn match_transaction(&self, transaction: &ExecutedTransaction) -> Vec<MatchReason> {
        let mut reasons: Vec<MatchReason> = Vec::new();
        walk(transaction, &mut |touch| {
            self.match_touch(touch, &mut |kind, target| {
                let reason = MatchReason {
                    kind,
                    target: target.to_string(),
                };
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            });
        });
        reasons
    }

    fn match_touch(&self, touch: Touch<'_>, hit: &mut impl FnMut(ReasonKind, WatchTarget)) {
        match touch {
            Touch::Address(address, kind) => {
                if self.addresses.contains(&address) {
                    hit(kind, WatchTarget::Address(address));
                }
            }
            Touch::Call(package, module) => {
                if self.packages.contains(&package) {
                    hit(ReasonKind::CallPackage, WatchTarget::Package(package));
                }
                if self.watches_module(&package, module) {
                    hit(
                        ReasonKind::CallModule,
                        WatchTarget::Module(package, module.clone()),
                    );
                }
            }
            Touch::Event {
                package,
                module,
                tag,
            } => {
                for package in [&package, tag.address()] {
                    if self.packages.contains(package) {
                        hit(ReasonKind::EventPackage, WatchTarget::Package(*package));
                    }
                }
                for (package, module) in [(&package, module), (tag.address(), tag.module())] {
                    if self.watches_module(package, module) {
                        let target = WatchTarget::Module(*package, module.clone());
                        hit(ReasonKind::EventModule, target);
                    }
                }
                if self.watches_event_type(tag.address(), tag.module(), tag.name()) {
                    hit(ReasonKind::EventType, WatchTarget::event_type(tag));
                }
            }
            Touch::Coin(coin_type) => {
                if self.coin_types.contains(coin_type) {
                    hit(
                        ReasonKind::CoinType,
                        WatchTarget::CoinType(coin_type.clone()),
                    );
                }
            }
        }
    }

    /// Whether an address itself is watched.
    pub fn watches_address(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    /// Whether a coin type is watched.
    pub fn watches_coin(&self, coin_type: &TypeTag) -> bool {
        self.coin_types.contains(coin_type)
    }

    /// Whether a package is watched, or something of it.
    pub(crate) fn watches_of_package(&self, package: &Address) -> bool {
        self.packages.contains(package)
            || self.modules.contains_key(package)
            || self.event_types.contains_key(package)
    }

    fn watches_module(&self, package: &Address, module: &Identifier) -> bool {
        self.modules
            .get(package)
            .is_some_and(|modules| modules.contains(module))
    }

    fn watches_event_type(
        &self,
        package: &Address,
        module: &Identifier,
        name: &Identifier,
    ) -> bool {
        // The set is keyed by owned pairs; only types of a watched package get as far as the clone.
        self.event_types
            .get(package)
            .is_some_and(|types| types.contains(&(module.clone(), name.clone())))
    }
}
