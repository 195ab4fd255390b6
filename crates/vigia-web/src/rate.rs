//! How many requests in a second one client and one user may make: in this process, and where counts are shared, of all
//! together.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use ipnet::IpNet;
use vigia_core::permits;

use crate::shared::Shared;

/// Clients and users that are remembered; beyond, those that have their full share again are forgotten first, then all (I-13).
const REMEMBERED_MAX: usize = 100_000;
/// Addresses of an `X-Forwarded-For` that are looked at, from its end.
const FORWARDED_MAX: usize = 16;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who makes requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A client by its address; of IPv6 its network of 64 bits, which one customer has.
    Address(IpAddr),
    /// A user, by whatever session or token.
    User(i64),
}

impl Who {
    /// What the shared counts know it by.
    fn key(&self) -> String {
        match self {
            Self::Address(address) => format!("client/{address}"),
            Self::User(user) => format!("user/{user}"),
        }
    }
}

/// Who has taken how much.
pub(crate) struct Rates {
    here: RatesHere,
    shared: Shared,
}

impl Rates {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            here: RatesHere::default(),
            shared,
        }
    }

    /// Whether one more request may be made; with a burst of a second's worth. None: no limit.
    pub(crate) async fn take(&self, who: Who, per_second: Option<u32>, now_ms: u64) -> bool {
        let Some(per_second) = per_second else {
            return true;
        };
        let key = who.key();
        // What is too much of one process is too much of all.
        self.here.take(who, per_second, now_ms) && self.shared.take(&key, per_second).await
    }
}

/// Up to when each has taken its share of this process, in microseconds since 1970.
#[derive(Debug, Default)]
struct RatesHere(Mutex<HashMap<Who, u64>>);

impl RatesHere {
    fn take(&self, who: Who, per_second: u32, now_ms: u64) -> bool {
        let now_us = now_ms.saturating_mul(1_000);
        let mut taken = self.taken();
        if taken.len() >= REMEMBERED_MAX && !taken.contains_key(&who) {
            taken.retain(|_, until_us| *until_us > now_us);
            if taken.len() >= REMEMBERED_MAX {
                taken.clear();
            }
        }
        let until_us = taken.entry(who).or_default();
        let (granted, after_us) = permits(*until_us, now_us, per_second, 1);
        *until_us = after_us;
        granted > 0
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Who, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address of a client: of its connection, or where that is a trusted proxy's, the last one of `X-Forwarded-For` that is none of a
/// trusted proxy. What a client itself writes there stands further to the left and is not believed.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.ip().to_canonical();
    if !is_trusted(&client) {
        return client;
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.rsplit(','))
        .take(FORWARDED_MAX);
    for hop in hops {
        // Whoever wrote something else there is not to be followed any further.
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            return client;
        };
        client = address.to_canonical();
        if !is_trusted(&client) {
            return client;
        }
    }
    client
}

/// Whom an address counts for; loopback for nobody: that is a proxy that is not declared, or whoever is at the machine.
pub(crate) fn limited(address: IpAddr) -> Option<Who> {
    match address {
        address if address.is_loopback() => None,
        IpAddr::V4(_) => Some(Who::Address(address)),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            Some(Who::Address(IpAddr::V6(network.into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn forwarded(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        headers
    }

    fn client(peer: &str, values: &[&'static str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let peer = SocketAddr::new(peer.parse().unwrap(), 9);
        client_address(peer, &forwarded(values), &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ours = ["10.0.0.0/8"];
        assert_eq!(client("203.0.113.9", &["1.2.3.4"], &ours), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4"], &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["1.2.3.4"], &ours), "1.2.3.4");
        // What the client wrote itself is further to the left.
        assert_eq!(
            client("10.0.0.1", &["9.9.9.9, 1.2.3.4, 10.0.0.2"], &ours),
            "1.2.3.4"
        );
        assert_eq!(
            client("10.0.0.1", &["9.9.9.9", "1.2.3.4"], &ours),
            "1.2.3.4"
        );
        assert_eq!(client("10.0.0.1", &["nonsense"], &ours), "10.0.0.1");
        assert_eq!(
            client("10.0.0.1", &["nonsense, 10.0.0.3"], &ours),
            "10.0.0.3"
        );
        assert_eq!(
            client("::ffff:10.0.0.1", &["2001:db8::1"], &ours),
            "2001:db8::1"
        );
        assert_eq!(client("10.0.0.1", &[], &ours), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let of = |text: &str| limited(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!((of("127.0.0.1"), of("::1")), (None, None));
    }

    #[test]
    fn a_second_has_its_share_and_what_is_remembered_is_bounded() {
        let rates = RatesHere::default();
        let who = Who::User(7);
        for _ in 0..5 {
            assert!(rates.take(who.clone(), 5, 1_000));
        }
        assert!(!rates.take(who.clone(), 5, 1_000));
        assert!(rates.take(Who::User(8), 5, 1_000));
        assert!(rates.take(who, 5, 1_200));
        for user in 0..=i64::try_from(REMEMBERED_MAX).unwrap() {
            rates.take(Who::User(user), 1, 1_000);
        }
        assert!(rates.taken().len() <= REMEMBERED_MAX);
    }
}
