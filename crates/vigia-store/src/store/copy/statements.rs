//! The statements of a copy, made from the list of tables.
//!
//! Not in files as the others are: there would be five for each table that say nothing but its columns
//! again. They are made once a process.

use std::sync::LazyLock;

use super::super::tables::{Table, tables};
use crate::sql::Sql;

/// The statements for one table, the same in both dialects.
pub(super) struct Statements {
    pub(super) table: &'static Table,
    first: String,
    next: String,
    insert: String,
    count: String,
    any: String,
    clear: String,
    highest: Option<String>,
}

/// All tables with their statements, in the order in which they are copied.
pub(super) fn all() -> &'static [Statements] {
    static ALL: LazyLock<Vec<Statements>> =
        LazyLock::new(|| tables().map(Statements::new).collect());
    &ALL
}

impl Statements {
    fn new(table: &'static Table) -> Self {
        let name = table.name;
        let columns: Vec<&str> = table.columns.iter().map(|(column, _)| *column).collect();
        let (columns, values) = (columns.join(", "), parameters(1, columns.len()));
        let (key, after) = (table.key.join(", "), parameters(1, table.key.len()));
        let limit = table.key.len() + 1;
        Self {
            table,
            first: format!("SELECT {columns} FROM {name} ORDER BY {key} LIMIT $1"),
            next: format!(
                "SELECT {columns} FROM {name} WHERE ({key}) > ({after}) ORDER BY {key} LIMIT ${limit}"
            ),
            insert: format!(
                "INSERT INTO {name} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"
            ),
            count: format!("SELECT count(*) AS total FROM {name}"),
            any: format!("SELECT 1 AS there FROM {name} LIMIT 1"),
            clear: format!("DELETE FROM {name}"),
            highest: table
                .identity
                .map(|id| format!("SELECT coalesce(max({id}), 0) AS high FROM {name}")),
        }
    }

    /// The first rows: parameter is how many.
    pub(super) fn first(&'static self) -> Sql {
        both(&self.first)
    }

    /// Rows behind a key: parameters are its values and how many.
    pub(super) fn next(&'static self) -> Sql {
        both(&self.next)
    }

    /// Inserts a row that is not there yet: parameters are its columns.
    pub(super) fn insert(&'static self) -> Sql {
        both(&self.insert)
    }

    /// Number of rows, as `total`.
    pub(super) fn count(&'static self) -> Sql {
        both(&self.count)
    }

    /// A row where there is one.
    pub(super) fn any(&'static self) -> Sql {
        both(&self.any)
    }

    /// Removes all rows.
    pub(super) fn clear(&'static self) -> Sql {
        both(&self.clear)
    }

    /// The highest id, as `high`, of a table that has some.
    pub(super) fn highest(&'static self) -> Option<Sql> {
        self.highest.as_deref().map(both)
    }
}

fn both(text: &'static str) -> Sql {
    Sql {
        sqlite: text,
        postgres: text,
    }
}

fn parameters(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    numbers.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_name_every_column() {
        let member = all()
            .iter()
            .find(|statements| statements.table.name == "account_member")
            .unwrap();
        assert_eq!(
            member.next,
            "SELECT user_id, account_id, permissions, source FROM account_member WHERE \
             (user_id, account_id) > ($1, $2) ORDER BY user_id, account_id LIMIT $3"
        );
        assert_eq!(
            member.insert,
            "INSERT INTO account_member (user_id, account_id, permissions, source) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn keys_and_ids_are_columns() {
        for table in tables() {
            let named = table.key.iter().chain(&table.identity);
            for column in named {
                let known = table.columns.iter().any(|(name, _)| name == column);
                assert!(known, "{} has no {column}", table.name);
            }
        }
    }
}
