//! The store: what the traits promise, written once for both databases.
//!
//! One method is one database transaction. The SQL in `src/sql` says what is read and written, named
//! after the method; `db` knows how a database is reached.

mod action;
mod activities;
mod alert;
mod announcement;
mod application;
mod audit;
mod backfill;
mod balance;
mod book;
mod broadcast;
mod business;
mod codec;
mod commit;
mod committee;
mod contract;
mod copy;
mod correction;
mod delivery;
mod directory;
mod dump;
mod epoch;
mod failed;
mod inbox;
mod ingest;
mod invoice;
mod label;
mod lease;
mod message;
mod partitions;
mod personal;
mod process;
mod provider;
mod push;
mod ranges;
mod read;
mod register;
mod retention;
mod schedule;
mod search;
mod shard;
mod sign_in;
mod signal;
mod source;
mod stats;
mod tables;
mod wallet;
mod watch;
mod writable;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use vigia_core::{Clock, Labels};

use crate::Result;
use crate::db::{Database, Listener, PoolSize, Query, StoreOptions, Tx, query};
use crate::sql::sql;
use partitions::Partitions;
use signal::Signal;

/// Times a transaction is tried that the database takes back in favour of others (I-13).
const CONTENTION_TRIES_MAX: u32 = 8;
/// How long the first of them waits; each later one twice as long.
const CONTENTION_WAIT: Duration = Duration::from_millis(5);
/// How long a lost connection for notifications is left before it is made again.
const LISTEN_RETRY: Duration = Duration::from_secs(1);

/// What a store tells itself to find out whether it hears.
const PROBE: &str = "probe 0";
/// How often it does.
const PROBE_INTERVAL: Duration = Duration::from_millis(100);

/// A store in a SQLite file or a Postgres database.
pub struct SqlStore {
    database: Database,
    clock: Arc<dyn Clock>,
    signals: Arc<Signals>,
    listening: Option<JoinHandle<()>>,
    partitions: Partitions,
    endpoints: delivery::KeptDirectory,
    wanted_types: contract::WantedTypes,
    known_sign_ins: sign_in::KnownSignIns,
    /// Whether addresses that are added wait for their history.
    fetches_history: AtomicBool,
    /// Labels that settings declare; they win over those of the table.
    labels: RwLock<Arc<Labels>>,
}

/// Numbers that rise, for those who wait.
struct Signals {
    /// Id of the newest activity.
    activity: Signal,
    /// Position of the newest notification.
    notification: Signal,
    /// Version of the watch list.
    watch: Signal,
}

impl SqlStore {
    /// Opens the database, creating it or bringing its schema up to date as needed. One that is being
    /// filled with a copy of another is refused.
    pub async fn open(options: impl Into<StoreOptions>, clock: Arc<dyn Clock>) -> Result<Self> {
        let store = Self::open_copy_target(options, clock).await?;
        copy::check_finished(&mut store.database.read().await?).await?;
        Ok(store)
    }

    /// Opens the database for [`SqlStore::copy_to`], which may have begun to fill it.
    pub async fn open_copy_target(
        options: impl Into<StoreOptions>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let database = Database::open(options.into()).await?;
        let signals = Arc::new(Signals {
            activity: Signal::new(),
            notification: Signal::new(),
            watch: Signal::new(),
        });
        let listening = database
            .listener()
            .map(|listener| tokio::spawn(listen(listener, Arc::clone(&signals))));
        Ok(Self {
            database,
            clock,
            signals,
            listening,
            partitions: Partitions::default(),
            endpoints: delivery::KeptDirectory::default(),
            wanted_types: contract::WantedTypes::default(),
            known_sign_ins: sign_in::KnownSignIns::default(),
            fetches_history: AtomicBool::new(false),
            labels: RwLock::default(),
        })
    }

    /// Says whether the history of addresses that are added from now on is to be fetched; it is not
    /// unless this says so.
    pub fn set_fetches_history(&self, fetches: bool) {
        self.fetches_history.store(fetches, Ordering::Relaxed);
    }

    fn fetches_history(&self) -> bool {
        self.fetches_history.load(Ordering::Relaxed)
    }

    /// Says which labels settings declare: wherever a label is read, they win over those of the table.
    pub fn set_labels(&self, labels: Labels) {
        *self.labels.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(labels);
    }

    fn labels(&self) -> Arc<Labels> {
        let labels = self.labels.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&labels)
    }

    /// How many connections there are.
    pub fn pools(&self) -> Vec<PoolSize> {
        self.database.pools()
    }

    /// Closes all connections.
    pub async fn close(&self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
        self.database.close().await;
    }
}

impl SqlStore {
    /// Whether what commits tell is heard within `patience`: not where the address for hearing is a
    /// pooler's, or another database's. A SQLite file is asked instead, which always works.
    pub async fn notifications_arrive(&self, patience: Duration) -> Result<bool> {
        let Some(listener) = self.database.listener() else {
            return Ok(true);
        };
        let (heard, hears) = tokio::sync::watch::channel(false);
        let listening = async {
            // Only a broken connection ends it.
            listener
                .run(|message| {
                    if message == PROBE {
                        heard.send_replace(true);
                    }
                })
                .await
        };
        let probing = async {
            // Again and again: when the other side begins to listen cannot be seen from here.
            while !*hears.borrow() {
                let mut tx = self.database.write().await?;
                query(sql!("postgres/notify"))
                    .bind(PROBE)
                    .fetch_one(&mut tx)
                    .await?;
                tx.commit().await?;
                tokio::time::sleep(PROBE_INTERVAL).await;
            }
            Ok(true)
        };
        let outcome = async {
            tokio::select! {
                ended = listening => ended.map(|()| false),
                probed = probing => probed,
            }
        };
        tokio::time::timeout(patience, outcome)
            .await
            .unwrap_or(Ok(false))
    }

    /// Runs a transaction, again where the database takes it back in favour of another.
    async fn trying<T, F>(&self, transaction: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let mut wait = CONTENTION_WAIT;
        for _ in 1..CONTENTION_TRIES_MAX {
            match transaction().await {
                Err(error) if error.is_contention() => {
                    tracing::debug!(error = %error, "trying the transaction again");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                done => return done,
            }
        }
        transaction().await
    }
}

/// Tells other processes a number, when the transaction commits. On SQLite they ask.
async fn notify(tx: &mut Tx, word: &'static str, number: i64) -> Result<()> {
    if let Some(query) = notify_query(tx, word, number) {
        query.fetch_one(tx).await?;
    }
    Ok(())
}

/// What tells them, where there is something to tell.
fn notify_query(tx: &Tx, word: &'static str, number: i64) -> Option<Query> {
    let message = format!("{word} {number}");
    let tells = number > 0 && matches!(tx, Tx::Postgres { .. });
    tells.then(|| query(sql!("postgres/notify")).bind(message))
}

impl Drop for SqlStore {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

/// Hears other processes for ever. What is missed while the connection is down is found by asking.
async fn listen(listener: Listener, signals: Arc<Signals>) {
    let mut is_said = false;
    loop {
        let heard = listener.run(|message| signals.heard(message)).await;
        match heard {
            Ok(()) => {
                tracing::info!("the connection for notifications ended, listening again");
                is_said = false;
            }
            // Once: while a database is away, this is tried every second.
            Err(error) if !is_said => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(error = %error, cause, "cannot hear notifications of the database, asking instead");
                is_said = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(LISTEN_RETRY).await;
    }
}

impl Signals {
    /// Takes a message of `notify`: a word and a number.
    fn heard(&self, message: &str) {
        let Some((word, number)) = message.split_once(' ') else {
            return;
        };
        let Ok(number) = number.parse() else { return };
        match word {
            "activity" => {
                self.activity.raise(number);
                self.notification.look();
            }
            "notification" => self.notification.raise(number),
            "watch" => self.watch.raise(number),
            _ => {}
        }
    }
}
