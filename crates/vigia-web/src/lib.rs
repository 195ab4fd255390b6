//! GraphQL, pages and live updates: what people and programs read of vigia.
//!
//! Everything is rendered on the server; pages work without script and get live with 100 lines of
//! it. Every read goes through a `Principal`, which an `Authenticator` makes from a request (I-14).
//! Members change what is theirs, operators the rest, and what they let vigia do again is behind a trait; nothing here knows which
//! database is behind the store.

mod acting;
mod app;
mod assets;
mod auth;
mod broadcasts;
mod chart;
mod config;
mod contracts;
mod credentials;
mod cursor;
mod endpoints;
mod event;
mod events;
mod export;
mod failed;
mod feed;
mod graphql;
mod guard;
mod health;
mod jwt;
mod linking;
mod live;
mod lookup;
mod metrics;
mod over_time;
mod own_devices;
mod own_endpoints;
mod pages;
mod path;
mod plain;
mod rate;
mod reader;
mod recheck;
mod request_id;
mod router;
mod samples;
mod search;
mod server;
mod shared;
mod sign_in;
mod stall;
mod stream;
mod targets;
mod text;
mod told;
mod wallet;

pub use app::WebContext;
pub use auth::{AuthError, Authenticator, Identity, LocalOperatorAuthenticator};
pub use config::{WebConfig, WebError, WebLimits};
pub use credentials::{
    CredentialError, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Secret, TOKEN_PREFIX, password_hash,
};
pub use endpoints::{EndpointKeeper, EndpointKeys};
pub use event::{EVENT_VERSION, event_json};
pub use failed::FailedRetrier;
pub use graphql::schema_sdl;
pub use health::{AlwaysReady, HealthServer, Readiness};
pub use ipnet::IpNet;
pub use jwt::{
    JWKS_BYTES_MAX, JWKS_KEYS_MAX, JWT_BYTES_MAX, JwksError, JwksSource, JwtAlgorithm, JwtSettings,
    JwtVerifier,
};
pub use metrics::{MetricsServer, MetricsText};
pub use server::WebServer;
pub use shared::{CountError, SharedCounts};
pub use sign_in::{SignIn, SignInSettings};
pub use told::{PUSH_VERSION, Together, Told, push_data, push_text};
pub use wallet::{SignedMessage, WalletError, WalletVerifier, Wallets};
