//! Endpoints as they are kept in memory between one step of the sequencer and the next, found by the account they are told of.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use vigia_core::AccountId;

use super::endpoint::list;
use crate::db::{Tx, get, query};
use crate::delivery::{EndpointRow, EndpointState};
use crate::sql::sql;
use crate::{ENDPOINTS_KEPT_MS, Result};

/// That something about endpoints is not as it was: to be called by whatever transaction changes it.
pub(in crate::store) async fn endpoints_changed(tx: &mut Tx) -> Result<()> {
    super::super::commit::counter_add(tx, "endpoint_changes", 1).await
}

/// How often something about endpoints has changed.
pub(super) async fn endpoint_changes(tx: &mut Tx) -> Result<u64> {
    let row = query(sql!("endpoint_changes")).fetch_one(tx).await?;
    get(&row, "value")
}

/// Endpoints that are told something, or keep it until they are enabled again.
#[derive(Debug, Default)]
pub(super) struct Directory {
    changes: u64,
    read_at_ms: u64,
    endpoints: Vec<EndpointRow>,
    /// Those of no account that want what happens to any.
    of_all: Vec<usize>,
    /// Those of an account.
    of_own: HashMap<AccountId, Vec<usize>>,
    /// Those of no account that name accounts.
    of_named: HashMap<String, Vec<usize>>,
}

impl Directory {
    fn new(endpoints: Vec<EndpointRow>, changes: u64, read_at_ms: u64) -> Self {
        let mut directory = Self {
            changes,
            read_at_ms,
            ..Self::default()
        };
        let told = endpoints
            .into_iter()
            .filter(|endpoint| endpoint.state != EndpointState::Removed);
        for (index, endpoint) in told.enumerate() {
            let names = &endpoint.spec.filter.accounts;
            match &endpoint.account {
                Some((id, _)) => directory.of_own.entry(*id).or_default().push(index),
                None if names.is_empty() => directory.of_all.push(index),
                None => {
                    for name in names {
                        let of_name = directory.of_named.entry(name.clone()).or_default();
                        if of_name.last() != Some(&index) {
                            of_name.push(index);
                        }
                    }
                }
            }
            directory.endpoints.push(endpoint);
        }
        directory
    }

    /// Those that may be told of what happens to an account, each once; their filters say the rest.
    pub(super) fn of_account<'d>(
        &'d self,
        id: AccountId,
        name: &str,
    ) -> impl Iterator<Item = &'d EndpointRow> + use<'d> {
        let own = self.of_own.get(&id).into_iter().flatten();
        let named = self.of_named.get(name).into_iter().flatten();
        let all = self.of_all.iter().chain(own).chain(named);
        all.filter_map(|index| self.endpoints.get(*index))
    }
}

/// What was read of endpoints last.
#[derive(Debug, Default)]
pub(in crate::store) struct KeptDirectory(Mutex<Option<Arc<Directory>>>);

impl KeptDirectory {
    /// Endpoints as they are now: read again where something has changed.
    pub(super) async fn current(&self, tx: &mut Tx, now_ms: u64) -> Result<Arc<Directory>> {
        // Asked before the rows, which may be newer: then they are read once more.
        let changes = endpoint_changes(tx).await?;
        let kept = self.lock().clone();
        let is_fresh = |kept: &Arc<Directory>| {
            kept.changes == changes && now_ms.abs_diff(kept.read_at_ms) < ENDPOINTS_KEPT_MS
        };
        if let Some(kept) = kept.filter(is_fresh) {
            return Ok(kept);
        }
        let read = Arc::new(Directory::new(list(tx).await?, changes, now_ms));
        *self.lock() = Some(Arc::clone(&read));
        Ok(read)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Directory>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{EndpointFilter, EndpointSpec};

    fn endpoint(
        id: i64,
        account: Option<i64>,
        names: &[&str],
        state: EndpointState,
    ) -> EndpointRow {
        EndpointRow {
            id,
            spec: EndpointSpec {
                name: format!("endpoint-{id}"),
                url: "https://receiver.example".to_owned(),
                filter: EndpointFilter {
                    accounts: names.iter().map(|name| (*name).to_owned()).collect(),
                    ..EndpointFilter::default()
                },
                per_second: None,
            },
            state,
            reason: None,
            sequence: 0,
            failing_since_ms: None,
            account: account.map(|id| (AccountId(id), format!("account-{id}"))),
            label: String::new(),
            secrets: None,
            created_at_ms: 0,
        }
    }

    #[test]
    fn each_that_may_be_told_is_found_once() {
        use EndpointState::{Disabled, Enabled, Removed};
        let endpoints = vec![
            endpoint(1, None, &[], Enabled),
            endpoint(2, Some(7), &[], Enabled),
            endpoint(3, Some(8), &[], Enabled),
            endpoint(4, None, &["account-7", "account-7", "account-8"], Disabled),
            endpoint(5, None, &["account-9"], Enabled),
            endpoint(6, None, &[], Removed),
        ];
        let directory = Directory::new(endpoints, 1, 0);
        let of = |id: i64| -> Vec<i64> {
            let found = directory.of_account(AccountId(id), &format!("account-{id}"));
            found.map(|endpoint| endpoint.id).collect()
        };
        assert_eq!(of(7), [1, 2, 4]);
        assert_eq!(of(8), [1, 3, 4]);
        assert_eq!(of(9), [1, 5]);
        assert_eq!(of(10), [1]);
    }
}
