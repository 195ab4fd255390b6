//! `[[labels]]`: public names of addresses, checked where they stand in the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vigia_core::{Address, Label, LabelKind, Labels, parse_address};

use super::Settings;
use super::layers::ConfigError;

/// Labels of one file (I-13); more belong into the database.
const LABELS_MAX: usize = 10_000;
/// The fields of a label.
const FIELDS: [&str; 3] = ["address", "name", "kind"];

/// One of `[[labels]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct LabelSettings {
    pub address: String,
    pub name: String,
    pub kind: String,
}

impl Settings {
    /// The labels, by address; an address has one at most.
    pub fn declared_labels(&self) -> Result<Labels, ConfigError> {
        let mut labels = Labels::new();
        for LabelSettings {
            address,
            name,
            kind,
        } in &self.labels
        {
            let wrong = |field: &str, text: &str, problem: String| {
                ConfigError::value(&format!("labels.{field}"), text, &problem)
            };
            let parsed = parse_address(address)
                .map_err(|error| wrong("address", address, error.to_string()))?;
            let kind = kind
                .parse()
                .map_err(|problem| wrong("kind", kind, problem))?;
            let label =
                Label::new(parsed, name, kind).map_err(|problem| wrong("name", name, problem))?;
            if labels.insert(parsed, label).is_some() {
                let problem = "an address that has no other label".to_owned();
                return Err(wrong("address", address, problem));
            }
        }
        Ok(labels)
    }
}

/// Checks the labels of a file; an error says in which line which field is wrong.
pub(super) fn check(origin: &str, text: &str, file: &DeTable<'_>) -> Result<(), ConfigError> {
    let Some((key, value)) = file.iter().find(|(key, _)| key.get_ref() == "labels") else {
        return Ok(());
    };
    let file = File { origin, text };
    let DeValue::Array(entries) = value.get_ref() else {
        let problem = "expected [[labels]], once for each address".to_owned();
        return Err(file.wrong(key.span().start, "labels", problem));
    };
    if entries.len() > LABELS_MAX {
        let problem = format!(
            "{} of them, at most {LABELS_MAX} fit; `vigia labels set` keeps any number",
            entries.len()
        );
        return Err(file.wrong(key.span().start, "labels", problem));
    }
    let mut places = BTreeMap::<Address, usize>::new();
    for entry in entries.iter() {
        let address = file.check_entry(entry)?;
        let at = entry.span().start;
        if let Some(first) = places.insert(address, at) {
            let line = file.line(first);
            let problem = format!("{address} has a label in line {line} already");
            return Err(file.wrong(at, "labels.address", problem));
        }
    }
    Ok(())
}

/// Where a problem is.
struct File<'a> {
    origin: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    fn wrong(&self, at: usize, field: &str, problem: String) -> ConfigError {
        ConfigError::Entry {
            origin: format!("{}, line {}", self.origin, self.line(at)),
            field: field.to_owned(),
            problem,
        }
    }

    fn check_entry(&self, entry: &Spanned<DeValue<'_>>) -> Result<Address, ConfigError> {
        let at = entry.span().start;
        let DeValue::Table(table) = entry.get_ref() else {
            let problem = format!("expected a table with {}", FIELDS.join(", "));
            return Err(self.wrong(at, "labels", problem));
        };
        for (key, _) in table {
            if !FIELDS.contains(&key.get_ref().as_ref()) {
                let field = format!("labels.{}", key.get_ref());
                let problem = format!("there is no such field; a label has {}", FIELDS.join(", "));
                return Err(self.wrong(key.span().start, &field, problem));
            }
        }
        let (address_at, address) = self.text_of(table, at, "address")?;
        let address = parse_address(address)
            .map_err(|error| self.wrong(address_at, "labels.address", error.to_string()))?;
        let (kind_at, kind) = self.text_of(table, at, "kind")?;
        let kind: LabelKind = kind
            .parse()
            .map_err(|problem| self.wrong(kind_at, "labels.kind", problem))?;
        let (name_at, name) = self.text_of(table, at, "name")?;
        Label::new(address, name, kind)
            .map_err(|problem| self.wrong(name_at, "labels.name", problem))?;
        Ok(address)
    }

    /// A field's place and text; where it is missing, the entry's place.
    fn text_of<'t>(
        &self,
        table: &'t DeTable<'_>,
        at: usize,
        name: &str,
    ) -> Result<(usize, &'t str), ConfigError> {
        let field = format!("labels.{name}");
        let found = table.iter().find(|(key, _)| key.get_ref() == name);
        let Some((key, value)) = found else {
            let problem = format!("it is missing; a label has {}", FIELDS.join(", "));
            return Err(self.wrong(at, &field, problem));
        };
        match value.get_ref() {
            DeValue::String(text) => Ok((value.span().start, text)),
            _ => Err(self.wrong(key.span().start, &field, "expected a text".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers;
    use crate::config::{DEFAULT, Overrides};

    fn load(file: &str) -> Result<Labels, String> {
        let file = ("vigia.toml".to_owned(), file.to_owned());
        let none = std::iter::empty();
        let settings = layers::merge(DEFAULT, Some(&file), none, &Overrides::default());
        let labels = settings.and_then(|settings| settings.declared_labels());
        labels.map_err(|error| error.to_string())
    }

    fn entry(address: &str, name: &str, kind: &str) -> String {
        format!("[[labels]]\naddress = \"{address}\"\nname = \"{name}\"\nkind = \"{kind}\"\n")
    }

    #[test]
    fn an_address_has_a_name_and_a_kind() {
        assert_eq!(load("").unwrap(), Labels::new());
        let text = entry("0x7", "Binance", "exchange") + &entry("0x8", "Fees", "fee_collector");
        let labels = load(&text).unwrap();
        let seven = &labels[&"0x7".parse().unwrap()];
        assert_eq!((&*seven.name, seven.kind), ("Binance", LabelKind::Exchange));
        assert_eq!(labels.len(), 2);
    }

    #[test]
    fn errors_name_file_line_field_and_choices() {
        let good = entry("0x7", "Binance", "exchange");
        for (wrong, line, words) in [
            (
                entry("0x7", "A", "bank"),
                8,
                vec!["labels.kind", "bank", "fee_collector, escrow"],
            ),
            (
                entry("7", "A", "other"),
                6,
                vec!["labels.address", "\"7\"", "0x"],
            ),
            (
                entry("0x8", " ", "other"),
                7,
                vec!["labels.name", "needs a name"],
            ),
            (
                entry("0x07", "A", "other"),
                5,
                vec!["labels.address", "line 1 already"],
            ),
            (
                "[[labels]]\nadress = \"0x8\"\n".to_owned(),
                6,
                vec!["labels.adress", "address, name, kind"],
            ),
            (
                "[[labels]]\naddress = \"0x8\"\n".to_owned(),
                5,
                vec!["labels.kind", "missing"],
            ),
            (
                "[[labels]]\naddress = 8\n".to_owned(),
                6,
                vec!["labels.address", "a text"],
            ),
        ] {
            let error = load(&(good.clone() + &wrong)).unwrap_err();
            assert!(
                error.starts_with(&format!("vigia.toml, line {line}, ")),
                "{error}"
            );
            for word in words {
                assert!(error.contains(word), "{word:?} is not in {error}");
            }
        }
        let error = load("labels = \"x\"\n").unwrap_err();
        assert!(
            error.contains("line 1") && error.contains("[[labels]]"),
            "{error}"
        );
    }

    #[test]
    fn their_number_has_a_limit() {
        let many = |count: usize| -> String {
            let entries = (1..=count).map(|n| entry(&format!("0x{n:x}"), "A", "other"));
            entries.collect()
        };
        assert_eq!(load(&many(LABELS_MAX)).unwrap().len(), LABELS_MAX);
        assert!(
            load(&many(LABELS_MAX + 1))
                .unwrap_err()
                .contains("vigia labels set")
        );
    }
}
