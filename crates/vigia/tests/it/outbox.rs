//! The outbox under fire: processes that end at every boundary, and a backlog that must hold nobody up.
//!
//! Short by default; `VIGIA_FULL=outbox` (`cargo xtask test --full outbox`) runs the full size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vigia_core::{AccountKind, Address, Locale, Platform, Scope, WatchTarget};
use vigia_devnet::{ChainConfig, Pace};
use vigia_store::{
    AccountSpec, AttemptRow, BroadcastSegment, BroadcastSpec, BroadcastStore, BroadcastText,
    BroadcastTexts, ClaimedDelivery, Completion, DeliveryEnd, DeliveryState, DeliveryStore,
    DeviceSpec, EndpointState, InboxQuery, InboxStore, PushStore, ReadStore, SqlStore, UserSpec,
    WatchEntry, WatchStore,
};

use crate::app::App;
use crate::google::Google;
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};

/// Where a worker ends.
const POINTS: [&str; 6] = [
    "sequencing",
    "sequenced",
    "claimed",
    "sent",
    "completed",
    "signal",
];

fn is_full() -> bool {
    std::env::var("VIGIA_FULL").as_deref() == Ok("outbox")
}

/// By endpoint and id: the process that was running at each time it came.
type Came = Arc<Mutex<BTreeMap<(String, String), Vec<u32>>>>;

#[derive(Clone)]
struct Receiver {
    came: Came,
    life: Arc<Mutex<u32>>,
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> StatusCode {
    let id = headers["webhook-id"].to_str().expect("text").to_owned();
    let life = *receiver.life.lock().unwrap();
    receiver
        .came
        .lock()
        .unwrap()
        .entry((name, id))
        .or_default()
        .push(life);
    StatusCode::NO_CONTENT
}

async fn listen() -> (String, Receiver) {
    let receiver = Receiver {
        came: Came::default(),
        life: Arc::default(),
    };
    let router = Router::new()
        .route("/{name}", post(receive))
        .with_state(receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), receiver)
}

fn hooks(app: &App, url: &str, count: u32) -> String {
    app.ok(&["webhooks", "key", "hook.key"]);
    let hook = |n: u32| {
        format!(
            "[[webhooks]]\nname = \"hook-{n}\"\nurl = \"{url}/hook-{n}\"\nkey_files = [\"hook.key\"]\n"
        )
    };
    (0..count).map(hook).collect()
}

async fn pending(store: &SqlStore) -> u64 {
    let counts = store.delivery_counts().await.unwrap();
    let pending = counts
        .iter()
        .filter(|(_, state, _)| *state == DeliveryState::Pending);
    pending.map(|(_, _, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_delivery_survives_an_end_at_every_boundary() {
    let (endpoints, crashes) = if is_full() { (25, 150) } else { (3, 14) };
    let (url, receiver) = listen().await;
    let node = start(busy_chain(3_000), Pace::Live, 10).await;
    let app = App::new();
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[delivery]\nlease_ms = 1500\n{}{}",
        node.url(),
        contracts(),
        hooks(&app, &url, endpoints),
    ));
    watch_users(&app, &node, |_| true);
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);
    let store = app.store().await;
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for life in 0..crashes {
        *receiver.life.lock().unwrap() = life;
        let point = POINTS[usize::try_from(life).unwrap() % POINTS.len()];
        let arguments = ["work", "--log", "error"];
        let lives = Duration::from_millis(random.random_range(150..900));
        let mut worker = match point {
            "signal" => app.start(&arguments),
            point => {
                // Few passes are sure to come while anything is left to be sent.
                let passes = match point {
                    "sent" => random.random_range(0..60),
                    _ => random.random_range(0..4),
                };
                app.start_to_crash(&arguments, &format!("{point}:{passes}"))
            }
        };
        let begun = Instant::now();
        while begun.elapsed() < lives && worker.child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if worker.child.try_wait().unwrap().is_none() {
            worker.signal(libc::SIGKILL);
            worker.wait(Duration::from_secs(5));
        }
    }
    *receiver.life.lock().unwrap() = crashes;
    let last = app.start(&["work", "--log", "error"]);
    let rescued = Instant::now();
    finished_rows(&node, &store, Duration::from_secs(120)).await;
    poller.stop();
    let activities = store.status().await.unwrap().activities;
    let wanted = activities * u64::from(endpoints);
    let mut rescued_within = None;
    let begun = Instant::now();
    loop {
        let count = receiver.came.lock().unwrap().len() as u64;
        let grew = receiver
            .came
            .lock()
            .unwrap()
            .values()
            .any(|lives| lives.contains(&crashes));
        if grew && rescued_within.is_none() {
            rescued_within = Some(rescued.elapsed());
        }
        if count == wanted && pending(&store).await == 0 {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(180),
            "{count} of {wanted} came"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    last.stop();
    let came = std::mem::take(&mut *receiver.came.lock().unwrap());
    assert_eq!(
        came.len() as u64,
        wanted,
        "each at least once, and no other"
    );
    let (mut again, mut within) = (0, 0);
    for lives in came.values() {
        again += lives.len() - 1;
        // Told twice is only what was told to a process that ended before it could write that down.
        let apart: BTreeSet<&u32> = lives.iter().collect();
        within += lives.len() - apart.len();
    }
    println!(
        "{wanted} deliveries, {crashes} ends, {again} told again with the same id, taken over after {:?}",
        rescued_within.unwrap_or_default()
    );
    assert_eq!(within, 0, "a process tells each once");
    assert!(again <= usize::try_from(crashes).unwrap() * 256, "{again}");
    assert!(rescued_within.unwrap_or_default() <= Duration::from_secs(15));
    store.close().await;
}

/// Users that only broadcasts are for, with so many devices each.
async fn crowd(store: &SqlStore, users: u32, devices: u32) {
    let entry = |n: u32| {
        let mut bytes = [0x77; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let name = format!("crowd-{n}");
        WatchEntry {
            target: WatchTarget::Address(Address::new(bytes)),
            account: Some(AccountSpec {
                external_id: name.clone(),
                kind: AccountKind::Personal,
                display_name: name.clone(),
                members: vec![UserSpec {
                    external_id: name.clone(),
                    display_name: name,
                    locale: Locale::En,
                }],
            }),
        }
    };
    let entries: Vec<_> = (0..users).map(entry).collect();
    for part in entries.chunks(1_000) {
        store.watch_add(part).await.unwrap();
    }
    for n in 0..users {
        let user = store
            .user_find(&format!("crowd-{n}"))
            .await
            .unwrap()
            .unwrap();
        for device in 0..devices {
            register(store, user.id, &format!("crowd-{n}-{device}")).await;
        }
    }
}

async fn register(store: &SqlStore, user: vigia_core::UserId, token: &str) {
    let device = DeviceSpec {
        platform: Platform::Fcm,
        token: token.to_owned(),
        locale: None,
        app_version: String::new(),
    };
    store.device_register(user, &device).await.unwrap();
}

fn done(claimed: &ClaimedDelivery) -> Completion {
    Completion {
        id: claimed.event.row.id,
        fence: claimed.fence,
        end: DeliveryEnd::Dead,
        attempt: Some(AttemptRow {
            started_at_ms: 0,
            duration_ms: 1,
            status: Some(500),
            error: None,
            response_head: String::new(),
        }),
    }
}

/// Has everything that endpoints were to be told given up, and sent again; returns how many.
async fn replay_all(store: &SqlStore) -> u64 {
    while store.delivery_sequence().await.unwrap().read > 0 {}
    let endpoints = store.endpoint_list().await.unwrap();
    let ids: Vec<i64> = endpoints.iter().map(|row| row.id).collect();
    loop {
        let claimed = store
            .delivery_claim("seed", &ids, 500, 60_000)
            .await
            .unwrap();
        if claimed.is_empty() {
            break;
        }
        let ends: Vec<_> = claimed.iter().map(done).collect();
        for part in ends.chunks(500) {
            store.delivery_complete(part, u64::MAX).await.unwrap();
        }
    }
    let mut replayed = 0;
    for row in endpoints
        .iter()
        .filter(|row| row.state == EndpointState::Enabled)
    {
        replayed += store
            .delivery_replay(row.id, 0, u64::MAX, true, u32::MAX)
            .await
            .unwrap();
    }
    replayed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deposit_is_pushed_at_once_behind_any_backlog() {
    let (users, devices, endpoints) = if is_full() {
        (5_000, 20, 56)
    } else {
        (50, 20, 2)
    };
    let (url, _receiver) = listen().await;
    let google = Google::start().await;
    let app = App::new();
    let hooks = hooks(&app, &url, endpoints);
    let store = app.store().await;
    crowd(&store, users, devices).await;
    // The short one's backlog is held back by a rate, so that it lasts as long as the deposits.
    let pace = if is_full() {
        ""
    } else {
        "per_second_max = 50\n"
    };
    // It goes on while what is to be replayed is told, and long enough after that.
    let (seconds, first, tps) = if is_full() {
        (240, 1_800, 50)
    } else {
        (24, 500, 200)
    };
    let chain = ChainConfig {
        tps,
        ..busy_chain(u64::from(tps) * seconds)
    };
    let node = start(chain, Pace::Live, 10).await;
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n{}burst_window_ms = 0\n{pace}{}{hooks}",
        node.url(),
        google.settings(&app),
        contracts(),
    ));
    watch_users(&app, &node, |_| true);
    let specs: Vec<_> = (0..endpoints)
        .map(|n| vigia_store::EndpointSpec {
            name: format!("hook-{n}"),
            url: format!("{url}/hook-{n}"),
            filter: vigia_store::EndpointFilter::default(),
            per_second: None,
        })
        .collect();
    store.endpoint_declare(&specs).await.unwrap();
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);
    app.wait_for("enough to replay", |status| {
        status["activities"].as_u64() >= Some(first)
    });
    poller.stop();
    let replayed = replay_all(&store).await;
    let text = BroadcastText {
        title: "News".to_owned(),
        body: "To all".to_owned(),
    };
    let spec = BroadcastSpec {
        texts: BroadcastTexts::new([(Locale::En, text)]).unwrap(),
        segment: BroadcastSegment {
            locales: vec![Locale::En],
            ..BroadcastSegment::default()
        },
        rate_per_s: 10_000,
    };
    store.broadcast_begin(&spec).await.unwrap();
    let mut told = BTreeSet::new();
    for n in 0..20 {
        let user = store.user_find(&format!("user-{n}")).await.unwrap();
        if let Some(user) = user {
            register(&store, user.id, &format!("phone-{n}")).await;
            told.insert(format!("phone-{n}"));
        }
    }
    let worker = app.start(&["work", "--log", "error"]);
    let poller = app.start(&["poll", "--log", "error"]);
    app.wait_for("the tip", |status| {
        let watermark = status["watermark"].as_u64();
        watermark.is_some_and(|watermark| Some(watermark + 5) >= node.tip())
    });
    let caught_up_ms = vigia_core::Clock::now_ms(&vigia_core::SystemClock);
    finished_rows(&node, &store, Duration::from_secs(300)).await;
    poller.stop();
    let all = InboxQuery {
        scope: Scope::All,
        reader: None,
        not_before_ms: 0,
    };
    let rows = store
        .notification_page(&all, None, 1_000_000)
        .await
        .unwrap();
    let written: BTreeMap<String, u64> = rows
        .iter()
        .filter(|row| row.about.is_some() && row.created_at_ms >= caught_up_ms)
        .map(|row| (row.id.to_string(), row.created_at_ms))
        .collect();
    let pushed = google.pushed();
    let to_all: Vec<u64> = pushed
        .iter()
        .filter(|pushed| !told.contains(&pushed.token))
        .map(|pushed| pushed.at_ms)
        .collect();
    let broadcast = u64::from(users * devices);
    // By deposit: how long it took, and how many of the backlog, which had more than enough left, went before it meanwhile.
    let (mut waits, mut before) = (Vec::new(), Vec::new());
    for pushed in &pushed {
        let Some(written_ms) = written.get(&pushed.data["notification_ids"]) else {
            continue;
        };
        let sent = to_all.iter().filter(|at_ms| **at_ms <= *written_ms).count() as u64;
        if told.contains(&pushed.token) && sent + broadcast / 4 <= broadcast {
            waits.push(pushed.at_ms.saturating_sub(*written_ms));
            let meanwhile = to_all
                .iter()
                .filter(|at_ms| **at_ms <= pushed.at_ms)
                .count() as u64;
            before.push(meanwhile - sent);
        }
    }
    waits.sort_unstable();
    before.sort_unstable();
    let left = store.push_counts().await.unwrap();
    let (p50, p99) = (waits.len() / 2, waits.len() * 99 / 100);
    println!(
        "{} deposits behind {broadcast} broadcast pushes and {replayed} replays: p50 {} ms, p99 {} ms, at most {:?} of the backlog before one; left {left:?}",
        waits.len(),
        waits[p50],
        waits[p99],
        before.last(),
    );
    assert!(waits.len() > 50, "{}", waits.len());
    if is_full() {
        assert!(waits[p99] <= 1_000, "{} ms", waits[p99]);
    } else {
        // A machine that does much else is slow in all of it: what must hold is that no deposit stands in the queue of the others.
        assert!(before[p99] <= broadcast / 5, "{before:?}");
    }
    worker.stop();
    store.close().await;
}
