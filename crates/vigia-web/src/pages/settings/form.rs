//! How a user wants to be told, as the form has it: what is switched on is told.

use std::collections::BTreeSet;

use jiff::tz::TimeZoneDatabase;
use maud::{Markup, html};
use vigia_core::{Category, Channel, Muted, Preferences, QuietHours, time_zone};

use crate::reader::Reader;
use crate::text::{SettingsWords, settings_words};

/// The channels, as the columns of the switches.
const CHANNELS: [Channel; 2] = [Channel::Push, Channel::Inbox];
/// Where zones are whose names are offered; others may be written all the same.
const REGIONS: [&str; 10] = [
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
];
/// Name of the field of the time zone.
const TIME_ZONE: &str = "time_zone";
/// Names of the fields of the hours without noise.
const QUIET: [&str; 2] = ["quiet_from", "quiet_to"];
/// Name of the switch of amounts.
const HIDES_AMOUNTS: &str = "hides_amounts";

/// What cannot be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    TimeZone,
    QuietHours,
}

/// What the form holds, as it was written.
pub(super) struct PreferenceForm {
    told: BTreeSet<(Channel, Category)>,
    time_zone: String,
    quiet: [String; 2],
    hides_amounts: bool,
}

impl From<&Preferences> for PreferenceForm {
    fn from(preferences: &Preferences) -> Self {
        let all = CHANNELS.into_iter().flat_map(|channel| {
            let categories = Category::ALL.into_iter();
            categories.map(move |category| (channel, category))
        });
        let is_told = |(channel, category): &_| !preferences.muted.contains(*channel, *category);
        let quiet = preferences.quiet_hours;
        Self {
            told: all.filter(is_told).collect(),
            time_zone: preferences.time_zone.clone(),
            quiet: quiet.map_or_else(Default::default, |hours| {
                [hours.from_minute(), hours.to_minute()].map(of_minute)
            }),
            hides_amounts: preferences.hides_amounts,
        }
    }
}

impl PreferenceForm {
    /// What was sent; none where the page has no such form.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Option<Self> {
        let mut form = Self {
            told: BTreeSet::new(),
            time_zone: String::new(),
            quiet: Default::default(),
            hides_amounts: false,
        };
        let mut seen = BTreeSet::new();
        for (name, value) in pairs {
            match &*name {
                TIME_ZONE => form.time_zone = value.trim().to_owned(),
                HIDES_AMOUNTS => form.hides_amounts = true,
                _ => match QUIET.iter().position(|quiet| *quiet == name) {
                    Some(n) => form.quiet[n] = value.trim().to_owned(),
                    None => {
                        let (channel, category) = name.split_once(':')?;
                        let pair = (channel.parse().ok()?, category.parse().ok()?);
                        form.told.insert(pair);
                    }
                },
            }
            seen.insert(name);
        }
        let mut needed = QUIET.into_iter().chain([TIME_ZONE]);
        needed.all(|name| seen.contains(name)).then_some(form)
    }

    /// What it says, or what cannot be. Security has no switch, so it is never muted.
    pub(super) fn preferences(&self) -> Result<Preferences, Wrong> {
        time_zone(&self.time_zone).map_err(|_| Wrong::TimeZone)?;
        let can_be_muted = Category::ALL.into_iter();
        let can_be_muted = can_be_muted.filter(|category| *category != Category::Security);
        let muted = can_be_muted
            .flat_map(|category| CHANNELS.map(|channel| (channel, category)))
            .filter(|pair| !self.told.contains(pair));
        Ok(Preferences {
            muted: Muted::new(muted).unwrap_or_default(),
            time_zone: self.time_zone.clone(),
            quiet_hours: self.quiet_hours()?,
            hides_amounts: self.hides_amounts,
        })
    }

    fn quiet_hours(&self) -> Result<Option<QuietHours>, Wrong> {
        let [from, to] = &self.quiet;
        if from.is_empty() && to.is_empty() {
            return Ok(None);
        }
        let minutes = to_minute(from).zip(to_minute(to));
        let (from, to) = minutes.ok_or(Wrong::QuietHours)?;
        let hours = QuietHours::new(from, to);
        hours.map(Some).map_err(|_| Wrong::QuietHours)
    }

    pub(super) fn render(&self, wrong: Option<Wrong>, reader: &Reader) -> Markup {
        let words = settings_words(reader.locale);
        html! {
            section {
                h2 { (words.notifications) }
                form.panel method="post" action="/settings" {
                    (self.switches(words))
                    (self.zone(wrong == Some(Wrong::TimeZone), words))
                    (self.hours(wrong == Some(Wrong::QuietHours), words))
                    label.switch {
                        input type="checkbox" role="switch" name=(HIDES_AMOUNTS) value="on"
                            checked[self.hides_amounts];
                        span { (words.hides_amounts) }
                    }
                    div.actions { button.main type="submit" disabled[!reader.may_write] { (words.save) } }
                }
            }
        }
    }

    /// A switch for each channel and category.
    fn switches(&self, words: &SettingsWords) -> Markup {
        html! {
            fieldset {
                legend { (words.told) }
                table.matrix {
                    thead {
                        tr {
                            td {}
                            @for channel in CHANNELS { th scope="col" { (words.channel(channel)) } }
                        }
                    }
                    tbody {
                        @for category in Category::ALL {
                            tr data-category=(category.as_str()) {
                                th scope="row" { (words.category(category)) }
                                @for channel in CHANNELS {
                                    td { (self.switch(channel, category, words)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn switch(&self, channel: Channel, category: Category, words: &SettingsWords) -> Markup {
        let name = format!("{}:{}", channel.as_str(), category.as_str());
        let label = format!("{}: {}", words.category(category), words.channel(channel));
        let is_fixed = category == Category::Security;
        html! {
            input type="checkbox" role="switch" name=(name) value="on" aria-label=(label)
                disabled[is_fixed] checked[is_fixed || self.told.contains(&(channel, category))];
            @if is_fixed { " " span.hint { (words.always) } }
        }
    }

    fn zone(&self, is_wrong: bool, words: &SettingsWords) -> Markup {
        let about = if is_wrong { "wrong" } else { "zone-hint" };
        html! {
            label.field {
                span { (words.time_zone) }
                input name=(TIME_ZONE) required list="zones" maxlength="64" autocomplete="off"
                    autocapitalize="none" spellcheck="false" value=(self.time_zone)
                    aria-describedby=(about) aria-invalid=[is_wrong.then_some("true")]
                    autofocus[is_wrong];
            }
            @match is_wrong {
                true => p.problem #wrong role="alert" { (words.wrong_time_zone) },
                false => p.hint #zone-hint { (words.time_zone_hint) },
            }
            datalist #zones {
                option value="UTC";
                @for name in zone_names() { option value=(name); }
            }
        }
    }

    fn hours(&self, is_wrong: bool, words: &SettingsWords) -> Markup {
        let about = if is_wrong { "wrong" } else { "quiet-hint" };
        let labels = [words.quiet_from, words.quiet_to];
        html! {
            fieldset {
                legend { (words.quiet) }
                div.pair {
                    @for ((name, label), value) in QUIET.into_iter().zip(labels).zip(&self.quiet) {
                        label.field {
                            span { (label) }
                            input type="time" name=(name) value=(value) aria-describedby=(about)
                                aria-invalid=[is_wrong.then_some("true")]
                                autofocus[is_wrong && name == QUIET[0]];
                        }
                    }
                }
                @match is_wrong {
                    true => p.problem #wrong role="alert" { (words.wrong_quiet) },
                    false => p.hint #quiet-hint { (words.quiet_hint) },
                }
            }
        }
    }
}

/// Names of zones of the world, in order.
fn zone_names() -> Vec<String> {
    let all = TimeZoneDatabase::bundled();
    let names = all.available().map(|name| name.as_str().to_owned());
    let is_place = |name: &String| REGIONS.iter().any(|region| name.starts_with(region));
    let mut names: Vec<String> = names.filter(is_place).collect();
    names.sort_unstable();
    names
}

/// `07:30` of 450.
fn of_minute(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// 450 of `07:30`; browsers may say seconds too.
fn to_minute(text: &str) -> Option<u16> {
    let is_digit = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let is_time = [hour, minute]
        .iter()
        .all(|part| part.len() == 2 && is_digit(part));
    if !is_time || parts.next().is_some_and(|seconds| seconds != "00") {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_day_come_back() {
        for (minute, text) in [(0, "00:00"), (450, "07:30"), (1_439, "23:59")] {
            assert_eq!(of_minute(minute), text);
            assert_eq!(to_minute(text), Some(minute));
        }
        assert_eq!(to_minute("22:00:00"), Some(1_320));
        for wrong in [
            "", "7:30", "24:00", "12:60", "12", "12:3a", "12:30:01", "+1:00",
        ] {
            assert_eq!(to_minute(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_form_says_all_that_there_is() {
        let preferences = Preferences {
            muted: "push:money inbox:news".parse().unwrap_or_default(),
            time_zone: "America/Bogota".to_owned(),
            quiet_hours: QuietHours::new(1_320, 420).ok(),
            hides_amounts: true,
        };
        let form = PreferenceForm::from(&preferences);
        assert_eq!(form.preferences().ok(), Some(preferences));
        assert!(form.told.contains(&(Channel::Push, Category::Security)));
    }

    #[test]
    fn places_are_offered() {
        let names = zone_names();
        assert!(names.len() < 600, "{}", names.len());
        for name in ["America/Bogota", "Europe/Madrid"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        assert!(names.iter().all(|name| time_zone(name).is_ok()));
    }
}
