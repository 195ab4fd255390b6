//! Faults as text, both ways.

use std::{fmt, str::FromStr, time::Duration};

use super::{
    Fault, FaultKind, Value,
    catalog::{Entry, Takes},
};

/// Why a text names no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

fn refuse<T>(reason: String) -> Result<T, FaultError> {
    Err(FaultError(reason))
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut words = text.split(',').map(str::trim);
        let head = words.next().unwrap_or_default();
        let (name, value) = match head.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (head, None),
        };
        let mut fault = named(name)?;
        if let Some(value) = value {
            fault.set_value(value)?;
        }
        for word in words {
            match word.split_once(['=', ':']) {
                Some((key, value)) => fault.set_condition(key, value)?,
                None => fault.set_part(word)?,
            }
        }
        fault.check()?;
        Ok(fault)
    }
}

fn named(name: &str) -> Result<Fault, FaultError> {
    if name == "forge-contents" {
        let mut fault = Fault::new(FaultKind::Flip);
        fault.part = Some("contents");
        return Ok(fault);
    }
    let known = FaultKind::all().find(|kind| kind.name() == name);
    match known {
        Some(kind) => Ok(Fault::new(kind)),
        None => {
            let names: Vec<_> = FaultKind::all().map(FaultKind::name).collect();
            let names = names.join(", ");
            refuse(format!("unknown fault {name:?}, known are {names}"))
        }
    }
}

impl Fault {
    fn entry(&self) -> &'static Entry {
        self.kind.entry()
    }

    fn set_value(&mut self, text: &str) -> Result<(), FaultError> {
        let Entry {
            name, takes, parts, ..
        } = self.entry();
        // A kind without a measure may name its part after the colon: `flip:effects`.
        if *takes == Takes::Nothing && !parts.is_empty() {
            return self.set_part(text);
        }
        self.value = match takes {
            Takes::Nothing => return refuse(format!("{name} takes no value, not {text:?}")),
            Takes::Duration(_) | Takes::DurationOrNone => Value::Duration(duration(text)?),
            Takes::Count(_) => Value::Count(count(text)?),
            Takes::Bytes(_) => Value::Bytes(bytes(text)?),
            Takes::Rate(..) => rate(text)?,
        };
        Ok(())
    }

    fn set_part(&mut self, word: &str) -> Result<(), FaultError> {
        let Entry { name, parts, .. } = self.entry();
        let known = parts.iter().find(|part| **part == word);
        match known {
            Some(part) => self.part = Some(part),
            None if parts.is_empty() => return refuse(format!("{name} has no part {word:?}")),
            None => {
                let parts = parts.join(", ");
                return refuse(format!("{name} has no part {word:?}, it has {parts}"));
            }
        }
        Ok(())
    }

    fn set_condition(&mut self, key: &str, value: &str) -> Result<(), FaultError> {
        match key {
            "every" => self.when.every = count(value)?,
            "from" => self.when.from = number(value)?,
            "times" => self.when.times = Some(count(value)?),
            "after" => self.when.after = duration(value)?,
            "for" => self.when.lasts = Some(duration(value)?),
            "period" => self.when.period = Some(duration(value)?),
            _ => {
                return refuse(format!(
                    "unknown condition {key:?}, known are every, from, times, after, for, period"
                ));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), FaultError> {
        let (name, when) = (self.entry().name, &self.when);
        let lasts = self.lasts();
        match when.period {
            Some(period) if lasts.is_none_or(|lasts| lasts >= period) => refuse(format!(
                "{name}: a period needs a shorter time it lasts, such as for=1s,period=10s"
            )),
            None if self.kind.is_state() && when.times.is_some() => refuse(format!(
                "{name} lasts; times= counts its periods and needs period="
            )),
            _ if self.kind.is_state() && when.every != 1 => refuse(format!(
                "{name} lasts and strikes everything; it takes no every="
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let normal = Self::new(self.kind);
        f.write_str(self.kind.name())?;
        if self.value != Value::None {
            write!(f, ":{}", self.value)?;
        }
        if let Some(part) = self.part {
            write!(f, ",{part}")?;
        }
        let when = &self.when;
        if when.every != normal.when.every {
            write!(f, ",every={}", when.every)?;
        }
        if when.from != 0 {
            write!(f, ",from={}", when.from)?;
        }
        if let Some(times) = when.times {
            write!(f, ",times={times}")?;
        }
        if !when.after.is_zero() {
            write!(f, ",after={}", Value::Duration(when.after))?;
        }
        if let Some(lasts) = when.lasts {
            write!(f, ",for={}", Value::Duration(lasts))?;
        }
        if let Some(period) = when.period {
            write!(f, ",period={}", Value::Duration(period))?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None => Ok(()),
            Self::Duration(duration) => match duration.as_millis() {
                ms if ms % 60_000 == 0 && ms > 0 => write!(f, "{}m", ms / 60_000),
                ms if ms % 1_000 == 0 => write!(f, "{}s", ms / 1_000),
                ms => write!(f, "{ms}ms"),
            },
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(bytes) if bytes % 1_000_000 == 0 => write!(f, "{}MB", bytes / 1_000_000),
            Self::Bytes(bytes) if bytes % 1_000 == 0 => write!(f, "{}KB", bytes / 1_000),
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
            Self::Rate(requests, window) => write!(f, "{requests}/{}", Self::Duration(window)),
        }
    }
}

fn number(text: &str) -> Result<u64, FaultError> {
    let digits = text.replace('_', "");
    digits
        .parse()
        .or_else(|_| refuse(format!("{text:?} is no whole number")))
}

fn count(text: &str) -> Result<u64, FaultError> {
    match number(text)? {
        0 => refuse(format!("{text:?} must be at least 1")),
        count => Ok(count),
    }
}

/// A number with one of these units, multiplied out.
fn measured(text: &str, units: &[(&str, u64)], example: &str) -> Result<u64, FaultError> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let known = units.iter().find(|(name, _)| *name == unit);
    let Some((_, factor)) = known else {
        let units: Vec<_> = units.iter().map(|(name, _)| *name).collect();
        let units = units.join(", ");
        return refuse(format!("{text:?} needs a unit ({units}), as in {example}"));
    };
    let product = count(digits)?.checked_mul(*factor);
    product.map_or_else(|| refuse(format!("{text:?} is too large")), Ok)
}

fn duration(text: &str) -> Result<Duration, FaultError> {
    const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    /// Timers take no more than this, and nobody waits longer.
    const DAYS_MAX_MS: u64 = 365 * 24 * 3_600_000;
    match measured(text, UNITS, "30s")? {
        ms if ms > DAYS_MAX_MS => refuse(format!("{text:?} is too large")),
        ms => Ok(Duration::from_millis(ms)),
    }
}

fn bytes(text: &str) -> Result<u64, FaultError> {
    const UNITS: &[(&str, u64)] = &[
        ("B", 1),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
    ];
    measured(text, UNITS, "30MB")
}

fn rate(text: &str) -> Result<Value, FaultError> {
    let Some((requests, window)) = text.split_once('/') else {
        return refuse(format!("{text:?} is no rate, as in 100/30s"));
    };
    Ok(Value::Rate(number(requests)?, duration(window)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Fault, String> {
        text.parse().map_err(|error: FaultError| error.to_string())
    }

    #[test]
    fn what_is_printed_reads_back() {
        for kind in FaultKind::all() {
            let fault = Fault::new(kind);
            assert_eq!(parse(&fault.to_string()), Ok(fault));
        }
        for text in [
            "cut:30s,connection,every=2",
            "stall:1500ms,times=3",
            "half-open:2s,times=4,after=1s,period=1m",
            "rate-limit:0/1s",
            "huge:31457280B,from=7",
            "wrong-chain,keep-id,from=30,for=2s",
            "flip,effects,every=1,times=1",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn words_of_the_issue_are_understood() {
        let huge = parse("huge:30MB").unwrap();
        assert_eq!(huge.value, Value::Bytes(30_000_000));
        assert_eq!(parse("huge:30MiB").unwrap().count(), 30 << 20);
        assert_eq!(parse("stall:10s,for:20s"), parse("stall:10s,for=20s"));
        assert_eq!(parse("forge-contents"), parse("flip:contents"));
        assert_eq!(parse("lag").unwrap().count(), 50);
        assert_eq!(
            parse("unavailable:3s").unwrap().lasts(),
            Some(Duration::from_secs(3))
        );
    }

    #[test]
    fn errors_say_what_is_wrong_and_what_is_accepted() {
        for (text, reason) in [
            ("", "unknown fault \"\", known are cut, stall, half-open,"),
            ("cuts:1s", "unknown fault \"cuts\""),
            ("cut:30", "\"30\" needs a unit (ms, s, m, h), as in 30s"),
            ("cut:0s", "\"0\" must be at least 1"),
            ("cut:99999999999999h", "\"99999999999999h\" is too large"),
            ("cut:40000000000s", "\"40000000000s\" is too large"),
            ("lag:-3", "\"-3\" is no whole number"),
            ("lag:0", "\"0\" must be at least 1"),
            ("reorder:3", "reorder takes no value, not \"3\""),
            ("reorder,3", "reorder has no part \"3\""),
            (
                "flip:everything",
                "flip has no part \"everything\", it has summary, contents,",
            ),
            (
                "huge:30",
                "\"30\" needs a unit (B, KB, MB, KiB, MiB), as in 30MB",
            ),
            ("rate-limit:5", "\"5\" is no rate, as in 100/30s"),
            (
                "cut:1s,when=3",
                "unknown condition \"when\", known are every,",
            ),
            (
                "stall,period=3s",
                "stall: a period needs a shorter time it lasts",
            ),
            ("lag:3,times=2", "lag lasts; times= counts its periods"),
            ("prune:3,every=2", "prune lasts and strikes everything"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}
