//! Endpoints as they are sent to: the operator's with the keys of their files, accounts' with theirs opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigia_notify::{Endpoint, EndpointClass, SecretBox, SigningKey, SigningKeys, WebhookSender};
use vigia_store::{EndpointRow, EndpointState};

use crate::config::DeclaredEndpoint;

/// Where webhooks go, and what they are signed with.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) keys: Arc<SigningKeys>,
}

/// What is known of endpoints, so that keys are opened once.
pub(super) struct KnownEndpoints {
    declared: BTreeMap<String, Target>,
    secrets: Option<Arc<SecretBox>>,
    /// Accounts' endpoints by key, as they were opened last.
    opened: BTreeMap<i64, (String, String, Option<Target>)>,
}

impl KnownEndpoints {
    /// The error says which address cannot be one.
    pub(super) fn new(
        sender: &WebhookSender,
        endpoints: Vec<DeclaredEndpoint>,
        secrets: Option<Arc<SecretBox>>,
    ) -> Result<Self, String> {
        let mut declared = BTreeMap::new();
        for DeclaredEndpoint { spec, keys } in endpoints {
            let endpoint = sender
                .endpoint(&spec.url, EndpointClass::Operator)
                .map_err(|error| format!("webhooks.url of {:?}: {error}", spec.name))?;
            let keys = Arc::new(keys);
            declared.insert(spec.name, Target { endpoint, keys });
        }
        Ok(Self {
            declared,
            secrets,
            opened: BTreeMap::new(),
        })
    }

    /// Those of these rows that are enabled and can be sent to.
    pub(super) fn targets(
        &mut self,
        sender: &WebhookSender,
        rows: Vec<EndpointRow>,
    ) -> BTreeMap<i64, Target> {
        let enabled = rows
            .into_iter()
            .filter(|row| row.state == EndpointState::Enabled);
        let mut opened = BTreeMap::new();
        let mut targets = BTreeMap::new();
        for row in enabled {
            let target = match row.account {
                // Another process may have other settings.
                None => self.declared.get(&row.spec.name).cloned(),
                Some(_) => {
                    let sealed = row.secrets.clone().unwrap_or_default();
                    let known = self.opened.remove(&row.id);
                    let known =
                        known.filter(|(url, keys, _)| *url == row.spec.url && *keys == sealed);
                    let known = known.unwrap_or_else(|| {
                        let target = self.open(sender, &row);
                        (row.spec.url.clone(), sealed, target)
                    });
                    let target = known.2.clone();
                    opened.insert(row.id, known);
                    target
                }
            };
            if let Some(target) = target {
                targets.insert(row.id, target);
            }
        }
        self.opened = opened;
        targets
    }

    /// An account's endpoint; says why it cannot be sent to.
    fn open(&self, sender: &WebhookSender, row: &EndpointRow) -> Option<Target> {
        let name = &*row.spec.name;
        let opened = self.try_open(sender, row);
        opened
            .inspect_err(|problem| {
                tracing::error!(endpoint = name, problem, "an endpoint cannot be sent to");
            })
            .ok()
    }

    fn try_open(&self, sender: &WebhookSender, row: &EndpointRow) -> Result<Target, String> {
        let secrets = self.secrets.as_ref();
        let secrets = secrets.ok_or("delivery.secret_key_files names no key")?;
        let sealed = row.secrets.as_deref().unwrap_or_default();
        let text = secrets
            .open(&row.spec.name, sealed)
            .map_err(|error| error.to_string())?;
        let keys = text.split_whitespace().map(SigningKey::parse);
        let keys = keys
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let keys = SigningKeys::new(keys).map_err(|error| error.to_string())?;
        let endpoint = sender
            .endpoint(&row.spec.url, EndpointClass::Tenant)
            .map_err(|error| error.to_string())?;
        Ok(Target {
            endpoint,
            keys: Arc::new(keys),
        })
    }
}
