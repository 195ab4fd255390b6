//! `[contracts]`: which contract files are used, and which packages they are about.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vigia_contracts::{CONFIO, ContractFile, PackageIds, Registry};
use vigia_core::parse_address;

use super::{ConfigError, Settings, layers};

/// `[contracts]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct ContractSettings {
    pub built_in: Vec<String>,
    pub files: Vec<PathBuf>,
    pub refresh_interval_ms: u64,
    pub versions_interval_ms: u64,
    pub packages: std::collections::BTreeMap<String, PackageText>,
}

/// One package id, or all of a lineage.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum PackageText {
    /// One id.
    One(String),
    /// All versions, first the one that defined the types.
    Lineage(Vec<String>),
}

impl Settings {
    /// The declared contracts, with package ids of `packages` added where the settings name none.
    pub fn registry(&self, packages: &PackageIds) -> Result<Registry, ConfigError> {
        let (files, ids) = self.contract_declarations(packages)?;
        Ok(Registry::new(&files, &ids)?.with_guard(self.coins.guard()?))
    }

    /// The contract files, and package ids of this deployment, those of `packages` where the settings name
    /// none.
    pub fn contract_declarations(
        &self,
        packages: &PackageIds,
    ) -> Result<(Vec<(String, ContractFile)>, PackageIds), ConfigError> {
        let mut ids = packages.clone();
        for (name, text) in &self.contracts.packages {
            let texts = match text {
                PackageText::One(one) => std::slice::from_ref(one),
                PackageText::Lineage(lineage) => lineage,
            };
            let parse = |text: &String| {
                let key = format!("contracts.packages.{name}");
                parse_address(text)
                    .map_err(|error| ConfigError::value(&key, text, &error.to_string()))
            };
            ids.insert(
                name.clone(),
                texts.iter().map(parse).collect::<Result<_, _>>()?,
            );
        }
        Ok((self.contract_files()?, ids))
    }

    fn contract_files(&self) -> Result<Vec<(String, ContractFile)>, ConfigError> {
        let mut files = Vec::new();
        for name in &self.contracts.built_in {
            if name != "confio" {
                return Err(ConfigError::value("contracts.built_in", name, "\"confio\""));
            }
            files.push((
                "confio.toml".to_owned(),
                ContractFile::parse("confio.toml", CONFIO)?,
            ));
        }
        for path in &self.contracts.files {
            let (name, text) = layers::read_file(path)?;
            let parsed = ContractFile::parse(&name, &text)?;
            files.push((name, parsed));
        }
        Ok(files)
    }
}
