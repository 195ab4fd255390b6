//! Layouts from contract files and from packages, and the checks of what is declared against them.

use vigia_contracts::{
    ContractFile, Datatypes, EventError, InterpretError, Interpreter, PackageIds, Registry, Told,
};
use vigia_core::{
    Address, Datatype, DatatypeField, DatatypeName, DatatypeShape, FieldType, StructTag,
};

use crate::support::{bytes_of, made};
use crate::wallet::{ANA, BETO, book, short};

const SHOP: Address = Address::new([0x77; 32]);

/// A contract with a nested struct, an enum, a generic type and an option.
const DECLARED: &str = r#"
[[contract]]
name = "shop"

[[contract.type]]
type = "shop::Price"
parameters = ["T"]
fields = ["amount: T", "code: string"]

[[contract.type]]
type = "shop::State"
variants = [
  { name = "Open" },
  { name = "Sold", fields = ["buyer: address", "price: shop::Price<u64>"] },
]

[[contract.event]]
type = "shop::Moved"
fields = ["item: u64", "seller: address", "state: shop::State", "tip: option<u16>"]
object = "item"
business_id = "item"
activities = [
  { account = "seller", kind = "sold", direction = "in", amount = "state.price.amount", coin = "=0x2::sui::SUI", counterparty = "state.buyer" },
]
"#;

fn ids() -> PackageIds {
    [("shop".to_owned(), vec![SHOP])].into_iter().collect()
}

fn registry(text: &str, datatypes: Datatypes) -> Result<Registry, String> {
    let file = ContractFile::parse("shop.toml", text).map_err(|error| error.to_string())?;
    let files = [("shop.toml".to_owned(), file)];
    let told = Told {
        datatypes,
        ..Told::default()
    };
    Registry::with_told(&files, &ids(), &told).map_err(|error| error.to_string())
}

fn name(text: &str) -> DatatypeName {
    let tag = format!("{SHOP}::{text}")
        .parse::<StructTag>()
        .expect("a type");
    DatatypeName::from(&tag)
}

fn told(declared: &[(&str, &[(&str, FieldType)])]) -> Datatypes {
    let datatype = |(of, fields): &(&str, &[(&str, FieldType)])| {
        let fields = fields.iter().map(|(name, field_type)| DatatypeField {
            name: (*name).to_owned(),
            field_type: field_type.clone(),
        });
        let datatype = Datatype {
            type_parameters: 0,
            shape: DatatypeShape::Struct(fields.collect()),
        };
        (name(of), datatype)
    };
    declared.iter().map(datatype).collect()
}

/// A sale in BCS: item, seller, variant 1 with its fields, no tip.
fn sale() -> Vec<u8> {
    let sold = (ANA, 300u64, "USD");
    [bytes_of(&(7u64, BETO)), vec![1], bytes_of(&sold), vec![0]].concat()
}

#[test]
fn declared_types_nest_and_paths_lead_into_them() {
    let registry = registry(DECLARED, Datatypes::default()).unwrap();
    assert!(registry.missing().is_empty());
    let interpreter = Interpreter::new(std::sync::Arc::new(registry));
    let sold = made(ANA).emits(SHOP, ("shop", "Moved"), sale());
    let meant = interpreter.interpret(&sold.0, &book()).unwrap();
    let event = &meant.business_events[0];
    assert_eq!(
        event.fields["state"],
        serde_json::json!({
            "$variant": "Sold",
            "buyer": ANA.to_string(),
            "price": { "amount": "300", "code": "USD" },
        })
    );
    let folded = vigia_core::BusinessFolder::fold(
        &interpreter,
        &event.key,
        std::slice::from_ref(event),
        &book(),
    );
    assert_eq!(short(&folded.activities[0]), "2 sold in 300 SUI -");
    assert_eq!(folded.activities[0].counterparty, Some(ANA));
}

#[test]
fn a_variant_that_nobody_declared_is_no_money() {
    let registry = registry(DECLARED, Datatypes::default()).unwrap();
    let interpreter = Interpreter::new(std::sync::Arc::new(registry));
    let mut contents = sale();
    contents[40] = 2;
    let unknown = made(ANA).emits(SHOP, ("shop", "Moved"), contents);
    let error = interpreter.interpret(&unknown.0, &book()).unwrap_err();
    assert!(error.to_string().contains("do not fit"), "{error}");
    // An open item has no price: an activity without an amount, not one of zero.
    let open = [bytes_of(&(7u64, BETO)), vec![0, 0]].concat();
    let open = made(ANA).emits(SHOP, ("shop", "Moved"), open);
    let meant = interpreter.interpret(&open.0, &book()).unwrap();
    let event = &meant.business_events[0];
    let folded = vigia_core::BusinessFolder::fold(
        &interpreter,
        &event.key,
        std::slice::from_ref(event),
        &book(),
    );
    assert_eq!(short(&folded.activities[0]), "2 sold in - - -");
}

#[test]
fn what_the_package_tells_need_not_be_declared() {
    let text = r#"
[[contract]]
name = "shop"
[[contract.event]]
type = "shop::Sold"
activities = [{ account = "terms.buyer", kind = "bought", direction = "out" }]
"#;
    let unknown = registry(text, Datatypes::default()).unwrap();
    assert_eq!(
        unknown.missing().iter().collect::<Vec<_>>(),
        [&name("shop::Sold")]
    );
    let sold = made(ANA).emits(SHOP, ("shop", "Sold"), bytes_of(&(ANA, 5u64)));
    let interpreter = Interpreter::new(std::sync::Arc::new(unknown));
    let error = interpreter.interpret(&sold.0, &book()).unwrap_err();
    assert!(
        matches!(error, InterpretError::UnknownLayout { .. }),
        "{error}"
    );

    let terms = FieldType::Named(name("shop::Terms"), vec![]);
    let half = told(&[("shop::Sold", &[("terms", terms.clone())])]);
    let half = registry(text, half).unwrap();
    assert_eq!(
        half.missing().iter().collect::<Vec<_>>(),
        [&name("shop::Terms")]
    );

    let fields = [("buyer", FieldType::Address), ("price", FieldType::U64)];
    let whole = told(&[
        ("shop::Sold", &[("terms", terms)]),
        ("shop::Terms", &fields),
    ]);
    let whole = registry(text, whole).unwrap();
    assert!(whole.missing().is_empty());
    let interpreter = Interpreter::new(std::sync::Arc::new(whole));
    let meant = interpreter.interpret(&sold.0, &book()).unwrap();
    assert_eq!(short(&meant.activities[0]), "1 bought out - - -");
}

#[test]
fn events_that_nobody_declared_are_shown_by_their_package() {
    let fields = [("price", FieldType::U64)];
    let registry = registry("", told(&[("shop::Priced", &fields)])).unwrap();
    let tag = format!("{SHOP}::shop::Priced")
        .parse::<StructTag>()
        .unwrap();
    let decoded = registry.decode_event(&tag, &bytes_of(&5u64)).unwrap();
    assert_eq!(decoded["price"], "5");
    assert!(matches!(
        registry.decode_event(&tag, &[1]),
        Err(EventError::Bytes(_))
    ));
    // A look-alike has no layout of its own.
    let other = "0x78::shop::Priced".parse::<StructTag>().unwrap();
    assert!(matches!(
        registry.decode_event(&other, &bytes_of(&5u64)),
        Err(EventError::Layout(_))
    ));
}

/// Every mistake with the line it stands in and what the message has to say.
#[test]
fn mistakes_name_file_line_field_and_choices() {
    let mistakes = [
        (
            "\"state.price.amount\"",
            "\"state.price.amuont\"",
            23,
            "it has amount, code",
        ),
        (
            "\"state.price.amount\"",
            "\"state.price\"",
            23,
            "is a struct; expected an integer",
        ),
        (
            "account = \"seller\"",
            "account = \"item\"",
            23,
            "is a u64; expected an address",
        ),
        (
            "business_id = \"item\"",
            "business_id = \"tip\"",
            21,
            "is a option; expected an integer",
        ),
        (
            "price: shop::Price<u64>",
            "price: shop::Prize<u64>",
            19,
            "shop::Prize",
        ),
        (
            "price: shop::Price<u64>",
            "price: shop::Price",
            19,
            "1 type parameters, not 0",
        ),
        ("amount: T", "amount: U", 8, "\"U\" is not a type"),
        ("\"shop::Moved\"", "\"Moved\"", 18, "expected module::Name"),
        (
            "\"=0x2::sui::SUI\"",
            "\"=sui\"",
            23,
            "expected package::module::NAME",
        ),
    ];
    for (right, wrong, line, expected) in mistakes {
        assert!(DECLARED.contains(right), "{right}");
        let text = DECLARED.replacen(right, wrong, 1);
        // Without a package id no node could be asked.
        let file = ContractFile::parse("shop.toml", &text).unwrap();
        let built = Registry::new(&[("shop.toml".to_owned(), file)], &PackageIds::new());
        let error = built.unwrap_err().to_string();
        assert!(
            error.starts_with("contract file shop.toml, line ") && error.contains(expected),
            "{wrong}: {error}"
        );
        assert!(
            error.contains(&format!("line {line},")),
            "{wrong}: line {line}: {error}"
        );
    }
}

#[test]
fn declared_fields_have_to_agree_with_the_package() {
    let text = r#"
[[contract]]
name = "shop"
[[contract.event]]
type = "shop::Sold"
fields = [
  "buyer: address",
  "price: u64",
]
"#;
    let agreeing = told(&[(
        "shop::Sold",
        &[("who", FieldType::Address), ("n", FieldType::U64)],
    )]);
    assert!(registry(text, agreeing).is_ok());
    for fields in [
        &[("who", FieldType::Address), ("n", FieldType::U128)][..],
        &[("who", FieldType::Address)],
        &[],
    ] {
        let error = registry(text, told(&[("shop::Sold", fields)])).unwrap_err();
        assert!(error.contains("is not as its package has it"), "{error}");
    }
    let wrong = told(&[(
        "shop::Sold",
        &[("who", FieldType::Address), ("n", FieldType::U128)],
    )]);
    let error = registry(text, wrong).unwrap_err();
    assert!(
        error.contains("line 8") && error.contains("n: u128"),
        "{error}"
    );
}

#[test]
fn an_amount_beyond_i128_is_marked_and_no_money() {
    let text = r#"
[[contract]]
name = "shop"
[[contract.event]]
type = "shop::Sold"
fields = ["buyer: address", "price: u256"]
activities = [{ account = "buyer", kind = "bought", direction = "out", amount = "price", coin = "=0x2::sui::SUI" }]
"#;
    let registry = registry(text, Datatypes::default()).unwrap();
    let interpreter = Interpreter::new(std::sync::Arc::new(registry));
    let meant = |price: [u8; 32]| {
        let sold = made(ANA).emits(SHOP, ("shop", "Sold"), bytes_of(&(ANA, price)));
        let meant = interpreter.interpret(&sold.0, &book()).unwrap();
        let activity = meant.activities.into_iter().next().unwrap();
        (short(&activity), activity.details["unread"].clone())
    };
    let mut largest = [0u8; 32];
    largest[..16].copy_from_slice(&i128::MAX.to_le_bytes());
    let shown = format!("1 bought out {} SUI -", i128::MAX);
    assert_eq!(meant(largest), (shown, serde_json::Value::Null));
    let mut beyond = [0u8; 32];
    beyond[15] = 0x80;
    for price in [beyond, [0xff; 32]] {
        let (shown, unread) = meant(price);
        assert_eq!(
            (shown.as_str(), unread),
            ("1 bought out - - -", "amount".into())
        );
    }
}
