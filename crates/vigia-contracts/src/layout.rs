//! Layouts: the shape of a Move value, by which its BCS is decoded into JSON.
//!
//! A layout is closed: no names, no type parameters, no recursion. `resolve` makes one of what packages
//! declare, `text` reads what contract files say, `decode` reads bytes by one. What is decoded is bounded
//! in depth, values and bytes, since both bytes and layouts come from strangers.

mod decode;
mod resolve;
mod text;

pub use decode::{EVENT_BYTES_MAX, LayoutError, VALUES_MAX, VARIANT, decode};
pub use resolve::{Datatypes, LAYOUT_DEPTH_MAX, LAYOUT_NODES_MAX, ResolveError, is_built_in};
pub(crate) use text::{TypeScope, parse_type};

use vigia_core::Address;

/// Where Move's own types are.
const MOVE_STDLIB: Address = Address::from_static("0x1");
/// Where Sui's are.
const SUI_FRAMEWORK: Address = Address::TWO;

/// A named part of a struct or variant.
pub type LayoutField = (String, Layout);

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
    /// `address`, `0x2::object::ID` and `0x2::object::UID`
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
    Struct(Vec<LayoutField>),
    /// An enum: its variants in order, each with its fields
    Enum(Vec<(String, Vec<LayoutField>)>),
}

impl Layout {
    /// What it is, for people who have to choose another.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::U128 => "u128",
            Self::U256 => "u256",
            Self::Address => "address",
            Self::String => "string",
            Self::Bytes => "vector<u8>",
            Self::Vector(_) => "vector",
            Self::Option(_) => "option",
            Self::Struct(_) => "struct",
            Self::Enum(_) => "enum",
        }
    }
}
