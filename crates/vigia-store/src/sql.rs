//! The text of statements, one file each, named after the method that runs it.
//!
//! Most texts serve both dialects. Where they differ there is a file per dialect, whose head says
//! why; nothing else in this crate knows which database it talks to.

/// A statement in both dialects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// The content of a file below `src/sql`, for `concat!`.
macro_rules! sql_text {
    ($($part:literal),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/sql/", $($part),+, ".sql"))
    };
}
pub(crate) use sql_text;

/// The statement of this name: `sql!("chain")` for both dialects, `sql!(dialects "coin_list")` where
/// each has a file of its own.
macro_rules! sql {
    (dialects $name:literal) => {
        $crate::sql::Sql {
            sqlite: $crate::sql::sql_text!("sqlite/", $name),
            postgres: $crate::sql::sql_text!("postgres/", $name),
        }
    };
    ($name:literal) => {
        $crate::sql::Sql {
            sqlite: $crate::sql::sql_text!($name),
            postgres: $crate::sql::sql_text!($name),
        }
    };
}
pub(crate) use sql;
