//! The built-in files are held to each other, and to what is asked of files that replace them.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Message, Pattern};

use super::*;
use crate::texts::files::{TextFile, TextFiles};
use crate::texts::variable::KNOWN;

/// What a file's messages are made of: id, part, and the variables of it.
type Parts = BTreeMap<(String, &'static str), BTreeSet<String>>;

/// Variables by their names in the source, which is enough for texts that show no `$`.
fn variables(pattern: &Pattern<&str>) -> BTreeSet<String> {
    let text = format!("{pattern:?}");
    let names = text.split("VariableReference { id: Identifier { name: \"");
    let names = names.skip(1).map(|rest| rest.split('"').next().unwrap());
    names.map(ToOwned::to_owned).collect()
}

fn parts(message: &Message<&str>) -> Parts {
    let name = |name: &str| match name {
        "title" => "title",
        "hidden" => "hidden",
        _ => panic!("{name}"),
    };
    let body = message.value.iter().map(|value| ("", value));
    let attributes = message.attributes.iter();
    let attributes = attributes.map(|one| (name(one.id.name), &one.value));
    let parts = body.chain(attributes);
    let id = message.id.name;
    parts
        .map(|(part, pattern)| ((id.to_owned(), part), variables(pattern)))
        .collect()
}

fn all_parts(locale: Locale) -> Parts {
    let resource = FluentResource::try_new(built_in_text(locale).to_owned()).unwrap();
    let entries = resource.entries();
    let messages = entries.filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        _ => None,
    });
    messages.flat_map(parts).collect()
}

#[test]
fn the_files_are_good() {
    let files = LOCALES.map(|locale| {
        Some(TextFile {
            name: format!("{}.ftl", locale.as_str()),
            text: built_in_text(locale).to_owned(),
        })
    });
    let parsed = check::parse_all(TextFiles {
        files,
        problems: Vec::new(),
    })
    .unwrap();
    let as_overrides = FluentTexts::new(parsed);
    assert_eq!(sample::problems(&as_overrides), []);
}

#[test]
fn languages_say_the_same() {
    let es = all_parts(Locale::Es);
    assert_eq!(es, all_parts(Locale::En));
    assert_eq!(es, all_parts(Locale::Pt));
    let written: BTreeSet<&str> = es.keys().map(|(id, _)| &**id).collect();
    let known: BTreeSet<&str> = KNOWN.iter().map(|known| known.id).collect();
    assert_eq!(written, known);
}

#[test]
fn amounts_can_be_hidden_wherever_they_are() {
    let parts = all_parts(Locale::Es);
    for ((id, part), variables) in &parts {
        let shows_money = variables.contains("money");
        match *part {
            "" => assert_eq!(
                shows_money,
                parts.contains_key(&(id.clone(), "hidden")),
                "{id}"
            ),
            _ => assert!(!shows_money, "{id}.{part}"),
        }
        let has_title = parts.contains_key(&(id.clone(), "title"));
        assert_eq!(has_title, id != "an-amount", "{id}");
    }
}

#[test]
fn every_message_fills_in_every_language() {
    let texts = FluentTexts::built_in();
    for id in KNOWN.iter().map(|known| known.id) {
        let kind = NotificationKind::new(variable::kind_of(id));
        for locale in LOCALES {
            for bits in 0..8 {
                let full = sample_input(&kind, locale);
                let input = RenderInput {
                    counterparty_name: full.counterparty_name.filter(|_| bits & 1 == 0),
                    account_name: (bits & 2 == 0).then_some("Ahorros"),
                    hides_amounts: bits & 4 != 0,
                    ..full
                };
                let made = [texts.render(&input, locale), texts.title(&input, locale)];
                for text in &made {
                    let is_clean = !text.contains(['[', ']', '{', '}', '$', '\u{2068}', '\n']);
                    let is_tight = !text.contains("  ") && text.trim() == text;
                    let is_clean = is_clean && is_tight && !text.is_empty();
                    assert!(is_clean, "{id} {locale:?}: {text:?}");
                    let shows_money = text.contains("cUSD");
                    assert!(!(shows_money && input.hides_amounts), "{id}: {text}");
                }
                assert!(!made[1].contains("cUSD"), "{id}: {}", made[1]);
            }
        }
    }
    assert_eq!(texts.fallbacks(), 0);
}

#[test]
fn kinds_are_listed_with_what_they_show() {
    let kinds = FluentTexts::built_in().kinds();
    assert_eq!(kinds.len(), KNOWN.len() - 4, "no helpers");
    let digest = FluentTexts::built_in().kind("digest").unwrap();
    assert_eq!(digest.kind, "DIGEST");
    assert_eq!(digest.variables, ["count", "account", "has-account"]);
    assert!(FluentTexts::built_in().kind("send-received").is_some());
    assert_eq!(FluentTexts::built_in().kind("GENERIC"), None);
}
