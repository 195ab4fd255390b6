//! Which addresses may be called: the rules against server-side request forgery.
//!
//! An endpoint that a tenant names must not lead to the inside: its URL is checked here at every attempt, and the
//! addresses of its name where the connection is made (`resolver`).

mod address;
mod resolver;

pub use address::is_public;
pub use ipnet::IpNet;
pub(crate) use resolver::{ForbiddenAddresses, GuardedResolver, NoAddress};
pub use resolver::{Lookup, SystemLookup};

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// Bytes that the URL of an endpoint may have.
pub const ENDPOINT_URL_BYTES_MAX: usize = 2_048;

/// Ports that tenants' endpoints may have without being listed in [`TargetRules::ports_allowed`].
pub const PORTS_ALLOWED: [u16; 2] = [80, 443];

/// Who declared an endpoint, and so what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointClass {
    /// In the configuration file, by who runs this: may be private and plain HTTP.
    Operator,
    /// Through an interface, by a user: HTTPS on the public internet.
    Tenant,
}

/// What tenants' endpoints may be beyond HTTPS on the public internet; for development, tests and closed networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetRules {
    /// Networks that may be called although they are not public.
    pub networks_allowed: Vec<IpNet>,
    /// Ports that may be called beside [`PORTS_ALLOWED`].
    pub ports_allowed: Vec<u16>,
    /// Whether plain HTTP is possible.
    pub plain_http_allowed: bool,
}

/// Why a URL is no endpoint. Its owner may read it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Too long.
    #[error("the URL of the endpoint has more than {ENDPOINT_URL_BYTES_MAX} bytes: shorten it")]
    TooLong,
    /// Not a URL with a host.
    #[error("this is not a URL with a host: it has to look like https://example.com/webhooks")]
    NotAUrl,
    /// Another scheme, or plain HTTP.
    #[error("an endpoint's URL begins with https://, this one with {found}://")]
    Scheme {
        /// What it begins with.
        found: String,
    },
    /// A name and password in it.
    #[error("the URL has a user name or password in it: leave them out, requests are signed")]
    UserInfo,
    /// A port that is not allowed.
    #[error("port {port} is not allowed: use 443, or have the operator allow it")]
    Port {
        /// Which.
        port: u16,
    },
    /// A literal address, or a name of this machine, that is not on the public internet.
    #[error("the host is not on the public internet: use a public address")]
    Forbidden,
}

/// Where webhooks go. Its `Debug` leaves out path and query, which often hold a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    url: Url,
    class: EndpointClass,
}

impl Endpoint {
    /// The whole URL.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Who declared it.
    pub fn class(&self) -> EndpointClass {
        self.class
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Endpoint({:?} {})",
            self.class,
            self.url.origin().ascii_serialization()
        )
    }
}

impl TargetRules {
    /// Reads a URL. The same checks are made again at every attempt, as rules may have changed since.
    pub fn endpoint(&self, url: &str, class: EndpointClass) -> Result<Endpoint, EndpointError> {
        if url.len() > ENDPOINT_URL_BYTES_MAX {
            return Err(EndpointError::TooLong);
        }
        // The crate writes numbers in every base, and short forms, as the four numbers that are called.
        let url = Url::parse(url).map_err(|_| EndpointError::NotAUrl)?;
        let endpoint = Endpoint { url, class };
        self.check(&endpoint)?;
        Ok(endpoint)
    }

    /// Whether the endpoint may be called, as far as its URL says.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        let url = &endpoint.url;
        let is_tenant = endpoint.class == EndpointClass::Tenant;
        match url.scheme() {
            "https" => {}
            "http" if !is_tenant || self.plain_http_allowed => {}
            found => {
                return Err(EndpointError::Scheme {
                    found: found.to_owned(),
                });
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        let host = url.host().ok_or(EndpointError::NotAUrl)?;
        if !is_tenant {
            return Ok(());
        }
        let port = url.port_or_known_default().ok_or(EndpointError::NotAUrl)?;
        if !PORTS_ALLOWED.contains(&port) && !self.ports_allowed.contains(&port) {
            return Err(EndpointError::Port { port });
        }
        let is_permitted = match host {
            Host::Ipv4(address) => self.permits(address.into()),
            Host::Ipv6(address) => self.permits(address.into()),
            // What a name leads to is seen when it is called; this only says it earlier.
            Host::Domain(name) => !is_local_name(name) || !self.networks_allowed.is_empty(),
        };
        match is_permitted {
            true => Ok(()),
            false => Err(EndpointError::Forbidden),
        }
    }

    /// Whether a tenant's endpoint may be at this address.
    pub fn permits(&self, address: IpAddr) -> bool {
        let is_allowed = |network: &IpNet| network.contains(&address);
        is_public(address) || self.networks_allowed.iter().any(is_allowed)
    }
}

/// Names that mean this machine or this network wherever they are asked (RFC 6761, 6762, 8375).
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_below = |suffix: &str| name == suffix || name.ends_with(&format!(".{suffix}"));
    ["localhost", "local", "internal", "home.arpa"]
        .into_iter()
        .any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(url: &str) -> Result<(), EndpointError> {
        let rules = TargetRules::default();
        rules.endpoint(url, EndpointClass::Tenant).map(|_| ())
    }

    #[test]
    fn literals_are_seen_in_every_spelling() {
        let forbidden = [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7F.1",
            "017700000001",
            "0177.0.0.1",
            "0",
            "0x0",
            "0.0.0.0",
            "10.0.0.1",
            "10.1",
            "012.1",
            "0xa.1",
            "167772161",
            "192.168.0.1",
            "192.168.1",
            "3232235521",
            "0xc0a80001",
            "0300.0250.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "100.64.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "１２７.0.0.1",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "127.0.0.1.",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[2002:7f00:1::]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fd00::1]",
            "[fec0::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
        ];
        for host in forbidden {
            let url = format!("https://{host}/");
            assert_eq!(tenant(&url), Err(EndpointError::Forbidden), "{host}");
        }
        for host in [
            "8.8.8.8",
            "134744072",
            "[2606:4700:4700::1111]",
            "example.com",
            "localhost.com",
        ] {
            assert_eq!(tenant(&format!("https://{host}/")), Ok(()), "{host}");
        }
    }

    #[test]
    fn tenants_have_https_on_the_usual_ports() {
        let scheme = |found: &str| {
            Err(EndpointError::Scheme {
                found: found.to_owned(),
            })
        };
        let table = [
            ("https://example.com", Ok(())),
            ("https://example.com:443/a?b=c", Ok(())),
            ("https://example.com:80/", Ok(())),
            (
                "https://example.com:81/",
                Err(EndpointError::Port { port: 81 }),
            ),
            (
                "https://example.com:22/",
                Err(EndpointError::Port { port: 22 }),
            ),
            (
                "https://example.com:0/",
                Err(EndpointError::Port { port: 0 }),
            ),
            ("http://example.com/", scheme("http")),
            ("ftp://example.com/", scheme("ftp")),
            ("file:///etc/passwd", scheme("file")),
            ("gopher://example.com/", scheme("gopher")),
            ("javascript:alert(1)", scheme("javascript")),
            ("https://user@example.com/", Err(EndpointError::UserInfo)),
            ("https://:secret@example.com/", Err(EndpointError::UserInfo)),
            (
                "https://example.com@10.0.0.1/",
                Err(EndpointError::UserInfo),
            ),
            ("https://", Err(EndpointError::NotAUrl)),
            ("example.com", Err(EndpointError::NotAUrl)),
            ("", Err(EndpointError::NotAUrl)),
            ("https://[::1", Err(EndpointError::NotAUrl)),
            ("https://[fe80::1%25eth0]/", Err(EndpointError::NotAUrl)),
            ("https://999.1.1.1/", Err(EndpointError::NotAUrl)),
        ];
        for (url, expected) in table {
            assert_eq!(tenant(url), expected, "{url}");
        }
        let padded = |bytes: usize| format!("https://example.com/{}", "a".repeat(bytes - 20));
        assert_eq!(tenant(&padded(ENDPOINT_URL_BYTES_MAX)), Ok(()));
        assert_eq!(
            tenant(&padded(ENDPOINT_URL_BYTES_MAX + 1)),
            Err(EndpointError::TooLong)
        );
    }

    #[test]
    fn what_is_allowed_is_allowed_and_no_more() {
        let rules = TargetRules {
            networks_allowed: vec![
                "10.1.0.0/16".parse().unwrap(),
                "fd00:1::/32".parse().unwrap(),
            ],
            ports_allowed: vec![8443],
            plain_http_allowed: true,
        };
        let check = |url: &str| rules.endpoint(url, EndpointClass::Tenant).map(|_| ());
        assert_eq!(check("http://10.1.255.255:8443/"), Ok(()));
        assert_eq!(check("https://[fd00:1::5]/"), Ok(()));
        assert_eq!(check("http://10.2.0.0/"), Err(EndpointError::Forbidden));
        assert_eq!(check("http://10.0.255.255/"), Err(EndpointError::Forbidden));
        // Allowing a network of IPv4 does not allow its forms in IPv6.
        assert_eq!(
            check("http://[::ffff:10.1.0.1]/"),
            Err(EndpointError::Forbidden)
        );
        assert_eq!(
            check("http://10.1.0.1:8444/"),
            Err(EndpointError::Port { port: 8444 })
        );
    }

    #[test]
    fn operators_may_call_the_inside_over_http() {
        let rules = TargetRules::default();
        let check = |url: &str| rules.endpoint(url, EndpointClass::Operator).map(|_| ());
        assert_eq!(check("http://localhost:9000/hook"), Ok(()));
        assert_eq!(check("http://10.0.0.7/"), Ok(()));
        assert!(check("ftp://10.0.0.7/").is_err());
        assert_eq!(
            check("http://me:secret@10.0.0.7/"),
            Err(EndpointError::UserInfo)
        );
    }

    #[test]
    fn paths_and_queries_are_not_printed() {
        let rules = TargetRules::default();
        let endpoint = rules.endpoint(
            "https://example.com/T0KEN?key=S3CRET",
            EndpointClass::Tenant,
        );
        let endpoint = endpoint.unwrap();
        assert_eq!(
            format!("{endpoint:?}"),
            "Endpoint(Tenant https://example.com)"
        );
        assert!(endpoint.url().ends_with("S3CRET"));
    }
}
