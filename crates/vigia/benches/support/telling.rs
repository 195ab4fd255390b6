//! Accounts, endpoints that are told of them, and commits: what the bench of deliveries measures.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vigia::config::DeclaredEndpoint;
use vigia::delivery::{Deliverer, DeliveryLimits, Sequencer, Wake};
use vigia_core::{
    AccountId, AccountKind, Activity, Address, AddressBook, BusinessEvent, BusinessFolder,
    BusinessKey, BusinessOutcome, CheckpointHeader, CheckpointRange, Commit, Digest, Direction,
    Lane, Place, Proof, RawTransaction, Slot, Status, SystemClock, WatchTarget,
};
use vigia_notify::{
    BreakerSettings, RetrySchedule, SigningKey, SigningKeys, WebhookSender, WebhookSettings,
};
use vigia_store::{
    AccountSpec, DeliveryState, DeliveryStore, EndpointFilter, EndpointSpec, IngestStore, SqlStore,
    WatchEntry, WatchStore,
};

use super::deployment::Database;
use super::receiver::Receiver;

/// Accounts there are.
const ACCOUNTS: u64 = 1_000;
/// The coin that moves.
pub(crate) const COIN: &str =
    "0x0000000000000000000000000000000000000000000000000000000000000abc::cusd::CUSD";

/// Checkpoints are committed one after the other, whatever part of the bench they are of.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A database with accounts and endpoints.
pub(crate) struct Told {
    store: Arc<SqlStore>,
    accounts: Vec<AccountId>,
    endpoints: Vec<EndpointSpec>,
    receiver: Arc<Receiver>,
    /// Whether each endpoint is told of one account.
    is_each_its_own: bool,
    delivered_before: u64,
    committed: Mutex<HashMap<u64, Instant>>,
}

/// What tells endpoints, under way.
pub(crate) struct Telling {
    shutdown: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

/// How long after its commit each delivery of a load came.
#[derive(Default)]
pub(crate) struct Load {
    /// Of the first half of it, when nobody is known to answer soon.
    pub(crate) earlier: Vec<Duration>,
    /// Of the second half.
    pub(crate) later: Vec<Duration>,
}

impl Load {
    /// All of them, the shortest first.
    pub(crate) fn sorted(mut self) -> Vec<Duration> {
        self.earlier.append(&mut self.later);
        self.earlier.sort_unstable();
        self.earlier
    }
}

impl Told {
    /// With so many endpoints that answer and so many that hang: where there are some that do, each is told of an account
    /// of its own.
    pub(crate) async fn new(
        database: &Database,
        name: &str,
        healthy: u64,
        hanging: u64,
        receiver: &Arc<Receiver>,
    ) -> Self {
        let store = SqlStore::open(database.options(), Arc::new(SystemClock)).await;
        let store = Arc::new(store.expect("a database"));
        store.live_begin(0).await.expect("a beginning");
        let entries: Vec<WatchEntry> = (0..ACCOUNTS).map(entry).collect();
        store.watch_add(&entries).await.expect("a watch list");
        let addresses: Vec<Address> = (0..ACCOUNTS).map(address).collect();
        let book = store.address_book(&addresses, &[]).await.expect("holders");
        let accounts = addresses
            .iter()
            .map(|address| book.account_at(address, u64::MAX).expect("it is held"));
        let each = healthy + hanging > 100;
        let endpoint = |n: u64| EndpointSpec {
            name: format!("{name}-{n}"),
            url: match n < healthy {
                true => format!("http://{}/{n}", receiver.address),
                false => format!("http://{}/{n}", receiver.hanging),
            },
            filter: EndpointFilter {
                accounts: if each {
                    vec![account_name(n)]
                } else {
                    Vec::new()
                },
                ..EndpointFilter::default()
            },
            per_second: None,
        };
        let told = Self {
            accounts: accounts.collect(),
            endpoints: (0..healthy + hanging).map(endpoint).collect(),
            receiver: Arc::clone(receiver),
            is_each_its_own: each,
            delivered_before: delivered(&store).await,
            committed: Mutex::default(),
            store,
        };
        told.store
            .endpoint_declare(&told.endpoints)
            .await
            .expect("endpoints");
        receiver.take();
        told
    }

    /// Starts telling them.
    pub(crate) fn run(&self) -> Telling {
        let wake = Arc::new(Wake::default());
        let sender = WebhookSender::new(WebhookSettings::default(), Arc::new(SystemClock));
        let limits = DeliveryLimits {
            in_flight_max: 256,
            endpoint_in_flight_max: 32,
            slow_in_flight_max: 2_048,
            slow_after: Duration::from_secs(1),
            lease: Duration::from_secs(10),
            disable_after_ms: u64::MAX,
            breaker: BreakerSettings::default(),
            schedule: RetrySchedule::webhooks(),
            is_shadow: false,
        };
        let deliverer = Deliverer::new(
            Arc::clone(&self.store),
            sender.expect("a client"),
            Arc::new(SystemClock),
            limits,
            "bench".to_owned(),
            Arc::clone(&wake),
        );
        let declared = self.endpoints.iter().map(|spec| DeclaredEndpoint {
            spec: spec.clone(),
            keys: SigningKeys::new(vec![SigningKey::generate_ed25519().expect("a key")])
                .expect("one key"),
        });
        let targets = deliverer
            .endpoints(declared.collect(), None)
            .expect("targets");
        let sequencer = Sequencer::new(Arc::clone(&self.store), wake);
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let sequencing = tokio::spawn(async move { sequencer.run(stop).await });
        let stop = shutdown.clone();
        let delivering = tokio::spawn(async move { deliverer.run(targets, stop).await });
        Telling {
            shutdown,
            tasks: [sequencing, delivering],
        }
    }

    /// Commits a checkpoint with so many activities of the first account.
    pub(crate) async fn commit(&self, count: u32) {
        let accounts = vec![self.accounts[0]; usize::try_from(count).expect("it fits")];
        self.commit_for(&accounts).await;
    }

    async fn commit_for(&self, accounts: &[AccountId]) {
        let checkpoint = NEXT.fetch_add(1, Ordering::Relaxed);
        let commit = commit(checkpoint, accounts);
        let applied = self.store.commit_apply(&commit, &NoObjects).await;
        applied.expect("it is committed");
        let mut committed = self.committed.lock().expect("nobody panics with it");
        committed.insert(checkpoint, Instant::now());
    }

    /// Commits at this rate; returns how long each activity took until it was received, ascending.
    pub(crate) async fn load(
        &self,
        lasting: Duration,
        per_second: u32,
        each: u32,
    ) -> Vec<Duration> {
        let load = self.load_of(lasting, per_second, |_| {
            vec![self.accounts[0]; usize::try_from(each).expect("it fits")]
        });
        load.await.sorted()
    }

    /// The same, going round the accounts: of each commit one half is of those whose endpoints answer, and the other of
    /// those whose hang, or who have none.
    pub(crate) async fn load_round(&self, lasting: Duration, per_second: u32, each: u64) -> Load {
        let account = |n: u64| self.accounts[usize::try_from(n).expect("it fits")];
        let half = ACCOUNTS / 2;
        self.load_of(lasting, per_second, |round| {
            let of_healthy = (0..each).map(|n| account((round * each + n) % half));
            let of_others = (0..each).map(|n| account(half + (round * each + n) % half));
            of_healthy.chain(of_others).collect()
        })
        .await
    }

    async fn load_of(
        &self,
        lasting: Duration,
        per_second: u32,
        accounts: impl Fn(u64) -> Vec<AccountId>,
    ) -> Load {
        let every = Duration::from_secs(1) / per_second;
        let mut ticks = tokio::time::interval(every);
        let begun = Instant::now();
        let mut round = 0;
        while begun.elapsed() < lasting {
            ticks.tick().await;
            self.commit_for(&accounts(round)).await;
            round += 1;
        }
        let each = accounts(0).len() as u64;
        let each = if self.is_each_its_own { each / 2 } else { each };
        let wanted = usize::try_from(round * each).expect("it fits");
        let waited = Instant::now();
        while self.receiver.count() < wanted && waited.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let came = self.receiver.take();
        assert_eq!(came.len(), wanted, "each once");
        let committed = self.committed.lock().expect("nobody panics with it");
        let number = committed.len() as u64;
        let first = committed.keys().min().copied().unwrap_or(0);
        let mut load = Load::default();
        for (checkpoint, at) in came {
            let took = at.saturating_duration_since(committed[&checkpoint]);
            // The very first statements are compiled; they are nobody's figure.
            if checkpoint >= first + number / 2 {
                load.later.push(took);
            } else if checkpoint >= first + number / 20 {
                load.earlier.push(took);
            }
        }
        load
    }

    /// Waits until so many are received and written down.
    pub(crate) async fn wait_delivered(&self, wanted: u64) {
        let wanted_here = usize::try_from(wanted).expect("it fits");
        while self.receiver.count() < wanted_here {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while delivered(&self.store).await < self.delivered_before + wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
    }
}

impl Telling {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            task.await.expect("it ends");
        }
    }
}

/// The value below which so many of a hundred are.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(index).copied().unwrap_or_default()
}

async fn delivered(store: &SqlStore) -> u64 {
    let counts = store.delivery_counts().await.expect("counts");
    let delivered = counts
        .iter()
        .filter(|(_, state, _)| *state == DeliveryState::Delivered);
    delivered.map(|(_, _, count)| count).sum()
}

fn account_name(n: u64) -> String {
    format!("account-{n}")
}

fn address(n: u64) -> Address {
    super::watched_address(n, &[])
}

fn entry(n: u64) -> WatchEntry {
    WatchEntry {
        target: WatchTarget::Address(address(n)),
        account: Some(AccountSpec {
            external_id: account_name(n),
            kind: AccountKind::Personal,
            display_name: account_name(n),
            members: Vec::new(),
        }),
    }
}

fn digest(checkpoint: u64, index: u32) -> Digest {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&checkpoint.to_be_bytes());
    bytes[8..12].copy_from_slice(&index.to_be_bytes());
    Digest::new(bytes)
}

/// A checkpoint with a transaction, and an activity of it, of each account.
pub(crate) fn commit(checkpoint: u64, accounts: &[AccountId]) -> Commit {
    let timestamp_ms = vigia_core::Clock::now_ms(&SystemClock);
    let mut transactions = Vec::new();
    let mut activities = Vec::new();
    for (index, account) in (0..).zip(accounts) {
        let place = Place { checkpoint, index };
        transactions.push(RawTransaction {
            place,
            digest: digest(checkpoint, index),
            timestamp_ms,
            epoch: 1,
            sender: address(0),
            package: None,
            module: None,
            function: None,
            failure: None,
            gas_cost: 1,
            reasons: Vec::new(),
            transaction_bcs: vec![7; 300].into(),
            effects_bcs: vec![7; 300].into(),
            events_bcs: None,
            balance_changes: Vec::new(),
            proof: Proof::unasked(),
            processing_error: None,
        });
        activities.push(Activity {
            place,
            account: *account,
            slot: Slot::Coin(COIN.to_owned()),
            kind: "transfer".to_owned(),
            direction: Direction::In,
            status: Status::Completed,
            address: Some(address(0)),
            coin_type: Some(COIN.to_owned()),
            amount: Some(5_000_000),
            counterparty: Some(address(1)),
            contract: None,
            business_id: None,
            details: json!({}),
            notify: None,
            suppressed: None,
        });
    }
    let last = CheckpointHeader {
        sequence: checkpoint,
        digest: digest(checkpoint, u32::MAX),
        previous_digest: None,
        epoch: 1,
        timestamp_ms,
    };
    let range = CheckpointRange {
        from: checkpoint,
        last,
        watch_version: u64::from(u32::MAX),
    };
    Commit {
        lane: Lane::Live,
        ranges: vec![range],
        raw_transactions: transactions,
        activities,
        balance_effects: Vec::new(),
        business_events: Vec::new(),
    }
}

/// No business objects occur here.
pub(crate) struct NoObjects;

impl BusinessFolder for NoObjects {
    fn parties(&self, _: &BusinessKey, _: &[BusinessEvent]) -> Vec<Address> {
        Vec::new()
    }

    fn fold(&self, _: &BusinessKey, _: &[BusinessEvent], _: &AddressBook) -> BusinessOutcome {
        unreachable!("no business objects occur here")
    }
}
