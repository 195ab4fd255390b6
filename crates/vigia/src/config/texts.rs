//! `[texts]`: where files are that replace the built-in texts of notifications.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vigia_notify::FluentTexts;

use super::Settings;
use crate::exit::Exit;

/// `[texts]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct TextSettings {
    pub dir: PathBuf,
}

impl Settings {
    /// The texts of notifications: those that come with vigia, under those of the directory.
    pub fn texts(&self) -> anyhow::Result<FluentTexts> {
        let dir = &self.texts.dir;
        if dir.as_os_str().is_empty() {
            return Ok(FluentTexts::built_in());
        }
        let texts = FluentTexts::with_overrides(dir);
        Ok(texts.map_err(|error| {
            let problem = vigia_core::error_chain(&error);
            Exit::bad_input(format!("setting texts.dir is {dir:?}: {problem}"))
        })?)
    }
}
