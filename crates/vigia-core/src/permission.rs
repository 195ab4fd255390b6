//! What a member of an account may do with it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Longest word in bytes (I-13).
const WORD_BYTES_MAX: usize = 64;
/// Most words of one membership (I-13).
const WORDS_MAX: usize = 32;
/// Sees the account's activities, transactions and inbox.
const READ: &str = "read";
/// Is told of what happens to the account.
const NOTIFY: &str = "notify";

/// Asks others to pay the account.
const INVOICE: &str = "invoice";

/// Has other systems told of what happens to the account.
const WEBHOOK: &str = "webhook";

/// The words of a membership: `read`, `notify`, `invoice` and `webhook` are vigia's, all others the application's own, kept
/// and handed out for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permissions(BTreeSet<String>);

impl Permissions {
    /// What a membership allows that says nothing: everything that vigia knows.
    pub fn all() -> Self {
        Self([READ, NOTIFY, INVOICE, WEBHOOK].map(str::to_owned).into())
    }

    /// From words.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut all = BTreeSet::new();
        for word in words {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
            if word.is_empty() || word.len() > WORD_BYTES_MAX || !word.chars().all(is_plain) {
                return Err(format!(
                    "{word:?} is not a permission: expected up to {WORD_BYTES_MAX} letters, digits \
                     and _ - . :"
                ));
            }
            all.insert(word.to_owned());
        }
        match all.len() > WORDS_MAX {
            true => Err(format!(
                "{} permissions are named; at most {WORDS_MAX} can be",
                all.len()
            )),
            false => Ok(Self(all)),
        }
    }

    /// Whether the member sees what happens to the account.
    pub fn may_read(&self) -> bool {
        self.0.contains(READ)
    }

    /// Whether the member is told of it.
    pub fn may_be_notified(&self) -> bool {
        self.0.contains(NOTIFY)
    }

    /// Whether the member may ask others to pay the account.
    pub fn may_invoice(&self) -> bool {
        self.0.contains(INVOICE)
    }

    /// Whether the member may have other systems told of what happens to the account.
    pub fn may_tell_others(&self) -> bool {
        self.0.contains(WEBHOOK)
    }

    /// All words, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.words().collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Permissions {
    type Err = String;

    /// Words apart by spaces or commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split([' ', ',']);
        Self::new(words.filter(|word| !word.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_words_are_the_same() {
        let permissions: Permissions = "read, refunds:create read".parse().unwrap();
        assert_eq!(permissions.to_string(), "read refunds:create");
        assert_eq!(permissions.to_string().parse(), Ok(permissions.clone()));
        assert!(permissions.may_read() && !permissions.may_be_notified());
        assert_eq!("".parse(), Ok(Permissions(BTreeSet::new())));
        assert!(Permissions::all().may_read() && Permissions::all().may_be_notified());
    }

    #[test]
    fn limits_are_tested_at_their_edge() {
        let longest = "a".repeat(WORD_BYTES_MAX);
        assert!(Permissions::new([&*longest]).is_ok());
        assert!(Permissions::new([&*format!("{longest}a")]).is_err());
        let words: Vec<String> = (0..=WORDS_MAX).map(|n| n.to_string()).collect();
        let words = || words.iter().map(String::as_str);
        assert!(Permissions::new(words().take(WORDS_MAX)).is_ok());
        let error = Permissions::new(words()).unwrap_err();
        assert!(error.contains("at most 32"), "{error}");
        for wrong in ["", "two words", "naïve", "a\0b"] {
            assert!(Permissions::new([wrong]).is_err(), "{wrong:?}");
        }
    }
}
