//! Which addresses are on the public internet. Pure.
//!
//! From IANA's registries of special-purpose addresses, and stricter: forms of IPv6 that carry an address of IPv4 are
//! refused whatever they carry, since what they lead to depends on the network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: its first address, the length of its prefix, and what it is for.
type Network<A> = (A, u32, &'static str);

/// Networks of IPv4 that are not on the public internet.
const FORBIDDEN_V4: &[Network<Ipv4Addr>] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private use"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "link-local, cloud metadata",
    ),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private use"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private use"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved, broadcast"),
];

/// The part of IPv6 that is given out for the public internet: loopback, IPv4-mapped and -compatible, NAT64,
/// discard-only, unique-local, link-local, site-local and multicast addresses lie outside of it.
const PUBLIC_V6: Network<Ipv6Addr> = (
    Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0),
    3,
    "global unicast",
);

/// Networks within [`PUBLIC_V6`] that are not on the public internet.
const FORBIDDEN_V6: &[Network<Ipv6Addr>] = &[
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "protocol assignments, Teredo, ORCHID, benchmarking",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "documentation",
    ),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (
        Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0),
        16,
        "6bone, given back",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "documentation",
    ),
];

/// Whether an address is on the public internet, so that calling it reaches nothing of the inside.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !FORBIDDEN_V4
            .iter()
            .any(|(network, prefix, _)| has_prefix_v4(address, *network, *prefix)),
        IpAddr::V6(address) => {
            has_prefix_v6(address, PUBLIC_V6.0, PUBLIC_V6.1)
                && !FORBIDDEN_V6
                    .iter()
                    .any(|(network, prefix, _)| has_prefix_v6(address, *network, *prefix))
        }
    }
}

fn has_prefix_v4(address: Ipv4Addr, network: Ipv4Addr, prefix: u32) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (u32::BITS - prefix) == 0
}

fn has_prefix_v6(address: Ipv6Addr, network: Ipv6Addr, prefix: u32) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (u128::BITS - prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses tried, with what they are; kept as a table in docs/webhooks.md too.
    const TABLE: &[(&str, bool)] = &[
        ("0.0.0.0", false),
        ("0.255.255.255", false),
        ("1.0.0.0", true),
        ("1.1.1.1", true),
        ("8.8.8.8", true),
        ("9.255.255.255", true),
        ("10.0.0.0", false),
        ("10.255.255.255", false),
        ("11.0.0.0", true),
        ("100.63.255.255", true),
        ("100.64.0.0", false),
        ("100.100.100.200", false),
        ("100.127.255.255", false),
        ("100.128.0.0", true),
        ("126.255.255.255", true),
        ("127.0.0.0", false),
        ("127.0.0.1", false),
        ("127.255.255.255", false),
        ("128.0.0.0", true),
        ("169.253.255.255", true),
        ("169.254.0.0", false),
        ("169.254.169.254", false),
        ("169.254.255.255", false),
        ("169.255.0.0", true),
        ("172.15.255.255", true),
        ("172.16.0.0", false),
        ("172.31.255.255", false),
        ("172.32.0.0", true),
        ("191.255.255.255", true),
        ("192.0.0.0", false),
        ("192.0.0.192", false),
        ("192.0.1.0", true),
        ("192.0.2.0", false),
        ("192.0.2.255", false),
        ("192.0.3.0", true),
        ("192.88.98.255", true),
        ("192.88.99.1", false),
        ("192.88.100.0", true),
        ("192.167.255.255", true),
        ("192.168.0.0", false),
        ("192.168.255.255", false),
        ("192.169.0.0", true),
        ("198.17.255.255", true),
        ("198.18.0.0", false),
        ("198.19.255.255", false),
        ("198.20.0.0", true),
        ("198.51.99.255", true),
        ("198.51.100.0", false),
        ("198.51.101.0", true),
        ("203.0.112.255", true),
        ("203.0.113.7", false),
        ("203.0.114.0", true),
        ("223.255.255.255", true),
        ("224.0.0.0", false),
        ("239.255.255.255", false),
        ("240.0.0.0", false),
        ("255.255.255.255", false),
        ("::", false),
        ("::1", false),
        ("::7f00:1", false),
        ("::8.8.8.8", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:10.0.0.1", false),
        ("::ffff:8.8.8.8", false),
        ("::ffff:0:8.8.8.8", false),
        ("64:ff9b::8.8.8.8", false),
        ("64:ff9b::10.0.0.1", false),
        ("64:ff9b:1::1", false),
        ("100::1", false),
        ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("2000::", true),
        ("2001::", false),
        ("2001:0:7f00:1::", false),
        ("2001:2::1", false),
        ("2001:10::1", false),
        ("2001:20::1", false),
        ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("2001:200::", true),
        ("2001:4860:4860::8888", true),
        ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("2001:db8::", false),
        ("2001:db9::", true),
        ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("2002::", false),
        ("2002:7f00:1::1", false),
        ("2002:808:808::1", false),
        ("2003::", true),
        ("2606:4700:4700::1111", true),
        ("3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("3ffe::1", false),
        ("3fff::1", false),
        ("3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("3fff:1000::", true),
        ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("4000::", false),
        ("5f00::1", false),
        ("fc00::1", false),
        ("fd00:ec2::254", false),
        ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("fe80::1", false),
        ("febf::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
    ];

    #[test]
    fn addresses_are_public_or_not() {
        for (text, expected) in TABLE {
            assert_eq!(is_public(text.parse().unwrap()), *expected, "{text}");
        }
    }

    #[test]
    fn the_documentation_names_every_network() {
        let page = include_str!("../../../../docs/webhooks.md");
        let v4 = FORBIDDEN_V4
            .iter()
            .map(|(a, p, what)| (a.to_string(), p, what));
        let v6 = FORBIDDEN_V6
            .iter()
            .map(|(a, p, what)| (a.to_string(), p, what));
        for (network, prefix, what) in v4.chain(v6) {
            let row = format!("| `{network}/{prefix}` | {what} |");
            assert!(page.contains(&row), "docs/webhooks.md lacks {row}");
        }
        for (address, is_public) in TABLE {
            let becomes = if *is_public { "called" } else { "refused" };
            let row = format!("| `{address}` | {becomes} |");
            assert!(page.contains(&row), "docs/webhooks.md lacks {row}");
        }
    }
}
