//! Looks names up for the HTTP client, and gives it only addresses that may be called. The client connects to what it
//! gets from here and to nothing else, so that a name which leads elsewhere a moment later gains nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::TargetRules;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// Asks for the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of `name`.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Every address of a name is one that must not be called.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to no public address, only to {addresses:?}")]
pub(crate) struct ForbiddenAddresses {
    name: String,
    addresses: Vec<IpAddr>,
}

/// A name has no address.
#[derive(Debug, thiserror::Error)]
#[error("{name} has no address")]
pub(crate) struct NoAddress {
    name: String,
    #[source]
    source: Option<io::Error>,
}

/// A lookup under rules.
pub(crate) struct GuardedResolver {
    lookup: Arc<dyn Lookup>,
    /// None where every address may be called.
    rules: Option<TargetRules>,
    /// A lookup of the system takes a thread until it ends, and a name server may never answer.
    slots: Arc<Semaphore>,
}

impl GuardedResolver {
    pub(crate) fn new(
        lookup: Arc<dyn Lookup>,
        rules: Option<TargetRules>,
        lookups_max: usize,
    ) -> Self {
        Self {
            lookup,
            rules,
            slots: Arc::new(Semaphore::new(lookups_max)),
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, slots) = (self.lookup.clone(), self.slots.clone());
        let rules = self.rules.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let slot = slots.acquire_owned().await?;
            let asked = name.clone();
            // In a task of its own: when the caller's deadline passes the slot stays taken as long as the thread.
            let looking = tokio::spawn(async move {
                let found = lookup.lookup(&asked).await;
                drop(slot);
                found
            });
            let found = looking.await?;
            let permitted = permitted(name, found, rules.as_ref())?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be called, of those found.
fn permitted(
    name: String,
    found: io::Result<Vec<IpAddr>>,
    rules: Option<&TargetRules>,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let mut addresses = match found {
        Ok(addresses) if addresses.is_empty() => {
            return Err(NoAddress { name, source: None }.into());
        }
        Ok(addresses) => addresses,
        Err(error) => {
            let source = Some(error);
            return Err(NoAddress { name, source }.into());
        }
    };
    let permits = |address: &IpAddr| rules.is_none_or(|rules| rules.permits(*address));
    if !addresses.iter().any(permits) {
        addresses.truncate(ADDRESSES_MAX);
        return Err(ForbiddenAddresses { name, addresses }.into());
    }
    addresses.retain(permits);
    addresses.truncate(ADDRESSES_MAX);
    // Port 0 stands for the one in the URL.
    let with_port = |address| SocketAddr::new(address, 0);
    Ok(addresses.into_iter().map(with_port).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(found: &[&str], rules: Option<&TargetRules>) -> Result<Vec<String>, String> {
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        match permitted("example.com".to_owned(), Ok(found), rules) {
            Ok(addresses) => Ok(addresses.iter().map(|a| a.ip().to_string()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn only_what_may_be_called_is_handed_on() {
        let rules = TargetRules::default();
        let mixed = ["10.0.0.1", "8.8.8.8", "::1", "2606:4700:4700::1111"];
        let public = ["8.8.8.8", "2606:4700:4700::1111"].map(str::to_owned);
        assert_eq!(ask(&mixed, Some(&rules)).unwrap(), public);
        assert_eq!(ask(&mixed, None).unwrap(), mixed);
        let refused = ask(&["10.0.0.1", "::1"], Some(&rules)).unwrap_err();
        assert!(refused.contains("no public address"), "{refused}");
        assert!(ask(&[], None).unwrap_err().contains("has no address"));
    }

    proptest! {
        #[test]
        fn what_is_handed_on_is_public(found in prop::collection::vec(any::<IpAddr>(), 0..20)) {
            let rules = TargetRules::default();
            if let Ok(addresses) = permitted("a".to_owned(), Ok(found.clone()), Some(&rules)) {
                prop_assert!(!addresses.is_empty());
                for address in addresses {
                    prop_assert!(found.contains(&address.ip()) && super::super::is_public(address.ip()));
                }
            } else {
                prop_assert!(!found.into_iter().any(super::super::is_public));
            }
        }
    }

    #[tokio::test]
    async fn the_system_knows_this_machine() {
        let found = SystemLookup.lookup("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
        assert!(SystemLookup.lookup("no such name").await.is_err());
    }

    #[test]
    fn no_more_than_sixteen_addresses_are_tried() {
        let many = |count: u8| {
            (1..=count)
                .map(|i| format!("8.8.8.{i}"))
                .collect::<Vec<_>>()
        };
        let count = |many: Vec<String>| {
            let many: Vec<&str> = many.iter().map(String::as_str).collect();
            ask(&many, Some(&TargetRules::default())).unwrap().len()
        };
        assert_eq!(count(many(16)), 16);
        assert_eq!(count(many(17)), 16);
    }
}
