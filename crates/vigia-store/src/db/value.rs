//! What statements take and rows give, the same for both databases.

use serde_json::Value as Json;

use super::money::Money;

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Money(Option<Money>),
    /// A list of texts: an array, or on SQLite a JSON array.
    Texts(Vec<String>),
    /// A list of byte strings: an array, or on SQLite a JSON array of hexadecimal text.
    ByteStrings(Vec<Vec<u8>>),
}

/// A list of texts as one parameter.
pub(crate) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Value {
    Value::Texts(texts.into_iter().map(storable).collect())
}

/// A list of byte strings as one parameter.
pub(crate) fn byte_strings<B: AsRef<[u8]>>(items: impl IntoIterator<Item = B>) -> Value {
    Value::ByteStrings(
        items
            .into_iter()
            .map(|item| item.as_ref().to_vec())
            .collect(),
    )
}

/// A list of texts as SQLite takes it.
pub(super) fn texts_json(texts: Vec<String>) -> String {
    Json::from(texts).to_string()
}

/// A list of byte strings as SQLite takes it.
pub(super) fn byte_strings_json(items: &[Vec<u8>]) -> String {
    items.iter().map(hex::encode).collect::<Json>().to_string()
}

/// Postgres' text holds every character but NUL. What comes from a chain may hold that too, and must
/// not make a commit fail for ever; so that both databases hold the same, it is replaced in both.
fn storable(text: impl Into<String>) -> String {
    let text = text.into();
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}"),
        false => text,
    }
}

macro_rules! value_from {
    ($($kind:ty => $variant:ident($convert:expr)),* $(,)?) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }

        impl From<Option<$kind>> for Value {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*};
}
value_from!(
    bool => Int(i64::from),
    u8 => Int(i64::from),
    u32 => Int(i64::from),
    i64 => Int(std::convert::identity),
    &str => Text(storable),
    String => Text(storable),
    &[u8] => Bytes(<[u8]>::to_vec),
    Vec<u8> => Bytes(std::convert::identity),
    Money => Money(std::convert::identity),
);
