//! Amounts: integers in minor units, shown with the decimals of their coin.

use serde::{Deserialize, Serialize};

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
const DECIMALS_MAX: u8 = 38;
/// Digits always shown after the point for money, where the coin has that many.
const FRACTION_DIGITS_MIN: usize = 2;

/// Formats minor units with a point: `5000000` at 6 decimals is `5.00`, `1234567` is `1.234567`.
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

#[cfg(test)]
mod tests {
    use super::*;

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
        fn loses_no_digit(minor: i128, decimals in 0u8..=38) {
            let text = format_minor_units(minor, decimals);
            let fraction_digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let missing = usize::from(decimals) - fraction_digits;
            let digits = text.replace('.', "") + &"0".repeat(missing);
            proptest::prop_assert_eq!(digits.parse::<i128>().ok(), Some(minor));
        }
    }
}
