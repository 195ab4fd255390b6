//! Serves sample data to look at the pages: something new every few seconds.
//!
//! `cargo run -p vigia-web --example web_sample -- [port] [empty]`

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use vigia_core::{
    AccountId, Activity, Clock, Commit, Digest, Direction, Locale, NotificationKind,
    NotificationText, RenderInput, Status, SystemClock,
};
use vigia_store::{
    FailedRetry, FailedStore, IngestStore, ProviderReport, SqlStore, SqliteOptions, StoreError,
    WatchStore,
};
use vigia_web::{FailedRetrier, LocalOperatorAuthenticator, WebConfig, WebContext, WebServer};

#[path = "../tests/it/sample.rs"]
#[expect(clippy::unwrap_used, reason = "shared with the tests")]
mod sample;

const PEOPLE: [&str; 5] = [
    "Ana Sofía Gutiérrez",
    "Beto",
    "Panadería La Espiga Dorada de San Telmo S.R.L.",
    "Carla <b>Méndez</b>",
    "João",
];
/// Kind, minor units, notification; the third coin is not known.
const STORIES: [(&str, i128, &str); 5] = [
    ("transfer", 5_000_000, "SEND_RECEIVED"),
    ("payment", 1_234_567, "PAYMENT_RECEIVED"),
    ("transfer", 250_000_000_000, "SEND_RECEIVED"),
    ("trade_completed", 89_900_000, "P2P_CRYPTO_RELEASED"),
    ("invitation_claimed", 10_000, "SEND_INVITATION_CLAIMED"),
];
const UNKNOWN_COIN: &str =
    "0x0000000000000000000000000000000000000000000000000000000000000def::gold::GOLD";
const CHECKPOINTS: u64 = 40;

type Anything<T> = Result<T, Box<dyn std::error::Error>>;

struct NoFigures;

#[async_trait::async_trait]
impl vigia_web::MetricsText for NoFigures {
    async fn metrics(&self) -> Result<String, vigia_store::StoreError> {
        Ok("# EOF\n".to_owned())
    }
}

#[tokio::main]
async fn main() -> Anything<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(8_420), |text| text.parse())?;
    let empty = arguments.next().is_some();
    let directory = tempfile::tempdir()?;
    let options = SqliteOptions::new(directory.path().join("sample.db"));
    let store = Arc::new(SqlStore::open(options, Arc::new(SystemClock)).await?);
    if !empty {
        fill(&store).await?;
    }
    let mut config = WebConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    config.development = true;
    let context = WebContext {
        store: store.clone(),
        registry: Arc::new(sample::registry().into()),
        retrier: Arc::new(Hopeless(store.clone())),
        text: Arc::new(SampleText),
        authenticator: Arc::new(LocalOperatorAuthenticator),
        readiness: Arc::new(vigia_web::AlwaysReady),
        metrics: Arc::new(NoFigures),
        clock: Arc::new(SystemClock),
        endpoints: None,
        counts: None,
        inbox_keep_ms: u64::MAX,
        version: env!("CARGO_PKG_VERSION"),
    };
    let server = WebServer::bind(config, context).await?;
    println!("http://{}", server.address());
    let growing = async {
        for n in CHECKPOINTS.. {
            tokio::time::sleep(Duration::from_secs(3)).await;
            if !empty {
                store.commit_apply(&story(n), &sample::NoObjects).await?;
            }
        }
        Ok::<_, vigia_store::StoreError>(())
    };
    tokio::select! {
        served = server.run(std::future::pending()) => served?,
        grown = growing => grown?,
    }
    Ok(())
}

async fn fill(store: &SqlStore) -> Anything<()> {
    store
        .chain_bind("4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S".parse()?)
        .await?;
    store.live_begin(0).await?;
    store.coin_upsert(&[sample::cusd()]).await?;
    let entries: Vec<_> = (1..)
        .zip(PEOPLE)
        .map(|(n, name)| sample::entry(n, &format!("person-{n}"), name))
        .collect();
    store.watch_add(&entries).await?;
    for n in 0..CHECKPOINTS {
        store.commit_apply(&story(n), &sample::NoObjects).await?;
    }
    let report = ProviderReport {
        url: "https://fullnode.testnet.sui.io".to_owned(),
        tip: Some(CHECKPOINTS + 1_212),
        error: Some("stream reset by the provider; reconnecting in 4 s".to_owned()),
        at_ms: SystemClock.now_ms(),
    };
    Ok(store.provider_report(&report).await?)
}

/// One of the stories between two of the people.
fn story(n: u64) -> Commit {
    let person = |n: u64| {
        let number = u8::try_from(n % 5 + 1).unwrap_or(1);
        (number, AccountId(i64::from(number)))
    };
    let index = usize::try_from(n % 5).unwrap_or(0);
    let (kind, minor, notify) = STORIES[index];
    let mut commit = sample::transfer(n, person(n / 2), person(n / 2 + 1 + n % 3));
    for activity in &mut commit.activities {
        kind.clone_into(&mut activity.kind);
        activity.amount = Some(minor);
        activity.notify = Some(NotificationKind::new(notify));
        tell_apart(n, activity);
    }
    for effect in &mut commit.balance_effects {
        effect.amount = effect.amount.signum() * minor;
    }
    // Minutes to days ago, the newest just now.
    let age_ms = CHECKPOINTS.saturating_sub(n).pow(3) * 20_000;
    let at_ms = SystemClock.now_ms() - age_ms;
    commit.raw_transactions[0].timestamp_ms = at_ms;
    commit.ranges[0].last.timestamp_ms = at_ms;
    if n % 13 == 6 {
        commit.activities.clear();
        commit.raw_transactions[0].processing_error =
            Some("event 0: 3 bytes are left over".to_owned());
    }
    commit
}

fn tell_apart(n: u64, activity: &mut Activity) {
    match n % 11 {
        3 => activity.coin_type = Some(UNKNOWN_COIN.to_owned()),
        5 => activity.status = Status::Failed,
        7 => activity.direction = Direction::Neutral,
        9 => activity.counterparty = Some(sample::address(99)),
        _ => {}
    }
}

/// Fails again whatever is tried.
struct Hopeless(Arc<SqlStore>);

#[async_trait::async_trait]
impl FailedRetrier for Hopeless {
    async fn retry(&self, digest: &Digest) -> Result<FailedRetry, StoreError> {
        let failed = self.0.failed_find(digest).await?;
        Ok(failed.map_or(FailedRetry::NotFailed, |_| FailedRetry::StillFailed))
    }
}

/// Texts in the manner of vigia's own.
struct SampleText;

impl NotificationText for SampleText {
    fn render(&self, input: &RenderInput<'_>, locale: Locale) -> String {
        let money = input.money.as_deref().unwrap_or("algo");
        let name = input.counterparty_name.unwrap_or("alguien");
        match locale {
            Locale::Es => format!("Recibiste {money} de {name}"),
            Locale::En => format!("You received {money} from {name}"),
            Locale::Pt => format!("Você recebeu {money} de {name}"),
        }
    }
    fn title(&self, _: &RenderInput<'_>, locale: Locale) -> String {
        match locale {
            Locale::Es => "Dinero recibido",
            Locale::En => "Money received",
            Locale::Pt => "Dinheiro recebido",
        }
        .to_owned()
    }
}
