//! The guard against scams: which plain receipts are kept but told to nobody.
//!
//! It decides by declarations alone, never by what a node told of a coin at some moment: a transaction that
//! is interpreted again has to come out the same (I-11). What a contract's event explains is none of its
//! business, and neither is what somebody sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use vigia_core::{CoinInfo, StructTag, Suppressed, struct_text};

/// What less than this of SUI is dust: a thousandth.
const SUI_MINIMUM_UNITS: i128 = 1_000_000;
/// A declared coin that says nothing has its minimum at this digit after the point.
const MINIMUM_DIGIT: u8 = 4;

static SUI: LazyLock<String> = LazyLock::new(|| struct_text(&StructTag::sui()));

/// What a deployment says of coins beside contract files, by their types in canonical text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoinGuard {
    /// Coins that people are told of although no contract file declares them.
    pub allowed: BTreeSet<String>,
    /// Least amounts that people are told of, in minor units; these win over any other.
    pub minimum_units: BTreeMap<String, i128>,
}

impl CoinGuard {
    /// Why a plain receipt is told to nobody, where that is so. `declared` has the coins that contract files
    /// declare, with the minimum of those that state one.
    pub(crate) fn suppressed(
        &self,
        declared: &BTreeMap<String, (CoinInfo, Option<i128>)>,
        coin_type: &str,
        amount: i128,
    ) -> Option<Suppressed> {
        let coin = declared.get(coin_type);
        let is_sui = coin_type == *SUI;
        if coin.is_none() && !is_sui && !self.allowed.contains(coin_type) {
            return Some(Suppressed::UnknownCoin);
        }
        let set = self.minimum_units.get(coin_type).copied();
        let stated = || coin.and_then(|(_, minimum)| *minimum);
        let of_sui = || is_sui.then_some(SUI_MINIMUM_UNITS);
        let by_decimals = || coin.and_then(|(coin, _)| default_minimum(coin.decimals?));
        let minimum = set.or_else(stated).or_else(of_sui).or_else(by_decimals);
        (amount < minimum.unwrap_or(0)).then_some(Suppressed::Dust)
    }
}

fn default_minimum(decimals: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(decimals.saturating_sub(MINIMUM_DIGIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coin(decimals: u8) -> CoinInfo {
        CoinInfo {
            coin_type: "0x7::a::A".to_owned(),
            decimals: Some(decimals),
            symbol: "A".to_owned(),
            name: "A".to_owned(),
            icon_url: None,
        }
    }

    /// The largest amount that is dust, one below the least that is told.
    fn dust_max(guard: &CoinGuard, decimals: u8, stated: Option<i128>) -> Option<i128> {
        let coin = coin(decimals);
        let declared = BTreeMap::from([(coin.coin_type.clone(), (coin, stated))]);
        let says = |amount| guard.suppressed(&declared, "0x7::a::A", amount);
        let minimum = (0..=38)
            .map(|digits| 10i128.pow(digits))
            .find(|n| says(*n).is_none())?;
        assert_eq!(
            says(minimum - 1),
            (minimum > 1).then_some(Suppressed::Dust).or(says(0))
        );
        Some(minimum - 1)
    }

    #[test]
    fn a_declared_coin_has_a_minimum_by_its_decimals() {
        let guard = CoinGuard::default();
        assert_eq!(dust_max(&guard, 6, None), Some(99));
        assert_eq!(dust_max(&guard, 4, None), Some(0));
        assert_eq!(dust_max(&guard, 0, None), Some(0));
        assert_eq!(dust_max(&guard, 6, Some(10_000)), Some(9_999));
        // Decimals that nothing can have make no minimum rather than a wrong one.
        assert_eq!(default_minimum(255), None);
        assert_eq!(default_minimum(42), Some(10i128.pow(38)));
    }

    #[test]
    fn what_the_deployment_sets_wins() {
        let mut guard = CoinGuard::default();
        guard.minimum_units.insert("0x7::a::A".to_owned(), 100);
        assert_eq!(dust_max(&guard, 6, Some(10_000)), Some(99));
        guard.minimum_units.insert("0x7::a::A".to_owned(), 0);
        assert_eq!(dust_max(&guard, 6, Some(10_000)), Some(0));
        // A minimum allows nothing.
        let none = BTreeMap::new();
        let unknown = Some(Suppressed::UnknownCoin);
        assert_eq!(guard.suppressed(&none, "0x7::a::A", i128::MAX), unknown);
        guard.allowed.insert("0x7::a::A".to_owned());
        assert_eq!(guard.suppressed(&none, "0x7::a::A", 1), None);
        guard
            .minimum_units
            .insert("0x7::a::A".to_owned(), i128::MAX);
        let just = |amount| guard.suppressed(&none, "0x7::a::A", amount);
        assert_eq!(
            (just(i128::MAX), just(i128::MAX - 1)),
            (None, Some(Suppressed::Dust))
        );
    }

    #[test]
    fn sui_needs_no_declaration() {
        let says = |amount| CoinGuard::default().suppressed(&BTreeMap::new(), &SUI, amount);
        assert_eq!(says(SUI_MINIMUM_UNITS), None);
        assert_eq!(says(SUI_MINIMUM_UNITS - 1), Some(Suppressed::Dust));
    }
}
