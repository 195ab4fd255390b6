//! Money in columns: an i128 in 16 order-preserving bytes (SQLite) or NUMERIC(39,0) (Postgres).
//!
//! SQLite's NUMERIC affinity and SUM turn large integers into floating point, so there the bytes are
//! opaque to it and only compare as the numbers do (I-12).

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};

/// An amount in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(pub(crate) i128);

const SIGN_BIT: u128 = 1 << 127;
/// Object ids that `pg_type.dat` fixes for NUMERIC and its array.
const NUMERIC: Oid = Oid(1700);
const NUMERIC_ARRAY: Oid = Oid(1231);
/// A digit of NUMERIC's wire form holds four decimal ones.
const BASE: u128 = 10_000;
const NEGATIVE: u16 = 0x4000;

impl Money {
    fn to_sortable(self) -> [u8; 16] {
        (self.0.cast_unsigned() ^ SIGN_BIT).to_be_bytes()
    }

    fn from_sortable(bytes: &[u8]) -> Result<Self, BoxDynError> {
        let found = bytes.len();
        let bytes: [u8; 16] = bytes
            .try_into()
            .map_err(|_| format!("money is 16 bytes, not {found}"))?;
        Ok(Self((u128::from_be_bytes(bytes) ^ SIGN_BIT).cast_signed()))
    }

    /// The binary form of NUMERIC (`numeric_send` in Postgres' numeric.c): number of digits, weight of
    /// the first, sign, digits after the point, then the digits to base 10,000.
    fn to_numeric(self) -> Vec<u8> {
        let mut left = self.0.unsigned_abs();
        let mut digits = Vec::new();
        while left > 0 {
            digits.push(u16::try_from(left % BASE).expect("a remainder is below the base"));
            left /= BASE;
        }
        let count = u16::try_from(digits.len()).expect("39 decimal digits are ten of these");
        let sign = if self.0 < 0 { NEGATIVE } else { 0 };
        let words = [count, count.saturating_sub(1), sign, 0];
        let words = words.into_iter().chain(digits.into_iter().rev());
        words.flat_map(u16::to_be_bytes).collect()
    }

    fn from_numeric(bytes: &[u8]) -> Result<Self, BoxDynError> {
        let words: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        let [count, weight, sign, scale, digits @ ..] = &words[..] else {
            return Err("NUMERIC is cut short".into());
        };
        if *scale != 0 || digits.len() != usize::from(*count) || *sign & !NEGATIVE != 0 {
            return Err("NUMERIC is not a whole number".into());
        }
        // Trailing zeros are not sent: the weight says how many digits there are before the point.
        let whole = if *count == 0 {
            0
        } else {
            usize::from(*weight) + 1
        };
        let padded = digits.iter().copied().chain(std::iter::repeat(0));
        let mut magnitude = 0u128;
        for digit in padded.take(whole) {
            magnitude = magnitude
                .checked_mul(BASE)
                .and_then(|shifted| shifted.checked_add(digit.into()))
                .ok_or("NUMERIC is beyond 128 bits")?;
        }
        let value = match *sign {
            NEGATIVE => 0i128.checked_sub_unsigned(magnitude),
            _ => i128::try_from(magnitude).ok(),
        };
        Ok(Self(value.ok_or("NUMERIC is beyond 128 bits")?))
    }
}

impl Type<Sqlite> for Money {
    fn type_info() -> SqliteTypeInfo {
        <Vec<u8> as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Money {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.to_sortable().to_vec(), buffer)
    }
}

impl Decode<'_, Sqlite> for Money {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Self::from_sortable(<&[u8] as Decode<Sqlite>>::decode(value)?)
    }
}

impl Type<Postgres> for Money {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC)
    }
}

impl PgHasArrayType for Money {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC_ARRAY)
    }
}

impl Encode<'_, Postgres> for Money {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.to_numeric());
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Money {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Self::from_numeric(value.as_bytes()?),
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISING: [i128; 11] = [
        i128::MIN,
        -(1 << 64),
        -10_000,
        -1,
        0,
        1,
        9_999,
        10_000,
        1 << 63,
        1 << 64,
        i128::MAX,
    ];

    #[test]
    fn bytes_compare_as_the_numbers_do() {
        let stored = RISING.map(|minor| Money(minor).to_sortable());
        assert!(stored.is_sorted());
        for (minor, bytes) in RISING.into_iter().zip(stored) {
            assert_eq!(Money::from_sortable(&bytes).unwrap(), Money(minor));
        }
        assert!(Money::from_sortable(&[1]).is_err());
    }

    #[test]
    fn numerics_come_back() {
        for minor in RISING.into_iter().chain([100_000_000, -70_000_000_000]) {
            let bytes = Money(minor).to_numeric();
            assert_eq!(Money::from_numeric(&bytes).unwrap(), Money(minor));
        }
        // As Postgres sends a million of millions: one digit and its weight.
        let sent = [0, 1, 0, 3, 0, 0, 0, 0, 0, 1];
        assert_eq!(
            Money::from_numeric(&sent).unwrap(),
            Money(1_000_000_000_000)
        );
    }

    #[test]
    fn what_is_no_whole_number_of_128_bits_is_refused() {
        let one_and_a_half = [0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 0x13, 0x88];
        let not_a_number = [0, 0, 0, 0, 0xc0, 0, 0, 0];
        let large = [0, 1, 0, 30, 0, 0, 0, 0, 0, 1];
        for bytes in [&one_and_a_half[..], &not_a_number, &large, &[0, 1]] {
            assert!(Money::from_numeric(bytes).is_err(), "{bytes:?}");
        }
    }
}
