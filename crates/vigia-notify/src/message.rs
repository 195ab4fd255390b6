//! The name of a message on the wire.

use std::fmt;

/// Letters that an id may have: the shortest bound of all channels, that of Web Push's `Topic` (RFC 8030, 5.4).
pub const MESSAGE_ID_LETTERS_MAX: usize = 32;

/// What names a delivery wherever it goes: `webhook-id`, FCM's tag, `apns-collapse-id`, Web Push's `Topic`. 1 to
/// [`MESSAGE_ID_LETTERS_MAX`] letters of the URL-safe base64 alphabet, so that every channel can carry it; 16 bytes in
/// hexadecimal fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

/// Why a text cannot name a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a message id has 1 to {MESSAGE_ID_LETTERS_MAX} letters, digits, - and _: this one cannot be sent over every channel"
)]
pub struct InvalidMessageId;

impl MessageId {
    /// Checks the text.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidMessageId> {
        let text = text.into();
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=MESSAGE_ID_LETTERS_MAX).contains(&text.len());
        match fits && text.bytes().all(is_safe) {
            true => Ok(Self(text)),
            false => Err(InvalidMessageId),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_fits_every_channel() {
        for good in ["a", "0", "_-", &"f".repeat(32)] {
            assert_eq!(MessageId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", &"f".repeat(33), "a.b", "a b", "a\n", "é", "a/b", "a="] {
            assert_eq!(MessageId::new(bad), Err(InvalidMessageId), "{bad:?}");
        }
    }
}
