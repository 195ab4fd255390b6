//! Invoices: what an account asks to be paid under a business id, and what payments with that id add up to.
//!
//! An invoice is the application's word, payments are the chain's: how far an invoice is settled is not kept
//! anywhere but follows from both, whichever came first.

use serde_json::{Map, Value, json};
use sui_sdk_types::Address;

use crate::input::text_problem;
use crate::{AccountId, parse_address};

/// Longest note on an invoice in bytes (I-13).
pub const INVOICE_NOTE_BYTES_MAX: usize = 1_000;
/// Longest business id of an invoice in bytes (I-13).
pub const INVOICE_ID_BYTES_MAX: usize = 200;
/// Where the data of a business object has what was paid under its id.
pub const RECEIVED: &str = "$received";

/// What one address received of one coin under one business id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Who was paid.
    pub to: Address,
    /// In which coin, in canonical text.
    pub coin_type: String,
    /// The sum of what was paid, in minor units, fees not taken off.
    pub amount: i128,
    /// How many payments that was; those of nothing are none.
    pub payments: u32,
    /// How much the last of them was, in the order of the chain.
    pub last: i128,
}

/// Adds up payments, in the order of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipts(Vec<Received>);

impl Receipts {
    /// Counts one payment. One that would go beyond i128 is not added: there is no such amount of any coin.
    pub fn add(&mut self, to: Address, coin_type: &str, amount: i128) {
        if amount <= 0 {
            return;
        }
        let known = self.0.iter_mut();
        let mut same = known.filter(|known| known.to == to && known.coin_type == coin_type);
        let Some(received) = same.next() else {
            self.0.push(Received {
                to,
                coin_type: coin_type.to_owned(),
                amount,
                payments: 1,
                last: amount,
            });
            return;
        };
        if let Some(sum) = received.amount.checked_add(amount) {
            received.amount = sum;
            received.payments = received.payments.saturating_add(1);
            received.last = amount;
        }
    }

    /// As JSON, for the data of a business object; null where nothing was paid.
    pub fn to_json(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        let all = self.0.iter().map(|received| {
            json!({
                "to": received.to.to_string(),
                "coin": received.coin_type,
                "amount": received.amount.to_string(),
                "payments": received.payments,
                "last": received.last.to_string(),
            })
        });
        all.collect()
    }

    /// From the data of a business object. What is of another shape was written by nobody here, and is nothing.
    pub fn of_data(data: &Value) -> Self {
        let all = data.get(RECEIVED).and_then(Value::as_array);
        let all = all.into_iter().flatten().filter_map(Value::as_object);
        Self(all.filter_map(received).collect())
    }

    fn of(&self, to: &Address, coin_type: &str) -> Option<&Received> {
        let mut all = self.0.iter();
        all.find(|received| received.to == *to && received.coin_type == coin_type)
    }
}

fn received(fields: &Map<String, Value>) -> Option<Received> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    Some(Received {
        to: parse_address(text("to")?).ok()?,
        coin_type: text("coin")?.to_owned(),
        amount: text("amount")?.parse().ok()?,
        payments: u32::try_from(fields.get("payments")?.as_u64()?).ok()?,
        last: text("last")?.parse().ok()?,
    })
}

/// What somebody is asked to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The declared contract it is to be paid through.
    pub contract: String,
    /// The kind of business object that its payments are.
    pub object: String,
    /// The id that payments name.
    pub business_id: String,
    /// Who asks.
    pub account: AccountId,
    /// The address of the account that is to be paid.
    pub address: Address,
    /// In which coin, in canonical text.
    pub coin_type: String,
    /// How much, in minor units; above nothing.
    pub amount: i128,
    /// What for, in the words of who asks; may be empty.
    pub note: String,
    /// Until when, in milliseconds since 1970.
    pub due_at_ms: Option<u64>,
}

impl Invoice {
    /// What is wrong with it, where something is.
    pub fn problem(&self) -> Option<String> {
        let texts = [
            ("business id", &*self.business_id, INVOICE_ID_BYTES_MAX),
            ("note", &*self.note, INVOICE_NOTE_BYTES_MAX),
        ];
        if let Some(problem) = text_problem(&texts) {
            return Some(problem);
        }
        if self.business_id.is_empty() {
            return Some("the business id is empty".to_owned());
        }
        (self.amount <= 0).then(|| {
            format!(
                "{} minor units cannot be asked for: expected 1 or more",
                self.amount
            )
        })
    }

    /// How far it is settled at `now_ms`, by all that was paid under its id. Only what its address received of
    /// its coin counts.
    pub fn settle(&self, receipts: &Receipts, cancelled: bool, now_ms: u64) -> Settlement {
        let received = receipts.of(&self.address, &self.coin_type);
        let paid = received.map_or(0, |received| received.amount);
        let last = received.map_or(0, |received| received.last);
        let state = match paid {
            0 if cancelled => InvoiceState::Cancelled,
            0 => InvoiceState::Open,
            paid if paid < self.amount => InvoiceState::Underpaid,
            paid if paid == self.amount => InvoiceState::Paid,
            // All before the last was enough already: somebody paid again what was paid.
            paid if paid - last >= self.amount => InvoiceState::Duplicate,
            _ => InvoiceState::Overpaid,
        };
        let is_wanting = matches!(state, InvoiceState::Open | InvoiceState::Underpaid);
        Settlement {
            state,
            paid,
            payments: received.map_or(0, |received| received.payments),
            is_overdue: is_wanting && !cancelled && self.due_at_ms.is_some_and(|due| due < now_ms),
        }
    }
}

/// How an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvoiceState {
    /// Nothing was paid.
    Open,
    /// Less was paid than asked for.
    Underpaid,
    /// As much.
    Paid,
    /// More, with the payment that completed it.
    Overpaid,
    /// More, since somebody paid when all was paid.
    Duplicate,
    /// Nothing was paid, and nothing is to be.
    Cancelled,
}

impl InvoiceState {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Underpaid => "underpaid",
            Self::Paid => "paid",
            Self::Overpaid => "overpaid",
            Self::Duplicate => "duplicate",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How far an invoice is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// In a word.
    pub state: InvoiceState,
    /// The sum of what was paid, in minor units.
    pub paid: i128,
    /// How many payments that was.
    pub payments: u32,
    /// Whether something is wanting after the time it was due.
    pub is_overdue: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COIN: &str = "0x2::sui::SUI";

    fn invoice(amount: i128) -> Invoice {
        Invoice {
            contract: "pay".to_owned(),
            object: "payment".to_owned(),
            business_id: "order 7".to_owned(),
            account: AccountId(1),
            address: Address::TWO,
            coin_type: COIN.to_owned(),
            amount,
            note: String::new(),
            due_at_ms: Some(1_000),
        }
    }

    fn settled(amount: i128, payments: &[i128]) -> Settlement {
        let mut receipts = Receipts::default();
        for payment in payments {
            receipts.add(Address::TWO, COIN, *payment);
            // Somebody else's, and another coin, count for nothing.
            receipts.add(Address::THREE, COIN, 5);
            receipts.add(Address::TWO, "0x3::b::B", 5);
        }
        let data = json!({ RECEIVED: receipts.to_json() });
        invoice(amount).settle(&Receipts::of_data(&data), false, 1_000)
    }

    #[test]
    fn payments_add_up_to_a_state() {
        use InvoiceState::{Duplicate, Open, Overpaid, Paid, Underpaid};
        let cases: &[(&[i128], InvoiceState, i128, u32)] = &[
            (&[], Open, 0, 0),
            (&[0], Open, 0, 0),
            (&[99], Underpaid, 99, 1),
            (&[100], Paid, 100, 1),
            (&[60, 40], Paid, 100, 2),
            (&[101], Overpaid, 101, 1),
            (&[60, 60], Overpaid, 120, 2),
            (&[100, 100], Duplicate, 200, 2),
            (&[60, 40, 1], Duplicate, 101, 3),
            (&[150, 1], Duplicate, 151, 2),
            (&[100, 0], Paid, 100, 1),
        ];
        for (payments, state, paid, count) in cases {
            let found = settled(100, payments);
            let expected = Settlement {
                state: *state,
                paid: *paid,
                payments: *count,
                is_overdue: false,
            };
            assert_eq!(found, expected, "{payments:?}");
        }
    }

    #[test]
    fn what_is_due_is_overdue_after_its_time() {
        let nothing = Receipts::default();
        let at = |now_ms, cancelled| invoice(5).settle(&nothing, cancelled, now_ms);
        assert!(!at(1_000, false).is_overdue && at(1_001, false).is_overdue);
        assert_eq!(at(1_001, true).state, InvoiceState::Cancelled);
        assert!(!at(1_001, true).is_overdue);
        let mut paid = Receipts::default();
        paid.add(Address::TWO, COIN, 5);
        let late = invoice(5).settle(&paid, true, 9_999);
        assert_eq!(late.state, InvoiceState::Paid, "money that came is shown");
        assert!(!late.is_overdue);
    }

    #[test]
    fn limits_are_tested_at_their_edge() {
        let with = |id: &str, note: &str, amount| Invoice {
            business_id: id.to_owned(),
            note: note.to_owned(),
            ..invoice(amount)
        };
        let (id, note) = (
            "i".repeat(INVOICE_ID_BYTES_MAX),
            "n".repeat(INVOICE_NOTE_BYTES_MAX),
        );
        assert_eq!(with(&id, &note, 1).problem(), None);
        for wrong in [
            with(&format!("{id}i"), "", 1),
            with("", "", 1),
            with("i\0", "", 1),
            with("i", &format!("{note}n"), 1),
            with("i", "", 0),
            with("i", "", -1),
        ] {
            assert!(wrong.problem().is_some(), "{wrong:?}");
        }
        assert_eq!(settled(i128::MAX, &[i128::MAX]).state, InvoiceState::Paid);
        assert_eq!(settled(i128::MAX, &[i128::MAX, 1]).paid, i128::MAX);
    }

    proptest! {
        /// The states but `overpaid` and `duplicate` depend on the sum alone, and those two together do.
        #[test]
        fn sums_do_not_depend_on_the_order(mut payments in proptest::collection::vec(0i128..50, 0..6), due in 1i128..100) {
            let first = settled(due, &payments);
            payments.reverse();
            let second = settled(due, &payments);
            prop_assert_eq!(first.paid, second.paid);
            prop_assert_eq!(first.payments, second.payments);
            prop_assert_eq!(first.paid > due, second.paid > due);
            // By the definition, payment by payment.
            let mut sum = 0;
            let mut is_duplicate = false;
            for payment in payments.iter().filter(|payment| **payment > 0) {
                is_duplicate |= sum >= due;
                sum += payment;
            }
            prop_assert_eq!(second.state == InvoiceState::Duplicate, is_duplicate);
        }
    }
}
