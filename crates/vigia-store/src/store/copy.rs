//! Copying a whole store into another, whichever databases they are in: moving up from a file to a
//! server.
//!
//! Rows go over in their order, each transaction with the position it ends at, so that a copy which is
//! killed goes on where it stopped. What goes over and what is compared at the end comes from `tables`.
//! Nothing is converted: ids, times and bytes stay what they were.

mod check;
mod page;
mod source;
mod statements;
mod target;

use std::ops::ControlFlow;

use super::SqlStore;
use crate::{
    CopyLimits, CopyObserver, CopyOutcome, CopyProgress, CopyReport, CopyStage, Result, StoreError,
    TableCheck,
};
use check::Summing;
use page::Page;
use source::Source;
use statements::Statements;
use target::Position;
pub(super) use target::check_finished;

/// Why a copy goes no further.
enum Stop {
    /// The observer says so.
    Asked,
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Tells how far it is.
struct Telling<'a, 'b> {
    observer: &'a mut CopyObserver<'b>,
    stage: CopyStage,
    rows_done: u64,
    rows_total: u64,
}

impl Telling<'_, '_> {
    fn tell(&mut self, table: &'static str, rows: u64) -> std::result::Result<(), Stop> {
        self.rows_done += rows;
        let progress = CopyProgress {
            stage: self.stage,
            table,
            rows_done: self.rows_done,
            rows_total: self.rows_total,
        };
        match (self.observer)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Asked),
        }
    }
}

impl SqlStore {
    /// Copies everything into `target`, which has to be empty or the target of the same copy, begun
    /// earlier. The target is opened with [`SqlStore::open_copy_target`]. Until the end nothing that
    /// counts can be written to this store.
    ///
    /// Both databases are compared at the end, and only where they are equal may the target be used:
    /// until then `open` refuses it.
    pub async fn copy_to(
        &self,
        target: &SqlStore,
        limits: CopyLimits,
        observer: &mut CopyObserver<'_>,
    ) -> Result<CopyOutcome> {
        match self.copy(target, limits, observer).await {
            Ok(report) => Ok(CopyOutcome::Finished(report)),
            Err(Stop::Asked) => Ok(CopyOutcome::Stopped),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn copy(
        &self,
        target: &SqlStore,
        limits: CopyLimits,
        observer: &mut CopyObserver<'_>,
    ) -> std::result::Result<CopyReport, Stop> {
        let mut source = Source::hold(&self.database).await?;
        source::tables_known(source.tx().await?, "source").await?;
        source::tables_known(&mut target.database.read().await?, "target").await?;
        let counts = source.counts().await?;
        let fingerprint = source.fingerprint(&counts).await?;
        let resumed = target::claim(target, &fingerprint).await?;
        let mut telling = Telling {
            observer,
            stage: CopyStage::Copying,
            rows_done: 0,
            rows_total: counts.iter().sum(),
        };
        let rows_copied = copy_tables(&mut source, target, limits, &mut telling).await?;
        for statements in statements::all() {
            if let Some(high) = source.identity_high(statements).await? {
                target::identity_raise(target, statements, high).await?;
            }
        }
        let report = CopyReport {
            tables: compare(&mut source, target, limits, &mut telling).await?,
            rows_copied,
            resumed,
        };
        if report.is_equal() {
            target::finish(target).await?;
        }
        Ok(report)
    }
}

/// Copies what is not there yet; returns how many rows that were.
async fn copy_tables(
    source: &mut Source,
    target: &SqlStore,
    limits: CopyLimits,
    telling: &mut Telling<'_, '_>,
) -> std::result::Result<u64, Stop> {
    let positions = target::positions(target).await?;
    telling.rows_done = positions.values().map(|position| position.copied).sum();
    let before = telling.rows_done;
    for statements in statements::all() {
        let position = positions.get(statements.table.name).cloned();
        copy_table(
            source,
            target,
            statements,
            position.unwrap_or_default(),
            limits,
            telling,
        )
        .await?;
    }
    Ok(telling.rows_done - before)
}

/// Writes one page while the next one is read.
async fn copy_table(
    source: &mut Source,
    target: &SqlStore,
    statements: &'static Statements,
    mut position: Position,
    limits: CopyLimits,
    telling: &mut Telling<'_, '_>,
) -> std::result::Result<(), Stop> {
    if position.is_done {
        return Ok(());
    }
    let after = position.after.as_ref();
    let mut page = page::read(source.tx().await?, statements, after, limits).await?;
    while !position.is_done {
        let next = async {
            match page.is_last {
                true => Ok::<Option<Page>, StoreError>(None),
                false => {
                    let after = page.last_key.as_ref();
                    let tx = source.tx().await?;
                    page::read(tx, statements, after, limits).await.map(Some)
                }
            }
        };
        let written = target::write(target, statements, &page, &position);
        let (next, written) = tokio::join!(next, written);
        position = written?;
        telling.tell(statements.table.name, page.rows.len() as u64)?;
        if let Some(next) = next? {
            page = next;
        }
    }
    Ok(())
}

/// Reads every table on both sides, at the same time.
async fn compare(
    source: &mut Source,
    target: &SqlStore,
    limits: CopyLimits,
    telling: &mut Telling<'_, '_>,
) -> std::result::Result<Vec<TableCheck>, Stop> {
    telling.stage = CopyStage::Checking;
    telling.rows_done = 0;
    let mut checks = Vec::new();
    for statements in statements::all() {
        let mut tx = target.database.read().await?;
        let (mut from, mut to) = (Summing::new(), Summing::new());
        while !(from.is_done && to.is_done) {
            let before = from.sum.rows;
            let source_tx = source.tx().await?;
            let (read, compared) = tokio::join!(
                from.step(source_tx, statements, limits),
                to.step(&mut tx, statements, limits)
            );
            read?;
            compared?;
            telling.tell(statements.table.name, from.sum.rows - before)?;
        }
        checks.push(TableCheck {
            table: statements.table.name,
            source: from.sum,
            target: to.sum,
        });
    }
    Ok(checks)
}
