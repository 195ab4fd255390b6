//! Move datatypes as packages declare them: structs and enums, fields in the order in which BCS encodes
//! them. What a value of one looks like follows in vigia-contracts; here they are only carried and kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use sui_sdk_types::{Address, Identifier, StructTag};

/// Arguments nested deeper than this are refused; Move itself stops at 16.
pub const FIELD_TYPE_DEPTH_MAX: usize = 16;

/// Which datatype: the package version that first defined it, its module, its name.
///
/// A definition never changes once it is published: upgrades may add datatypes, which carry the version
/// that added them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DatatypeName {
    /// The package version that first defined it.
    pub package: Address,
    /// Its module.
    pub module: Identifier,
    /// Its name.
    pub name: Identifier,
}

impl From<&StructTag> for DatatypeName {
    fn from(tag: &StructTag) -> Self {
        Self {
            package: *tag.address(),
            module: tag.module().clone(),
            name: tag.name().clone(),
        }
    }
}

impl fmt::Display for DatatypeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}::{}::{}",
            self.package, self.module, self.name
        )
    }
}

/// What a package declares of a datatype.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datatype {
    /// How many type parameters it has.
    pub type_parameters: u16,
    /// Its fields.
    pub shape: DatatypeShape,
}

impl Datatype {
    /// The datatypes that its fields name.
    pub fn names(&self) -> Vec<&DatatypeName> {
        let mut names = Vec::new();
        let fields: Vec<&DatatypeField> = match &self.shape {
            DatatypeShape::Struct(fields) => fields.iter().collect(),
            DatatypeShape::Enum(variants) => variants.iter().flat_map(|v| &v.fields).collect(),
        };
        for field in fields {
            field.field_type.names(&mut names);
        }
        names
    }
}

/// A struct or an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatatypeShape {
    /// Fields in order.
    Struct(Vec<DatatypeField>),
    /// Variants in order: BCS writes a variant's position.
    Enum(Vec<DatatypeVariant>),
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatatypeVariant {
    /// Its name.
    pub name: String,
    /// Its fields in order.
    pub fields: Vec<DatatypeField>,
}

/// A field of a struct or variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatatypeField {
    /// Its name.
    pub name: String,
    /// Its type, in which parameters of the datatype may occur.
    #[serde(rename = "type")]
    pub field_type: FieldType,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
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
    /// `address`
    Address,
    /// `vector<T>`
    Vector(Box<FieldType>),
    /// A datatype with its type arguments.
    Named(DatatypeName, Vec<FieldType>),
    /// The type parameter at this position.
    Parameter(u16),
}

impl FieldType {
    fn names<'a>(&'a self, names: &mut Vec<&'a DatatypeName>) {
        match self {
            Self::Vector(element) => element.names(names),
            Self::Named(name, arguments) => {
                names.push(name);
                arguments.iter().for_each(|argument| argument.names(names));
            }
            _ => {}
        }
    }
}

/// A version of a package. All of them are one contract: its lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageVersion {
    /// The package's first version, by which its lineage is known.
    pub original: Address,
    /// The number of this version; the first is 1.
    pub version: u64,
    /// Its id.
    pub package: Address,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let name = DatatypeName::from(&StructTag::sui());
        let datatype = Datatype {
            type_parameters: 1,
            shape: DatatypeShape::Enum(vec![DatatypeVariant {
                name: "Open".to_owned(),
                fields: vec![DatatypeField {
                    name: "parts".to_owned(),
                    field_type: FieldType::Vector(Box::new(FieldType::Named(
                        name.clone(),
                        vec![FieldType::Parameter(0), FieldType::U256],
                    ))),
                }],
            }]),
        };
        let text = serde_json::to_string(&datatype).unwrap();
        assert_eq!(serde_json::from_str::<Datatype>(&text).unwrap(), datatype);
        assert_eq!(datatype.names(), [&name]);
        assert!(name.to_string().ends_with("02::sui::SUI"), "{name}");
    }
}
