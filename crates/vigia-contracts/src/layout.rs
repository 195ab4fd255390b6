//! Move values in BCS, decoded by a declared layout into JSON.
//!
//! Integers beyond 32 bits become decimal text, since JSON readers lose digits beyond 2^53;
//! `vector<u8>` becomes text where it is valid UTF-8 and `0x` with hexadecimal digits where not.

use serde_json::{Map, Value};
use sui_sdk_types::{Address, U256};
use vigia_core::address_text;

/// The shape of a Move value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `bool`
    Bool,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `u128`
    U128,
    /// `u256`
    U256,
    /// `address` and `0x2::object::ID`
    Address,
    /// `0x1::string::String` and `0x1::ascii::String`: must be UTF-8
    String,
    /// `vector<u8>`
    Bytes,
    /// `vector<T>`
    Vector(Box<Layout>),
    /// `0x1::option::Option<T>`
    Option(Box<Layout>),
    /// A struct: its fields in order
    Struct(Vec<(String, Layout)>),
}

/// Bytes that a layout does not fit, or a layout that cannot be read.
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
    /// The text of a type that is not known.
    #[error(
        "{text:?} is not a type (bool, u8, u16, u32, u64, u128, u256, address, id, string, \
         vector<T>, option<T>)"
    )]
    UnknownType {
        /// What was written.
        text: String,
    },
}

/// Types nested deeper than this are refused; Move itself stops earlier.
const DEPTH_MAX: usize = 16;

impl Layout {
    /// Reads the text of a type: `vector<option<u64>>`.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        Self::parse_nested(text.trim(), DEPTH_MAX)
    }

    fn parse_nested(text: &str, depth: usize) -> Result<Self, LayoutError> {
        let unknown = || LayoutError::UnknownType {
            text: text.to_owned(),
        };
        let depth = depth.checked_sub(1).ok_or_else(unknown)?;
        Ok(match text {
            "bool" => Self::Bool,
            "u8" => Self::U8,
            "u16" => Self::U16,
            "u32" => Self::U32,
            "u64" => Self::U64,
            "u128" => Self::U128,
            "u256" => Self::U256,
            "address" | "id" => Self::Address,
            "string" => Self::String,
            _ => {
                let (outer, rest) = text.split_once('<').ok_or_else(unknown)?;
                let inner = rest.strip_suffix('>').ok_or_else(unknown)?.trim();
                let inner = Self::parse_nested(inner, depth)?;
                match (outer.trim(), inner) {
                    ("vector", Self::U8) => Self::Bytes,
                    ("vector", inner) => Self::Vector(Box::new(inner)),
                    ("option", inner) => Self::Option(Box::new(inner)),
                    _ => return Err(unknown()),
                }
            }
        })
    }
}

/// Decodes the whole of `bytes` as a struct of `fields`.
pub fn decode(
    fields: &[(String, Layout)],
    bytes: &[u8],
) -> Result<Map<String, Value>, LayoutError> {
    let mut reader = Reader { rest: bytes };
    let decoded = reader.fields(fields)?;
    match reader.rest.len() {
        0 => Ok(decoded),
        count => Err(LayoutError::Trailing { count }),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn fields(&mut self, fields: &[(String, Layout)]) -> Result<Map<String, Value>, LayoutError> {
        let mut decoded = Map::with_capacity(fields.len());
        for (name, layout) in fields {
            decoded.insert(name.clone(), self.value(name, layout)?);
        }
        Ok(decoded)
    }

    fn value(&mut self, field: &str, layout: &Layout) -> Result<Value, LayoutError> {
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
        })
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
    use super::*;

    fn fields(declared: &[(&str, &str)]) -> Vec<(String, Layout)> {
        let field =
            |(name, text): &(&str, &str)| ((*name).to_owned(), Layout::parse(text).unwrap());
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
