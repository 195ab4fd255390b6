//! From what packages declare to a layout: names looked up, type parameters filled in.
//!
//! What is nested too deep, or would become too large once its names are replaced by what they stand for,
//! is refused: a few small datatypes that use one another twice would fill any memory.

use std::collections::HashMap;

use vigia_core::{
    Datatype, DatatypeField, DatatypeName, DatatypeShape, FieldType, StructTag, TypeTag,
};

use super::{Layout, LayoutField, MOVE_STDLIB, SUI_FRAMEWORK};

/// Most levels of a layout.
pub const LAYOUT_DEPTH_MAX: usize = 32;
/// Most parts of a layout, those passed through on the way to it counted too.
pub const LAYOUT_NODES_MAX: usize = 4_096;

/// A type whose layout cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResolveError {
    /// A datatype that nothing is known about.
    #[error("the layout of {0} is not known")]
    Unknown(Box<DatatypeName>),
    /// More or fewer type arguments than the datatype has parameters.
    #[error("{name} has {expected} type parameters, not {found}")]
    Arity {
        /// Which datatype.
        name: Box<DatatypeName>,
        /// How many it has.
        expected: u16,
        /// How many are given.
        found: usize,
    },
    /// Type parameters where there are none, or values that no event can hold.
    #[error("{what} has no layout")]
    Unclosed {
        /// What it is.
        what: String,
    },
    /// Nested too deep; a datatype that holds itself is.
    #[error("it is nested deeper than {LAYOUT_DEPTH_MAX} levels")]
    TooDeep,
    /// Too large.
    #[error("it has more than {LAYOUT_NODES_MAX} parts")]
    TooLarge,
}

/// Datatypes that are known.
#[derive(Clone, Debug, Default)]
pub struct Datatypes(HashMap<DatatypeName, Datatype>);

impl Datatypes {
    /// Adds one; what was known under its name is replaced.
    pub fn insert(&mut self, name: DatatypeName, datatype: Datatype) {
        self.0.insert(name, datatype);
    }

    /// What is known of one.
    pub fn get(&self, name: &DatatypeName) -> Option<&Datatype> {
        self.0.get(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields of a struct type, such as an event's.
    pub fn struct_fields(&self, tag: &StructTag) -> Result<Vec<LayoutField>, ResolveError> {
        let mut resolver = self.resolver();
        match resolver.datatype(tag, LAYOUT_DEPTH_MAX)? {
            Layout::Struct(fields) => Ok(fields),
            _ => Err(ResolveError::Unclosed {
                what: format!("{tag}, which is no struct,"),
            }),
        }
    }

    /// The layout of a field outside any generic datatype.
    pub(crate) fn field_layout(&self, field_type: &FieldType) -> Result<Layout, ResolveError> {
        self.resolver().field(field_type, &[], LAYOUT_DEPTH_MAX)
    }

    fn resolver(&self) -> Resolver<'_> {
        Resolver {
            known: self,
            nodes_left: LAYOUT_NODES_MAX,
        }
    }
}

impl FromIterator<(DatatypeName, Datatype)> for Datatypes {
    fn from_iter<I: IntoIterator<Item = (DatatypeName, Datatype)>>(known: I) -> Self {
        Self(known.into_iter().collect())
    }
}

struct Resolver<'a> {
    known: &'a Datatypes,
    nodes_left: usize,
}

impl Resolver<'_> {
    /// Counts a part, and a level below `depth`.
    fn enter(&mut self, depth: usize) -> Result<usize, ResolveError> {
        let left = self.nodes_left.checked_sub(1);
        self.nodes_left = left.ok_or(ResolveError::TooLarge)?;
        depth.checked_sub(1).ok_or(ResolveError::TooDeep)
    }

    fn field(
        &mut self,
        field_type: &FieldType,
        arguments: &[TypeTag],
        depth: usize,
    ) -> Result<Layout, ResolveError> {
        // A phantom argument has no layout and needs none.
        if let FieldType::Named(name, _) = field_type
            && is_balance(name)
        {
            self.enter(depth)?;
            return Ok(balance());
        }
        let tag = self.close(field_type, arguments, depth)?;
        self.tag(&tag, depth)
    }

    /// The type with `arguments` in place of its parameters.
    fn close(
        &mut self,
        field_type: &FieldType,
        arguments: &[TypeTag],
        depth: usize,
    ) -> Result<TypeTag, ResolveError> {
        let depth = self.enter(depth)?;
        Ok(match field_type {
            FieldType::Bool => TypeTag::Bool,
            FieldType::U8 => TypeTag::U8,
            FieldType::U16 => TypeTag::U16,
            FieldType::U32 => TypeTag::U32,
            FieldType::U64 => TypeTag::U64,
            FieldType::U128 => TypeTag::U128,
            FieldType::U256 => TypeTag::U256,
            FieldType::Address => TypeTag::Address,
            FieldType::Vector(element) => {
                TypeTag::Vector(Box::new(self.close(element, arguments, depth)?))
            }
            FieldType::Named(name, inner) => {
                let inner = inner
                    .iter()
                    .map(|inner| self.close(inner, arguments, depth))
                    .collect::<Result<Vec<_>, _>>()?;
                TypeTag::Struct(Box::new(StructTag::new(
                    name.package,
                    name.module.clone(),
                    name.name.clone(),
                    inner,
                )))
            }
            FieldType::Parameter(position) => {
                let argument = arguments.get(usize::from(*position));
                let argument = argument.ok_or_else(|| ResolveError::Unclosed {
                    what: format!("type parameter {position}"),
                })?;
                self.count(argument, depth)?;
                argument.clone()
            }
        })
    }

    /// Counts the parts of a type that is copied.
    fn count(&mut self, tag: &TypeTag, depth: usize) -> Result<(), ResolveError> {
        let depth = self.enter(depth)?;
        match tag {
            TypeTag::Vector(element) => self.count(element, depth),
            TypeTag::Struct(tag) => {
                let mut inner = tag.type_params().iter();
                inner.try_for_each(|inner| self.count(inner, depth))
            }
            _ => Ok(()),
        }
    }

    fn tag(&mut self, tag: &TypeTag, depth: usize) -> Result<Layout, ResolveError> {
        let inner_depth = self.enter(depth)?;
        Ok(match tag {
            TypeTag::Bool => Layout::Bool,
            TypeTag::U8 => Layout::U8,
            TypeTag::U16 => Layout::U16,
            TypeTag::U32 => Layout::U32,
            TypeTag::U64 => Layout::U64,
            TypeTag::U128 => Layout::U128,
            TypeTag::U256 => Layout::U256,
            TypeTag::Address => Layout::Address,
            TypeTag::Signer => {
                return Err(ResolveError::Unclosed {
                    what: "a signer".to_owned(),
                });
            }
            TypeTag::Vector(element) => match self.tag(element, inner_depth)? {
                Layout::U8 => Layout::Bytes,
                element => Layout::Vector(Box::new(element)),
            },
            TypeTag::Struct(tag) => self.datatype(tag, depth)?,
        })
    }

    fn datatype(&mut self, tag: &StructTag, depth: usize) -> Result<Layout, ResolveError> {
        let depth = self.enter(depth)?;
        let name = DatatypeName::from(tag);
        if let Some(layout) = self.built_in(&name, tag.type_params(), depth)? {
            return Ok(layout);
        }
        let known = self.known.get(&name);
        let datatype = known.ok_or_else(|| ResolveError::Unknown(Box::new(name.clone())))?;
        let arguments = tag.type_params();
        if arguments.len() != usize::from(datatype.type_parameters) {
            return Err(ResolveError::Arity {
                name: Box::new(name),
                expected: datatype.type_parameters,
                found: arguments.len(),
            });
        }
        Ok(match &datatype.shape {
            DatatypeShape::Struct(fields) => Layout::Struct(self.fields(fields, arguments, depth)?),
            DatatypeShape::Enum(variants) => {
                let variants = variants.iter().map(|variant| {
                    let fields = self.fields(&variant.fields, arguments, depth)?;
                    Ok((variant.name.clone(), fields))
                });
                Layout::Enum(variants.collect::<Result<_, _>>()?)
            }
        })
    }

    fn fields(
        &mut self,
        fields: &[DatatypeField],
        arguments: &[TypeTag],
        depth: usize,
    ) -> Result<Vec<LayoutField>, ResolveError> {
        let fields = fields.iter().map(|field| {
            let layout = self.field(&field.field_type, arguments, depth)?;
            Ok((field.name.clone(), layout))
        });
        fields.collect()
    }

    /// Types of the framework that people read as values, and that no node has to be asked about.
    fn built_in(
        &mut self,
        name: &DatatypeName,
        arguments: &[TypeTag],
        depth: usize,
    ) -> Result<Option<Layout>, ResolveError> {
        if !is_built_in(name) {
            return Ok(None);
        }
        let layout = match (name.name.as_str(), arguments) {
            ("String", []) => Layout::String,
            ("Option", [inner]) => Layout::Option(Box::new(self.tag(inner, depth)?)),
            ("ID" | "UID", []) => Layout::Address,
            ("Balance", [_]) => balance(),
            (_, found) => {
                return Err(ResolveError::Arity {
                    name: Box::new(name.clone()),
                    expected: u16::from(matches!(name.name.as_str(), "Option" | "Balance")),
                    found: found.len(),
                });
            }
        };
        Ok(Some(layout))
    }
}

/// Whether a type of the framework is one that is read as a value, and about which no node has to be
/// asked.
pub fn is_built_in(name: &DatatypeName) -> bool {
    let path = (name.module.as_str(), name.name.as_str());
    match path {
        ("string" | "ascii", "String") | ("option", "Option") => name.package == MOVE_STDLIB,
        ("object", "ID" | "UID") | ("balance", "Balance") => name.package == SUI_FRAMEWORK,
        _ => false,
    }
}

fn is_balance(name: &DatatypeName) -> bool {
    let path = (name.module.as_str(), name.name.as_str());
    name.package == SUI_FRAMEWORK && path == ("balance", "Balance")
}

fn balance() -> Layout {
    Layout::Struct(vec![("value".to_owned(), Layout::U64)])
}

#[cfg(test)]
mod tests {
    use vigia_core::{Address, DatatypeVariant, Identifier};

    use super::*;

    fn name(text: &str) -> DatatypeName {
        DatatypeName {
            package: Address::new([7; 32]),
            module: Identifier::new("shop").unwrap(),
            name: Identifier::new(text).unwrap(),
        }
    }

    fn tag(text: &str, arguments: Vec<TypeTag>) -> StructTag {
        let name = name(text);
        StructTag::new(name.package, name.module, name.name, arguments)
    }

    fn field(name: &str, field_type: FieldType) -> DatatypeField {
        DatatypeField {
            name: name.to_owned(),
            field_type,
        }
    }

    fn declared(
        text: &str,
        type_parameters: u16,
        fields: Vec<DatatypeField>,
    ) -> (DatatypeName, Datatype) {
        let shape = DatatypeShape::Struct(fields);
        (
            name(text),
            Datatype {
                type_parameters,
                shape,
            },
        )
    }

    #[test]
    fn nested_generic_datatypes_become_one_layout() {
        let option = DatatypeName::from(&"0x1::option::Option<u8>".parse::<StructTag>().unwrap());
        let state = Datatype {
            type_parameters: 0,
            shape: DatatypeShape::Enum(vec![DatatypeVariant {
                name: "Open".to_owned(),
                fields: vec![field("by", FieldType::Address)],
            }]),
        };
        let mut known: Datatypes = [
            declared(
                "Order",
                1,
                vec![
                    field("item", FieldType::Parameter(0)),
                    field("state", FieldType::Named(name("State"), vec![])),
                    field("pairs", FieldType::Named(name("Pair"), vec![FieldType::U8])),
                ],
            ),
            declared(
                "Pair",
                1,
                vec![
                    field(
                        "bytes",
                        FieldType::Vector(Box::new(FieldType::Parameter(0))),
                    ),
                    field(
                        "maybe",
                        FieldType::Named(option, vec![FieldType::Parameter(0)]),
                    ),
                ],
            ),
        ]
        .into_iter()
        .collect();
        let order = tag("Order", vec![TypeTag::U128]);
        assert_eq!(
            known.struct_fields(&order),
            Err(ResolveError::Unknown(Box::new(name("State"))))
        );
        known.insert(name("State"), state);
        let pair = Layout::Struct(vec![
            ("bytes".to_owned(), Layout::Bytes),
            ("maybe".to_owned(), Layout::Option(Box::new(Layout::U8))),
        ]);
        let by = vec![("by".to_owned(), Layout::Address)];
        assert_eq!(
            known.struct_fields(&order).unwrap(),
            [
                ("item".to_owned(), Layout::U128),
                (
                    "state".to_owned(),
                    Layout::Enum(vec![("Open".to_owned(), by)])
                ),
                ("pairs".to_owned(), pair),
            ]
        );
        assert!(matches!(
            known.struct_fields(&tag("Order", vec![])),
            Err(ResolveError::Arity {
                expected: 1,
                found: 0,
                ..
            })
        ));
    }

    #[test]
    fn types_of_the_framework_need_nobody() {
        let known: Datatypes = [declared(
            "Vault",
            1,
            vec![field(
                "held",
                FieldType::Named(
                    DatatypeName::from(&"0x2::balance::Balance<u8>".parse::<StructTag>().unwrap()),
                    vec![FieldType::Parameter(0)],
                ),
            )],
        )]
        .into_iter()
        .collect();
        let vault = tag("Vault", vec![TypeTag::U8]);
        assert_eq!(known.struct_fields(&vault).unwrap()[0].1, balance());
        for (text, layout) in [
            ("0x1::string::String", Layout::String),
            ("0x1::ascii::String", Layout::String),
            ("0x2::object::ID", Layout::Address),
            (
                "0x1::option::Option<u16>",
                Layout::Option(Box::new(Layout::U16)),
            ),
        ] {
            let tag = text.parse::<StructTag>().unwrap();
            let resolved = known.resolver().datatype(&tag, LAYOUT_DEPTH_MAX);
            assert_eq!(resolved, Ok(layout), "{text}");
        }
        // The same name in another package is another type.
        let other = "0x7::string::String".parse::<StructTag>().unwrap();
        assert!(known.struct_fields(&other).is_err());
    }

    #[test]
    fn what_holds_itself_or_doubles_is_refused() {
        let itself = field("next", FieldType::Named(name("Node"), vec![]));
        let known: Datatypes = [declared("Node", 0, vec![itself])].into_iter().collect();
        assert_eq!(
            known.struct_fields(&tag("Node", vec![])),
            Err(ResolveError::TooDeep)
        );

        // Each level twice the one below.
        let doubling = (0..16).map(|level: u32| {
            let below = match level {
                0 => FieldType::U8,
                _ => FieldType::Named(name(&format!("L{}", level - 1)), vec![]),
            };
            let fields = vec![field("a", below.clone()), field("b", below)];
            declared(&format!("L{level}"), 0, fields)
        });
        let known: Datatypes = doubling.collect();
        assert!(known.struct_fields(&tag("L5", vec![])).is_ok());
        assert_eq!(
            known.struct_fields(&tag("L15", vec![])),
            Err(ResolveError::TooLarge)
        );

        // So do type arguments that are handed on twice.
        let pair = vec![FieldType::Parameter(0), FieldType::Parameter(0)];
        let known: Datatypes = [declared(
            "P",
            2,
            vec![field("p", FieldType::Named(name("P"), pair))],
        )]
        .into_iter()
        .collect();
        let start = tag("P", vec![TypeTag::U8, TypeTag::U8]);
        assert!(matches!(
            known.struct_fields(&start),
            Err(ResolveError::TooLarge | ResolveError::TooDeep)
        ));
    }

    #[test]
    fn depth_has_an_edge() {
        // Each vector is a level, and so is the struct around them.
        let nested = |levels: usize| {
            let innermost = FieldType::U16;
            let field_type =
                (0..levels).fold(innermost, |inner, _| FieldType::Vector(Box::new(inner)));
            let known: Datatypes = [declared("V", 0, vec![field("v", field_type)])]
                .into_iter()
                .collect();
            known.struct_fields(&tag("V", vec![]))
        };
        assert!(nested(LAYOUT_DEPTH_MAX - 2).is_ok());
        assert_eq!(nested(LAYOUT_DEPTH_MAX - 1), Err(ResolveError::TooDeep));
    }

    #[test]
    fn size_has_an_edge() {
        // A field is passed through as a type and becomes a part; the struct around them is one.
        let fields = |count: usize| {
            let fields = (0..count).map(|n| field(&format!("f{n}"), FieldType::U8));
            let known: Datatypes = [declared("W", 0, fields.collect())].into_iter().collect();
            known.struct_fields(&tag("W", vec![]))
        };
        assert!(fields((LAYOUT_NODES_MAX - 1) / 2).is_ok());
        assert_eq!(fields(LAYOUT_NODES_MAX / 2), Err(ResolveError::TooLarge));
    }
}
