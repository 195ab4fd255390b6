//! `[traces]`: where spans go.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vigia_sui::Secret;

use super::layers::{ConfigError, read_bytes};
use super::{Settings, hidden, secret};
use crate::traces::TraceTarget;

/// `[traces]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct TraceSettings {
    pub endpoint: String,
    #[serde(serialize_with = "hidden")]
    pub header: String,
    pub header_file: PathBuf,
    pub ca_file: PathBuf,
    pub service: String,
    pub one_in: u64,
    pub queue_max: usize,
}

impl TraceSettings {
    /// Where spans of the process called `instance` go; none where nothing is traced.
    pub fn target(&self, instance: String) -> Result<Option<TraceTarget>, ConfigError> {
        if self.endpoint.is_empty() {
            return Ok(None);
        }
        let header = secret("traces.header", &self.header, &self.header_file)?;
        let header = header.map(|text| parted(text.expose())).transpose()?;
        let ca_pem = match self.ca_file.as_os_str().is_empty() {
            true => None,
            false => Some(read_bytes(&self.ca_file)?),
        };
        Ok(Some(TraceTarget {
            endpoint: self.endpoint.clone(),
            header,
            ca_pem,
            service: self.service.clone(),
            instance,
        }))
    }
}

impl Settings {
    /// Checks `[traces]`, without reading what may be absent here.
    pub(super) fn check_traces(&self) -> Result<(), ConfigError> {
        let traces = &self.traces;
        let is_address = ["http://", "https://"]
            .iter()
            .any(|head| traces.endpoint.starts_with(head));
        if !traces.endpoint.is_empty() && !is_address {
            let expected = "an address such as http://127.0.0.1:4317, or nothing";
            return Err(ConfigError::value(
                "traces.endpoint",
                &traces.endpoint,
                expected,
            ));
        }
        if !traces.header.is_empty() {
            parted(&traces.header)?;
        }
        Ok(())
    }
}

/// Name and value of a header. Its error repeats nothing: it holds a key.
fn parted(text: &str) -> Result<(String, Secret), ConfigError> {
    let parts = text.split_once(':');
    let parts = parts.map(|(name, value)| (name.trim(), value.trim()));
    match parts {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_ascii_lowercase(), Secret::new(value)))
        }
        _ => Err(ConfigError::value(
            "traces.header",
            "(secret)",
            "NAME: VALUE",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_name_and_a_value() {
        let (name, value) = parted("X-Team: key:with:colons ").unwrap();
        assert_eq!(
            (name.as_str(), value.expose()),
            ("x-team", "key:with:colons")
        );
        for text in ["hunter2", ": hunter2", "hunter2:"] {
            let error = parted(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
