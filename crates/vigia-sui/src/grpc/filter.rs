//! Filters of transactions in the protocol's words. Which are asked for is for `providers` to say.

use sui_rpc::proto::sui::rpc::v2::{self as proto, transaction_literal::Predicate};

/// Who signed it.
pub(crate) fn sender(address: &str) -> Predicate {
    let mut filter = proto::SenderFilter::default();
    filter.address = Some(address.to_owned());
    Predicate::Sender(filter)
}

/// Who owned or owns something that it changed.
pub(crate) fn affected(address: &str) -> Predicate {
    let mut filter = proto::AffectedAddressFilter::default();
    filter.address = Some(address.to_owned());
    Predicate::AffectedAddress(filter)
}

/// What it calls: a package, module or function.
pub(crate) fn calls(path: &str) -> Predicate {
    let mut filter = proto::MoveCallFilter::default();
    filter.function = Some(path.to_owned());
    Predicate::MoveCall(filter)
}

/// In whose call it emitted an event.
pub(crate) fn emits(path: &str) -> Predicate {
    let mut filter = proto::EmitModuleFilter::default();
    filter.module = Some(path.to_owned());
    Predicate::EmitModule(filter)
}

/// Of which type an event of it is, or of which package or module that type is.
pub(crate) fn has_event(path: &str) -> Predicate {
    let mut filter = proto::EventTypeFilter::default();
    filter.event_type = Some(path.to_owned());
    Predicate::EventType(filter)
}

/// Transactions of which one of these holds.
pub(crate) fn any_of(predicates: impl IntoIterator<Item = Predicate>) -> proto::TransactionFilter {
    let term = |predicate| {
        let mut literal = proto::TransactionLiteral::default();
        literal.predicate = Some(predicate);
        let mut term = proto::TransactionTerm::default();
        term.literals = vec![literal];
        term
    };
    let mut filter = proto::TransactionFilter::default();
    filter.terms = predicates.into_iter().map(term).collect();
    filter
}
