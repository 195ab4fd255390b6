//! The annotated defaults, as a document, and the settings that documents name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::DEFAULT;
use crate::documents;

const REFERENCE: &str = include_str!("../../../../docs/configuration.md");

/// A setting or a table, with the comment above it.
struct Part {
    comment: Vec<String>,
    line: String,
}

/// The file in its parts: a comment belongs to all settings up to the next comment.
fn parts() -> Vec<Part> {
    let mut parts = Vec::<Part>::new();
    let mut comment = Vec::new();
    let mut is_list = false;
    for line in DEFAULT.lines() {
        if is_list {
            // A list of several lines.
            let last = parts.last_mut().expect("its first line");
            last.line.push(' ');
            last.line.push_str(line.trim());
            is_list = !line.trim_start().starts_with(']');
        } else if let Some(words) = line.strip_prefix('#') {
            comment.push(words.strip_prefix(' ').unwrap_or(words).to_owned());
        } else if line.trim().is_empty() {
            if !comment.is_empty() {
                parts.push(Part {
                    comment: std::mem::take(&mut comment),
                    line: String::new(),
                });
            }
        } else {
            is_list = line.trim_end().ends_with('[');
            parts.push(Part {
                comment: std::mem::take(&mut comment),
                line: line.to_owned(),
            });
        }
    }
    parts
}

/// The document.
fn reference() -> String {
    let mut text = "# Settings\n\nWritten from the annotated defaults (`UPDATE_CONFIGURATION=1 cargo nextest run documented`), which \
                    `vigia config show --default` prints; `vigia config show` prints what is in force, without secrets.\n"
        .to_owned();
    for part in parts() {
        if let Some(table) = part.line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            let _ = write!(text, "\n## `[{table}]`\n");
        }
        if !part.comment.is_empty() {
            let _ = write!(text, "\n{}\n", words(&part.comment));
        }
        if !part.line.is_empty() && !part.line.starts_with('[') {
            let is_first = !part.comment.is_empty() || !text.ends_with("`\n");
            let space = if is_first { "\n" } else { "" };
            let _ = writeln!(text, "{space}- `{}`", part.line);
        }
    }
    text
}

/// A comment as paragraphs; what is indented in it is an example.
fn words(comment: &[String]) -> String {
    let mut text = String::new();
    let mut is_example = false;
    for line in comment {
        let indented = line.starts_with("  ");
        if indented != is_example {
            text.push_str(match indented {
                true => "\n```text\n",
                false => "```\n\n",
            });
            is_example = indented;
        }
        match indented {
            true => text.push_str(line),
            // What looks like a tag is none.
            false => text.push_str(&line.replace('<', "\\<")),
        }
        text.push('\n');
    }
    if is_example {
        text.push_str("```\n");
    }
    text.trim_end().to_owned()
}

#[test]
fn the_reference_is_the_annotated_defaults() {
    let reference = reference();
    if std::env::var_os("UPDATE_CONFIGURATION").is_some() {
        std::fs::write(documents::folder("docs/configuration.md"), &reference)
            .expect("it is written");
        return;
    }
    assert!(
        reference == REFERENCE,
        "docs/configuration.md is not the defaults: UPDATE_CONFIGURATION=1 writes it"
    );
}

/// All settings, by their full names.
fn settings() -> BTreeSet<String> {
    let defaults: toml::Table = toml::from_str(DEFAULT).expect("defaults");
    let mut found = BTreeSet::new();
    walk(&defaults, "", &mut found);
    found
}

fn walk(table: &toml::Table, place: &str, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let full = match place {
            "" => name.clone(),
            place => format!("{place}.{name}"),
        };
        if let toml::Value::Table(table) = value {
            walk(table, &full, found);
        }
        found.insert(full);
    }
}

/// Whether a word of a document names a setting that there is not.
fn is_unknown(word: &str, settings: &BTreeSet<String>) -> bool {
    // Tables of which there may be several, under names of their own.
    const NAMED: &[&str] = &["contracts.packages.", "providers.", "web.zklogin_issuers."];
    const ENDINGS: &[&str] = &[
        ".md", ".rs", ".toml", ".json", ".yml", ".sql", ".py", ".conf", ".com", ".org", ".example",
    ];
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    let Some((table, key)) = word.split_once('.') else {
        return false;
    };
    let is_setting = word.chars().all(is_name)
        && settings.contains(table)
        && !key.is_empty()
        && !ENDINGS.iter().any(|end| word.ends_with(end));
    if !is_setting || settings.contains(word) || NAMED.iter().any(|name| word.starts_with(name)) {
        return false;
    }
    // Lists whose items the comments show.
    !(["webhooks", "labels"].contains(&table) && DEFAULT.contains(&format!("#   {key} =")))
}

#[test]
fn every_setting_that_documents_name_is_there() {
    let settings = settings();
    let mut unknown = BTreeSet::new();
    for (file, text) in documents::read(
        &["README.md", "ARCHITECTURE.md"],
        &["docs", "deploy"],
        &["md", "yml", "service"],
    ) {
        for word in text.split('`').skip(1).step_by(2) {
            let word = word.split([' ', '=']).next().unwrap_or_default();
            if is_unknown(word, &settings) {
                unknown.insert(format!("{file}: {word}"));
            }
        }
        for variable in text.split("VIGIA__").skip(1) {
            let end = variable
                .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
            let name = variable[..end.unwrap_or(variable.len())].to_lowercase();
            let name = name.replace("__", ".");
            if name != "section.key" && !name.is_empty() && !settings.contains(&name) {
                unknown.insert(format!("{file}: VIGIA__{name}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn a_setting_that_is_not_there_is_found() {
    let settings = settings();
    for known in [
        "web.listen",
        "providers.backup.url",
        "webhooks.key_files",
        "push.md",
        "a.b",
    ] {
        assert!(!is_unknown(known, &settings), "{known}");
    }
    for unknown in ["web.listens", "store.urls", "webhooks.key_file"] {
        assert!(is_unknown(unknown, &settings), "{unknown}");
    }
}
