//! Activities that are like something in particular.

use serde_json::Value;

use super::super::SqlStore;
use super::super::codec::int;
use super::{below, row};
use crate::ActivityFilter;
use crate::db::{Tx, query};
use crate::sql::{Sql, sql_text};
use crate::{ActivityCursor, ActivityRow, Result};

/// A query whose inner WHERE goes on with what the filter says.
macro_rules! filtered_sql {
    (dialects $begin:literal, $end:literal) => {
        Sql {
            sqlite: filtered_sql!("sqlite/", "sqlite/", $begin, $end),
            postgres: filtered_sql!("postgres/", "postgres/", $begin, $end),
        }
    };
    ($begin:literal, $end:literal) => {
        Sql {
            sqlite: filtered_sql!("sqlite/", "", $begin, $end),
            postgres: filtered_sql!("postgres/", "", $begin, $end),
        }
    };
    ($dialect:literal, $folder:literal, $begin:literal, $end:literal) => {
        concat!(
            sql_text!("activity_columns"),
            "FROM activity a\n",
            sql_text!("activity_joins"),
            sql_text!($folder, $begin),
            sql_text!($dialect, "activity_filter"),
            sql_text!($folder, $end)
        )
    };
}

impl SqlStore {
    /// The newest below `before`, at most `limit`, of everybody or of a user.
    pub(super) async fn activity_search(
        &self,
        tx: &mut Tx,
        user: Option<i64>,
        filter: &ActivityFilter,
        before: Option<ActivityCursor>,
        limit: u32,
    ) -> Result<Vec<ActivityRow>> {
        let search = &filter.search;
        let (sql, names_account) = match (user, &search.account) {
            (Some(_), _) => (
                filtered_sql!(dialects "activity_filtered_member", "activity_filtered_member_end"),
                true,
            ),
            (None, Some(_)) => (
                filtered_sql!("activity_filtered_account", "activity_filtered_end"),
                true,
            ),
            (None, None) => (
                filtered_sql!("activity_filtered_all", "activity_filtered_end"),
                false,
            ),
        };
        let (checkpoint, index, id) = below(before)?;
        let time = |ms: Option<u64>| ms.map(|ms| int("time", ms)).transpose();
        let address = |address: Option<vigia_core::Address>| {
            address.map(|address| address.as_bytes().to_vec())
        };
        let mut query = query(sql)
            .bind(user)
            .bind(checkpoint)
            .bind(index)
            .bind(id)
            .bind(limit)
            .bind(list(&search.kinds))
            .bind(list(&search.coins))
            .bind(
                search
                    .direction
                    .map(|direction| direction.as_str().to_owned()),
            )
            .bind(time(search.from_ms)?)
            .bind(time(search.before_ms)?)
            .bind(address(search.counterparty))
            .bind(search.text.as_ref().map(|text| text.to_ascii_lowercase()))
            .bind(address(filter.address));
        if names_account {
            query = query.bind(search.account.clone());
        }
        row::activities(&query.fetch_all(tx).await?, &self.labels())
    }
}

/// Null where anything will do.
fn list(words: &[String]) -> Option<String> {
    (!words.is_empty()).then(|| Value::from(words.to_vec()).to_string())
}
