//! Receivers that are a nuisance, side by side with one that is not, through processes: what each does is written down, costs
//! bounded memory, and holds up nobody else.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vigia_core::Scope;
use vigia_devnet::Pace;
use vigia_store::{ActivityFilter, DeliveryState, DeliveryStore, ReadStore, SqlStore};

use crate::app::App;
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};

/// What a receiver does once it has a request, or the beginning of a TLS handshake.
#[derive(Clone, Copy, Debug)]
enum Nuisance {
    /// Nothing at all.
    Hang,
    /// Its headers say yes, and its body comes a byte at a time.
    Drip,
    /// Its body is of 100 MB.
    Flood,
    Reset,
    /// It sends to the receiver that is well.
    Redirect,
    Garbage,
    /// It is asked by HTTPS, and speaks no TLS.
    NoTls,
}

const NUISANCES: [(&str, Nuisance); 7] = [
    ("hang", Nuisance::Hang),
    ("drip", Nuisance::Drip),
    ("flood", Nuisance::Flood),
    ("reset", Nuisance::Reset),
    ("redirect", Nuisance::Redirect),
    ("garbage", Nuisance::Garbage),
    ("no-tls", Nuisance::NoTls),
];

impl Nuisance {
    async fn listen(self, well: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.serve(stream, well.clone()));
            }
        });
        match self {
            Self::NoTls => format!("https://{address}/"),
            _ => format!("http://{address}/"),
        }
    }

    /// Ends where the other side has had enough.
    async fn serve(self, mut stream: TcpStream, well: String) -> std::io::Result<()> {
        let mut request = vec![0; 16 * 1024];
        let _ = stream.read(&mut request).await?;
        match self {
            Self::Hang => while stream.read(&mut request).await? > 0 {},
            Self::Drip => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
                stream.write_all(head).await?;
                let mut ticks = tokio::time::interval(Duration::from_millis(20));
                loop {
                    ticks.tick().await;
                    stream.write_all(b".").await?;
                }
            }
            Self::Flood => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";
                stream.write_all(head).await?;
                for _ in 0..1_000 {
                    stream.write_all(&[b'.'; 100_000]).await?;
                }
            }
            // Closed with no time to linger.
            Self::Reset => stream.set_zero_linger()?,
            Self::Redirect => {
                let answer = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nlocation: {well}/redirected\r\ncontent-length: 0\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await?;
            }
            Self::Garbage | Self::NoTls => {
                stream
                    .write_all(b"\x00\xff\xfe this is no HTTP\r\n\r\n")
                    .await?;
            }
        }
        Ok(())
    }
}

/// The receiver that is well: how many came, and on which paths.
async fn well() -> (String, watch::Receiver<BTreeMap<String, usize>>) {
    let (came, coming) = watch::channel(BTreeMap::new());
    let receive = |State(came): State<watch::Sender<BTreeMap<String, usize>>>, uri: Uri| async move {
        came.send_modify(|came| *came.entry(uri.path().to_owned()).or_default() += 1);
        StatusCode::NO_CONTENT
    };
    let router = Router::new().fallback(receive).with_state(came);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, coming)
}

/// The errors and statuses of what was tried at an endpoint.
async fn attempts(store: &SqlStore, name: &str) -> Vec<(Option<u16>, Option<String>, usize)> {
    let endpoints = store.endpoint_list().await.unwrap();
    let endpoint = endpoints.iter().find(|row| row.spec.name == name).unwrap();
    let rows = store.delivery_page(Some(endpoint.id), None, None, 10_000);
    let mut attempts = Vec::new();
    for row in rows.await.unwrap() {
        if row.attempts > 0 {
            let (_, of_row) = store.delivery_find(&row.id).await.unwrap().unwrap();
            let of_row = of_row.into_iter();
            attempts.extend(of_row.map(|a| (a.status, a.error, a.response_head.len())));
        }
    }
    attempts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn none_of_them_holds_up_another() {
    let node = start(busy_chain(2_000), Pace::Live, 10).await;
    let app = App::new();
    app.ok(&["webhooks", "key", "hook.key"]);
    let (url, mut coming) = well().await;
    let mut hooks = String::new();
    let mut hook = |name: &str, url: &str| {
        hooks += &format!(
            "[[webhooks]]\nname = \"{name}\"\nurl = \"{url}\"\nkey_files = [\"hook.key\"]\n"
        );
    };
    hook("well", &format!("{url}/well"));
    for (name, nuisance) in NUISANCES {
        hook(name, &nuisance.listen(url.clone()).await);
    }
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[delivery]\ndeadline_ms = 2000\n{}{hooks}",
        node.url(),
        contracts(),
    ));
    watch_users(&app, &node, |_| true);
    let store = app.store().await;
    let worker = app.start(&["work", "--log", "error"]);
    let poller = app.start(&["poll", "--from", "0", "--log", "error"]);
    finished_rows(&node, &store, Duration::from_secs(120)).await;
    let rows = store
        .activity_page(&Scope::All, &ActivityFilter::default(), None, 100_000)
        .await
        .unwrap();
    assert!(rows.len() > 500, "{}", rows.len());
    let all = coming.wait_for(|came| came.get("/well") == Some(&rows.len()));
    let within = tokio::time::timeout(Duration::from_secs(30), all);
    within
        .await
        .expect("whoever is well is told of all")
        .unwrap();
    let told = coming.borrow().clone();
    assert_eq!(told.len(), 1, "nobody follows a redirect: {told:?}");

    // Each was tried by now, or is in a moment.
    for (name, nuisance) in NUISANCES {
        let tried = async {
            loop {
                let found = attempts(&store, name).await;
                if !found.is_empty() {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(30), tried).await;
        let found = within.unwrap_or_else(|_| panic!("{name} is not tried"));
        let (status, error) = match nuisance {
            // The status has come, and decides.
            Nuisance::Drip | Nuisance::Flood => (Some(200), None),
            Nuisance::Hang => (None, Some("timeout")),
            Nuisance::Reset | Nuisance::Garbage => (None, Some("protocol")),
            Nuisance::Redirect => (Some(307), Some("redirect")),
            Nuisance::NoTls => (None, Some("tls")),
        };
        for (found_status, found_error, head) in &found {
            assert_eq!(
                (*found_status, found_error.as_deref()),
                (status, error),
                "{name}"
            );
            assert!(*head <= 4_096, "{name}: {head} bytes are kept");
        }
    }
    let counts = store.delivery_counts().await.unwrap();
    let dead = counts
        .iter()
        .filter(|(_, state, _)| *state == DeliveryState::Dead);
    assert_eq!(dead.count(), 0, "what failed is tried again");
    let peak = worker.peak_memory_mib();
    assert!(peak < 300, "{peak} MiB, of which 100 MB answers are none");
    println!(
        "{} activities beside {} nuisances, {peak} MiB",
        rows.len(),
        NUISANCES.len()
    );
    poller.stop();
    worker.stop();
    store.close().await;
}
