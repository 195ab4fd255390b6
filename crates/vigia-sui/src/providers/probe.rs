//! What a provider serves, found out by asking for very little of each.

use std::fmt;

use super::{NodeInfo, Providers, lock};
use crate::SourceError;

/// What a provider serves; none where the answer was neither yes nor no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `LedgerService.ListCheckpoints`.
    pub list_checkpoints: Option<bool>,
    /// `LedgerService.ListTransactions` with a filter.
    pub list_transactions: Option<bool>,
    /// `SubscriptionService.SubscribeTransactions` with a filter.
    pub subscribe_transactions: Option<bool>,
}

impl Capabilities {
    /// Name and answer of each.
    pub fn all(&self) -> [(&'static str, Option<bool>); 3] {
        [
            ("ListCheckpoints", self.list_checkpoints),
            ("ListTransactions", self.list_transactions),
            ("SubscribeTransactions", self.subscribe_transactions),
        ]
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing: Vec<&str> = self
            .all()
            .into_iter()
            .filter(|(_, served)| *served == Some(false))
            .map(|(name, _)| name)
            .collect();
        match missing.is_empty() {
            true => f.write_str("all methods"),
            false => write!(f, "without {}", missing.join(", ")),
        }
    }
}

/// What came of asking a provider.
pub struct ProviderProbe {
    /// What it is called.
    pub name: String,
    /// What it says about itself, or why it does not.
    pub info: Result<NodeInfo, SourceError>,
}

impl Providers {
    /// Asks all providers about themselves at once, and what they serve where `capabilities` says so.
    pub async fn probe(&self, capabilities: bool) -> Vec<ProviderProbe> {
        let probes = (0..self.0.members.len()).map(|index| self.probe_one(index, capabilities));
        futures::future::join_all(probes).await
    }

    /// Asks those that the live stream does not read from, so that it is known whether they could.
    pub async fn probe_standbys(&self, capabilities: bool) {
        let current = self.current();
        let standbys = (0..self.0.members.len()).filter(|index| Some(*index) != current);
        let probes = standbys.map(|index| self.probe_one(index, capabilities));
        futures::future::join_all(probes).await;
    }

    async fn probe_one(&self, index: usize, capabilities: bool) -> ProviderProbe {
        let member = &self.0.members[index];
        let info = self.hear(index).await;
        if let (true, Ok(info)) = (capabilities, &info) {
            let within = self.0.limits.answer_within;
            let found = member.client.capabilities(info.tip, within).await;
            if let Some(served) = found.list_checkpoints {
                member.client.set_lists(served);
            }
            *lock(&member.capabilities) = Some(found);
        }
        ProviderProbe {
            name: member.name.clone(),
            info,
        }
    }
}
