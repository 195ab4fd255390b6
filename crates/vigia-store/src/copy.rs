//! Copying a whole store into another: what is asked for, told on the way and found at the end.

use std::ops::ControlFlow;

/// Rows of a transaction, unless told otherwise.
const ROWS_DEFAULT: usize = 2_000;
/// Bytes of a transaction, unless told otherwise.
const BYTES_DEFAULT: usize = 8 << 20;

/// How much one transaction copies at most. A row that is larger goes alone.
#[derive(Clone, Copy, Debug)]
pub struct CopyLimits {
    /// Rows, at least 1.
    pub rows: usize,
    /// Bytes of values.
    pub bytes: usize,
}

impl Default for CopyLimits {
    fn default() -> Self {
        Self {
            rows: ROWS_DEFAULT,
            bytes: BYTES_DEFAULT,
        }
    }
}

/// What a copy is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Rows are written.
    Copying,
    /// Both databases are read and compared.
    Checking,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress {
    /// With what.
    pub stage: CopyStage,
    /// The table in hand.
    pub table: &'static str,
    /// Rows of all tables that this stage is done with, those of earlier runs included.
    pub rows_done: u64,
    /// Rows of all tables.
    pub rows_total: u64,
}

/// Hears of progress after every transaction, and may end the copy there: it goes on from there when it
/// is asked for again.
pub type CopyObserver<'a> = dyn FnMut(CopyProgress) -> ControlFlow<()> + Send + 'a;

/// How a copy ended.
#[derive(Debug)]
pub enum CopyOutcome {
    /// All rows are there, and compared.
    Finished(CopyReport),
    /// The observer ended it.
    Stopped,
}

/// What was copied, and whether both databases hold the same.
#[derive(Debug)]
pub struct CopyReport {
    /// One a table, in the order in which they were copied.
    pub tables: Vec<TableCheck>,
    /// Rows that this run copied; earlier ones of the same copy are not counted.
    pub rows_copied: u64,
    /// Whether an earlier run had begun.
    pub resumed: bool,
}

impl CopyReport {
    /// Whether both databases hold the same rows.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(TableCheck::is_equal)
    }
}

/// A table as it was found on both sides.
#[derive(Debug)]
pub struct TableCheck {
    /// Its name.
    pub table: &'static str,
    /// What the source holds.
    pub source: TableSum,
    /// What the target holds.
    pub target: TableSum,
}

impl TableCheck {
    /// Whether both hold the same rows.
    pub fn is_equal(&self) -> bool {
        self.source == self.target
    }
}

/// Rows of a table and their checksum, which depends neither on their order nor on the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableSum {
    /// How many.
    pub rows: u64,
    /// The sum, modulo 2^128, of the first 16 bytes of the `BLAKE2b` digest of each row.
    pub checksum: u128,
}
