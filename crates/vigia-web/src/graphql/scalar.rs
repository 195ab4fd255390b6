//! Numbers that JSON readers take as they are.

use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};

/// Largest integer that every JSON reader takes exactly.
const SAFE_MAX: u64 = (1 << 53) - 1;

/// A number that may be beyond what JSON readers hold.
#[derive(Clone, Copy)]
pub(super) struct UInt53(pub(super) u64);

/// A whole number from 0 to 2^53 - 1, as a JSON number. A larger one, as no real chain has, comes as
/// text.
#[Scalar(name = "UInt53")]
impl ScalarType for UInt53 {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number
            .map(Self)
            .ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        if self.0 <= SAFE_MAX {
            Value::Number(Number::from(self.0))
        } else {
            Value::String(self.0.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_numbers_are_text() {
        assert_eq!(
            UInt53(SAFE_MAX).to_value(),
            Value::from(9_007_199_254_740_991_u64)
        );
        assert_eq!(
            UInt53(SAFE_MAX + 1).to_value(),
            Value::from("9007199254740992")
        );
    }
}
