//! The text of a type in a contract file: `vector<option<u64>>`, `Terms`, `0x2::coin::Coin<T>`.

use vigia_core::{
    Address, DatatypeName, FIELD_TYPE_DEPTH_MAX, FieldType, Identifier, parse_address,
};

use super::{MOVE_STDLIB, SUI_FRAMEWORK};

/// What names in the text of a type may refer to.
pub(crate) struct TypeScope<'a> {
    /// The package that `module::Name` is of.
    pub(crate) package: Address,
    /// Names of type parameters, in order.
    pub(crate) parameters: &'a [String],
}

impl TypeScope<'_> {
    /// No parameters, and a package that nobody has.
    #[cfg(test)]
    pub(crate) fn bare() -> Self {
        Self {
            package: Address::ZERO,
            parameters: &[],
        }
    }
}

/// Reads the text of a type; an error says what would be one.
pub(crate) fn parse_type(text: &str, scope: &TypeScope<'_>) -> Result<FieldType, String> {
    parse_nested(text.trim(), scope, FIELD_TYPE_DEPTH_MAX)
}

fn parse_nested(text: &str, scope: &TypeScope<'_>, depth: usize) -> Result<FieldType, String> {
    let unknown = || {
        format!(
            "{text:?} is not a type (bool, u8, u16, u32, u64, u128, u256, address, id, string, \
             vector<T>, option<T>, module::Name, 0xPACKAGE::module::Name<T>)"
        )
    };
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| format!("{text:?} is nested deeper than {FIELD_TYPE_DEPTH_MAX} levels"))?;
    if let Some(position) = scope.parameters.iter().position(|name| name == text) {
        let position = u16::try_from(position).map_err(|_| unknown())?;
        return Ok(FieldType::Parameter(position));
    }
    let (head, arguments) = split_arguments(text).ok_or_else(unknown)?;
    let mut arguments = arguments
        .into_iter()
        .map(|argument| parse_nested(argument, scope, depth))
        .collect::<Result<Vec<_>, _>>()?;
    let framework = |address, module, name| {
        let name = DatatypeName {
            package: address,
            module: Identifier::from_static(module),
            name: Identifier::from_static(name),
        };
        |arguments| FieldType::Named(name, arguments)
    };
    Ok(match (head, arguments.len()) {
        ("bool", 0) => FieldType::Bool,
        ("u8", 0) => FieldType::U8,
        ("u16", 0) => FieldType::U16,
        ("u32", 0) => FieldType::U32,
        ("u64", 0) => FieldType::U64,
        ("u128", 0) => FieldType::U128,
        ("u256", 0) => FieldType::U256,
        ("address", 0) => FieldType::Address,
        ("id", 0) => framework(SUI_FRAMEWORK, "object", "ID")(arguments),
        ("string", 0) => framework(MOVE_STDLIB, "string", "String")(arguments),
        ("option", 1) => framework(MOVE_STDLIB, "option", "Option")(arguments),
        ("vector", 1) => FieldType::Vector(Box::new(arguments.remove(0))),
        _ => {
            let name = parse_name(head, scope.package).ok_or_else(unknown)?;
            FieldType::Named(name, arguments)
        }
    })
}

/// `head<a, b<c>>` as `head` and `a`, `b<c>`.
fn split_arguments(text: &str) -> Option<(&str, Vec<&str>)> {
    let Some((head, rest)) = text.split_once('<') else {
        return Some((text, Vec::new()));
    };
    let inner = rest.strip_suffix('>')?;
    let (mut arguments, mut start, mut open) = (Vec::new(), 0, 0usize);
    for (position, letter) in inner.char_indices() {
        match letter {
            '<' => open += 1,
            '>' => open = open.checked_sub(1)?,
            ',' if open == 0 => {
                arguments.push(inner[start..position].trim());
                start = position + 1;
            }
            _ => {}
        }
    }
    arguments.push(inner[start..].trim());
    (open == 0).then_some((head.trim(), arguments))
}

/// `module::Name` of `package`, or with a package of its own.
fn parse_name(text: &str, package: Address) -> Option<DatatypeName> {
    let parts: Vec<&str> = text.split("::").collect();
    let (package, module, name) = match parts[..] {
        [module, name] => (package, module, name),
        [address, module, name] => (parse_address(address).ok()?, module, name),
        _ => return None,
    };
    Some(DatatypeName {
        package,
        module: Identifier::new(module).ok()?,
        name: Identifier::new(name).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parameters_and_arguments_are_read() {
        let parameters = ["T".to_owned()];
        let scope = TypeScope {
            package: Address::new([7; 32]),
            parameters: &parameters,
        };
        let parsed = parse_type("vector< shop::Pair<T, 0x2::coin::Coin<u8>> >", &scope).unwrap();
        let FieldType::Vector(pair) = parsed else {
            panic!("{parsed:?}");
        };
        let FieldType::Named(name, arguments) = *pair else {
            panic!("{pair:?}");
        };
        assert_eq!(name.package, scope.package);
        assert_eq!(arguments[0], FieldType::Parameter(0));
        let FieldType::Named(coin, of) = &arguments[1] else {
            panic!("{arguments:?}");
        };
        assert_eq!(
            (coin.package, &of[..]),
            (SUI_FRAMEWORK, &[FieldType::U8][..])
        );
    }

    #[test]
    fn what_is_no_type_is_refused_with_the_choices() {
        for text in [
            "u65",
            "vector",
            "vector<u8",
            "vector<u8>>",
            "option<u8,u8>",
            "Name",
            "a::b::c::d",
            "",
            "<u8>",
        ] {
            let error = parse_type(text, &TypeScope::bare()).unwrap_err();
            assert!(
                error.contains("u128") && error.contains("option<T>"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn depth_has_an_edge() {
        let nested = |levels: usize| {
            let text = format!("{}u8{}", "vector<".repeat(levels), ">".repeat(levels));
            parse_type(&text, &TypeScope::bare())
        };
        assert!(nested(FIELD_TYPE_DEPTH_MAX - 1).is_ok());
        let error = nested(FIELD_TYPE_DEPTH_MAX).unwrap_err();
        assert!(error.contains("16 levels"), "{error}");
    }
}
