//! A watch list as a filter that a provider applies: what a transaction has to touch for the local match
//! to hit, in the protocol's words. Pure.
//!
//! A filter may let through more than the list matches, never less: what comes is matched again.

use sui_rpc::proto::sui::rpc::v2::{self as proto, transaction_literal::Predicate};
use vigia_core::WatchTarget;
use vigia_watch::WatchList;

use crate::grpc::filter::{affected, any_of, calls, emits, has_event, sender};

/// Literals that providers take in a request, by default.
pub const FILTER_LITERALS_MAX: usize = 10;

/// A filter of the server's, and the version of the watch list that it is made of.
#[derive(Clone, Debug)]
pub struct ServerFilter {
    pub(super) filter: proto::TransactionFilter,
    /// Frames that come through it count as matched with this version (I-7).
    pub version: u64,
    /// How many literals it has.
    pub literals: usize,
}

impl ServerFilter {
    /// The filter of a list; none where it is empty, has more than so many literals, or watches
    /// something that filters do not know, which coins are.
    pub fn of(list: &WatchList, literals_max: usize) -> Option<Self> {
        let mut predicates = Vec::new();
        for target in list.targets_within(literals_max)? {
            predicates.extend(predicates_of(&target)?);
        }
        let literals = predicates.len();
        (1..=literals_max).contains(&literals).then(|| Self {
            filter: any_of(predicates),
            version: list.version(),
            literals,
        })
    }
}

/// Any of which a transaction has to satisfy, for the target to be touched; none where that cannot be
/// said.
fn predicates_of(target: &WatchTarget) -> Option<Vec<Predicate>> {
    let path = target.to_string();
    Some(match target {
        // A sender need not own anything that changes: somebody else may pay for gas.
        WatchTarget::Address(_) => vec![sender(&path), affected(&path)],
        WatchTarget::Package(_) | WatchTarget::Module(..) => {
            vec![calls(&path), emits(&path), has_event(&path)]
        }
        WatchTarget::EventType(..) => vec![has_event(&path)],
        WatchTarget::CoinType(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use vigia_core::{Address, parse_coin_type};

    use super::*;

    fn list(addresses: u8, packages: u8) -> WatchList {
        let mut list = WatchList::new(7);
        for n in 0..addresses {
            list.insert(WatchTarget::Address(Address::new([n; 32])));
        }
        for n in 0..packages {
            list.insert(WatchTarget::Package(Address::new([100 + n; 32])));
        }
        list
    }

    #[test]
    fn a_filter_has_as_many_literals_as_fit() {
        let of = |addresses, packages| {
            let filter = ServerFilter::of(&list(addresses, packages), 10);
            filter.map(|filter| filter.literals)
        };
        assert_eq!(of(0, 0), None);
        assert_eq!(of(5, 0), Some(10));
        assert_eq!(of(6, 0), None);
        assert_eq!(of(0, 3), Some(9));
        assert_eq!(of(1, 3), None);
        assert_eq!(of(2, 2), Some(10));
        assert_eq!(of(200, 50), None);
        assert_eq!(ServerFilter::of(&list(1, 0), 10).unwrap().version, 7);
    }

    #[test]
    fn coins_cannot_be_filtered() {
        let mut list = list(1, 0);
        list.insert(WatchTarget::CoinType(
            parse_coin_type("0x2::sui::SUI").unwrap(),
        ));
        assert!(ServerFilter::of(&list, 10).is_none());
    }
}
