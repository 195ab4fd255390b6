//! What a user wants to be told, where, and when not. Pure: the time is handed in.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::NotificationKind;

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;
/// Longest name of a time zone in bytes (I-13).
pub const TIME_ZONE_BYTES_MAX: usize = 64;

/// What a notification is about: the groups of kinds that people choose among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Money that came or went.
    Money,
    /// Trades with others.
    Trades,
    /// Invitations.
    Invitations,
    /// Who signed in, and what else concerns the safety of the user: always told, at once.
    Security,
    /// What operators have to say to many.
    News,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Money,
        Self::Trades,
        Self::Invitations,
        Self::Security,
        Self::News,
    ];

    /// That of a kind, by how its name begins; what begins like no other is about money. `P2P_` are trades,
    /// `SEND_INVITATION` and `INVITATION` invitations, `SECURITY_` and the kinds that vigia makes itself security,
    /// `BROADCAST` news.
    pub fn of(kind: &NotificationKind) -> Self {
        const BEGINNINGS: [(&str, Category); 10] = [
            ("P2P_", Category::Trades),
            ("SEND_INVITATION", Category::Invitations),
            ("INVITATION", Category::Invitations),
            ("SECURITY_", Category::Security),
            ("NEW_SIGN_IN", Category::Security),
            ("NEW_DEVICE", Category::Security),
            ("PASSWORD_CHANGED", Category::Security),
            ("WEBHOOK_", Category::Security),
            ("BROADCAST", Category::News),
            ("NEWS", Category::News),
        ];
        let mut beginnings = BEGINNINGS.into_iter();
        let found = beginnings.find(|(beginning, _)| kind.as_str().starts_with(beginning));
        found.map_or(Self::Money, |(_, category)| category)
    }

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Trades => "trades",
            Self::Invitations => "invitations",
            Self::Security => "security",
            Self::News => "news",
        }
    }
}

impl FromStr for Category {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|category| category.as_str() == text);
        found.ok_or_else(|| {
            format!("{text:?} is not a category (money, trades, invitations, security, news)")
        })
    }
}

/// Where people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// On their phones and in their browsers.
    Push,
    /// In the application's inbox.
    Inbox,
}

impl Channel {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Inbox => "inbox",
        }
    }
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "push" => Ok(Self::Push),
            "inbox" => Ok(Self::Inbox),
            _ => Err(format!("{text:?} is not a channel (push, inbox)")),
        }
    }
}

/// What a user does not want to be told, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Muted(BTreeSet<(Channel, Category)>);

impl Muted {
    /// From what is muted. Security never is: nobody may silence what warns its victim.
    pub fn new(muted: impl IntoIterator<Item = (Channel, Category)>) -> Result<Self, String> {
        let muted: BTreeSet<_> = muted.into_iter().collect();
        let silences = muted
            .iter()
            .any(|(_, category)| *category == Category::Security);
        match silences {
            true => Err("security cannot be muted".to_owned()),
            false => Ok(Self(muted)),
        }
    }

    /// Whether a category is, in a channel.
    pub fn contains(&self, channel: Channel, category: Category) -> bool {
        self.0.contains(&(channel, category))
    }

    /// Everything that is.
    pub fn iter(&self) -> impl Iterator<Item = (Channel, Category)> {
        self.0.iter().copied()
    }

    /// Categories that are muted in a channel.
    pub fn in_channel(&self, channel: Channel) -> impl Iterator<Item = Category> {
        let of_channel = self.iter().filter(move |(of, _)| *of == channel);
        of_channel.map(|(_, category)| category)
    }
}

impl fmt::Display for Muted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |(channel, category): &(Channel, Category)| {
            format!("{}:{}", channel.as_str(), category.as_str())
        };
        f.write_str(&self.0.iter().map(word).collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for Muted {
    type Err = String;

    /// Words like `push:money`, apart by spaces.
    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split_whitespace().map(|word| {
            let (channel, category) = word
                .split_once(':')
                .ok_or_else(|| format!("{word:?} is not of the form channel:category"))?;
            Ok((channel.parse()?, category.parse()?))
        });
        Self::new(words.collect::<Result<Vec<_>, String>>()?)
    }
}

/// Hours of the day, on the user's clocks, in which nothing but security makes a noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from_minute: u16,
    to_minute: u16,
}

impl QuietHours {
    /// From one minute of the day, inclusive, to another, exclusive; over midnight where that is not later.
    pub fn new(from_minute: u16, to_minute: u16) -> Result<Self, String> {
        let is_of_day = |minute: u16| minute < DAY_MINUTES;
        match is_of_day(from_minute) && is_of_day(to_minute) && from_minute != to_minute {
            true => Ok(Self {
                from_minute,
                to_minute,
            }),
            false => Err(format!(
                "quiet hours from minute {from_minute} to {to_minute}: expected two different minutes of the \
                 day, 0 to 1439"
            )),
        }
    }

    /// The first minute of the day that is quiet.
    pub fn from_minute(self) -> u16 {
        self.from_minute
    }

    /// The first minute of the day that is not.
    pub fn to_minute(self) -> u16 {
        self.to_minute
    }

    fn contains(self, minute: u16) -> bool {
        match self.from_minute < self.to_minute {
            true => (self.from_minute..self.to_minute).contains(&minute),
            false => minute >= self.from_minute || minute < self.to_minute,
        }
    }

    /// When they are over, where `now_ms` is within them in `zone`; milliseconds since 1970. Where clocks change
    /// meanwhile, the end is what they show then.
    pub fn until_ms(self, now_ms: u64, zone: &TimeZone) -> Option<u64> {
        let now = Timestamp::from_millisecond(i64::try_from(now_ms).ok()?).ok()?;
        let local = now.to_zoned_datetime(zone.clone());
        let minute = u16::try_from(local.hour()).ok()? * 60 + u16::try_from(local.minute()).ok()?;
        if !self.contains(minute) {
            return None;
        }
        let day = match minute < self.to_minute {
            true => local.date(),
            false => local.date().tomorrow().ok()?,
        };
        let (hour, minute) = (self.to_minute / 60, self.to_minute % 60);
        let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
        let end = zone.to_ambiguous_zoned_datetime(day.to_datetime(time));
        let end = end.compatible().ok()?;
        u64::try_from(end.timestamp().as_millisecond()).ok()
    }
}

/// A time zone by its name in the IANA database, which jiff brings along.
pub fn time_zone(name: &str) -> Result<TimeZone, String> {
    let unknown = || {
        format!(
            "{name:?} is not a time zone; expected a name such as \"America/Bogota\" or \"UTC\""
        )
    };
    if name.len() > TIME_ZONE_BYTES_MAX {
        return Err(unknown());
    }
    TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())
}

/// How a user wants to be told things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// What not.
    pub muted: Muted,
    /// Name of the user's time zone.
    pub time_zone: String,
    /// When nothing makes a noise.
    pub quiet_hours: Option<QuietHours>,
    /// Whether what shows on a locked screen says no amounts.
    pub hides_amounts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            muted: Muted::default(),
            time_zone: "UTC".to_owned(),
            quiet_hours: None,
            hides_amounts: false,
        }
    }
}

impl Preferences {
    /// When the user may be disturbed again, where not now; security always may.
    pub fn quiet_until_ms(&self, category: Category, now_ms: u64) -> Option<u64> {
        if category == Category::Security {
            return None;
        }
        let quiet_hours = self.quiet_hours?;
        let zone = time_zone(&self.time_zone).unwrap_or(TimeZone::UTC);
        quiet_hours.until_ms(now_ms, &zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> u64 {
        let timestamp: Timestamp = text.parse().unwrap();
        u64::try_from(timestamp.as_millisecond()).unwrap()
    }

    #[test]
    fn kinds_have_a_category() {
        let of = |kind: &str| Category::of(&NotificationKind::new(kind));
        assert_eq!(of("SEND_RECEIVED"), Category::Money);
        assert_eq!(of("P2P_TRADE_STARTED"), Category::Trades);
        assert_eq!(of("SEND_INVITATION_CLAIMED"), Category::Invitations);
        assert_eq!(of("SECURITY_ALERT"), Category::Security);
        assert_eq!(of("BROADCAST"), Category::News);
        assert_eq!(of(""), Category::Money);
        for category in Category::ALL {
            assert_eq!(category.as_str().parse(), Ok(category));
        }
    }

    #[test]
    fn muted_comes_back_and_security_stays_loud() {
        let muted: Muted = "push:news inbox:trades push:money".parse().unwrap();
        assert_eq!(muted.to_string(), "push:money push:news inbox:trades");
        assert_eq!(muted.to_string().parse(), Ok(muted.clone()));
        assert!(muted.contains(Channel::Push, Category::Money));
        assert!(!muted.contains(Channel::Inbox, Category::Money));
        let inbox: Vec<_> = muted.in_channel(Channel::Inbox).collect();
        assert_eq!(inbox, [Category::Trades]);
        for wrong in ["push:security", "push", "mail:money", "push:gossip"] {
            assert!(wrong.parse::<Muted>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn quiet_hours_end_on_the_clocks_of_the_user() {
        let bogota = time_zone("America/Bogota").unwrap();
        let night = QuietHours::new(22 * 60, 7 * 60).unwrap();
        let until = |text| night.until_ms(at(text), &bogota);
        // 22:00 in Bogotá is 03:00 UTC.
        assert_eq!(until("2026-11-28T02:59:59Z"), None);
        assert_eq!(
            until("2026-11-28T03:00:00Z"),
            Some(at("2026-11-28T12:00:00Z"))
        );
        assert_eq!(
            until("2026-11-28T11:59:59Z"),
            Some(at("2026-11-28T12:00:00Z"))
        );
        assert_eq!(until("2026-11-28T12:00:00Z"), None);
        let siesta = QuietHours::new(13 * 60, 15 * 60).unwrap();
        let utc = TimeZone::UTC;
        assert_eq!(
            siesta.until_ms(at("2026-11-28T14:00:00Z"), &utc),
            Some(at("2026-11-28T15:00:00Z"))
        );
        assert_eq!(siesta.until_ms(at("2026-11-28T15:00:00Z"), &utc), None);
        // The night in which New York's clocks go back is an hour longer.
        let new_york = time_zone("America/New_York").unwrap();
        assert_eq!(
            night.until_ms(at("2026-11-01T04:00:00Z"), &new_york),
            Some(at("2026-11-01T12:00:00Z"))
        );
        assert!(QuietHours::new(0, 1_440).is_err());
        assert!(QuietHours::new(5, 5).is_err());
        assert!(QuietHours::new(1_439, 0).is_ok());
    }

    #[test]
    fn security_is_never_quiet() {
        let preferences = Preferences {
            quiet_hours: QuietHours::new(0, 1_439).ok(),
            ..Preferences::default()
        };
        let now_ms = at("2026-11-28T03:00:00Z");
        assert_eq!(preferences.quiet_until_ms(Category::Security, now_ms), None);
        assert_eq!(
            preferences.quiet_until_ms(Category::News, now_ms),
            Some(at("2026-11-28T23:59:00Z"))
        );
        assert!(time_zone("Mars/Olympus").is_err());
        assert!(time_zone(&"A".repeat(65)).is_err());
    }
}
