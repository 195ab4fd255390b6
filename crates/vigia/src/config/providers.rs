//! `[provider]` and `[providers.NAME]`: full nodes, and what is known of those who sell them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vigia_sui::{DayBudget, ProviderConfig, ProviderRoles, Secret};

use super::layers::{ConfigError, read_bytes};
use super::{Settings, hidden, secret};

/// What the provider of `[provider]` is called.
const FIRST_NAME: &str = "provider";

/// `[provider]`, and each of `[providers.NAME]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct ProviderSettings {
    #[serde(serialize_with = "hidden")]
    pub url: String,
    pub url_file: PathBuf,
    pub preset: String,
    #[serde(serialize_with = "hidden")]
    pub x_token: String,
    pub x_token_file: PathBuf,
    #[serde(serialize_with = "hidden")]
    pub bearer: String,
    pub bearer_file: PathBuf,
    pub ca_file: PathBuf,
    pub roles: Vec<Role>,
    pub preference: u32,
    pub requests_per_second: u32,
    pub requests_per_day: u64,
    pub mib_per_day: u64,
    pub past_budget: PastBudget,
}

/// What a provider is used for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// To follow the chain.
    Live,
    /// To fetch what is behind.
    History,
    /// To fetch what the others have pruned.
    Archive,
}

/// What becomes of a provider whose budget of the day is spent.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum PastBudget {
    /// It is used while no other can be.
    Last,
    /// It is not used before midnight.
    Stop,
}

/// What may be asked of a provider in a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderBudget {
    /// What the provider is called.
    pub name: String,
    /// How much.
    pub of_day: DayBudget,
}

impl Settings {
    /// How to reach the providers, most preferred first; none where no address is set.
    pub fn provider_configs(&self) -> Result<Vec<ProviderConfig>, ConfigError> {
        let mut configs = Vec::new();
        for (key, name, settings) in self.named_providers() {
            configs.extend(settings.config(&key, name)?);
        }
        Ok(configs)
    }

    /// What may be asked of each provider in a day.
    pub fn provider_budgets(&self) -> Vec<ProviderBudget> {
        self.named_providers()
            .into_iter()
            .map(|(_, name, settings)| ProviderBudget {
                name: name.to_owned(),
                of_day: settings.budget(),
            })
            .collect()
    }

    /// Key, name and settings of each, most preferred first; names decide between equals.
    fn named_providers(&self) -> Vec<(String, &str, &ProviderSettings)> {
        let first = [(FIRST_NAME.to_owned(), FIRST_NAME, &self.provider)];
        let others = self
            .providers
            .iter()
            .map(|(name, settings)| (format!("providers.{name}"), name.as_str(), settings));
        let mut named: Vec<_> = first.into_iter().chain(others).collect();
        named.sort_by_key(|(_, _, settings)| settings.preference);
        named
    }
}

impl ProviderSettings {
    fn config(&self, key: &str, name: &str) -> Result<Option<ProviderConfig>, ConfigError> {
        let of = |part: &str| format!("{key}.{part}");
        let Some(url) = secret(&of("url"), &self.url, &self.url_file)? else {
            return Ok(None);
        };
        let x_token = secret(&of("x_token"), &self.x_token, &self.x_token_file)?;
        let preset = Preset::of(&of("preset"), &self.preset, url.expose())?;
        let (url, of_preset) = preset.apply(&of("url"), url.expose())?;
        let bearer = secret(&of("bearer"), &self.bearer, &self.bearer_file)?;
        let ca_pem = match self.ca_file.as_os_str().is_empty() {
            true => None,
            false => Some(read_bytes(&self.ca_file)?),
        };
        let has = |role| self.roles.contains(&role);
        let roles = ProviderRoles {
            live: has(Role::Live),
            history: has(Role::History),
            archive: has(Role::Archive),
        };
        if self.roles.is_empty() {
            let expected = "one or more of \"live\", \"history\" and \"archive\"";
            return Err(ConfigError::value(&of("roles"), "", expected));
        }
        let requests_per_second = match (self.requests_per_second, preset) {
            (0, Preset::Public) => Some(PUBLIC_REQUESTS_PER_SECOND),
            (0, _) => None,
            (limit, _) => Some(limit),
        };
        Ok(Some(ProviderConfig {
            name: name.to_owned(),
            url,
            x_token: x_token.or(of_preset),
            bearer,
            ca_pem,
            requests_per_second,
            roles,
            budget: self.budget(),
        }))
    }

    fn budget(&self) -> DayBudget {
        let limit = |n: u64| (n > 0).then_some(n);
        DayBudget {
            requests: limit(self.requests_per_day),
            bytes: limit(self.mib_per_day.saturating_mul(1024 * 1024)),
            is_hard: self.past_budget == PastBudget::Stop,
        }
    }
}

/// Public full nodes take 100 requests in 30 s from one address.
const PUBLIC_REQUESTS_PER_SECOND: u32 = 3;
const QUICKNODE_PORT: u16 = 9000;

/// Providers whose addresses need to be read in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preset {
    None,
    /// `https://NAME.sui-mainnet.quiknode.pro/TOKEN/`: gRPC is on port 9000, the token in `x-token`.
    QuickNode,
    /// `https://HOST/TOKEN`: gRPC is on port 443, the token in `x-token`.
    TokenInPath,
    /// The foundation's nodes, with their limits.
    Public,
}

impl Preset {
    fn of(key: &str, text: &str, url: &str) -> Result<Self, ConfigError> {
        let host = url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        match text {
            "" if host.ends_with(".quiknode.pro") => Ok(Self::QuickNode),
            "" if host.starts_with("fullnode.") && host.ends_with(".sui.io") => Ok(Self::Public),
            "" => Ok(Self::None),
            "quicknode" => Ok(Self::QuickNode),
            "chainstack" | "triton" => Ok(Self::TokenInPath),
            "public" => Ok(Self::Public),
            _ => Err(ConfigError::value(
                key,
                text,
                "\"quicknode\", \"chainstack\", \"triton\", \"public\", or nothing",
            )),
        }
    }

    /// Where gRPC is, and the token that was a part of the address.
    fn apply(self, key: &str, url: &str) -> Result<(String, Option<Secret>), ConfigError> {
        let port = match self {
            Self::None | Self::Public => return Ok((url.to_owned(), None)),
            Self::QuickNode => QUICKNODE_PORT,
            Self::TokenInPath => 443,
        };
        let rest = url.strip_prefix("https://").unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let expected = "an address as the provider shows it, https://HOST/TOKEN";
        if authority.is_empty() {
            return Err(ConfigError::value(key, "(secret)", expected));
        }
        let token = path.split(['?', '#']).next().unwrap_or_default();
        let token = token
            .trim_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let token = (!token.is_empty()).then(|| Secret::new(token));
        let url = match authority.contains(':') {
            true => format!("https://{authority}"),
            false => format!("https://{authority}:{port}"),
        };
        Ok((url, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, preset: &str) -> ProviderSettings {
        ProviderSettings {
            url: url.to_owned(),
            url_file: PathBuf::new(),
            preset: preset.to_owned(),
            x_token: String::new(),
            x_token_file: PathBuf::new(),
            bearer: String::new(),
            bearer_file: PathBuf::new(),
            ca_file: PathBuf::new(),
            roles: vec![Role::Live, Role::History],
            preference: 0,
            requests_per_second: 0,
            requests_per_day: 0,
            mib_per_day: 0,
            past_budget: PastBudget::Last,
        }
    }

    fn config(url: &str, preset: &str) -> ProviderConfig {
        let config = settings(url, preset).config("provider", "first").unwrap();
        config.unwrap()
    }

    fn token(config: &ProviderConfig) -> Option<&str> {
        config.x_token.as_ref().map(Secret::expose)
    }

    #[test]
    fn a_quicknode_address_is_enough() {
        let shown = "https://docs-demo.sui-mainnet.quiknode.pro/0123abc/";
        for preset in ["", "quicknode"] {
            let config = config(shown, preset);
            assert_eq!(
                config.url,
                "https://docs-demo.sui-mainnet.quiknode.pro:9000"
            );
            assert_eq!(token(&config), Some("0123abc"));
            assert!(!format!("{config:?}").contains("0123abc"), "{config:?}");
        }
        // Its gRPC address with the token set apart works as well.
        let mut apart = settings("https://docs-demo.sui-mainnet.quiknode.pro:9000", "");
        apart.x_token = "other".to_owned();
        let apart = apart.config("provider", "first").unwrap().unwrap();
        assert_eq!(apart.url, "https://docs-demo.sui-mainnet.quiknode.pro:9000");
        assert_eq!(token(&apart), Some("other"));
    }

    #[test]
    fn others_are_read_in_their_way() {
        let chainstack = config("https://sui-mainnet.core.chainstack.com/f00/", "chainstack");
        assert_eq!(
            chainstack.url,
            "https://sui-mainnet.core.chainstack.com:443"
        );
        assert_eq!(token(&chainstack), Some("f00"));
        let triton = config("https://a.mainnet.sui.rpcpool.com/f00?x=1", "triton");
        assert_eq!(triton.url, "https://a.mainnet.sui.rpcpool.com:443");
        assert_eq!(token(&triton), Some("f00"));
        let public = config("https://fullnode.mainnet.sui.io:443", "");
        assert_eq!(public.requests_per_second, Some(3));
        assert_eq!(public.url, "https://fullnode.mainnet.sui.io:443");
        let plain = config("http://127.0.0.1:9000", "");
        assert_eq!((plain.requests_per_second, token(&plain)), (None, None));
    }

    #[test]
    fn what_cannot_be_used_is_refused_unseen() {
        let refused = |settings: ProviderSettings| {
            let error = settings.config("providers.b", "b").unwrap_err();
            error.to_string()
        };
        let error = refused(settings("https://h/t", "quiknode"));
        assert!(
            error.contains("providers.b.preset") && error.contains("\"quicknode\""),
            "{error}"
        );
        let error = refused(settings("http://h/hush", "triton"));
        assert!(
            error.contains("https://HOST/TOKEN") && !error.contains("hush"),
            "{error}"
        );
        let mut idle = settings("https://h", "");
        idle.roles = vec![];
        assert!(refused(idle).contains("\"archive\""));
        let mut without = settings("https://h", "");
        without.ca_file = PathBuf::from("/nowhere/ca.pem");
        assert!(refused(without).contains("/nowhere/ca.pem"));
        assert!(
            settings("", "")
                .config("provider", "first")
                .unwrap()
                .is_none()
        );
    }
}
