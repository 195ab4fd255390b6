//! From BCS to JSON.
//!
//! Integers beyond 32 bits become decimal text, since JSON readers lose digits beyond 2^53;
//! `vector<u8>` becomes text where it is valid UTF-8 and `0x` with hexadecimal digits where not. An enum
//! becomes an object of its variant's fields, with the variant's name under `$variant`.

use serde_json::{Map, Value};
use sui_sdk_types::{Address, U256};
use vigia_core::address_text;

use super::{Layout, LayoutField};

/// Longest event that is decoded; the chain itself stops at 256,000 bytes.
pub const EVENT_BYTES_MAX: usize = 512 * 1024;
/// Most values in one event: those of vectors, options and structs count each.
pub const VALUES_MAX: usize = 65_536;
/// The key under which an enum's variant stands.
pub const VARIANT: &str = "$variant";

/// Bytes that a layout does not fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LayoutError {
    /// The bytes end early.
    #[error("the bytes end inside field {field:?}")]
    Truncated {
        /// Where.
        field: String,
    },
    /// Bytes are left over.
    #[error("{count} bytes are left after the last field")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A value that its type does not have.
    #[error("field {field:?} is not a valid {expected}")]
    Invalid {
        /// Where.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A variant that the enum does not have.
    #[error("field {field:?} is variant {variant} of an enum that has {count}")]
    UnknownVariant {
        /// Where.
        field: String,
        /// The position in the bytes.
        variant: usize,
        /// How many variants there are.
        count: usize,
    },
    /// More bytes than an event may have.
    #[error("the event has {bytes} bytes; at most {EVENT_BYTES_MAX} are decoded")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// More values than an event may have.
    #[error("field {field:?} is beyond the {VALUES_MAX} values that are decoded of an event")]
    TooManyValues {
        /// Where.
        field: String,
    },
}

/// Decodes the whole of `bytes` as a struct of `fields`.
pub fn decode(fields: &[LayoutField], bytes: &[u8]) -> Result<Map<String, Value>, LayoutError> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err(LayoutError::TooLong { bytes: bytes.len() });
    }
    let mut reader = Reader {
        rest: bytes,
        values_left: VALUES_MAX,
    };
    let decoded = reader.fields(fields)?;
    match reader.rest.len() {
        0 => Ok(decoded),
        count => Err(LayoutError::Trailing { count }),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    values_left: usize,
}

impl<'a> Reader<'a> {
    fn fields(&mut self, fields: &[LayoutField]) -> Result<Map<String, Value>, LayoutError> {
        let mut decoded = Map::with_capacity(fields.len());
        for (name, layout) in fields {
            decoded.insert(name.clone(), self.value(name, layout)?);
        }
        Ok(decoded)
    }

    /// Recursion is as deep as the layout, which is bounded where it is made.
    fn value(&mut self, field: &str, layout: &Layout) -> Result<Value, LayoutError> {
        self.count_value(field)?;
        Ok(match layout {
            Layout::Bool => match self.array::<1>(field)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return Err(invalid(field, "bool")),
            },
            Layout::U8 => u8::from_le_bytes(self.array(field)?).into(),
            Layout::U16 => u16::from_le_bytes(self.array(field)?).into(),
            Layout::U32 => u32::from_le_bytes(self.array(field)?).into(),
            Layout::U64 => u64::from_le_bytes(self.array(field)?).to_string().into(),
            Layout::U128 => u128::from_le_bytes(self.array(field)?).to_string().into(),
            Layout::U256 => {
                let digits: [u8; 32] = self.array(field)?;
                let value = U256::from_le_slice(&digits).ok_or_else(|| invalid(field, "u256"))?;
                value.to_string().into()
            }
            Layout::Address => address_text(&Address::new(self.array(field)?)).into(),
            Layout::String => {
                let bytes = self.bytes(field)?;
                std::str::from_utf8(bytes)
                    .map_err(|_| invalid(field, "UTF-8 string"))?
                    .into()
            }
            Layout::Bytes => text_or_hex(self.bytes(field)?).into(),
            Layout::Vector(element) => self.vector(field, element)?,
            Layout::Option(element) => match self.array::<1>(field)? {
                [0] => Value::Null,
                [1] => self.value(field, element)?,
                _ => return Err(invalid(field, "option")),
            },
            Layout::Struct(fields) => Value::Object(self.fields(fields)?),
            Layout::Enum(variants) => self.variant(field, variants)?,
        })
    }

    fn count_value(&mut self, field: &str) -> Result<(), LayoutError> {
        let left = self.values_left.checked_sub(1);
        self.values_left = left.ok_or_else(|| LayoutError::TooManyValues {
            field: field.to_owned(),
        })?;
        Ok(())
    }

    fn variant(
        &mut self,
        field: &str,
        variants: &[(String, Vec<LayoutField>)],
    ) -> Result<Value, LayoutError> {
        let position = self.length(field)?;
        let (name, fields) = variants
            .get(position)
            .ok_or_else(|| LayoutError::UnknownVariant {
                field: field.to_owned(),
                variant: position,
                count: variants.len(),
            })?;
        let mut decoded = self.fields(fields)?;
        decoded.insert(VARIANT.to_owned(), name.clone().into());
        Ok(Value::Object(decoded))
    }

    fn vector(&mut self, field: &str, element: &Layout) -> Result<Value, LayoutError> {
        let count = self.length(field)?;
        // No element is shorter than a byte, so a count beyond the bytes left is a lie; refusing it
        // here keeps a hostile length from reserving memory.
        if count > self.rest.len() {
            return Err(LayoutError::Truncated {
                field: field.to_owned(),
            });
        }
        (0..count)
            .map(|_| self.value(field, element))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    }

    fn bytes(&mut self, field: &str) -> Result<&'a [u8], LayoutError> {
        let length = self.length(field)?;
        self.take(field, length)
    }

    /// A ULEB128 length of at most 32 bits, in its shortest form as BCS demands.
    fn length(&mut self, field: &str) -> Result<usize, LayoutError> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array::<1>(field)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(invalid(field, "length"));
                }
                let value = u32::try_from(value).map_err(|_| invalid(field, "length"))?;
                return usize::try_from(value).map_err(|_| invalid(field, "length"));
            }
        }
        Err(invalid(field, "length"))
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], LayoutError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }

    fn take(&mut self, field: &str, count: usize) -> Result<&'a [u8], LayoutError> {
        let (taken, rest) =
            self.rest
                .split_at_checked(count)
                .ok_or_else(|| LayoutError::Truncated {
                    field: field.to_owned(),
                })?;
        self.rest = rest;
        Ok(taken)
    }
}

fn invalid(field: &str, expected: &'static str) -> LayoutError {
    LayoutError::Invalid {
        field: field.to_owned(),
        expected,
    }
}

fn text_or_hex(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes
            .iter()
            .fold("0x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Datatypes, TypeScope, parse_type};
    use super::*;

    fn fields(declared: &[(&str, &str)]) -> Vec<LayoutField> {
        let field = |(name, text): &(&str, &str)| {
            let parsed = parse_type(text, &TypeScope::bare()).unwrap();
            let layout = Datatypes::default().field_layout(&parsed).unwrap();
            ((*name).to_owned(), layout)
        };
        declared.iter().map(field).collect()
    }

    #[test]
    fn decodes_what_bcs_encodes() {
        let layout = fields(&[
            ("yes", "bool"),
            ("n", "u64"),
            ("big", "u256"),
            ("id", "vector<u8>"),
            ("list", "vector<u16>"),
            ("maybe", "option<address>"),
            ("text", "string"),
        ]);
        let big = {
            let mut bytes = [0u8; 32];
            bytes[31] = 0x80;
            bytes
        };
        let value = (
            true,
            u64::MAX,
            big,
            b"trade-1".to_vec(),
            vec![1u16, 2],
            Some([2u8; 32]),
            "hola",
        );
        let decoded = decode(&layout, &bcs::to_bytes(&value).unwrap()).unwrap();
        assert_eq!(decoded["n"], "18446744073709551615");
        assert_eq!(
            decoded["big"],
            "57896044618658097711785492504343953926634992332820282019728792003956564819968"
        );
        assert_eq!(decoded["id"], "trade-1");
        assert_eq!(decoded["list"], serde_json::json!([1, 2]));
        assert_eq!(decoded["maybe"], Address::new([2; 32]).to_string());
        assert_eq!(decoded["text"], "hola");
    }

    #[test]
    fn keeps_ids_that_are_not_text() {
        let bytes = bcs::to_bytes(&vec![0xffu8, 0x01]).unwrap();
        assert_eq!(
            decode(&fields(&[("id", "vector<u8>")]), &bytes).unwrap()["id"],
            "0xff01"
        );
    }

    #[test]
    fn refuses_bytes_that_do_not_fit() {
        let layout = fields(&[("n", "u64")]);
        assert_eq!(
            decode(&layout, &[0; 9]),
            Err(LayoutError::Trailing { count: 1 })
        );
        assert_eq!(
            decode(&layout, &[0; 7]),
            Err(LayoutError::Truncated {
                field: "n".to_owned()
            })
        );
        let layout = fields(&[("flag", "bool")]);
        assert!(matches!(
            decode(&layout, &[2]),
            Err(LayoutError::Invalid { .. })
        ));
        let layout = fields(&[("list", "vector<u64>")]);
        let lie = [0xff, 0xff, 0xff, 0xff, 0x0f];
        assert!(matches!(
            decode(&layout, &lie),
            Err(LayoutError::Truncated { .. })
        ));
        let long_zero = [0x80, 0x00];
        assert!(matches!(
            decode(&layout, &long_zero),
            Err(LayoutError::Invalid { .. })
        ));
    }

    #[test]
    fn an_enum_names_its_variant() {
        let cancelled = vec![("reason".to_owned(), Layout::Bytes)];
        let state = Layout::Enum(vec![
            ("Open".to_owned(), Vec::new()),
            ("Cancelled".to_owned(), cancelled),
        ]);
        let layout = [("state".to_owned(), state)];
        let decoded = decode(&layout, &[1, 2, b'n', b'o']).unwrap();
        assert_eq!(
            decoded["state"],
            serde_json::json!({ "reason": "no", VARIANT: "Cancelled" })
        );
        assert_eq!(
            decode(&layout, &[2]),
            Err(LayoutError::UnknownVariant {
                field: "state".to_owned(),
                variant: 2,
                count: 2
            })
        );
    }

    #[test]
    fn values_and_bytes_are_bounded() {
        let vector = |count: usize| {
            let items = vec![false; count];
            bcs::to_bytes(&items).unwrap()
        };
        let layout = fields(&[("list", "vector<bool>")]);
        // The vector itself is a value too.
        assert!(decode(&layout, &vector(VALUES_MAX - 1)).is_ok());
        assert_eq!(
            decode(&layout, &vector(VALUES_MAX)),
            Err(LayoutError::TooManyValues {
                field: "list".to_owned()
            })
        );
        let layout = fields(&[("text", "vector<u8>")]);
        let longest = bcs::to_bytes(&vec![0u8; EVENT_BYTES_MAX - 3]).unwrap();
        assert_eq!(longest.len(), EVENT_BYTES_MAX);
        assert!(decode(&layout, &longest).is_ok());
        let longer = bcs::to_bytes(&vec![0u8; EVENT_BYTES_MAX - 2]).unwrap();
        assert_eq!(
            decode(&layout, &longer),
            Err(LayoutError::TooLong {
                bytes: EVENT_BYTES_MAX + 1
            })
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let layout = fields(&[
                ("a", "vector<option<vector<u8>>>"), ("b", "string"), ("c", "u256"), ("d", "bool"),
            ]);
            let _ = decode(&layout, &bytes);
        }
    }
}
