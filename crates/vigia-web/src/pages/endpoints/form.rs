//! What an endpoint is to be, as the form has it.

use maud::{Markup, html};
use serde::Deserialize;
use vigia_core::AccountId;
use vigia_store::EndpointRow;

use crate::own_endpoints::{EndpointRefusal, EndpointWish, LABEL_BYTES_MAX, WrongWish};
use crate::reader::Reader;
use crate::text::{EndpointWords, endpoint_words};

/// What the form of a new endpoint says of its signature.
const HMAC: &str = "hmac";
const ED25519: &str = "ed25519";

/// What was written, as it was written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndpointForm {
    /// Of a new one: the application's key of its account.
    pub(super) account: String,
    url: String,
    label: String,
    kinds: String,
    coins: String,
    minimum_units: String,
    per_second: String,
    /// Of a new one: how it signs.
    algorithm: String,
    /// Of a new one: the key of the newest endpoint there was, 0 where there was none.
    newest: Option<i64>,
}

impl From<&EndpointRow> for EndpointForm {
    fn from(row: &EndpointRow) -> Self {
        let filter = &row.spec.filter;
        let text = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
        Self {
            url: row.spec.url.clone(),
            label: row.label.clone(),
            kinds: filter.kinds.join(", "),
            coins: filter.coins.join(", "),
            minimum_units: text(filter.minimum_units),
            per_second: text(row.spec.per_second.map(u64::from)),
            ..Self::default()
        }
    }
}

/// What the form is of.
pub(super) enum FormOf<'a> {
    New {
        /// Whose it may be; none: anybody's.
        accounts: Option<&'a [(AccountId, String)]>,
        newest: i64,
    },
    /// The one of this name.
    Old(&'a str),
}

impl EndpointForm {
    pub(super) fn wish(&self) -> Result<EndpointWish, EndpointRefusal> {
        let words = |text: &str| {
            let words = text.split(|c: char| c == ',' || c.is_whitespace());
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        };
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let per_second = given(&self.per_second).map(|text| {
            text.parse()
                .map_err(|_| wrong("perSecond", format!("{text:?} is no number")))
        });
        Ok(EndpointWish {
            url: self.url.trim().to_owned(),
            label: self.label.trim().to_owned(),
            kinds: words(&self.kinds),
            coins: words(&self.coins),
            minimum_units: given(&self.minimum_units),
            per_second: per_second.transpose()?,
        })
    }

    pub(super) fn is_hmac(&self) -> Result<bool, EndpointRefusal> {
        is_hmac(&self.algorithm)
    }

    /// The name of the endpoint that this very form has made already: its button was pressed twice.
    pub(super) fn made_already(&self, rows: &[EndpointRow]) -> Option<String> {
        let is_this = |row: &&EndpointRow| {
            let account = row.account.as_ref().map(|(_, name)| &**name);
            self.newest.is_some_and(|newest| row.id > newest)
                && account == Some(&*self.account)
                && row.spec.url == self.url.trim()
                && row.label == self.label.trim()
        };
        let found = rows.iter().find(is_this);
        found.map(|row| row.spec.name.clone())
    }

    pub(super) fn render(
        &self,
        of: &FormOf<'_>,
        per_second_max: u32,
        wrong: Option<&WrongWish>,
        reader: &Reader,
    ) -> Markup {
        let words = endpoint_words(reader.locale);
        let (action, back, button) = match of {
            FormOf::New { .. } => (
                "/endpoints/new".to_owned(),
                "/endpoints".to_owned(),
                words.create,
            ),
            FormOf::Old(name) => (
                format!("/endpoints/{name}/edit"),
                format!("/endpoints/{name}"),
                words.save,
            ),
        };
        html! {
            (what_is_wrong(wrong, words))
            form.panel method="post" action=(action) {
                @if let FormOf::New { accounts, newest } = of {
                    input type="hidden" name="newest" value=(newest);
                    (self.account_field(*accounts, wrong, words))
                }
                (self.fields(per_second_max, wrong, words))
                @if let FormOf::New { .. } = of { (algorithms(&self.algorithm, words)) }
                div.actions {
                    button.main type="submit" disabled[!reader.may_write] { (button) }
                    a.button href=(back) { (words.back) }
                }
            }
        }
    }

    fn account_field(
        &self,
        accounts: Option<&[(AccountId, String)]>,
        wrong: Option<&WrongWish>,
        words: &EndpointWords,
    ) -> Markup {
        let is_wrong = is_wrong(wrong, "account");
        html! {
            label.field {
                span { (words.account) }
                @match accounts {
                    Some(accounts) => select name="account" required aria-invalid=[is_wrong]
                        aria-describedby=[is_wrong.map(|_| "wrong")] {
                        @for (_, name) in accounts {
                            option value=(name) selected[*name == self.account] { (name) }
                        }
                    },
                    None => input name="account" required maxlength="200" autocapitalize="none"
                        spellcheck="false" value=(self.account) aria-invalid=[is_wrong]
                        aria-describedby=[is_wrong.map(|_| "wrong")];
                }
            }
        }
    }

    fn fields(
        &self,
        per_second_max: u32,
        wrong: Option<&WrongWish>,
        words: &EndpointWords,
    ) -> Markup {
        let label_max = LABEL_BYTES_MAX.to_string();
        let field = |name: &'static str, argument, label, hint, value, required| {
            Field {
                name,
                argument,
                label,
                hint,
                value,
                required,
            }
            .render(wrong)
        };
        html! {
            (field("url", "url", words.url, words.url_hint, &self.url, true))
            label.field {
                span { (words.label) }
                input name="label" maxlength=(label_max) value=(self.label)
                    aria-invalid=[is_wrong(wrong, "label")];
            }
            fieldset {
                legend { (words.filter) }
                div.stack {
                    (field("kinds", "kinds", words.kinds, words.kinds_hint, &self.kinds, false))
                    (field("coins", "coins", words.coins, words.coins_hint, &self.coins, false))
                    (field("minimum_units", "minimumUnits", words.minimum, words.minimum_hint, &self.minimum_units, false))
                }
            }
            label.field {
                span { (words.per_second) }
                input type="number" name="per_second" min="1" max=(per_second_max)
                    value=(self.per_second) placeholder=(per_second_max)
                    aria-invalid=[is_wrong(wrong, "perSecond")];
            }
        }
    }
}

/// A field of text with what it takes below it.
struct Field<'a> {
    name: &'static str,
    /// As what it is known where it is wrong.
    argument: &'static str,
    label: &'static str,
    hint: &'static str,
    value: &'a str,
    required: bool,
}

impl Field<'_> {
    fn render(&self, wrong: Option<&WrongWish>) -> Markup {
        let is_wrong = is_wrong(wrong, self.argument);
        let hint = format!("{}-hint", self.name);
        let about = match is_wrong {
            Some(_) => format!("wrong {hint}"),
            None => hint.clone(),
        };
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                input #(self.name) name=(self.name) autocapitalize="none" spellcheck="false"
                    maxlength="20000" value=(self.value) required[self.required]
                    aria-describedby=(about) aria-invalid=[is_wrong] autofocus[is_wrong.is_some()];
                span.hint #(hint) { (self.hint) }
            }
        }
    }
}

/// What to sign with, for a new endpoint and a new key.
pub(super) fn algorithms(chosen: &str, words: &EndpointWords) -> Markup {
    let is_hmac = chosen == HMAC;
    html! {
        fieldset {
            legend { (words.signature) }
            @for (value, name, is_chosen) in [(ED25519, words.ed25519, !is_hmac), (HMAC, words.hmac, is_hmac)] {
                label.choice {
                    input type="radio" name="algorithm" value=(value) checked[is_chosen];
                    span { (name) }
                }
            }
        }
    }
}

/// Whether the receiver needs the secret too.
pub(super) fn is_hmac(algorithm: &str) -> Result<bool, EndpointRefusal> {
    match algorithm {
        "" | ED25519 => Ok(false),
        HMAC => Ok(true),
        other => Err(wrong("algorithm", format!("{other:?} is none"))),
    }
}

fn wrong(argument: &'static str, problem: String) -> EndpointRefusal {
    EndpointRefusal::Wrong(WrongWish {
        argument,
        problem,
        expected: String::new(),
    })
}

fn is_wrong(wrong: Option<&WrongWish>, argument: &str) -> Option<&'static str> {
    wrong
        .filter(|wrong| wrong.argument == argument)
        .map(|_| "true")
}

/// In the reader's words, and then exactly.
fn what_is_wrong(wrong: Option<&WrongWish>, words: &EndpointWords) -> Markup {
    html! {
        @if let Some(wrong) = wrong {
            p.problem #wrong role="alert" data-wrong=(wrong.argument) {
                (words.wrong(wrong.argument)) " " code { (wrong.problem) }
            }
        }
    }
}
