//! Canonical texts of addresses and types, as the SDK writes them and several times faster: they are keys
//! of what is stored, and interpretation writes some ten of them a transaction.

use sui_sdk_types::{Address, StructTag, TypeTag};

/// `0x` and 64 digits.
pub fn address_text(address: &Address) -> String {
    let mut text = String::with_capacity(ADDRESS_CHARACTERS);
    push_address(&mut text, address);
    text
}

/// `0xPACKAGE::module::NAME`, with its parameters where it has some.
pub fn type_text(tag: &TypeTag) -> String {
    match tag {
        TypeTag::Struct(tag) => struct_text(tag),
        other => other.to_string(),
    }
}

/// The same of a struct's type.
pub fn struct_text(tag: &StructTag) -> String {
    if !tag.type_params().is_empty() {
        return tag.to_string();
    }
    let (module, name) = (tag.module().as_str(), tag.name().as_str());
    let mut text = String::with_capacity(ADDRESS_CHARACTERS + 4 + module.len() + name.len());
    push_address(&mut text, tag.address());
    for part in [module, name] {
        text.push_str("::");
        text.push_str(part);
    }
    text
}

const ADDRESS_CHARACTERS: usize = 2 + 2 * Address::LENGTH;

fn push_address(text: &mut String, address: &Address) {
    let mut digits = [0; 2 * Address::LENGTH];
    hex::encode_to_slice(address.as_bytes(), &mut digits).expect("two digits a byte");
    text.push_str("0x");
    text.push_str(std::str::from_utf8(&digits).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_read_as_the_sdk_writes_them(bytes: [u8; 32]) {
            let address = Address::new(bytes);
            prop_assert_eq!(address_text(&address), address.to_string());
        }
    }

    #[test]
    fn types_read_as_the_sdk_writes_them() {
        let sui = TypeTag::from(StructTag::sui());
        let pool = StructTag::coin(TypeTag::from(StructTag::coin(sui.clone())));
        for tag in [
            sui,
            pool.into(),
            TypeTag::U64,
            TypeTag::Vector(Box::new(TypeTag::U8)),
        ] {
            assert_eq!(type_text(&tag), tag.to_string());
        }
    }
}
