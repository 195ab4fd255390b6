//! Made-up values that show how a text reads, and that every text has to be made from before it is used.

use vigia_core::{
    Address, Direction, Locale, NotificationKind, RenderInput, TextArg, format_amount,
};

use super::language::Part;
use super::problem::TextProblem;
use super::variable::id_of;
use super::{FluentTexts, LOCALES};

/// 2026-11-28 05:20:00 UTC.
const TIME_MS: u64 = 1_795_843_200_000;
/// What messages show beside what every notification has.
const ARGS: &[(&str, TextArg<'static>)] = &[
    ("count", TextArg::Count(10)),
    ("time", TextArg::TimeMs(TIME_MS)),
    ("business", TextArg::Text("Café Luna")),
    ("client", TextArg::Text("Firefox")),
    ("platform", TextArg::Text("Android")),
    ("endpoint", TextArg::Text("ledger")),
    ("reason", TextArg::Text("410 Gone")),
];

/// Values to preview a kind's text with: 5.00 cUSD from Ana.
pub fn sample_input(kind: &NotificationKind, locale: Locale) -> RenderInput<'_> {
    let minor = match &*id_of(kind.as_str()) {
        "digest-received" => 5_000,
        _ => 500,
    };
    RenderInput {
        direction: Direction::In,
        money: Some(format!("{} cUSD", format_amount(minor, 2, locale))),
        counterparty_name: Some("Ana"),
        business_id: Some("INV-7"),
        args: ARGS,
        ..RenderInput::new(kind)
    }
}

/// What only shows when texts are made: those that fail, and those that say nothing.
pub(super) fn problems(texts: &FluentTexts) -> Vec<TextProblem> {
    let mut problems = Vec::new();
    for locale in LOCALES {
        let language = texts.language(locale);
        for id in language.overridden() {
            for part in Part::ALL {
                if let Some(problem) = problem_of(texts, locale, id, part) {
                    problems.push(TextProblem {
                        file: format!("{}.ftl", locale.as_str()),
                        line: None,
                        message: Some(id.clone()),
                        problem,
                    });
                    break;
                }
            }
        }
    }
    problems
}

/// Whatever is known or not, each part of the message has to say something.
fn problem_of(texts: &FluentTexts, locale: Locale, id: &str, part: Part) -> Option<String> {
    let kind = NotificationKind::new(id);
    let full = sample_input(&kind, locale);
    let bare = RenderInput {
        args: full.args,
        ..RenderInput::new(&kind)
    };
    let named = RenderInput {
        account_name: Some("Ahorros"),
        counterparty_name: None,
        counterparty: Some(Address::ZERO),
        direction: Direction::Out,
        ..full.clone()
    };
    [full, bare, named].iter().find_map(|input| {
        let mut errors = Vec::new();
        let text = texts
            .language(locale)
            .text(id, part, input, &mut errors)
            .unwrap_or_else(|| "-".to_owned());
        let what = part.attribute().map_or("its text".to_owned(), |name| format!(".{name}"));
        match errors.first() {
            Some(error) => Some(format!("{what} cannot be made: {error}")),
            None if text.trim().is_empty() => Some(format!(
                "{what} says nothing for some values; write a text, or leave it out for the built-in one"
            )),
            None => None,
        }
    })
}
