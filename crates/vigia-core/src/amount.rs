//! Amounts: integers in minor units, shown with the decimals of their coin, for machines and for people.

use serde::{Deserialize, Serialize};

use crate::Locale;

/// What is known about a coin type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoinInfo {
    /// The type, `0xPACKAGE::module::NAME` in canonical form.
    pub coin_type: String,
    /// Digits after the point; absent while no node has told.
    pub decimals: Option<u8>,
    /// What people call it: `cUSD`.
    pub symbol: String,
    /// Its full name.
    pub name: String,
    /// Where its picture is, in a form that `icon_url` lets through.
    pub icon_url: Option<String>,
}

/// Longest address of a picture that is kept, in bytes; one that holds its picture may be long.
pub const ICON_URL_BYTES_MAX: usize = 16 * 1024;

/// The address of a coin's picture as anybody may have written it, where it is one that can do no more
/// than show a picture: `https:`, `ipfs:` or `data:image/`, not too long, without spaces or control
/// characters.
pub fn icon_url(text: &str) -> Option<String> {
    let text = text.trim();
    let shows = ["https://", "ipfs://", "data:image/"];
    let is_known = shows.iter().any(|start| text.starts_with(start));
    let is_plain = !text.contains(|letter: char| letter.is_control() || letter.is_whitespace());
    (is_known && is_plain && text.len() <= ICON_URL_BYTES_MAX).then(|| text.to_owned())
}

/// Decimals beyond this are refused: 10^38 is the largest power of ten in an `i128`.
pub const DECIMALS_MAX: u8 = 38;
/// Digits always shown after the point for money, where the coin has that many.
const FRACTION_DIGITS_MIN: usize = 2;

/// Formats minor units with a point, the same everywhere: `5000000` at 6 decimals is `5.00`, `1234567` is `1.234567`.
///
/// At least two digits follow the point (fewer where the coin has fewer decimals), trailing zeros
/// beyond that are dropped, nothing is ever rounded. Decimals beyond 38 are treated as 0.
pub fn format_minor_units(minor: i128, decimals: u8) -> String {
    let decimals = usize::from(if decimals > DECIMALS_MAX { 0 } else { decimals });
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let kept = fraction
        .trim_end_matches('0')
        .len()
        .max(FRACTION_DIGITS_MIN.min(decimals));
    match &fraction[..kept] {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// Formats minor units as people of a language write them, whole digits in threes: `1,234.50` in English and
/// in the Spanish of Latin America, `1.234,50` in Portuguese. Otherwise as [`format_minor_units`] does.
pub fn format_amount(minor: i128, decimals: u8, locale: Locale) -> String {
    let (group, point) = separators(locale);
    let plain = format_minor_units(minor, decimals);
    let (sign, plain) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", &*plain),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let mut text = String::with_capacity(plain.len() + plain.len() / 3 + 1);
    text.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

/// What stands between thousands, and before the fraction.
fn separators(locale: Locale) -> (char, char) {
    match locale {
        // Spanish is that of Latin America (es-419).
        Locale::Es | Locale::En => (',', '.'),
        Locale::Pt => ('.', ','),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCALES: [Locale; 3] = [Locale::Es, Locale::En, Locale::Pt];

    /// Reads an amount back as people of the language would.
    fn parse(text: &str, decimals: u8, locale: Locale) -> Option<i128> {
        let (group, point) = separators(locale);
        let (whole, fraction) = text.split_once(point).unwrap_or((text, ""));
        let groups: Vec<&str> = whole.trim_start_matches('-').split(group).collect();
        let is_grouped = groups.iter().skip(1).all(|group| group.len() == 3);
        let begins_well = (1..=3).contains(&groups.first()?.len());
        let missing = usize::from(decimals).checked_sub(fraction.len())?;
        let digits = whole.replace(group, "") + fraction + &"0".repeat(missing);
        (is_grouped && begins_well).then(|| digits.parse().ok())?
    }

    #[test]
    fn people_read_it_in_their_way() {
        for locale in [Locale::Es, Locale::En] {
            assert_eq!(format_amount(1_234_500_000, 6, locale), "1,234.50");
            assert_eq!(format_amount(-999_000_000, 6, locale), "-999.00");
            assert_eq!(format_amount(5_000_000, 6, locale), "5.00");
            assert_eq!(format_amount(1_000_000, 0, locale), "1,000,000");
        }
        assert_eq!(format_amount(1_234_500_000, 6, Locale::Pt), "1.234,50");
        assert_eq!(
            format_amount(-1_234_567_000_001, 6, Locale::Pt),
            "-1.234.567,000001"
        );
        assert_eq!(
            format_amount(i128::MIN, 0, Locale::En),
            "-170,141,183,460,469,231,731,687,303,715,884,105,728"
        );
    }

    #[test]
    fn limits_come_back_in_every_language() {
        let limits = [0, 1, 999, 1_000, u64::MAX.into(), i128::MAX, i128::MIN, -1];
        for (locale, decimals) in LOCALES
            .into_iter()
            .flat_map(|l| (0..=DECIMALS_MAX).map(move |d| (l, d)))
        {
            for minor in limits {
                let text = format_amount(minor, decimals, locale);
                assert_eq!(
                    parse(&text, decimals, locale),
                    Some(minor),
                    "{text} {decimals}"
                );
            }
        }
    }

    #[test]
    fn shows_every_digit_that_counts() {
        let shown = |minor, decimals| format_minor_units(minor, decimals);
        assert_eq!(shown(5_000_000, 6), "5.00");
        assert_eq!(shown(1_234_567, 6), "1.234567");
        assert_eq!(shown(-10, 6), "-0.00001");
        assert_eq!(shown(0, 9), "0.00");
        assert_eq!(shown(7, 0), "7");
        assert_eq!(shown(75, 1), "7.5");
        assert_eq!(
            shown(i128::MIN, 38),
            "-1.70141183460469231731687303715884105728"
        );
        assert_eq!(shown(i128::MAX, 255), i128::MAX.to_string());
    }

    #[test]
    fn pictures_are_pictures() {
        for good in [
            "https://a.example/c.png",
            "ipfs://bafy/c.svg",
            "data:image/png;base64,AA==",
        ] {
            assert_eq!(icon_url(good).as_deref(), Some(good));
        }
        assert_eq!(
            icon_url(" https://a.example ").as_deref(),
            Some("https://a.example")
        );
        let at_limit = format!("https://{}", "a".repeat(ICON_URL_BYTES_MAX - 8));
        assert!(icon_url(&at_limit).is_some() && icon_url(&(at_limit + "a")).is_none());
        for bad in [
            "",
            "http://a.example/c.png",
            "javascript:alert(1)",
            "data:text/html,<script>",
            "https://a.example/\u{0}",
            "https://a.example/ onerror=x",
        ] {
            assert_eq!(icon_url(bad), None, "{bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn comes_back_in_every_language(minor: i128, decimals in 0u8..=38) {
            for locale in LOCALES {
                let text = format_amount(minor, decimals, locale);
                proptest::prop_assert_eq!(parse(&text, decimals, locale), Some(minor));
            }
        }

        #[test]
        fn loses_no_digit(minor: i128, decimals in 0u8..=38) {
            let text = format_minor_units(minor, decimals);
            let fraction_digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let missing = usize::from(decimals) - fraction_digits;
            let digits = text.replace('.', "") + &"0".repeat(missing);
            proptest::prop_assert_eq!(digits.parse::<i128>().ok(), Some(minor));
        }
    }
}
