//! Layers of settings: what is allowed, what overrides what, and errors that help.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{Settings, labels};

/// Values set by flags: dotted keys and texts.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Vec<(&'static str, String)>);

impl Overrides {
    /// Sets `key` where a flag was given.
    pub fn set(&mut self, key: &'static str, value: Option<impl ToString>) {
        self.0.extend(value.map(|value| (key, value.to_string())));
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not valid TOML: {problem}")]
    Syntax {
        /// Which file.
        origin: String,
        /// What the parser says, with the line.
        problem: String,
    },
    /// A key that does not exist.
    #[error("{origin}: there is no setting {key:?}; {hint}")]
    UnknownKey {
        /// File and line, or the environment variable.
        origin: String,
        /// The key.
        key: String,
        /// The nearest key, or where the list is.
        hint: String,
    },
    /// A value that does not fit.
    #[error("setting {key} is {value:?}, expected {expected}")]
    Value {
        /// The key.
        key: String,
        /// What it was set to.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// An entry of a list that does not fit.
    #[error("{origin}, {field}: {problem}")]
    Entry {
        /// File and line.
        origin: String,
        /// Which field of it.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Values of the wrong type.
    #[error("the settings do not fit together: {problem}")]
    Type {
        /// What is wrong.
        problem: String,
    },
    /// A contract file that cannot be used.
    #[error(transparent)]
    Contracts(#[from] vigia_contracts::DeclarationError),
}

impl ConfigError {
    pub(super) fn value(key: &str, value: &str, expected: &str) -> Self {
        Self::Value {
            key: key.to_owned(),
            value: value.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

/// A file's name and text.
pub(super) fn read_file(path: &Path) -> Result<(String, String), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok((path.display().to_string(), text))
}

/// The bytes of a file.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Merges the layers, lowest first.
pub(super) fn merge(
    default: &str,
    file: Option<&(String, String)>,
    environment: impl Iterator<Item = (String, String)>,
    overrides: &Overrides,
) -> Result<Settings, ConfigError> {
    let mut settings = parse("the built-in configuration", default)?;
    let known = settings.clone();
    if let Some((origin, text)) = file {
        check_keys(origin, text, &known)?;
        merge_tables(&mut settings, parse(origin, text)?);
    }
    let mut environment: Vec<_> = environment.collect();
    environment.sort();
    for (name, text) in environment {
        let key = name
            .trim_start_matches("VIGIA__")
            .to_lowercase()
            .replace("__", ".");
        set_text(&mut settings, &known, &name, &key, &text)?;
    }
    for (key, text) in &overrides.0 {
        set_text(
            &mut settings,
            &known,
            &format!("the flag for {key}"),
            key,
            text,
        )?;
    }
    complete_named(&mut settings, &known);
    Settings::deserialize(Value::Table(settings)).map_err(|error| ConfigError::Type {
        problem: error.to_string(),
    })
}

fn parse(origin: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse()
        .map_err(|error: toml::de::Error| ConfigError::Syntax {
            origin: origin.to_owned(),
            problem: error.to_string(),
        })
}

fn merge_tables(base: &mut Table, layer: Table) {
    for (key, value) in layer {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(layer)) => merge_tables(base, layer),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// An empty table in the default takes any key: names of contracts.
fn is_open(table: &Table) -> bool {
    table.is_empty()
}

/// A section whose keys are names, each of a section with the keys of another one.
const NAMED: (&str, &str) = ("providers", "provider");

/// The keys of a section under a name.
fn keys_of_named<'t>(section: &str, root: &'t Table) -> Option<&'t Table> {
    let (named, template) = NAMED;
    (section == named)
        .then(|| root.get(template)?.as_table())
        .flatten()
}

/// What a named section leaves out is as by default, not as of the section it is like.
fn complete_named(settings: &mut Table, known: &Table) {
    let (named, _) = NAMED;
    let Some(Value::Table(sections)) = settings.get_mut(named) else {
        return;
    };
    let Some(template) = keys_of_named(named, known) else {
        return;
    };
    for (_, section) in sections.iter_mut() {
        if let Value::Table(section) = section {
            let mut complete = template.clone();
            merge_tables(&mut complete, std::mem::take(section));
            *section = complete;
        }
    }
}

fn check_keys(origin: &str, text: &str, known: &Table) -> Result<(), ConfigError> {
    let parsed = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        origin: origin.to_owned(),
        problem: error.to_string(),
    })?;
    check_table(origin, text, parsed.get_ref(), known, known, "")?;
    labels::check(origin, text, parsed.get_ref())
}

fn check_table(
    origin: &str,
    text: &str,
    table: &DeTable<'_>,
    known: &Table,
    root: &Table,
    prefix: &str,
) -> Result<(), ConfigError> {
    let section = prefix.trim_end_matches('.');
    for (key, value) in table {
        let dotted = format!("{prefix}{}", key.get_ref());
        match (known.get(key.get_ref().as_ref()), value.get_ref()) {
            (None, DeValue::Table(table)) if keys_of_named(section, root).is_some() => {
                let known = keys_of_named(section, root).unwrap_or(known);
                check_table(origin, text, table, known, root, &format!("{dotted}."))?;
            }
            (None, _) if is_open(known) => {}
            (None, _) => {
                let line = 1 + text[..key.span().start].matches('\n').count();
                return Err(unknown(format!("{origin}, line {line}"), dotted, root));
            }
            (Some(Value::Table(known)), DeValue::Table(table)) => {
                check_table(origin, text, table, known, root, &format!("{dotted}."))?;
            }
            (Some(Value::Table(_)), _) => {
                return Err(ConfigError::value(&dotted, "a single value", "a section"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Sets a dotted key from text, read as the type that the default has.
fn set_text(
    settings: &mut Table,
    known: &Table,
    origin: &str,
    key: &str,
    text: &str,
) -> Result<(), ConfigError> {
    let (mut table, mut known_table, mut section) = (settings, known, "");
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            let expected = known_table.get(part);
            if expected.is_none() && !is_open(known_table) {
                break;
            }
            table.insert(part.to_owned(), read_value(key, text, expected)?);
            return Ok(());
        }
        let next_known = match keys_of_named(section, known) {
            Some(named) => {
                table
                    .entry(part)
                    .or_insert_with(|| Value::Table(Table::new()));
                Some(named)
            }
            None => known_table.get(part).and_then(Value::as_table),
        };
        let (Some(Value::Table(next)), Some(next_known)) = (table.get_mut(part), next_known) else {
            break;
        };
        (table, known_table, section) = (next, next_known, part);
    }
    Err(unknown(origin.to_owned(), key.to_owned(), known))
}

fn read_value(key: &str, text: &str, expected: Option<&Value>) -> Result<Value, ConfigError> {
    match expected {
        Some(Value::Integer(_)) => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| ConfigError::value(key, text, "a whole number")),
        Some(Value::Boolean(_)) => text
            .parse()
            .map(Value::Boolean)
            .map_err(|_| ConfigError::value(key, text, "true or false")),
        Some(Value::Array(_)) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Ok(Value::Array(
                parts.map(|part| Value::String(part.to_owned())).collect(),
            ))
        }
        Some(Value::Table(_)) => Err(ConfigError::value(key, text, "one of its own keys")),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn unknown(origin: String, key: String, known: &Table) -> ConfigError {
    let mut keys = Vec::new();
    collect_keys(known, "", &mut keys);
    let hint = match vigia_core::nearest(&key, keys.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None => "`vigia config show --default` lists all".to_owned(),
    };
    ConfigError::UnknownKey { origin, key, hint }
}

fn collect_keys(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (key, value) in table {
        let dotted = format!("{prefix}{key}");
        match value {
            Value::Table(table) => {
                collect_keys(table, &format!("{dotted}."), keys);
                keys.push(dotted);
            }
            _ => keys.push(dotted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let file = ("vigia.toml".to_owned(), file.to_owned());
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        merge(DEFAULT, Some(&file), environment, &Overrides::default())
    }

    #[test]
    fn later_layers_win() {
        let settings = load("[web]\nlisten = \"127.0.0.1:1\"\n", &[]).unwrap();
        assert_eq!(settings.web.listen, "127.0.0.1:1");
        assert_eq!(
            settings.work.batch_transactions_max, 1000,
            "the rest is the default"
        );

        let environment = [
            ("VIGIA__WEB__LISTEN", "127.0.0.1:2"),
            ("VIGIA__STORE__READERS", "7"),
        ];
        let settings = load("[web]\nlisten = \"127.0.0.1:1\"\n", &environment).unwrap();
        assert_eq!(settings.web.listen, "127.0.0.1:2");
        assert_eq!(settings.store.readers, 7);

        let mut overrides = Overrides::default();
        overrides.set("web.listen", Some("127.0.0.1:3"));
        overrides.set("provider.url", None::<String>);
        let environment = environment
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let settings = merge(DEFAULT, None, environment, &overrides).unwrap();
        assert_eq!(settings.web.listen, "127.0.0.1:3");
    }

    #[test]
    fn the_bounds_of_the_web_role_are_those_of_its_library() {
        let limits = load("", &[]).unwrap().web.limits();
        assert_eq!(limits, vigia_web::WebLimits::default());
        let sign_in = load("[web]\nsign_in = true\nlimits.newcomers_max = 7\n", &[]);
        let limits = sign_in.unwrap().web.limits();
        assert_eq!(
            (limits.newcomers_max, limits.user_per_second),
            (7, Some(50))
        );
    }

    #[test]
    fn unknown_keys_name_place_and_nearest() {
        let error = load("[web]\n\nlisten_adr = \"x\"\n", &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains("vigia.toml, line 3"), "{error}");
        assert!(
            error.contains("web.listen_adr") && error.contains("\"web.listen\""),
            "{error}"
        );

        let error = load("[wbe]\nlisten = \"x\"\n", &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 1") && error.contains("\"web\""),
            "{error}"
        );

        let error = load("", &[("VIGIA__WEB__LISTN", "x")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("VIGIA__WEB__LISTN") && error.contains("\"web.listen\""),
            "{error}"
        );
    }

    #[test]
    fn wrong_values_say_what_fits() {
        let error = load("", &[("VIGIA__STORE__READERS", "many")])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "setting store.readers is \"many\", expected a whole number"
        );
        let error = load("[store]\nreaders = \"x\"\n", &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("readers") || error.contains("invalid type"),
            "{error}"
        );
        assert!(
            load("[web\n", &[])
                .unwrap_err()
                .to_string()
                .contains("not valid TOML")
        );
    }

    #[test]
    fn providers_have_names_and_the_keys_of_one() {
        let file = "[providers.backup]\nurl = \"https://b\"\npreference = 2\n";
        let environment = [
            ("VIGIA__PROVIDERS__BACKUP__X_TOKEN", "hush"),
            ("VIGIA__PROVIDERS__THIRD__URL", "https://c"),
            ("VIGIA__PROVIDERS__THIRD__ROLES", "history, archive"),
            ("VIGIA__PROVIDER__URL", "https://a"),
        ];
        let settings = load(file, &environment).unwrap();
        let configs = settings.provider_configs().unwrap();
        let names: Vec<&str> = configs.iter().map(|config| &*config.name).collect();
        assert_eq!(names, ["provider", "third", "backup"]);
        assert!(configs[1].roles.archive && !configs[1].roles.live);
        assert!(configs[2].roles.live && configs[2].x_token.is_some());

        let error = load("[providers.b]\nulr = \"x\"\n", &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2") && error.contains("providers.b.ulr"),
            "{error}"
        );
        let error = load("", &[("VIGIA__PROVIDERS__B__ULR", "x")]).unwrap_err();
        assert!(error.to_string().contains("providers.b.ulr"), "{error}");
        let error = load("[providers]\nb = \"https://b\"\n", &[]).unwrap_err();
        assert!(error.to_string().contains("do not fit"), "{error}");
    }

    #[test]
    fn contract_names_are_open() {
        let settings = load(
            "[contracts.packages]\npay = \"0x1\"\nmine = [\"0x2\", \"0x3\"]\n",
            &[],
        );
        assert_eq!(settings.unwrap().contracts.packages.len(), 2);
    }
}
