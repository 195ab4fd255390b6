//! Which items of a checkpoint a request wants: all, or those a filter matches.

use super::{face::Face, filter::Filter, scan::Item, stored::Stored};

/// The checkpoint, if any of its transactions matches.
pub(crate) fn checkpoints(stored: &Stored, filter: Option<&Filter>) -> Vec<Item> {
    let mut transactions = stored.transactions().iter();
    let wanted = filter.is_none_or(|filter| transactions.any(|t| filter.matches(t)));
    if wanted {
        vec![Item::Checkpoint]
    } else {
        vec![]
    }
}

/// The transactions that match.
pub(crate) fn transactions(stored: &Stored, filter: Option<&Filter>) -> Vec<Item> {
    let transactions = stored.transactions().iter().enumerate();
    transactions
        .filter(|(_, executed)| filter.is_none_or(|filter| filter.matches(executed)))
        .map(|(index, _)| Item::Transaction(index))
        .collect()
}

/// The events that match.
pub(crate) fn events(stored: &Stored, filter: Option<&Filter>) -> Vec<Item> {
    let mut items = vec![];
    for (transaction, executed) in stored.transactions().iter().enumerate() {
        let events = executed.events.iter().flat_map(|events| &events.0);
        for (index, event) in events.enumerate() {
            if filter.is_none_or(|filter| filter.matches_event(executed, event)) {
                items.push(Item::Event(transaction, index));
            }
        }
    }
    items
}

/// Items of one kind as a face gives them: with a filter, without what it hides.
pub(crate) fn of_filter(
    face: &Face,
    stored: &Stored,
    filter: Option<&Filter>,
    items: fn(&Stored, Option<&Filter>) -> Vec<Item>,
) -> Vec<Item> {
    let mut items = items(stored, filter);
    if filter.is_some() && !items.is_empty() && face.hides(stored) {
        items.clear();
    }
    items
}
