//! Reading addresses, digests and types as people write them, with errors that say how to mend.

use sui_sdk_types::{Address, Digest, Identifier, StructTag, TypeTag};

use crate::WatchTarget;

/// Text that is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InputError {
    /// Not an address.
    #[error("{text:?} is not a Sui address: {problem}; expected 0x and 1 to 64 hexadecimal digits")]
    Address {
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Not a digest.
    #[error("{text:?} is not a transaction digest: expected the base58 text of 32 bytes")]
    Digest {
        /// What was given.
        text: String,
    },
    /// Not a coin type.
    #[error("{text:?} is not a coin type: expected 0xPACKAGE::module::NAME")]
    CoinType {
        /// What was given.
        text: String,
    },
    /// Not something that can be watched.
    #[error(
        "{text:?} cannot be watched: expected an address, or for a contract 0xPACKAGE, \
         0xPACKAGE::module or 0xPACKAGE::module::Event"
    )]
    WatchTarget {
        /// What was given.
        text: String,
    },
}

/// Parses an address in full or short form: `0x2` and its 64 digits are the same.
pub fn parse_address(text: &str) -> Result<Address, InputError> {
    let error = |problem: &str| InputError::Address {
        text: text.to_owned(),
        problem: problem.to_owned(),
    };
    let digits = text
        .strip_prefix("0x")
        .ok_or_else(|| error("it does not start with 0x"))?;
    // As vigia writes them: read at once, since that is done for every party of every event.
    let mut bytes = [0; 32];
    if hex::decode_to_slice(digits, &mut bytes).is_ok() {
        return Ok(Address::new(bytes));
    }
    if let Some(wrong) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(error(&format!("{wrong:?} is not a hexadecimal digit")));
    }
    match digits.len() {
        0 => Err(error("no digits follow 0x")),
        1..=64 => {
            hex::decode_to_slice(format!("{digits:0>64}"), &mut bytes)
                .map_err(|_| error("it cannot be decoded"))?;
            Ok(Address::new(bytes))
        }
        n => Err(error(&format!("it has {n} digits"))),
    }
}

/// Parses a transaction digest.
pub fn parse_digest(text: &str) -> Result<Digest, InputError> {
    // The SDK fills up shorter text with zeros; a digest has one way to be written.
    Digest::from_base58(text)
        .ok()
        .filter(|digest| digest.to_string() == text)
        .ok_or_else(|| InputError::Digest {
            text: text.to_owned(),
        })
}

/// Parses a coin type; short addresses inside are accepted.
pub fn parse_coin_type(text: &str) -> Result<TypeTag, InputError> {
    let error = || InputError::CoinType {
        text: text.to_owned(),
    };
    let tag: StructTag = text.parse().map_err(|_| error())?;
    Ok(TypeTag::Struct(Box::new(tag)))
}

/// Parses what a contract watch names: a package, a module or an event type.
pub fn parse_watch_target(text: &str) -> Result<WatchTarget, InputError> {
    let error = || InputError::WatchTarget {
        text: text.to_owned(),
    };
    let parts: Vec<&str> = text.split("::").collect();
    let name = |part: &str| Identifier::new(part).map_err(|_| error());
    match parts[..] {
        [package] => Ok(WatchTarget::Package(parse_address(package)?)),
        [package, module] => Ok(WatchTarget::Module(parse_address(package)?, name(module)?)),
        [package, module, event] => Ok(WatchTarget::EventType(
            parse_address(package)?,
            name(module)?,
            name(event)?,
        )),
        _ => Err(error()),
    }
}

/// What keeps the first of these texts, each with its name and its most bytes, from being stored; none where all fit.
pub(crate) fn text_problem(texts: &[(&str, &str, usize)]) -> Option<String> {
    texts.iter().find_map(|(name, text, bytes_max)| {
        if text.len() > *bytes_max {
            let found = text.len();
            return Some(format!(
                "the {name} has {found} bytes; at most {bytes_max} fit"
            ));
        }
        let has_zero = text.contains('\0');
        has_zero.then(|| format!("the {name} holds a zero character"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_full_addresses_are_the_same() {
        assert_eq!(parse_address("0x2"), Ok(Address::TWO));
        assert_eq!(parse_address(&Address::TWO.to_string()), Ok(Address::TWO));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let problem = |text: &str| parse_address(text).unwrap_err().to_string();
        assert!(problem("abc").contains("does not start with 0x"));
        assert!(problem("0x").contains("no digits"));
        assert!(problem("0x12g4").contains("'g' is not a hexadecimal digit"));
        assert!(problem(&format!("0x{}", "1".repeat(65))).contains("65 digits"));
    }

    #[test]
    fn digests_have_32_bytes() {
        let digest = Digest::new([3; 32]);
        assert_eq!(parse_digest(&digest.to_string()), Ok(digest));
        for text in ["", "what", "0OIl", &format!("{digest}{digest}")] {
            assert!(parse_digest(text).is_err(), "{text}");
        }
    }

    #[test]
    fn contract_targets_at_each_depth() {
        let text = |text: &str| parse_watch_target(text).map(|target| target.kind());
        assert_eq!(text("0x2"), Ok("package"));
        assert_eq!(text("0x2::coin"), Ok("module"));
        assert_eq!(text("0x2::coin::CurrencyCreated"), Ok("event_type"));
        assert!(text("0x2::coin::a::b").is_err());
        assert!(text("0x2::").is_err());
    }
}
