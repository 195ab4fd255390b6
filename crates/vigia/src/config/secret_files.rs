//! Which files hold secrets.

use std::path::PathBuf;

use serde_json::Value;

use super::Settings;

/// Files that settings name and anybody may read.
const PUBLIC: &[&str] = &[
    "bucket_ca_file",
    "ca_file",
    "genesis_file",
    "jwks_file",
    "query_file",
    "zklogin_keys_file",
];

impl Settings {
    /// Files with secrets, each with the setting that names it.
    pub fn secret_files(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        // Settings are tables, lists and values, which JSON has too.
        if let Ok(settings) = serde_json::to_value(self) {
            walk(&settings, "", &mut found);
        }
        found
    }
}

fn walk(value: &Value, place: &str, found: &mut Vec<(String, PathBuf)>) {
    let under = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                match is_secret(name) {
                    true => add(value, &under(name), found),
                    false => walk(value, &under(name), found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, place, found)),
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let is_file = ["_file", "_files", "_credentials"]
        .iter()
        .any(|end| name.ends_with(end));
    is_file && !PUBLIC.contains(&name)
}

fn add(value: &Value, setting: &str, found: &mut Vec<(String, PathBuf)>) {
    match value {
        Value::String(path) if !path.is_empty() => {
            found.push((setting.to_owned(), PathBuf::from(path)));
        }
        Value::Array(items) => items.iter().for_each(|item| add(item, setting, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_with_secrets_are_found_wherever_they_are_named() {
        let settings = json!({
            "store": { "url_file": "a", "direct_url_file": "" },
            "provider": { "x_token_file": "b", "ca_file": "public" },
            "webhooks": [{ "name": "ledger", "key_files": ["c", "d"] }],
            "push": { "fcm_credentials": "e" },
        });
        let mut found = Vec::new();
        walk(&settings, "", &mut found);
        let found: Vec<String> = found
            .into_iter()
            .map(|(setting, file)| format!("{setting}={}", file.display()))
            .collect();
        let expected = [
            "provider.x_token_file=b",
            "push.fcm_credentials=e",
            "store.url_file=a",
            "webhooks.key_files=c",
            "webhooks.key_files=d",
        ];
        assert_eq!(found, expected);
    }
}
