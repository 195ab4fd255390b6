//! The texts of one language: the built-in file, and the one that was put over it.

use std::borrow::Cow;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue, builtins};
use fluent_syntax::ast::Entry;
use vigia_core::{Direction, Locale, RenderInput, TextArg, format_amount};

use super::moment::Moment;
use super::variable::{self, AN_AMOUNT, Sort};

/// What of a message is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The text itself.
    Body,
    /// Without an amount.
    Hidden,
    /// The first line of a push.
    Title,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Body, Self::Hidden, Self::Title];

    /// The attribute that holds it; the body is the message's value.
    pub(super) fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Body => None,
            Self::Hidden => Some("hidden"),
            Self::Title => Some("title"),
        }
    }
}

/// What Fluent calls a file that was read.
type Bundle = FluentBundle<FluentResource>;

/// The texts of one language.
pub(super) struct Language {
    locale: Locale,
    built_in: Bundle,
    overrides: Option<Bundle>,
    overridden: Vec<String>,
}

impl Language {
    pub(super) fn new(
        locale: Locale,
        built_in: FluentResource,
        overrides: Option<FluentResource>,
    ) -> Self {
        let entries = overrides.iter().flat_map(FluentResource::entries);
        let overridden = entries.filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.id.name.to_owned()),
            _ => None,
        });
        Self {
            locale,
            overridden: overridden.collect(),
            built_in: bundle(locale, built_in),
            overrides: overrides.map(|overrides| bundle(locale, overrides)),
        }
    }

    /// The ids of the messages that were put over the built-in ones.
    pub(super) fn overridden(&self) -> &[String] {
        &self.overridden
    }

    /// Whether there is a text of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.bundles().any(|bundle| bundle.has_message(id))
    }

    /// A part of a message, from the first file that has it and whose text can be made. What went wrong
    /// before that is added to `errors`.
    pub(super) fn text(
        &self,
        id: &str,
        part: Part,
        input: &RenderInput<'_>,
        errors: &mut Vec<FluentError>,
    ) -> Option<String> {
        let args = self.arguments(id, input, errors);
        self.bundles()
            .find_map(|bundle| format(bundle, id, part, &args, errors))
    }

    /// The override first.
    fn bundles(&self) -> impl Iterator<Item = &Bundle> {
        self.overrides.iter().chain([&self.built_in])
    }

    /// The values of the variables that the message has. One that is given as something else than it is, is
    /// left out, and so an error where it is used.
    fn arguments<'a>(
        &self,
        id: &str,
        input: &'a RenderInput<'_>,
        errors: &mut Vec<FluentError>,
    ) -> FluentArgs<'a> {
        let mut args = FluentArgs::new();
        for variable in variable::variables(id) {
            let given = input.args.iter().find(|(name, _)| *name == variable.name);
            let value = match (variable.name, variable.sort, given.map(|(_, arg)| *arg)) {
                ("money", ..) => Some(self.money(input, errors)),
                (name, Sort::Choice(_), _) => Some(choice(name, input).into()),
                ("who", ..) => Some(who(input).unwrap_or_default().into()),
                ("id", ..) => Some(input.business_id.unwrap_or_default().into()),
                ("account", ..) => Some(input.account_name.unwrap_or_default().into()),
                (_, Sort::Text, Some(TextArg::Text(text))) => Some(text.into()),
                (_, Sort::Count, Some(TextArg::Count(count))) => Some(count.into()),
                (_, Sort::Time, Some(TextArg::TimeMs(ms))) => {
                    let moment = Moment::new(ms, input.time_zone, self.locale);
                    Some(FluentValue::Custom(Box::new(moment)))
                }
                _ => None,
            };
            if let Some(value) = value {
                args.set(variable.name, value);
            }
        }
        args
    }

    fn money<'a>(
        &self,
        input: &'a RenderInput<'_>,
        errors: &mut Vec<FluentError>,
    ) -> FluentValue<'a> {
        match &input.money {
            Some(money) if !input.hides_amounts => money.as_str().into(),
            _ => {
                let none = FluentArgs::new();
                let mut texts = self.bundles();
                let text =
                    texts.find_map(|bundle| format(bundle, AN_AMOUNT, Part::Body, &none, errors));
                text.unwrap_or_default().into()
            }
        }
    }
}

/// A file of texts, with the functions that it may use.
fn bundle(locale: Locale, resource: FluentResource) -> Bundle {
    let language = locale.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Pushes and pages show the signs that would keep directions of writing apart.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match locale {
        Locale::Es => |value, _| grouped(value, Locale::Es),
        Locale::En => |value, _| grouped(value, Locale::En),
        Locale::Pt => |value, _| grouped(value, Locale::Pt),
    }));
    // Names of functions are capitals and come first, so nothing is in their way.
    let added = bundle
        .add_function("NUMBER", builtins::NUMBER)
        .and_then(|()| bundle.add_function("DATE", |args, _| of_moment(args, |at| &at.date)))
        .and_then(|()| bundle.add_function("TIME", |args, _| of_moment(args, |at| &at.time)));
    debug_assert!(added.is_ok(), "{added:?}");
    bundle.add_resource_overriding(resource);
    bundle
}

/// A part of a message in one file; none where the file has none or it cannot be made.
fn format(
    bundle: &Bundle,
    id: &str,
    part: Part,
    args: &FluentArgs<'_>,
    errors: &mut Vec<FluentError>,
) -> Option<String> {
    let message = bundle.get_message(id)?;
    let pattern = match part.attribute() {
        None => message.value()?,
        Some(name) => message.get_attribute(name)?.value(),
    };
    let before = errors.len();
    let text = bundle.format_pattern(pattern, Some(args), errors);
    (errors.len() == before).then(|| text.into_owned())
}

/// What a variable of few words says.
fn choice(name: &str, input: &RenderInput<'_>) -> &'static str {
    let is_known = match name {
        "has-money" => input.money.is_some(),
        "has-who" => input.counterparty_name.is_some() || input.counterparty.is_some(),
        "has-id" => input.business_id.is_some(),
        "has-account" => input.account_name.is_some_and(|name| !name.is_empty()),
        _ => {
            return match input.direction {
                Direction::In => "in",
                Direction::Out => "out",
                Direction::Neutral => "neutral",
            };
        }
    };
    if is_known { "yes" } else { "no" }
}

/// The other party's name, else its address in short: `0x12…ab` is enough to recognise, and fits a lock screen.
fn who<'a>(input: &RenderInput<'a>) -> Option<Cow<'a, str>> {
    if let Some(name) = input.counterparty_name {
        return Some(name.into());
    }
    let text = input.counterparty.as_ref()?.to_string();
    Some(format!("{}…{}", &text[..4], &text[text.len() - 2..]).into())
}

/// A whole number as the language groups its digits; Fluent's own way for anything else.
fn grouped(value: &FluentValue<'_>, locale: Locale) -> Option<String> {
    let FluentValue::Number(FluentNumber { value, .. }) = value else {
        return None;
    };
    // Written out by Rust, a number without a fraction has no point and no exponent.
    let whole: i128 = value.to_string().parse().ok()?;
    Some(format_amount(whole, 0, locale))
}

fn of_moment<'a>(args: &[FluentValue<'a>], part: fn(&Moment) -> &String) -> FluentValue<'a> {
    match args {
        [FluentValue::Custom(custom)] => match (**custom).as_any().downcast_ref::<Moment>() {
            Some(moment) => part(moment).clone().into(),
            None => FluentValue::Error,
        },
        _ => FluentValue::Error,
    }
}
