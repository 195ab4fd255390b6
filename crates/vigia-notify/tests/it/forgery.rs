//! Nobody reaches the inside through a webhook: every forbidden address is refused, however it is written or come by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use vigia_notify::{EndpointClass, ErrorClass, Outcome, SendLimits, TargetRules, is_public};

use crate::receiver::{Answer, Receiver};
use crate::sending::Sending;
use crate::tls::Authority;

const TENANT: EndpointClass = EndpointClass::Tenant;

#[tokio::test]
async fn a_name_that_leads_inside_is_not_called() {
    let receiver = Receiver::start(Answer::status(200, "")).await;
    let port = receiver.address.port();
    let rules = TargetRules {
        ports_allowed: vec![port],
        plain_http_allowed: true,
        ..TargetRules::default()
    };
    for address in [
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "::1",
        "0.0.0.0",
        "169.254.169.254",
    ] {
        let sending = Sending::new().rules(rules.clone());
        let sending = sending.name("evil.test", &[address]);
        let attempt = sending
            .send(&format!("http://evil.test:{port}/"), TENANT)
            .await;
        assert_eq!(
            attempt.error,
            Some(ErrorClass::ForbiddenTarget),
            "{address}: {attempt:?}"
        );
        assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
        let said = ErrorClass::ForbiddenTarget.text();
        assert!(!said.contains(address), "{said}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_turns_inside_later_is_not_called_then() {
    let authority = Authority::new();
    let tls = Some(authority.acceptor("turns.test", &[]));
    let mut receiver =
        Receiver::start_with(Answer::status(200, "connection: close\r\n"), tls).await;
    let port = receiver.address.port();
    let rules = TargetRules {
        ports_allowed: vec![port],
        networks_allowed: vec!["127.0.0.1/32".parse().unwrap()],
        ..TargetRules::default()
    };
    // 127.0.0.1 plays a public address here, and 127.0.0.2 the inside.
    let sending = Sending::new().rules(rules).trusting(authority.pem());
    let sending = sending
        .name("turns.test", &["127.0.0.2", "127.0.0.1"])
        .name("turns.test", &["127.0.0.2"]);
    let url = format!("https://turns.test:{port}/");
    let first = sending.send(&url, TENANT).await;
    assert_eq!(first.outcome, Outcome::Delivered, "{first:?}");
    receiver.request().await;
    let second = sending.send(&url, TENANT).await;
    assert_eq!(second.error, Some(ErrorClass::ForbiddenTarget));
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn tenants_do_not_ride_on_connections_of_the_operator() {
    let mut receiver = Receiver::start(Answer::status(200, "")).await;
    let port = receiver.address.port();
    let rules = TargetRules {
        ports_allowed: vec![port],
        plain_http_allowed: true,
        ..TargetRules::default()
    };
    let sending = Sending::new()
        .rules(rules)
        .name("inner.test", &["127.0.0.1"]);
    let url = format!("http://inner.test:{port}/");
    let operator = sending.send(&url, EndpointClass::Operator).await;
    assert_eq!(operator.outcome, Outcome::Delivered);
    receiver.request().await;
    let tenant = sending.send(&url, TENANT).await;
    assert_eq!(tenant.error, Some(ErrorClass::ForbiddenTarget));
    assert!(!receiver.has_more());
}

#[tokio::test]
async fn an_endpoint_kept_from_laxer_rules_is_checked_again() {
    let receiver = Receiver::start(Answer::status(200, "")).await;
    let lax = TargetRules {
        networks_allowed: vec!["127.0.0.0/8".parse().unwrap()],
        ports_allowed: vec![receiver.address.port()],
        plain_http_allowed: true,
    };
    let endpoint = lax.endpoint(&receiver.url(), TENANT).unwrap();
    let strict = Sending::new();
    let keys =
        vigia_notify::SigningKeys::new(vec![vigia_notify::SigningKey::generate_ed25519().unwrap()]);
    let id = vigia_notify::MessageId::new("a").unwrap();
    let message = vigia_notify::WebhookMessage {
        id: &id,
        body: "{}".into(),
        trace_parent: None,
    };
    let attempt = strict
        .sender()
        .send(&endpoint, message, &keys.unwrap())
        .await;
    assert_eq!(attempt.outcome.as_str(), "refused");
    assert_eq!(attempt.error, Some(ErrorClass::ForbiddenTarget));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn names_without_an_address_say_so() {
    let sending = Sending::new().name("empty.test", &[]);
    for host in ["unknown.test", "empty.test"] {
        let attempt = sending.send(&format!("https://{host}/"), TENANT).await;
        assert_eq!(attempt.error, Some(ErrorClass::Dns), "{attempt:?}");
    }
}

#[tokio::test]
async fn name_servers_that_hang_take_only_their_share_of_threads() {
    let limits = SendLimits {
        deadline_ms: 1_500,
        ..SendLimits::default()
    };
    let sending = Sending::new().limits(limits).lookups_max(2);
    let urls: Vec<String> = (0..5).map(|i| format!("https://hang{i}.test/")).collect();
    let attempts = urls.iter().map(|url| sending.send(url, TENANT));
    for attempt in futures::future::join_all(attempts).await {
        assert_eq!(attempt.error, Some(ErrorClass::Timeout), "{attempt:?}");
        assert!((1_500..4_000).contains(&attempt.duration_ms), "{attempt:?}");
    }
    assert_eq!(sending.names().hanging.load(Ordering::SeqCst), 2);
    // They hang on past the deadline of who asked, and hold up tenants alone.
    let receiver = Receiver::start(Answer::status(200, "")).await;
    let sending = sending.name("inner.test", &["127.0.0.1"]);
    let url = format!("http://inner.test:{}/", receiver.address.port());
    let attempt = sending.send(&url, EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
}

/// Run by the next test in a process with proxies in its environment; passes when run alone.
#[tokio::test]
async fn sends_directly() {
    let mut receiver = Receiver::start(Answer::status(200, "")).await;
    let sending = Sending::new().name("inner.test", &["127.0.0.1"]);
    let url = format!("http://inner.test:{}/", receiver.address.port());
    let attempt = sending.send(&url, EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    receiver.request().await;
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    // Nothing listens at port 1, so whoever asked it would fail.
    let proxy = "http://127.0.0.1:1";
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "forgery::sends_directly", "--nocapture"]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        again.env(name, proxy);
    }
    let output = again
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

/// What IANA's registries say, as ranges of numbers, first and last; written apart from the code under test.
fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            matches!(
                (a, b, c),
                (0 | 10 | 127 | 224..=255, _, _)
                    | (100, 64..=127, _)
                    | (169, 254, _)
                    | (172, 16..=31, _)
                    | (192, 0, 0 | 2)
                    | (192, 88, 99)
                    | (192, 168, _)
                    | (198, 18..=19, _)
                    | (198, 51, 100)
                    | (203, 0, 113)
            )
        }
        IpAddr::V6(address) => {
            let text = format!("{:032x}", address.to_bits());
            let is_global = matches!(text.as_bytes()[0], b'2' | b'3');
            let below = ["200100", "200101", "20010db8", "2002", "3ffe", "3fff0"];
            !is_global || below.iter().any(|prefix| text.starts_with(prefix))
        }
    }
}

/// Addresses near the edges of special networks, and any.
fn addresses() -> impl Strategy<Value = IpAddr> {
    let heads_v4 = prop::sample::select(vec![
        0u32,
        0x0100_0000,
        0x0a00_0000,
        0x0b00_0000,
        0x6440_0000,
        0x6480_0000,
        0x7f00_0000,
        0x8000_0000,
        0xa9fe_0000,
        0xa9ff_0000,
        0xac10_0000,
        0xac20_0000,
        0xc000_0000,
        0xc000_0100,
        0xc000_0200,
        0xc000_0300,
        0xc058_6300,
        0xc058_6400,
        0xc0a8_0000,
        0xc0a9_0000,
        0xc612_0000,
        0xc614_0000,
        0xc633_6400,
        0xc633_6500,
        0xcb00_7100,
        0xcb00_7200,
        0xe000_0000,
        0xf000_0000,
    ]);
    let heads_v6 = prop::sample::select(vec![
        0u128,
        0xffff << 32,
        0xffff << 48,
        0x64_ff9b << 96,
        0x100 << 112,
        0x2000 << 112,
        0x2001 << 112,
        0x2001_0200 << 96,
        0x2001_0db8 << 96,
        0x2001_0db9 << 96,
        0x2002 << 112,
        0x2003 << 112,
        0x3ffe << 112,
        0x3fff << 112,
        0x3fff_1000 << 96,
        0x4000 << 112,
        0xfc00 << 112,
        0xfe80 << 112,
        0xfec0 << 112,
        0xff00 << 112,
    ]);
    let near = -3i32..=3;
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        (heads_v4.clone(), near.clone()).prop_map(|(head, by)| {
            IpAddr::V4(Ipv4Addr::from_bits(head.wrapping_add_signed(by)))
        }),
        (heads_v4, 0u32..0x0001_0000)
            .prop_map(|(head, by)| { IpAddr::V4(Ipv4Addr::from_bits(head.wrapping_add(by))) }),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        (any::<u128>(), 0x2000u128..0x4000)
            .prop_map(|(bits, head)| { IpAddr::V6(Ipv6Addr::from_bits(head << 112 | bits >> 16)) }),
        (heads_v6.clone(), near).prop_map(|(head, by)| {
            IpAddr::V6(Ipv6Addr::from_bits(head.wrapping_add_signed(by.into())))
        }),
        (heads_v6, any::<u64>())
            .prop_map(|(head, by)| { IpAddr::V6(Ipv6Addr::from_bits(head | u128::from(by))) }),
    ]
}

/// An address of IPv4 in one of the ways that URLs know.
fn spelled(address: Ipv4Addr, way: u8) -> String {
    let [a, b, c, d] = address.octets();
    let bits = address.to_bits();
    match way % 10 {
        0 => address.to_string(),
        1 => bits.to_string(),
        2 => format!("0x{bits:x}"),
        3 => format!("0{bits:o}"),
        4 => format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)),
        5 => format!("{a}.{}", bits & 0x00ff_ffff),
        6 => format!("0x{a:X}.0{b:o}.{c}.0x{d:x}"),
        7 => format!("{a}.{b}.{c}.{d}."),
        8 => format!("{a}。{b}．{c}.{d}"),
        _ => format!("%{:02x}{}", b'0', address).replacen("%300", "0", 1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_is_special_is_never_public(address in addresses()) {
        prop_assert_eq!(is_public(address), !is_special(address), "{}", address);
    }

    #[test]
    fn no_spelling_of_a_special_address_is_an_endpoint(address in addresses(), way: u8) {
        let host = match address {
            IpAddr::V4(address) => spelled(address, way),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let accepted = TargetRules::default().endpoint(&format!("https://{host}/"), TENANT);
        if let Ok(endpoint) = accepted {
            // The client connects to what the URL says once it is read.
            let url = url::Url::parse(endpoint.url()).unwrap();
            let called: IpAddr = url.host_str().unwrap().trim_matches(['[', ']']).parse().unwrap();
            prop_assert!(!is_special(called), "{} is {}", host, called);
        } else {
            prop_assert!(is_special(address) || way % 10 == 9, "{} is public", host);
        }
    }

    #[test]
    fn no_url_whatever_leads_to_a_special_address(
        scheme in "(https?|HTTPS|ftp|ws)?",
        slashes in "(:|:/|://|:///|:\\\\\\\\)",
        user in "([a-z]{0,3}@)?",
        host in "(\\[[0-9a-f:.]{0,20}\\]|[0-9a-fx.]{0,16}|(local|LOCAL)host\\.?|[^/]{0,8})",
        rest in "(:[0-9]{0,6})?[/?#\\\\]?.{0,8}",
    ) {
        let text = format!("{scheme}{slashes}{user}{host}{rest}");
        if let Ok(endpoint) = TargetRules::default().endpoint(&text, TENANT) {
            let url = url::Url::parse(endpoint.url()).unwrap();
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert!(matches!(url.port_or_known_default(), Some(80 | 443)));
            let host = url.host_str().unwrap();
            prop_assert!(!host.ends_with("localhost"));
            if let Ok(address) = host.trim_matches(['[', ']']).parse() {
                prop_assert!(!is_special(address), "{}", text);
            }
        }
    }
}
