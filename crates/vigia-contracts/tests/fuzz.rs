//! Fuzz targets: the decoder of BCS, the making of layouts, contract files with their field paths.
//!
//! Short in `cargo test`, as long as `cargo xtask fuzz` says there. What is in `tests/corpus` runs first:
//! findings are put there, and cases that random bytes would hardly come upon.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use vigia_contracts::{
    ContractFile, Datatypes, LAYOUT_DEPTH_MAX, LAYOUT_NODES_MAX, Layout, LayoutField, PackageIds,
    Registry, VARIANT, decode,
};
use vigia_core::{
    Address, Datatype, DatatypeField, DatatypeName, DatatypeShape, DatatypeVariant, FieldType,
    Identifier, StructTag, TypeTag,
};

/// How long a target runs in `cargo test`.
const SHORT: Duration = Duration::from_millis(500);

fn test_time() -> Duration {
    let seconds = std::env::var("VIGIA_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    seconds.map_or(SHORT, Duration::from_secs)
}

/// The corpus first, then random bytes.
macro_rules! fuzz {
    ($name:ident, $target:expr) => {
        #[test]
        fn $name() {
            let target: fn(&[u8]) = $target;
            let folder =
                PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says it"))
                    .join("tests/corpus");
            let files = std::fs::read_dir(folder.join(stringify!($name)));
            for file in files.expect("a corpus") {
                let path = file.expect("a file").path();
                target(&std::fs::read(path).expect("it can be read"));
            }
            bolero::check!()
                .with_iterations(usize::MAX)
                .with_test_time(test_time())
                .with_max_len(2_048)
                .for_each(|bytes: &[u8]| target(bytes));
        }
    };
}

fuzz!(decoder, decodes_what_it_would_encode);
fuzz!(resolver, makes_bounded_layouts);
fuzz!(files, refuses_files_in_words);

/// Bytes as a source of choices; zeros once they are spent.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            None => 0,
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.next()) % bound
    }
}

/// A layout of the first bytes, and the rest of them to be decoded by it.
fn decodes_what_it_would_encode(bytes: &[u8]) {
    let (program, contents) = bytes.split_at(bytes.len() / 3);
    let mut choices = Choices(program);
    let count = 1 + choices.below(4);
    let fields = layout_fields(&mut choices, count, 3);
    let Ok(decoded) = decode(&fields, contents) else {
        return;
    };
    // BCS has one form for a value, so what decodes is what encoding would give.
    let mut encoded = Vec::new();
    if encode_fields(&fields, &decoded, &mut encoded).is_some() {
        assert_eq!(encoded, contents, "{fields:?} {decoded:?}");
    }
}

fn layout_fields(choices: &mut Choices<'_>, count: usize, depth: usize) -> Vec<LayoutField> {
    let field = |n| (format!("f{n}"), layout(choices, depth));
    (0..count).map(field).collect()
}

fn layout(choices: &mut Choices<'_>, depth: usize) -> Layout {
    let nests = [14, 11][usize::from(depth == 0)];
    match choices.below(nests) {
        0 => Layout::Bool,
        1 => Layout::U8,
        2 => Layout::U16,
        3 => Layout::U32,
        4 => Layout::U64,
        5 => Layout::U128,
        6 => Layout::U256,
        7 => Layout::Address,
        8 => Layout::String,
        9 | 10 => Layout::Bytes,
        11 => Layout::Vector(Box::new(layout(choices, depth - 1))),
        12 => Layout::Option(Box::new(layout(choices, depth - 1))),
        _ => {
            let count = choices.below(4);
            let variant = |n| {
                let count = choices.below(3);
                (format!("V{n}"), layout_fields(choices, count, depth - 1))
            };
            Layout::Enum((0..count).map(variant).collect())
        }
    }
}

/// None where JSON does not say which bytes there were: text that could stand for other bytes.
fn encode_fields(
    fields: &[LayoutField],
    decoded: &serde_json::Map<String, Value>,
    into: &mut Vec<u8>,
) -> Option<()> {
    for (name, layout) in fields {
        encode(layout, &decoded[name], into)?;
    }
    Some(())
}

fn encode(layout: &Layout, value: &Value, into: &mut Vec<u8>) -> Option<()> {
    let push = |into: &mut Vec<u8>, bytes: Vec<u8>| into.extend(bytes);
    let text = || value.as_str().expect("text").to_owned();
    let number = || value.as_u64().expect("a number");
    match layout {
        Layout::Bool => into.push(u8::from(value.as_bool().expect("a bool"))),
        Layout::U8 => into.push(u8::try_from(number()).expect("u8")),
        Layout::U16 => push(
            into,
            bcs::to_bytes(&u16::try_from(number()).expect("u16")).ok()?,
        ),
        Layout::U32 => push(
            into,
            bcs::to_bytes(&u32::try_from(number()).expect("u32")).ok()?,
        ),
        Layout::U64 => push(
            into,
            bcs::to_bytes(&text().parse::<u64>().expect("u64")).ok()?,
        ),
        Layout::U128 => push(
            into,
            bcs::to_bytes(&text().parse::<u128>().expect("u128")).ok()?,
        ),
        Layout::U256 => into.extend(u256_bytes(&text())),
        Layout::Address => into.extend(text().parse::<Address>().expect("address").as_bytes()),
        Layout::String => push(into, bcs::to_bytes(&text()).ok()?),
        Layout::Bytes => match text() {
            text if text.starts_with("0x") => return None,
            text => push(into, bcs::to_bytes(text.as_bytes()).ok()?),
        },
        Layout::Vector(element) => {
            let items = value.as_array().expect("a list");
            push_length(items.len(), into);
            for item in items {
                encode(element, item, into)?;
            }
        }
        Layout::Option(inner) => match value {
            // An empty option inside one is null too.
            Value::Null if matches!(**inner, Layout::Option(_)) => return None,
            Value::Null => into.push(0),
            value => {
                into.push(1);
                encode(inner, value, into)?;
            }
        },
        Layout::Struct(fields) => encode_fields(fields, value.as_object()?, into)?,
        Layout::Enum(variants) => {
            let decoded = value.as_object().expect("an object");
            let name = &decoded[VARIANT];
            let position = variants.iter().position(|(known, _)| name == known);
            let position = position.expect("a known variant");
            push_length(position, into);
            encode_fields(&variants[position].1, decoded, into)?;
        }
    }
    Some(())
}

fn push_length(mut length: usize, into: &mut Vec<u8>) {
    while length >= 0x80 {
        into.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    into.push(u8::try_from(length).expect("seven bits"));
}

/// Decimal digits as 32 bytes, lowest first.
fn u256_bytes(digits: &str) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in &mut bytes {
            let value = u16::from(*byte) * 10 + carry;
            [*byte, _] = value.to_le_bytes();
            carry = value >> 8;
        }
        assert_eq!(carry, 0, "{digits} has more than 256 bits");
    }
    bytes
}

/// A handful of datatypes that name one another in every way.
fn makes_bounded_layouts(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let mut known = Datatypes::default();
    for n in 0..6 {
        let fields = |choices: &mut Choices<'_>| {
            let count = choices.below(5);
            let field = |n| DatatypeField {
                name: format!("f{n}"),
                field_type: field_type(choices, 4),
            };
            (0..count).map(field).collect::<Vec<_>>()
        };
        let shape = match choices.below(3) {
            0 => DatatypeShape::Enum(vec![DatatypeVariant {
                name: "V".to_owned(),
                fields: fields(&mut choices),
            }]),
            _ => DatatypeShape::Struct(fields(&mut choices)),
        };
        let type_parameters = u16::try_from(choices.below(3)).expect("small");
        known.insert(
            name(n),
            Datatype {
                type_parameters,
                shape,
            },
        );
    }
    for n in 0..6 {
        for arguments in 0..3 {
            let name = name(n);
            let arguments = vec![TypeTag::U8; arguments];
            let tag = StructTag::new(name.package, name.module, name.name, arguments);
            if let Ok(fields) = known.struct_fields(&tag) {
                let (depth, nodes) = size(&Layout::Struct(fields));
                assert!(
                    depth <= LAYOUT_DEPTH_MAX && nodes <= LAYOUT_NODES_MAX,
                    "{depth} {nodes}"
                );
            }
        }
    }
}

fn name(n: usize) -> DatatypeName {
    DatatypeName {
        package: Address::new([7; 32]),
        module: Identifier::new("shop").expect("a name"),
        name: Identifier::new(format!("T{n}")).expect("a name"),
    }
}

fn field_type(choices: &mut Choices<'_>, depth: usize) -> FieldType {
    let nests = [8, 4][usize::from(depth == 0)];
    match choices.below(nests) {
        0 => FieldType::U64,
        1 => FieldType::Address,
        2 => FieldType::Parameter(u16::try_from(choices.below(3)).expect("small")),
        3 => FieldType::Bool,
        4 => FieldType::Vector(Box::new(field_type(choices, depth - 1))),
        _ => {
            let named = name(choices.below(7));
            let count = choices.below(3);
            let arguments = (0..count).map(|_| field_type(choices, depth - 1));
            FieldType::Named(named, arguments.collect())
        }
    }
}

/// Levels and parts of a layout.
fn size(layout: &Layout) -> (usize, usize) {
    let inner: Vec<&Layout> = match layout {
        Layout::Vector(inner) | Layout::Option(inner) => vec![inner],
        Layout::Struct(fields) => fields.iter().map(|(_, layout)| layout).collect(),
        Layout::Enum(variants) => {
            let fields = variants.iter().flat_map(|(_, fields)| fields);
            fields.map(|(_, layout)| layout).collect()
        }
        _ => vec![],
    };
    let sizes = inner.into_iter().map(size);
    let (depth, nodes) = sizes.fold((0, 0), |(depth, nodes), (d, n)| (depth.max(d), nodes + n));
    (depth + 1, nodes + 1)
}

/// Texts in the places of types and paths of a contract file, which is then used or refused, in words that
/// name the file.
fn refuses_files_in_words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\n').map(Value::from);
    let mut part = |otherwise: &str| match parts.next() {
        Some(Value::String(text)) if !text.is_empty() => Value::from(text).to_string(),
        _ => Value::from(otherwise).to_string(),
    };
    let file = format!(
        "[[contract]]\nname = \"shop\"\n[[contract.type]]\ntype = \"shop::Terms\"\n\
         parameters = [\"T\"]\nfields = [{}]\n[[contract.event]]\ntype = \"shop::Sold\"\n\
         fields = [\"buyer: address\", {}]\nactivities = [{{ account = {}, kind = \"k\", \
         direction = \"in\", amount = {}, coin = {} }}]\n",
        part("currency: string"),
        part("terms: shop::Terms<u8>"),
        part("buyer"),
        part("buyer"),
        part("terms.currency"),
    );
    let built = ContractFile::parse("shop.toml", &file).and_then(|parsed| {
        let files = [("shop.toml".to_owned(), parsed)];
        Registry::new(&files, &PackageIds::new())
    });
    if let Err(error) = built {
        assert!(
            error.to_string().starts_with("contract file shop.toml"),
            "{error}"
        );
    }
    // The bytes as a whole file: whatever they are, an answer.
    let _ = ContractFile::parse("whole.toml", &text);
}
