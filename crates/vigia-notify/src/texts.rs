//! The texts of notifications, in Spanish, English and Portuguese, by [Fluent](https://projectfluent.org).
//!
//! Those of `texts/*.ftl` come with vigia; files of the same names in a directory replace any of them, and are
//! checked as a whole when they are read. A text that fails all the same is replaced by the next that does not: the
//! built-in one, then one that says that there is news. Nobody is told nothing.

mod check;
mod files;
mod language;
mod moment;
mod problem;
mod sample;
mod variable;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use fluent_bundle::FluentResource;
use vigia_core::{Direction, Locale, NotificationText, RenderInput};

pub use check::{TEXT_MESSAGES_MAX, TEXT_NESTING_MAX, TEXT_PLACES_MAX};
pub use files::TEXT_FILE_BYTES_MAX;
pub use problem::{TEXT_PROBLEMS_SHOWN_MAX, TextProblem, TextsError};
pub use sample::sample_input;

use language::{Language, Part};
use variable::{GENERIC, GENERIC_IN, GENERIC_OUT, id_of};

/// All languages.
const LOCALES: [Locale; 3] = [Locale::Es, Locale::En, Locale::Pt];

/// Renders notifications with Fluent.
pub struct FluentTexts {
    languages: [Language; 3],
    fallbacks: AtomicU64,
    /// Texts whose failure was logged: once each is enough to be woken by.
    told: Mutex<HashSet<(String, Locale)>>,
}

/// A kind that has a text of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextKind {
    /// The kind, as applications know it: `SEND_RECEIVED`.
    pub kind: String,
    /// When people are told it; none of one that only the directory's files know.
    pub about: Option<&'static str>,
    /// Names of the variables that its text may show.
    pub variables: Vec<&'static str>,
}

impl FluentTexts {
    /// The texts that come with vigia.
    pub fn built_in() -> Self {
        Self::new([None, None, None])
    }

    /// The same, with what the files of a directory put in their place: `es.ftl`, `en.ftl` and `pt.ftl`, any of
    /// them. What is wrong with them is told all at once.
    pub fn with_overrides(dir: &Path) -> Result<Self, TextsError> {
        let read = files::read(dir)?;
        let made = Self::new(check::parse_all(read).map_err(TextsError::Problems)?);
        match sample::problems(&made) {
            problems if problems.is_empty() => Ok(made),
            problems => Err(TextsError::Problems(problems)),
        }
    }

    fn new(overrides: [Option<FluentResource>; 3]) -> Self {
        let [es, en, pt] = overrides;
        let languages = [(Locale::Es, es), (Locale::En, en), (Locale::Pt, pt)];
        Self {
            languages: languages
                .map(|(locale, overrides)| Language::new(locale, built_in(locale), overrides)),
            fallbacks: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }

    /// The kinds that have a text of their own: those that vigia knows, then those of the files.
    pub fn kinds(&self) -> Vec<TextKind> {
        let known = variable::KNOWN.iter().map(|known| known.id.to_owned());
        let known = known.filter(|id| !variable::is_helper(id));
        let added = self.added().into_iter();
        let kinds = known.chain(added).map(|id| TextKind {
            kind: variable::kind_of(&id),
            about: variable::find(&id).map(|known| known.about),
            variables: variable::variables(&id).map(|one| one.name).collect(),
        });
        kinds.collect()
    }

    /// Whether the kind has a text of its own, and what it is called then.
    pub fn kind(&self, name: &str) -> Option<TextKind> {
        let kind = variable::kind_of(&id_of(name));
        self.kinds().into_iter().find(|known| known.kind == kind)
    }

    /// Messages of the files that vigia does not know, each once.
    fn added(&self) -> BTreeSet<String> {
        let ids = self.languages.iter().flat_map(Language::overridden);
        let unknown = ids.filter(|id| variable::find(id).is_none());
        unknown.cloned().collect()
    }

    fn language(&self, locale: Locale) -> &Language {
        match locale {
            Locale::Es => &self.languages[0],
            Locale::En => &self.languages[1],
            Locale::Pt => &self.languages[2],
        }
    }

    fn text(&self, input: &RenderInput<'_>, locale: Locale, parts: &[Part]) -> String {
        let language = self.language(locale);
        let id = id_of(input.kind.as_str());
        let has_own = !variable::is_helper(&id) && language.has(&id);
        let ids = [has_own.then_some(&*id), generic_of(input), Some(GENERIC)];
        let mut errors = Vec::new();
        let text = ids.into_iter().flatten().find_map(|id| {
            let mut parts = parts.iter();
            parts.find_map(|part| language.text(id, *part, input, &mut errors))
        });
        if let Some(error) = errors.first() {
            // Others are news, which cannot fail: so few are remembered as there are texts.
            self.failed(if has_own { &id } else { GENERIC }, locale, error);
        }
        text.unwrap_or_default()
    }

    /// Counts a text that could not be made, and wakes somebody the first time.
    fn failed(&self, id: &str, locale: Locale, error: &fluent_bundle::FluentError) {
        self.fallbacks.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert((id.to_owned(), locale)) {
            tracing::warn!(
                text.id = id,
                text.locale = locale.as_str(),
                error = %error,
                "a text cannot be made as it is written; another stands in"
            );
        }
    }
}

impl NotificationText for FluentTexts {
    fn render(&self, input: &RenderInput<'_>, locale: Locale) -> String {
        match input.hides_amounts {
            true => self.text(input, locale, &[Part::Hidden, Part::Body]),
            false => self.text(input, locale, &[Part::Body]),
        }
    }

    fn title(&self, input: &RenderInput<'_>, locale: Locale) -> String {
        self.text(input, locale, &[Part::Title])
    }

    fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }
}

/// Kinds without a text say which way money went, where any did.
fn generic_of(input: &RenderInput<'_>) -> Option<&'static str> {
    input.money.as_ref()?;
    match input.direction {
        Direction::In => Some(GENERIC_IN),
        Direction::Out => Some(GENERIC_OUT),
        Direction::Neutral => None,
    }
}

/// The built-in texts of a language; tests hold them to what `with_overrides` asks of files.
fn built_in(locale: Locale) -> FluentResource {
    let text = built_in_text(locale).to_owned();
    FluentResource::try_new(text).unwrap_or_else(|(read, _)| read)
}

fn built_in_text(locale: Locale) -> &'static str {
    match locale {
        Locale::Es => include_str!("../texts/es.ftl"),
        Locale::En => include_str!("../texts/en.ftl"),
        Locale::Pt => include_str!("../texts/pt.ftl"),
    }
}

#[cfg(test)]
mod tests;
