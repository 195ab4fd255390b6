//! `[balances]`: how much is asked of nodes about balances.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Settings};

/// `[balances]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct BalanceSettings {
    pub requests_per_day: u64,
    pub budget_percent: u64,
    pub sample: u32,
    pub adjust: bool,
}

impl Settings {
    /// Requests that balances may take in a day: as set, and no more than their part of the budget of the
    /// provider that may be asked least.
    pub fn balance_requests(&self) -> u64 {
        let budgets = self.provider_budgets().into_iter();
        let least = budgets.filter_map(|budget| budget.of_day.requests).min();
        let part = least.map(|least| least.saturating_mul(self.balances.budget_percent) / 100);
        let set = self.balances.requests_per_day;
        part.map_or(set, |part| part.min(set))
    }
}

impl BalanceSettings {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.budget_percent > 100 {
            let found = self.budget_percent.to_string();
            let key = "balances.budget_percent";
            return Err(ConfigError::value(key, &found, "a number from 0 to 100"));
        }
        Ok(())
    }
}
