//! A sender for tests: its names lead where the test says, and nowhere else.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use vigia_core::{Clock, ManualClock, SystemClock};
use vigia_notify::{
    Attempt, EndpointClass, Lookup, MessageId, SendLimits, SigningKey, SigningKeys, TargetRules,
    WebhookMessage, WebhookSender, WebhookSettings,
};

pub(crate) const BODY: &str = r#"{"amount":"5000000","who":"Ñandú"}"#;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub(crate) struct Sending {
    settings: WebhookSettings,
    names: Arc<Names>,
    clock: Arc<ManualClock>,
    trace_parent: Option<String>,
    sender: Option<WebhookSender>,
}

/// Names and the addresses they lead to, one list after the other at each question; the last one stays.
#[derive(Default)]
pub(crate) struct Names {
    known: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    /// Questions for names that begin with `hang` get no answer.
    pub(crate) hanging: AtomicU64,
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if name.starts_with("hang") {
            self.hanging.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        let mut known = self.known.lock().unwrap();
        let Some(lists) = known.get_mut(name) else {
            return Err(io::Error::other("no such name"));
        };
        match lists.len() {
            1 => Ok(lists[0].clone()),
            _ => Ok(lists.remove(0)),
        }
    }
}

impl Names {
    pub(crate) fn add(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let mut known = self.known.lock().unwrap();
        known.entry(name.to_owned()).or_default().push(addresses);
    }
}

impl Sending {
    pub(crate) fn new() -> Self {
        let sending = Self {
            settings: WebhookSettings::default(),
            names: Arc::default(),
            clock: Arc::new(ManualClock::new(SystemClock.now_ms())),
            trace_parent: None,
            sender: None,
        };
        sending.built()
    }

    pub(crate) fn limits(self, limits: SendLimits) -> Self {
        self.set(|settings| settings.limits = limits)
    }

    pub(crate) fn rules(self, rules: TargetRules) -> Self {
        self.set(|settings| settings.rules = rules)
    }

    pub(crate) fn trusting(self, ca_pem: Vec<u8>) -> Self {
        self.set(|settings| settings.ca_pem = Some(ca_pem))
    }

    pub(crate) fn traced_as(mut self, trace_parent: &str) -> Self {
        self.trace_parent = Some(trace_parent.to_owned());
        self
    }

    pub(crate) fn lookups_max(self, lookups_max: usize) -> Self {
        self.set(|settings| settings.lookups_max = lookups_max)
    }

    /// `name` leads to these addresses.
    pub(crate) fn name(self, name: &str, addresses: &[&str]) -> Self {
        self.names.add(name, addresses);
        self
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn secret(&self) -> String {
        SECRET.to_owned()
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn sender(&self) -> &WebhookSender {
        self.sender.as_ref().expect("built")
    }

    pub(crate) async fn send(&self, url: &str, class: EndpointClass) -> Attempt {
        let endpoint = self.sender().endpoint(url, class).expect("an endpoint");
        let id = MessageId::new("00f3a1b2c3d4e5f60718293a4b5c6d7e").unwrap();
        let keys = SigningKeys::new(vec![SigningKey::parse(SECRET).unwrap()]).unwrap();
        let message = WebhookMessage {
            id: &id,
            body: Bytes::from_static(BODY.as_bytes()),
            trace_parent: self.trace_parent.clone(),
        };
        self.sender().send(&endpoint, message, &keys).await
    }

    fn set(mut self, change: impl FnOnce(&mut WebhookSettings)) -> Self {
        change(&mut self.settings);
        self.built()
    }

    fn built(mut self) -> Self {
        let settings = self.settings.clone();
        let sender = WebhookSender::with_lookup(settings, self.clock.clone(), self.names.clone());
        self.sender = Some(sender.unwrap());
        self
    }
}
