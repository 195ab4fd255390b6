//! Meanings in Rust beside declarations.

use std::sync::Arc;

use vigia_contracts::{
    ContractFile, HandledEvent, Handler, InterpretError, Interpreter, Meaning, PackageIds, Registry,
};
use vigia_core::{Address, Direction};
use vigia_devnet::Coin;

use crate::support::{bytes_of, made};
use crate::wallet::{ANA, BETO, STRANGER, book, short};

const SHOP: Address = Address::new([0x77; 32]);

const DECLARED: &str = r#"
[[contract]]
name = "shop"
[[contract.event]]
type = "shop::Sold"
fields = ["buyer: address", "price: u64", "discount: u64"]
activities = [{ account = "buyer", kind = "bought", direction = "out" }]
"#;

/// What is paid is the price without its discount, which no field holds.
#[derive(Debug)]
struct Discounts;

impl Handler for Discounts {
    fn contract(&self) -> &str {
        "shop"
    }

    fn meaning(&self, event: &HandledEvent<'_>) -> Option<Vec<Meaning>> {
        let number = |name: &str| event.fields[name].as_str()?.parse::<i128>().ok();
        let (price, discount) = (number("price")?, number("discount")?);
        assert_ne!(price, 13, "an unlucky price");
        if discount == 0 {
            return None;
        }
        Some(vec![Meaning {
            address: event.fields["buyer"].as_str()?.parse().ok()?,
            kind: "bargain".to_owned(),
            direction: Direction::Out,
            money: Some((Coin::Cusd.type_tag().to_string(), price - discount)),
            counterparty: Some(STRANGER),
            notify: None,
        }])
    }
}

fn interpreter() -> Interpreter {
    let file = ContractFile::parse("shop.toml", DECLARED).expect("it parses");
    let ids: PackageIds = [("shop".to_owned(), vec![SHOP])].into_iter().collect();
    let registry = Registry::new(&[("shop.toml".to_owned(), file)], &ids).expect("it is right");
    Interpreter::new(Arc::new(registry.with_handlers(vec![Arc::new(Discounts)])))
}

fn sold(price: u64, discount: u64) -> crate::support::Made {
    let contents = bytes_of(&(BETO, price, discount));
    made(ANA)
        .emits(SHOP, ("shop", "Sold"), contents)
        .moves(BETO, Coin::Cusd, -90)
}

#[test]
fn a_handler_says_what_a_declaration_cannot() {
    let transaction = sold(100, 10);
    let parties = interpreter().parties(&transaction.0);
    assert!(parties.contains(&BETO) && parties.contains(&STRANGER));
    let meant = interpreter().interpret(&transaction.0, &book()).unwrap();
    let shown: Vec<String> = meant.activities.iter().map(short).collect();
    // The coins that moved are explained by it: one meaning, not two.
    let bargains: Vec<&String> = shown.iter().filter(|line| line.starts_with("2 ")).collect();
    assert_eq!(bargains, ["2 bargain out 90 CUSD -"], "{shown:?}");
    assert_eq!(meant.activities[0].contract.as_deref(), Some("shop"));
}

#[test]
fn what_it_leaves_alone_is_as_declared() {
    let meant = interpreter().interpret(&sold(100, 0).0, &book()).unwrap();
    assert_eq!(short(&meant.activities[0]), "2 bought out - - -");
    // An amount below zero is none.
    let meant = interpreter().interpret(&sold(100, 200).0, &book()).unwrap();
    assert_eq!(short(&meant.activities[0]), "2 bargain out - - -");
}

#[test]
fn one_that_panics_fails_its_transaction_alone() {
    let unlucky = sold(13, 1);
    // Who has to be asked about is known all the same.
    assert!(interpreter().parties(&unlucky.0).contains(&BETO));
    let error = interpreter().interpret(&unlucky.0, &book()).unwrap_err();
    assert!(
        matches!(error, InterpretError::Handler { index: 0, .. }),
        "{error}"
    );
}
