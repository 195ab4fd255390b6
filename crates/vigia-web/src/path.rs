//! Values as parts of a path.

use std::fmt::Write as _;

use vigia_core::{Address, BusinessKey};

/// A value as one segment of a path (RFC 3986).
pub(crate) fn segment(value: &str) -> String {
    let mut segment = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                segment.push(char::from(byte));
            }
            byte => write!(segment, "%{byte:02X}").expect("memory takes it"),
        }
    }
    segment
}

/// Where the history of a balance is.
pub(crate) fn balance(address: &Address, coin_type: &str) -> String {
    format!("/balances/{address}/{}", segment(coin_type))
}

/// Where a payment, trade or invitation is.
pub(crate) fn trade(key: &BusinessKey) -> String {
    let [contract, object, id] = [&key.contract, &key.object, &key.id].map(|part| segment(part));
    format!("/trades/{contract}/{object}/{id}")
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(segment("0x2::sui::SUI"), "0x2::sui::SUI");
        assert_eq!(
            segment("a/b?c#d ñ<é,>"),
            "a%2Fb%3Fc%23d%20%C3%B1%3C%C3%A9%2C%3E"
        );
    }
}
