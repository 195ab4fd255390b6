//! Where operators are told.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use vigia_sui::Secret;

/// How long the other side may take.
const TELL_WITHIN: Duration = Duration::from_secs(10);

/// A way to tell operators.
pub struct Channel {
    client: Client,
    kind: Kind,
}

enum Kind {
    /// Any receiver: an object with `alert`, `state` (`firing`, `resolved`), `text` and `atMs`.
    Webhook(Url),
    /// An incoming webhook of Slack, or of whoever speaks the same.
    Slack(Url),
    /// A bot of Telegram: where its API is, its token and the chat.
    Telegram {
        api: Url,
        token: Secret,
        chat: String,
    },
}

impl Channel {
    /// Any receiver at `url`.
    pub fn webhook(url: Url) -> anyhow::Result<Self> {
        Self::new(Kind::Webhook(url))
    }

    /// Slack, or whoever takes the same.
    pub fn slack(url: Url) -> anyhow::Result<Self> {
        Self::new(Kind::Slack(url))
    }

    /// A bot of Telegram that writes to `chat`.
    pub fn telegram(api: Url, token: Secret, chat: String) -> anyhow::Result<Self> {
        Self::new(Kind::Telegram { api, token, chat })
    }

    fn new(kind: Kind) -> anyhow::Result<Self> {
        Ok(Self {
            client: client()?,
            kind,
        })
    }

    /// Tells it. The error holds no secret: addresses of these channels are some.
    pub(super) async fn send(
        &self,
        name: &str,
        is_firing: bool,
        words: &str,
        now_ms: u64,
    ) -> Result<(), String> {
        let state = if is_firing { "firing" } else { "resolved" };
        let text = match is_firing {
            true => format!("vigia: {words}"),
            false => format!("vigia: over: {words}"),
        };
        let (to, url, body): (&str, Url, Value) = match &self.kind {
            Kind::Webhook(url) => (
                "alerts.webhook_url",
                url.clone(),
                json!({ "alert": name, "state": state, "text": text, "atMs": now_ms }),
            ),
            Kind::Slack(url) => ("alerts.slack_url", url.clone(), json!({ "text": text })),
            Kind::Telegram { api, token, chat } => {
                // A token has a colon: without the dot its name would be a scheme (RFC 3986, section 4.2).
                let path = format!("./bot{}/sendMessage", token.expose());
                let url = api
                    .join(&path)
                    .map_err(|_| "alerts.telegram_token is no token".to_owned())?;
                let body = json!({ "chat_id": chat, "text": text });
                ("alerts.telegram", url, body)
            }
        };
        asked(to, self.client.post(url).json(&body)).await
    }
}

/// Somebody who misses vigia when it says nothing.
pub struct Heartbeat {
    client: Client,
    url: Url,
}

impl Heartbeat {
    /// Asks for `url` at every look.
    pub fn new(url: Url) -> anyhow::Result<Self> {
        Ok(Self {
            client: client()?,
            url,
        })
    }

    /// Tells that vigia is well; nothing where it is not.
    pub(super) async fn beat(&self, is_well: bool) -> Result<(), String> {
        match is_well {
            true => asked("alerts.heartbeat_url", self.client.get(self.url.clone())).await,
            false => Ok(()),
        }
    }
}

fn client() -> anyhow::Result<Client> {
    // Whoever came first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(concat!("vigia/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(TELL_WITHIN)
        .build()?;
    Ok(client)
}

async fn asked(to: &str, request: reqwest::RequestBuilder) -> Result<(), String> {
    let answer = request.send().await;
    let answer = answer.map_err(|error| {
        let error = error.without_url();
        format!("{to}: {}", vigia_core::error_chain(&error))
    })?;
    let status = answer.status();
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("{to}: it answers {status}")),
    }
}
