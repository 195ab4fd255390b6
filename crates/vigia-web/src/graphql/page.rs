//! Relay connections: most are newest first.

use async_graphql::connection::{Connection, Edge};
use async_graphql::{OutputType, Result};

use super::error::bad_input;

/// Rows of a page unless told otherwise.
pub(super) const FIRST_DEFAULT: u32 = 20;
/// Most rows of a page.
pub(super) const FIRST_MAX: u32 = 100;

/// How many rows a request wants.
pub(super) fn size(first: Option<i32>) -> Result<u32> {
    let Some(first) = first else {
        return Ok(FIRST_DEFAULT);
    };
    match u32::try_from(first) {
        Ok(first @ 1..=FIRST_MAX) => Ok(first),
        _ => Err(bad_input(
            "first",
            format!("{first} is not a page size"),
            "a number from 1 to 100",
        )),
    }
}

/// What a page costs: every row it may have.
pub(super) fn cost(first: Option<i32>, child_complexity: usize) -> usize {
    let rows = first.and_then(|first| usize::try_from(first).ok());
    rows.unwrap_or(20)
        .saturating_mul(child_complexity)
        .saturating_add(1)
}

/// The place a cursor means, where there is one.
pub(super) fn after<T>(after: Option<&str>, read: fn(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(text) = after else { return Ok(None) };
    match read(text) {
        Some(place) => Ok(Some(place)),
        None => Err(bad_input(
            "after",
            "this is not a cursor of this list",
            "endCursor of the page before, as it came",
        )),
    }
}

/// A page out of rows that were read with one more than the page has.
pub(super) fn connection<R, N: OutputType>(
    mut rows: Vec<R>,
    size: u32,
    cursor: fn(&R) -> String,
    node: impl Fn(R) -> N,
) -> Connection<String, N> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = rows.len() > size;
    rows.truncate(size);
    let mut connection = Connection::new(false, has_more);
    connection.edges.extend(rows.into_iter().map(|row| {
        let cursor = cursor(&row);
        Edge::new(cursor, node(row))
    }));
    connection
}
