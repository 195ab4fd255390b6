//! `[proof]`: whom to believe.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vigia_sui::{CommitteePin, TrustRoot};

use super::Settings;
use super::layers::{ConfigError, read_bytes};

/// `[proof]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct ProofSettings {
    pub trust: TrustSetting,
    pub genesis_file: PathBuf,
    pub committee: String,
}

/// Whom to believe.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TrustSetting {
    /// The provider that is read from.
    Provider,
    /// The validators, by their signatures.
    Quorum,
}

/// The committee that is believed.
#[derive(Clone, Debug)]
pub enum RootSetting {
    /// That of a genesis blob.
    Genesis(Box<TrustRoot>),
    /// One that is pinned, to be fetched.
    Pin(CommitteePin),
}

impl Settings {
    /// Whether a provider's word is enough.
    pub fn believes_providers(&self) -> bool {
        self.proof.trust == TrustSetting::Provider
    }

    /// The committee to begin with; none where providers are believed.
    pub fn trust_root(&self) -> Result<Option<RootSetting>, ConfigError> {
        let proof = &self.proof;
        if proof.trust == TrustSetting::Provider {
            return Ok(None);
        }
        let (file, pin) = (&proof.genesis_file, proof.committee.as_str());
        match (file.as_os_str().is_empty(), pin) {
            (false, "") => {
                let root = TrustRoot::from_genesis(&read_bytes(file)?, None);
                let root = root.map_err(|error| {
                    let expected = format!("a genesis blob: {error}");
                    ConfigError::value("proof.genesis_file", &file.display().to_string(), &expected)
                })?;
                Ok(Some(RootSetting::Genesis(Box::new(root))))
            }
            (true, "") => {
                let expected =
                    "one of proof.genesis_file and proof.committee with trust = \"quorum\"";
                Err(ConfigError::value("proof.committee", pin, expected))
            }
            (true, pin) => match pin.parse() {
                Ok(pin) => Ok(Some(RootSetting::Pin(pin))),
                Err(_) => {
                    let expected = "EPOCH:DIGEST, the digest in base58";
                    Err(ConfigError::value("proof.committee", pin, expected))
                }
            },
            (false, pin) => {
                let expected = "only one of proof.genesis_file and proof.committee";
                Err(ConfigError::value("proof.committee", pin, expected))
            }
        }
    }
}
