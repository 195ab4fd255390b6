//! `[coins]`: which receipts people are told of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vigia_contracts::CoinGuard;
use vigia_core::{parse_coin_type, type_text};

use super::ConfigError;

/// `[coins]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct CoinSettings {
    pub scam_guard: bool,
    pub allow: Vec<String>,
    pub minimum_units: BTreeMap<String, Units>,
}

/// A number of minor units; as text where it is beyond 63 bits, which TOML does not hold.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Units {
    /// As a number.
    Number(i64),
    /// As text.
    Text(String),
}

impl CoinSettings {
    /// The guard against scams; none where it is off.
    pub fn guard(&self) -> Result<Option<CoinGuard>, ConfigError> {
        let mut guard = CoinGuard::default();
        for text in &self.allow {
            guard.allowed.insert(coin_type("coins.allow", text)?);
        }
        for (text, units) in &self.minimum_units {
            let coin_type = coin_type("coins.minimum_units", text)?;
            let units = units.parse(&format!("coins.minimum_units.{text}"))?;
            if guard.minimum_units.insert(coin_type, units).is_some() {
                let expected = "each coin once, however its address is written";
                return Err(ConfigError::value("coins.minimum_units", text, expected));
            }
        }
        Ok(self.scam_guard.then_some(guard))
    }
}

impl Units {
    fn parse(&self, key: &str) -> Result<i128, ConfigError> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        let units = text.parse::<i128>().ok().filter(|units| *units >= 0);
        units.ok_or_else(|| ConfigError::value(key, &text, "a whole number of minor units from 0"))
    }
}

fn coin_type(key: &str, text: &str) -> Result<String, ConfigError> {
    let parsed = parse_coin_type(text);
    let parsed = parsed.map_err(|error| ConfigError::value(key, text, &error.to_string()))?;
    Ok(type_text(&parsed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers;
    use crate::config::{DEFAULT, Overrides};

    fn load(file: &str) -> Result<Option<CoinGuard>, String> {
        let file = ("vigia.toml".to_owned(), file.to_owned());
        let none = std::iter::empty();
        let settings = layers::merge(DEFAULT, Some(&file), none, &Overrides::default());
        let guard = settings.and_then(|settings| settings.coins.guard());
        guard.map_err(|error| error.to_string())
    }

    #[test]
    fn types_are_compared_in_one_form() {
        let guard = load(
            "[coins]\nallow = [\"0x7::a::A\"]\n[coins.minimum_units]\n\
                          \"0x2::sui::SUI\" = 5\n\"0x7::a::A\" = \"170141183460469231731687303715884105727\"\n",
        );
        let guard = guard.unwrap().unwrap();
        let long = |byte: &str, rest: &str| format!("0x{byte:0>64}::{rest}");
        assert!(guard.allowed.contains(&long("7", "a::A")));
        assert_eq!(guard.minimum_units[&long("2", "sui::SUI")], 5);
        assert_eq!(guard.minimum_units[&long("7", "a::A")], i128::MAX);
        assert!(load("[coins]\nscam_guard = false\n").unwrap().is_none());
        let by_default = load("").unwrap().unwrap();
        assert_eq!(
            (by_default.allowed.len(), by_default.minimum_units.len()),
            (1, 0)
        );
    }

    #[test]
    fn wrong_ones_are_named() {
        for (file, words) in [
            ("[coins]\nallow = [\"USDC\"]\n", ["coins.allow", "USDC"]),
            (
                "[coins.minimum_units]\n\"SUI\" = 1\n",
                ["coins.minimum_units", "SUI"],
            ),
            (
                "[coins.minimum_units]\n\"0x2::sui::SUI\" = -1\n",
                ["-1", "from 0"],
            ),
            (
                "[coins.minimum_units]\n\"0x2::sui::SUI\" = \"0.5\"\n",
                ["0.5", "whole number"],
            ),
            (
                "[coins.minimum_units]\n\"0x2::sui::SUI\" = 1\n\"0x02::sui::SUI\" = 1\n",
                ["coins.minimum_units", "once"],
            ),
            (
                "[coins]\nscamguard = true\n",
                ["coins.scamguard", "coins.scam_guard"],
            ),
        ] {
            // Wrong types are found also where the guard is off.
            let error = load(file).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
