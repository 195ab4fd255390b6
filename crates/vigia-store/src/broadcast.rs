//! Broadcasts: what operators have to say to many, one user after the other, never faster than they allow.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use vigia_core::Locale;

use crate::{PushSettings, Result};

/// Most users a broadcast tells in a second.
pub const BROADCAST_RATE_MAX: u32 = 10_000;
/// Longest title in bytes.
const TITLE_BYTES_MAX: usize = 200;
/// Longest text in bytes.
const BODY_BYTES_MAX: usize = 2_000;
/// Most users that are named.
const USERS_MAX: usize = 10_000;

/// What is said, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BroadcastText {
    /// The first line.
    pub title: String,
    /// The text.
    pub body: String,
}

/// What is said, in each language; whoever reads another one reads the first of these: Spanish, English, Portuguese.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BroadcastTexts(BTreeMap<String, BroadcastText>);

/// Whom a broadcast is for; what is empty asks for nothing in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BroadcastSegment {
    /// Users who read one of these languages.
    pub locales: Vec<Locale>,
    /// Users who are a member of an account of this kind: `personal` or `business`.
    pub account_kind: Option<String>,
    /// Users with these external ids.
    pub users: Vec<String>,
}

/// A broadcast to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastSpec {
    /// What is said.
    pub texts: BroadcastTexts,
    /// To whom.
    pub segment: BroadcastSegment,
    /// To how many of them in a second.
    pub rate_per_s: u32,
}

/// How far a broadcast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroadcastState {
    /// It goes on.
    Running,
    /// An operator stopped it.
    Stopped,
    /// All are told.
    Done,
}

impl BroadcastState {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Done => "done",
        }
    }
}

impl std::str::FromStr for BroadcastState {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "running" => Ok(Self::Running),
            "stopped" => Ok(Self::Stopped),
            "done" => Ok(Self::Done),
            _ => Err(format!(
                "{text:?} is not a state of broadcasts (running, stopped, done)"
            )),
        }
    }
}

/// A broadcast as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastRow {
    /// Its key.
    pub id: i64,
    /// What it is.
    pub spec: BroadcastSpec,
    /// How far it is.
    pub state: BroadcastState,
    /// Users that were told.
    pub told: u64,
    /// Users there were when it began.
    pub total: u64,
    /// When it began.
    pub created_at_ms: u64,
    /// When it ended, where it did.
    pub finished_at_ms: Option<u64>,
}

/// Broadcasts.
#[async_trait]
pub trait BroadcastStore: Send + Sync {
    /// Begins one; returns its key.
    async fn broadcast_begin(&self, spec: &BroadcastSpec) -> Result<i64>;

    /// The newest ones, at most `limit`.
    async fn broadcast_list(&self, limit: u32) -> Result<Vec<BroadcastRow>>;

    /// Stops one: whoever was told stays told, what was not sent is not. False where it does not run.
    async fn broadcast_stop(&self, id: i64) -> Result<bool>;

    /// Goes on with the oldest that runs, as far as time and its rate allow, with at most `users_max` users; returns how
    /// many were looked at. Nothing while another process does.
    async fn broadcast_step(&self, settings: &PushSettings, users_max: u32) -> Result<u64>;
}

impl BroadcastTexts {
    /// Checks the texts.
    pub fn new(
        texts: impl IntoIterator<Item = (Locale, BroadcastText)>,
    ) -> std::result::Result<Self, String> {
        let mut all = BTreeMap::new();
        for (locale, text) in texts {
            let language = locale.as_str();
            for (name, text, bytes_max) in [
                ("title", &text.title, TITLE_BYTES_MAX),
                ("text", &text.body, BODY_BYTES_MAX),
            ] {
                let found = text.len();
                if found == 0 || found > bytes_max || text.contains('\0') {
                    return Err(format!(
                        "the {name} in {language} has {found} bytes; expected 1 to {bytes_max} without zero \
                         characters"
                    ));
                }
            }
            all.insert(language.to_owned(), text);
        }
        match all.is_empty() {
            true => Err("there is no text in any language".to_owned()),
            false => Ok(Self(all)),
        }
    }

    /// That in a language, or in the first one there is.
    pub fn text(&self, locale: Locale) -> Option<&BroadcastText> {
        let wishes = [locale, Locale::Es, Locale::En, Locale::Pt];
        let mut wishes = wishes.into_iter();
        wishes.find_map(|locale| self.0.get(locale.as_str()))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BroadcastText)> {
        self.0.iter().map(|(locale, text)| (&**locale, text))
    }
}

impl BroadcastSpec {
    /// Checks the bounds of what is not checked yet.
    pub fn check(&self) -> std::result::Result<(), String> {
        if !(1..=BROADCAST_RATE_MAX).contains(&self.rate_per_s) {
            return Err(format!(
                "{} users in a second: expected 1 to {BROADCAST_RATE_MAX}",
                self.rate_per_s
            ));
        }
        if self.segment.users.len() > USERS_MAX {
            return Err(format!(
                "{} users are named; at most {USERS_MAX} can be",
                self.segment.users.len()
            ));
        }
        let kind = self.segment.account_kind.as_deref();
        match kind.map(str::parse::<vigia_core::AccountKind>) {
            Some(Err(problem)) => Err(problem),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> BroadcastText {
        BroadcastText {
            title: "Novedades".to_owned(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn whoever_reads_another_language_reads_the_first() {
        let texts = BroadcastTexts::new([(Locale::En, text("Hello")), (Locale::Pt, text("Olá"))]);
        let texts = texts.unwrap();
        let body = |locale| &*texts.text(locale).unwrap().body;
        assert_eq!((body(Locale::Pt), body(Locale::Es)), ("Olá", "Hello"));
    }

    #[test]
    fn limits_are_tested_at_their_edge() {
        let fits = |body: &str| BroadcastTexts::new([(Locale::Es, text(body))]).is_ok();
        assert!(fits(&"a".repeat(BODY_BYTES_MAX)));
        assert!(!fits(&"a".repeat(BODY_BYTES_MAX + 1)));
        assert!(!fits("") && !fits("a\0"));
        assert!(BroadcastTexts::new([]).is_err());
        let spec = |rate_per_s, users: usize, kind: Option<&str>| BroadcastSpec {
            texts: BroadcastTexts::new([(Locale::Es, text("Hola"))]).unwrap(),
            segment: BroadcastSegment {
                users: vec!["ana".to_owned(); users],
                account_kind: kind.map(str::to_owned),
                ..BroadcastSegment::default()
            },
            rate_per_s,
        };
        assert!(
            spec(BROADCAST_RATE_MAX, USERS_MAX, Some("business"))
                .check()
                .is_ok()
        );
        assert!(spec(BROADCAST_RATE_MAX + 1, 0, None).check().is_err());
        assert!(spec(0, 0, None).check().is_err());
        assert!(spec(1, USERS_MAX + 1, None).check().is_err());
        assert!(spec(1, 0, Some("secret")).check().is_err());
    }
}
