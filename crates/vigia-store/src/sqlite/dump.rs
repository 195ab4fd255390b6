//! All rows as text, to compare two databases.

use super::codec::get;
use super::{SqliteStore, sql};
use crate::Result;

impl SqliteStore {
    /// Every row as one line, sorted: what two runs over the same chain must have in common,
    /// however they were interrupted.
    ///
    /// Left out is what depends on when and in which order rows were written: surrogate keys
    /// (accounts appear by their external id), notification ids (which are made from them), times of
    /// writing and the provider's report. Each line begins with the word for its kind. Everything is
    /// held in memory: for tests and small databases.
    pub async fn dump_rows(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(sql!("dump_rows"))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| get(row, "line")).collect()
    }
}
