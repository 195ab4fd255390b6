//! Values as people read them.

mod addresses;
mod balance;
mod broadcasts;
mod contracts;
mod deals;
mod deliveries;
mod endpoints;
mod inbox;
mod ingestion;
mod kinds;
mod operators;
mod reasons;
mod search;
mod settings;
mod sign_in;
mod watch;
mod words;

use jiff::Timestamp;
use vigia_core::{
    Address, CoinInfo, DECIMALS_MAX, Event, Locale, RawTransaction, ReasonKind, format_amount,
};
use vigia_store::ActivityRow;

pub(crate) use addresses::{AddressWords, address_words};
pub(crate) use balance::balance_words;
pub(crate) use broadcasts::broadcast_words;
pub(crate) use contracts::{ContractWords, contract_words};
pub(crate) use deals::{announcement_state, deal_words, object_title, state_title};
pub(crate) use deliveries::{DeliveryWords, delivery_words, duration, permille};
pub(crate) use endpoints::{EndpointWords, endpoint_words};
pub(crate) use inbox::inbox_words;
pub(crate) use ingestion::{IngestionWords, ingestion_words};
pub(crate) use kinds::kind_title;
pub(crate) use operators::{JobState, OperatorWords, operator_words};
pub(crate) use reasons::{reason_text, reasons_by_target};
pub(crate) use search::{SearchWords, search_words};
pub(crate) use settings::{SettingsWords, settings_words};
pub(crate) use sign_in::{SignInWords, sign_in_words};
pub(crate) use watch::{TargetKind, watch_words};
pub(crate) use words::{Words, words};

/// Hexadecimal digits shown at either end of a shortened address or digest.
const SHORT_DIGITS: usize = 6;

/// An amount with its symbol as people of a language write it: `1,234.50 cUSD`; none while the coin's
/// decimals are unknown, or are none that an amount can have.
pub(crate) fn money(minor: i128, coin: &CoinInfo, locale: Locale) -> Option<String> {
    let decimals = coin.decimals.filter(|decimals| *decimals <= DECIMALS_MAX)?;
    let amount = format_amount(minor, decimals, locale);
    Some(format!("{amount} {}", coin.symbol))
}

/// An amount as exact as it can be shown: in minor units, in words that say so, where its decimals are not
/// known.
pub(crate) fn money_or_units(
    minor: i128,
    coin_type: &str,
    coin: Option<&CoinInfo>,
    locale: Locale,
) -> String {
    let known = coin.and_then(|coin| money(minor, coin, locale));
    known.unwrap_or_else(|| {
        let name = coin_type.rsplit("::").next().unwrap_or(coin_type);
        let units = format_amount(minor, 0, locale);
        format!("{units} {} {name}", words(locale).minor_units_of)
    })
}

/// A count as people of a language write it: `1,234`.
pub(crate) fn count(number: u64, locale: Locale) -> String {
    format_amount(number.into(), 0, locale)
}

/// The other party's public name, else its address in short.
pub(crate) fn counterparty(row: &ActivityRow) -> Option<String> {
    let name = row.counterparty_name().map(ToOwned::to_owned);
    name.or_else(|| Some(short_address(row.activity.counterparty.as_ref()?)))
}

/// `0x1234ab…cd5678`.
pub(crate) fn short_address(address: &Address) -> String {
    short(&address.to_string(), 2 + SHORT_DIGITS)
}

/// The beginning and the end of a text of ASCII signs.
pub(crate) fn short(text: &str, start: usize) -> String {
    match (
        text.get(..start),
        text.get(text.len().saturating_sub(SHORT_DIGITS)..),
    ) {
        (Some(first), Some(last)) if text.len() > start + SHORT_DIGITS => format!("{first}…{last}"),
        _ => text.to_owned(),
    }
}

/// `2026-11-24 03:30:05 UTC`.
pub(crate) fn time(ms: u64) -> String {
    timestamp(ms).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `2026-11-24 03:30 UTC`, where there is little room.
pub(crate) fn time_short(ms: u64) -> String {
    timestamp(ms).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `03:30`, where the day is known.
pub(crate) fn time_of_day(ms: u64) -> String {
    timestamp(ms).strftime("%H:%M").to_string()
}

/// `2026-11-24T03:30:05Z`, for machines.
pub(crate) fn time_machine(ms: u64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Times beyond what a calendar has are shown as its end.
fn timestamp(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

/// How long ago, in the largest whole unit.
pub(crate) fn ago(now_ms: u64, then_ms: u64, locale: Locale) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = now_ms.saturating_sub(then_ms) / 1_000;
    let (count, unit) = match seconds {
        ..MINUTE => return words(locale).just_now.to_owned(),
        MINUTE..HOUR => (seconds / MINUTE, "min"),
        HOUR..DAY => (seconds / HOUR, "h"),
        DAY.. => (seconds / DAY, "d"),
    };
    match locale {
        Locale::Es => format!("hace {count} {unit}"),
        Locale::En => format!("{count} {unit} ago"),
        Locale::Pt => format!("há {count} {unit}"),
    }
}

/// The events of a transaction, out of their evidence; none where it cannot be read.
pub(crate) fn events(raw: &RawTransaction) -> Option<Vec<Event>> {
    match &raw.events_bcs {
        None => Some(Vec::new()),
        Some(bytes) => bcs::from_bytes(bytes).ok(),
    }
}

/// The word for a reason as stored, for programs.
pub(crate) fn reason_kind(kind: ReasonKind) -> String {
    let word = serde_json::to_value(kind).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    word.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let day = 24 * 60 * 60 * 1_000;
        assert_eq!(ago(30_000, 0, Locale::En), "just now");
        assert_eq!(ago(0, 30_000, Locale::En), "just now", "a clock that lags");
        assert_eq!(ago(120_000, 0, Locale::Es), "hace 2 min");
        assert_eq!(ago(day - 1, 0, Locale::Pt), "há 23 h");
        assert_eq!(ago(3 * day, 0, Locale::En), "3 d ago");
        assert_eq!(time(1_700_000_000_123), "2023-11-14 22:13:20 UTC");
        assert_eq!(time_short(1_700_000_000_123), "2023-11-14 22:13 UTC");
        assert_eq!(time_machine(0), "1970-01-01T00:00:00Z");
        assert_eq!(time_of_day(1_700_000_000_123), "22:13");
        assert!(time(u64::MAX).starts_with("9999-"));
    }

    #[test]
    fn unknown_decimals_are_not_guessed() {
        let mut coin = CoinInfo {
            coin_type: "0x2::a::B".to_owned(),
            decimals: None,
            symbol: "B".to_owned(),
            name: String::new(),
            icon_url: None,
        };
        let shown =
            |coin: &CoinInfo, locale| money_or_units(5_000_000, "0x2::a::B", Some(coin), locale);
        assert_eq!(shown(&coin, Locale::En), "5,000,000 minor units of B");
        assert_eq!(shown(&coin, Locale::Es), "5,000,000 unidades mínimas de B");
        assert_eq!(shown(&coin, Locale::Pt), "5.000.000 unidades mínimas de B");
        coin.decimals = Some(39);
        assert_eq!(shown(&coin, Locale::En), "5,000,000 minor units of B");
        coin.decimals = Some(6);
        assert_eq!(shown(&coin, Locale::Es), "5.00 B");
        assert_eq!(shown(&coin, Locale::Pt), "5,00 B");
        assert_eq!(count(1_234, Locale::Pt), "1.234");
    }

    #[test]
    fn long_texts_are_shortened_in_the_middle() {
        assert_eq!(short_address(&Address::TWO), "0x000000…000002");
        assert_eq!(short("short", 8), "short");
        assert_eq!(
            short("añaañaañaaña", 2),
            "añaañaañaaña",
            "never inside a letter"
        );
    }

    #[test]
    fn reasons_have_words() {
        assert_eq!(
            reason_kind(ReasonKind::ObjectOwnerBefore),
            "object_owner_before"
        );
    }
}
