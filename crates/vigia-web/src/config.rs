//! What the web role is told, and why it may refuse to start.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

/// How the web role listens and what it allows.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The name under which browsers reach this, with the port unless it is the usual one. Wallets sign for it, so it
    /// has to be said: what a request calls this site is what whoever sent it wants it called.
    pub domain: Option<String>,
    /// Listen beyond this machine although everybody who can connect sees everything.
    pub insecure_no_auth: bool,
    /// Offer GraphiQL, which loads its parts from a public CDN.
    pub development: bool,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins, like `https://app.example`, whose pages may call the programs' routes with a token.
    pub cors_origins: Vec<String>,
    /// Bounds of everything a client can make grow (I-13).
    pub limits: WebLimits,
}

impl WebConfig {
    /// The defaults for an address.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            domain: None,
            insecure_no_auth: false,
            development: false,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            limits: WebLimits::default(),
        }
    }
}

impl WebConfig {
    /// The name that wallets sign for; on this machine alone it is where it listens.
    pub(crate) fn domain(&self) -> Option<String> {
        let here = self.listen.ip().is_loopback();
        self.domain
            .clone()
            .or_else(|| here.then(|| self.listen.to_string()))
    }
}

/// Bounds of everything a client can make grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebLimits {
    /// Largest request body and WebSocket message.
    pub body_bytes_max: usize,
    /// Largest request body of an application's token: a batch of 1,000 changes.
    pub batch_bytes_max: usize,
    /// Most words and signs of a GraphQL document.
    pub query_tokens_max: usize,
    /// Deepest nesting of fields; introspection by usual tools needs 13.
    pub query_depth_max: usize,
    /// Most aliases in a GraphQL document.
    pub query_aliases_max: usize,
    /// Documents that are remembered by their hash, for clients that send that instead (automatic persisted queries).
    pub persisted_queries_max: usize,
    /// Requests of one client, by its address, in a second; none: as many as it makes.
    pub client_per_second: Option<u32>,
    /// Requests of one user in a second; none: as many as they make.
    pub user_per_second: Option<u32>,
    /// Most fields a GraphQL reply may have, pages counted in full.
    pub query_complexity_max: usize,
    /// Most live readers at once: event streams and web sockets.
    pub live_readers_max: usize,
    /// Most web sockets at once that have yet to say in `connection_init` who they are.
    pub newcomers_max: usize,
    /// How often it is looked whether what a live reader signed in by still holds.
    pub recheck_interval: Duration,
    /// Longest time until a new WebSocket says `connection_init`.
    pub init_timeout: Duration,
    /// Most subscriptions on one WebSocket.
    pub subscriptions_max: usize,
    /// Longest time until a reply begins.
    pub request_timeout: Duration,
    /// Longest time for which the other side of a connection may take nothing of what it is sent.
    pub stalled_timeout: Duration,
    /// Longest time that open connections get to end when vigia stops.
    pub drain_timeout: Duration,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024,
            batch_bytes_max: 1024 * 1024,
            query_tokens_max: 2_000,
            query_depth_max: 16,
            query_complexity_max: 6_000,
            query_aliases_max: 50,
            persisted_queries_max: 500,
            client_per_second: None,
            user_per_second: None,
            live_readers_max: 1_000,
            newcomers_max: 100,
            recheck_interval: Duration::from_secs(60),
            init_timeout: Duration::from_secs(10),
            subscriptions_max: 10,
            request_timeout: Duration::from_secs(15),
            stalled_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(5),
        }
    }
}

/// Why the web role does not serve.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// There is no sign-in, and the address can be reached from other machines.
    #[error(
        "refusing to listen on {listen}: nobody has to sign in, so everybody who can connect would \
         see every account; set web.sign_in = true, listen on 127.0.0.1, or set \
         web.insecure_no_auth if that is what you want"
    )]
    NotLoopback {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}")]
    Bind {
        /// The address asked for.
        listen: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Serving ended with an error.
    #[error("the web server failed")]
    Serve(#[source] std::io::Error),
}
