//! Errors as clients see them: a code to act on, what was wrong and how to mend it, no internals.

use std::borrow::Borrow;
use std::error::Error as _;

use async_graphql::{Error, ErrorExtensionValues, ErrorExtensions, ServerError};
use vigia_store::StoreError;

/// The request is wrong; sending it again changes nothing.
pub(super) const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
/// The document is not a query of this schema, or goes beyond its limits.
pub(super) const BAD_QUERY: &str = "BAD_QUERY";
/// Who asks may not do this.
pub(super) const FORBIDDEN: &str = "FORBIDDEN";
/// Who asks is not known.
pub(super) const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
/// A token that counts names nobody who is a user here.
pub(super) const UNKNOWN_SUBJECT: &str = "UNKNOWN_SUBJECT";
/// Something failed here; the log says what.
pub(super) const INTERNAL: &str = "INTERNAL";
/// Out of reach for the moment; the same request may succeed later.
pub(super) const UNAVAILABLE: &str = "UNAVAILABLE";

/// That `argument` is wrong: `problem` says how, `expected` what would be right.
pub(super) fn bad_input(argument: &str, problem: impl std::fmt::Display, expected: &str) -> Error {
    Error::new(format!("{argument}: {problem}")).extend_with(|_, extensions| {
        extensions.set("code", BAD_USER_INPUT);
        extensions.set("argument", argument);
        extensions.set("expected", expected);
    })
}

/// That only operators may do this.
pub(super) fn operators_only() -> Error {
    forbidden("this is for operators")
}

/// That who asks may not do this, and what would be needed.
pub(super) fn forbidden(why: &str) -> Error {
    Error::new(why).extend_with(|_, extensions| extensions.set("code", FORBIDDEN))
}

/// That this cannot be done here or now, and why.
pub(super) fn unavailable(why: &str) -> Error {
    Error::new(why).extend_with(|_, extensions| extensions.set("code", UNAVAILABLE))
}

/// What a client learns of a failure of the store; the log gets the rest.
pub(super) fn internal(error: impl Borrow<StoreError>) -> Error {
    let error = error.borrow();
    let (code, message) = if error.is_transient() {
        (UNAVAILABLE, "the database is not available; try again")
    } else {
        (
            INTERNAL,
            "something failed on the server; its log says what",
        )
    };
    tracing::error!(error = error as &dyn std::error::Error, source = ?error.source(), "query failed");
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// Gives an error a code, unless it has one.
pub(super) fn code(error: &mut ServerError, code: &str) {
    let extensions = error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(error: &Error) -> String {
        let extensions = error.extensions.as_ref().unwrap();
        extensions.get("code").unwrap().to_string()
    }

    #[test]
    fn failures_tell_no_internals() {
        let damaged = internal(StoreError::Damaged {
            what: "sender",
            problem: "1 bytes in /var/lib/vigia.db".to_owned(),
        });
        assert_eq!(code_of(&damaged), "\"INTERNAL\"");
        assert!(!damaged.message.contains("vigia.db"), "{}", damaged.message);
    }

    #[test]
    fn codes_are_given_once() {
        let mut error = ServerError::new("no", None);
        code(&mut error, BAD_QUERY);
        code(&mut error, INTERNAL);
        let extensions = error.extensions.unwrap();
        assert_eq!(extensions.get("code"), Some(&BAD_QUERY.into()));
    }
}
