//! A server under test with Ana and Beto, and a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vigia_core::{
    AccountId, Commit, Locale, ManualClock, NotificationText, Principal, RenderInput,
};
use vigia_store::{
    Action, ActionStore, ApplicationScopes, IngestStore, ReadStore, SqlStore, SqliteOptions, Store,
    WatchStore,
};
use vigia_web::{
    AlwaysReady, AuthError, Authenticator, Identity, SignIn, SignInSettings, WebConfig, WebContext,
    WebError, WebServer,
};

use crate::keeper::PlainKeeper;
use crate::operator::TransferRetrier;
use crate::sample;

/// Nothing in these tests takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const ANA: u8 = 1;
pub(crate) const BETO: u8 = 2;

pub(crate) struct TestApp {
    pub(crate) store: Arc<SqlStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) address: SocketAddr,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Result<(), WebError>>>,
    _directory: TempDir,
}

impl TestApp {
    /// A server over an empty store.
    pub(crate) async fn empty() -> Self {
        Self::with(|_| {}).await
    }

    /// A server over a store in which Ana sent Beto something at checkpoints 0 and 1.
    pub(crate) async fn with_transfers() -> Self {
        let app = Self::with_people("Ana").await;
        app.transfer(0).await;
        app.transfer(1).await;
        app
    }

    /// A server over a store that watches an address each for two people.
    pub(crate) async fn with_people(ana: &str) -> Self {
        let app = Self::empty().await;
        app.register(ana).await;
        app
    }

    /// A server over an empty store, configured.
    pub(crate) async fn with(configure: impl FnOnce(&mut WebConfig)) -> Self {
        Self::over(|store| store, configure).await
    }

    /// A server over what is made of an empty store, configured.
    pub(crate) async fn over(
        wrap: impl FnOnce(Arc<SqlStore>) -> Arc<dyn Store>,
        configure: impl FnOnce(&mut WebConfig),
    ) -> Self {
        let by_header = |store: Arc<SqlStore>, _| {
            Arc::new(HeaderAuthenticator(store)) as Arc<dyn Authenticator>
        };
        Self::start(wrap, configure, by_header).await
    }

    /// A server over an empty store where people sign in.
    pub(crate) async fn with_sign_in(settings: SignInSettings) -> Self {
        let sign_in = |store: Arc<SqlStore>, clock: Arc<ManualClock>| {
            Arc::new(SignIn::new(store, clock, settings)) as Arc<dyn Authenticator>
        };
        Self::start(|store| store, |_| {}, sign_in).await
    }

    /// A server over an empty store where `authenticator` knows who asks, configured.
    pub(crate) async fn with_authenticator(
        configure: impl FnOnce(&mut WebConfig),
        authenticator: impl FnOnce(Arc<SqlStore>, Arc<ManualClock>) -> Arc<dyn Authenticator>,
    ) -> Self {
        Self::start(|store| store, configure, authenticator).await
    }

    async fn start(
        wrap: impl FnOnce(Arc<SqlStore>) -> Arc<dyn Store>,
        configure: impl FnOnce(&mut WebConfig),
        authenticator: impl FnOnce(Arc<SqlStore>, Arc<ManualClock>) -> Arc<dyn Authenticator>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(directory.path().join("vigia.db"));
        let clock = Arc::new(ManualClock::new(sample::GENESIS_MS + 120_000));
        let store = Arc::new(SqlStore::open(options, clock.clone()).await.unwrap());
        let mut config = WebConfig::new("127.0.0.1:0".parse().unwrap());
        configure(&mut config);
        let context = WebContext {
            store: wrap(store.clone()),
            registry: Arc::new(sample::registry().into()),
            retrier: Arc::new(TransferRetrier(store.clone())),
            text: Arc::new(PlainText),
            authenticator: authenticator(store.clone(), clock.clone()),
            readiness: Arc::new(AlwaysReady),
            metrics: Arc::new(crate::metrics::Figures),
            clock: clock.clone(),
            endpoints: Some(Arc::new(PlainKeeper::default())),
            counts: None,
            inbox_keep_ms: u64::MAX,
            version: "0.0-test",
        };
        let server = WebServer::bind(config, context).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            store,
            clock,
            address,
            client: client(),
            stop: Some(stop),
            serving: Some(serving),
            _directory: directory,
        }
    }

    /// Watches an address each for Ana, under the name given, and Beto.
    pub(crate) async fn register(&self, ana: &str) {
        self.store.live_begin(0).await.unwrap();
        self.store.coin_upsert(&[sample::cusd()]).await.unwrap();
        let people = [
            sample::entry(ANA, "ana", ana),
            sample::entry(BETO, "beto", "Beto"),
        ];
        self.store.watch_add(&people).await.unwrap();
    }

    pub(crate) async fn account(&self, n: u8) -> AccountId {
        let address = sample::address(n);
        let book = self.store.address_book(&[address], &[]).await.unwrap();
        book.account_at(&address, 0).unwrap()
    }

    /// Ana sends Beto 5 cUSD at a checkpoint.
    pub(crate) async fn transfer(&self, checkpoint: u64) {
        let commit = self.transfer_commit(checkpoint).await;
        self.apply(&commit).await;
    }

    pub(crate) async fn transfer_commit(&self, checkpoint: u64) -> Commit {
        let (ana, beto) = (self.account(ANA).await, self.account(BETO).await);
        sample::transfer(checkpoint, (ANA, ana), (BETO, beto))
    }

    pub(crate) async fn apply(&self, commit: &Commit) {
        let applied = self.store.commit_apply(commit, &sample::NoObjects);
        applied.await.unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address))
    }

    /// A form as a browser sends it from this site's own page; of the operator where no user is named.
    pub(crate) async fn send(
        &self,
        user: Option<&str>,
        path: &str,
        pairs: &[(&str, &str)],
    ) -> Response {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let request = self
            .post(path)
            .header("origin", format!("http://{}", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.extend_pairs(pairs).finish());
        as_user(request, user).send().await.unwrap()
    }

    /// The same where it leads on to another page: the path of that.
    pub(crate) async fn sent(
        &self,
        user: Option<&str>,
        path: &str,
        pairs: &[(&str, &str)],
    ) -> String {
        let response = self.send(user, path, pairs).await;
        let status = response.status();
        let to = response.headers().get("location").cloned();
        let to = to.map(|to| to.to_str().unwrap().to_owned());
        to.unwrap_or_else(|| panic!("{path} leads nowhere: {status}"))
    }

    /// The status of a page and its text, as a user reads it.
    pub(crate) async fn seen(&self, user: Option<&str>, path: &str) -> (u16, String) {
        let request = self.get(path).header("accept-language", "en");
        let response = as_user(request, user).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Where a page leads on to.
    pub(crate) async fn leads(&self, user: Option<&str>, path: &str) -> String {
        let response = as_user(self.get(path), user).send().await.unwrap();
        let to = response.headers().get("location").cloned();
        let to = to.unwrap_or_else(|| panic!("{path} leads nowhere: {}", response.status()));
        to.to_str().unwrap().to_owned()
    }

    /// What was written down: who did what, the oldest first.
    pub(crate) async fn store_actions(&self) -> Vec<String> {
        let mut rows = self.store.action_page(None, None, 99).await.unwrap();
        rows.reverse();
        let said = |action: Action| format!("{} {}", action.actor, action.action);
        rows.into_iter().map(|row| said(row.action)).collect()
    }

    /// The text of a page that is found.
    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    /// A GraphQL reply for the operator.
    pub(crate) async fn graphql(&self, query: &str) -> Value {
        self.graphql_as(None, query).await
    }

    /// A GraphQL reply for a user.
    pub(crate) async fn graphql_as(&self, user: Option<&str>, query: &str) -> Value {
        let mut request = self.post("/graphql").json(&json!({ "query": query }));
        if let Some(user) = user {
            request = request.header(USER_HEADER, user);
        }
        request.send().await.unwrap().json().await.unwrap()
    }

    /// The code of the one error a query has.
    pub(crate) async fn graphql_error(&self, query: &str) -> Value {
        let reply = self.graphql(query).await;
        assert_eq!(reply["errors"].as_array().unwrap().len(), 1, "{reply}");
        reply["errors"][0].clone()
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let serving = self.serving.take().unwrap();
        tokio::time::timeout(PATIENCE, serving)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

pub(crate) fn client() -> reqwest::Client {
    // Another crate has this client speak TLS; it then wants a provider even where there is none to speak.
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// Reads the whole text of an event stream until `events` of them arrived.
pub(crate) async fn read_events(mut response: Response, events: usize) -> Vec<(String, String)> {
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    while text.matches("\n\n").count() < events {
        let chunk = tokio::time::timeout(PATIENCE, response.chunk())
            .await
            .unwrap();
        text += std::str::from_utf8(&chunk.unwrap().expect("the stream goes on")).unwrap();
    }
    let field = |event: &str, name: &str| {
        let lines = event.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .map(|value| value.trim_start_matches([':', ' ']))
            .collect::<String>()
    };
    text.split_terminator("\n\n")
        .map(|event| (field(event, "id"), field(event, "data")))
        .collect()
}

/// With this after their name users may only read.
pub(crate) const READS_ONLY: &str = " reads";

fn as_user(request: RequestBuilder, user: Option<&str>) -> RequestBuilder {
    match user {
        Some(user) => request.header(USER_HEADER, user),
        None => request,
    }
}

/// The header by which tests sign in.
pub(crate) const USER_HEADER: &str = "x-test-user";

/// Without the header the operator, with it the user of that external id; [`READS_ONLY`] alone is an operator who may only
/// read.
struct HeaderAuthenticator(Arc<SqlStore>);

#[async_trait]
impl Authenticator for HeaderAuthenticator {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let external_id = headers.get(USER_HEADER).map(|name| name.to_str().unwrap());
        let external_id = external_id.unwrap_or_default();
        if external_id.is_empty() || external_id == READS_ONLY.trim() {
            return Ok(Identity {
                principal: Principal::LocalOperator,
                user: None,
                may_write: external_id.is_empty(),
                application: ApplicationScopes::default(),
            });
        }
        let (name, may_write) = match external_id.strip_suffix(READS_ONLY) {
            Some(name) => (name, false),
            None => (external_id, true),
        };
        let found = self.0.user_find(name).await.unwrap();
        let user = found.ok_or(AuthError::SignInRequired)?;
        Ok(Identity {
            principal: Principal::User(user.id),
            user: None,
            may_write,
            application: ApplicationScopes::default(),
        })
    }

    fn sign_in(&self) -> Option<&SignIn> {
        None
    }
}

/// Texts that show what they are made from.
struct PlainText;

impl NotificationText for PlainText {
    fn render(&self, input: &RenderInput<'_>, locale: Locale) -> String {
        let money = input.money.as_deref().unwrap_or("-");
        let name = input.counterparty_name.unwrap_or("-");
        format!(
            "[{}] {} {money} {name}",
            locale.as_str(),
            input.kind.as_str()
        )
    }
    fn title(&self, input: &RenderInput<'_>, _: Locale) -> String {
        input.kind.as_str().to_owned()
    }

    fn fallbacks(&self) -> u64 {
        7
    }
}
