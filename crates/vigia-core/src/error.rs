//! Errors as people read them.

use std::error::Error;

/// An error with its causes on one line, for logs where it is handled and for status. A cause is left
/// out where what is above it says the same: many libraries print their source themselves.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    /// The chain of errors with these texts, the outermost first.
    fn chain(texts: &[&'static str]) -> String {
        let link = texts.iter().rev().fold(None, |source, text| {
            let link = Link { text, source };
            Some(Box::new(link))
        });
        error_chain(&*link.unwrap())
    }

    #[test]
    fn a_cause_is_printed_where_it_adds_something() {
        assert_eq!(chain(&["a"]), "a");
        assert_eq!(chain(&["a", "b", "c"]), "a: b: c");
        assert_eq!(chain(&["a", "", "c"]), "a: c");
        // sqlx prints what the database says, which is its source too.
        assert_eq!(
            chain(&[
                "the database failed",
                "error returned: no such table",
                "no such table"
            ]),
            "the database failed: error returned: no such table"
        );
        assert_eq!(chain(&["x", "x"]), "x");
        assert_eq!(chain(&["x", "y: x", "x", "z"]), "x: y: x: z");
    }
}
