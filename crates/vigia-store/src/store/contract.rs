//! `ContractStore`, and the wish for layouts that commits leave.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use vigia_core::{
    Address, Datatype, DatatypeName, Event, Identifier, PackageVersion, RawTransaction,
};

use super::SqlStore;
use super::codec::int;
use crate::contract::{DATATYPES_MAX, EVIDENCE_MAX};
use crate::db::{Row, Tx, Value, get, get_opt, insert, query};
use crate::sql::sql;
use crate::{ContractKnowledge, ContractStore, Result, StoreError};

/// Types remembered as wanted already, so that a commit of known ones writes nothing; then from the
/// beginning.
const REMEMBERED_MAX: usize = 50_000;

/// Types that this process knows to be in the table.
#[derive(Default)]
pub(super) struct WantedTypes(Mutex<HashSet<DatatypeName>>);

impl WantedTypes {
    /// Types of the events that are not known to be in the table.
    pub(super) fn new_of(&self, raws: &[RawTransaction]) -> BTreeSet<DatatypeName> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let evidence = raws.iter().filter_map(|raw| raw.events_bcs.as_ref());
        // What cannot be read is somebody else's to say: it has no types to ask about.
        let events = evidence.filter_map(|bytes| bcs::from_bytes::<Vec<Event>>(bytes).ok());
        events
            .flatten()
            .map(|event| DatatypeName::from(&event.type_))
            .filter(|name| !known.contains(name))
            .collect()
    }

    /// Remembers what a transaction that is committed has written.
    pub(super) fn remember(&self, names: BTreeSet<DatatypeName>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + names.len() > REMEMBERED_MAX {
            known.clear();
        }
        known.extend(names);
    }
}

/// Asks for the layouts of these types.
pub(super) async fn want(tx: &mut Tx, names: &BTreeSet<DatatypeName>) -> Result<()> {
    let names: Vec<&DatatypeName> = names.iter().collect();
    insert(tx, sql!("datatype_want"), &names, |name| Ok(key(name))).await?;
    Ok(())
}

#[async_trait]
impl ContractStore for SqlStore {
    async fn contract_knowledge(&self) -> Result<ContractKnowledge> {
        let row = query(sql!("contract_knowledge"))
            .fetch_one(&mut self.database.read().await?)
            .await?;
        Ok(ContractKnowledge {
            datatypes: get(&row, "datatypes")?,
            versions: get(&row, "versions")?,
        })
    }

    async fn datatype_wanted(&self, asked_before_ms: u64, limit: u32) -> Result<Vec<DatatypeName>> {
        let rows = query(sql!("datatype_wanted"))
            .bind(int("time", asked_before_ms)?)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(name).collect()
    }

    async fn datatype_record(&self, told: &[(DatatypeName, Option<Datatype>)]) -> Result<()> {
        let now_ms = int("time", self.clock.now_ms())?;
        // A statement may touch a row only once; the last of two about one datatype wins.
        let told: BTreeMap<&DatatypeName, &Option<Datatype>> =
            told.iter().map(|(name, told)| (name, told)).collect();
        let told: Vec<_> = told.into_iter().collect();
        let mut tx = self.database.write().await?;
        insert(&mut tx, sql!("datatype_record"), &told, |(name, told)| {
            let mut values = key(name);
            values.push(told.as_ref().map(definition_text).into());
            values.push(now_ms.into());
            Ok(values)
        })
        .await?;
        tx.commit().await
    }

    async fn datatype_list(&self, limit: u32) -> Result<Vec<(DatatypeName, Datatype)>> {
        let rows = query(sql!("datatype_list"))
            .bind(limit.min(DATATYPES_MAX))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let read = |row: &Row| {
            let text: String = get(row, "definition")?;
            let definition = serde_json::from_str(&text);
            let definition = definition.map_err(|error| StoreError::Damaged {
                what: "definition of a datatype",
                problem: error.to_string(),
            })?;
            Ok((name(row)?, definition))
        };
        rows.iter().map(read).collect()
    }

    async fn package_version_record(&self, versions: &[PackageVersion]) -> Result<()> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        insert(
            &mut tx,
            sql!("package_version_record"),
            versions,
            |version| {
                Ok(vec![
                    version.original.as_bytes().to_vec().into(),
                    int("version of a package", version.version)?.into(),
                    version.package.as_bytes().to_vec().into(),
                    now_ms.into(),
                ])
            },
        )
        .await?;
        tx.commit().await
    }

    async fn package_version_noticed(&self) -> Result<Vec<(PackageVersion, u64)>> {
        let rows = query(sql!("package_version_list"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let read = |row: &Row| {
            let version = PackageVersion {
                original: get::<Address>(row, "original")?,
                version: get(row, "version")?,
                package: get::<Address>(row, "package")?,
            };
            Ok((version, get(row, "recorded_at_ms")?))
        };
        rows.iter().map(read).collect()
    }

    async fn event_evidence(&self, from_ms: u64, limit: u32) -> Result<Vec<Option<Bytes>>> {
        let rows = query(sql!("event_evidence"))
            .bind(int("time", from_ms)?)
            .bind(limit.min(EVIDENCE_MAX))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let read = |row: &Row| get_opt::<Bytes>(row, "events_bcs");
        rows.iter().map(read).collect()
    }
}

fn key(name: &DatatypeName) -> Vec<Value> {
    vec![
        name.package.as_bytes().to_vec().into(),
        name.module.to_string().into(),
        name.name.to_string().into(),
    ]
}

fn definition_text(datatype: &Datatype) -> String {
    serde_json::to_string(datatype).expect("names and numbers are always JSON")
}

fn name(row: &Row) -> Result<DatatypeName> {
    Ok(DatatypeName {
        package: get::<Address>(row, "package")?,
        module: identifier(get(row, "module")?)?,
        name: identifier(get(row, "name")?)?,
    })
}

fn identifier(text: String) -> Result<Identifier> {
    Identifier::new(&text).map_err(|_| StoreError::Damaged {
        what: "name of a datatype",
        problem: format!("{text:?} is no identifier"),
    })
}
