//! Fuzz targets: what tenants write as addresses of endpoints, and what receivers answer.
//!
//! Short in `cargo test`, as long as `cargo xtask fuzz` says there. What is in `tests/corpus` runs first.

#![allow(
    unused_crate_dependencies,
    reason = "uses some of the package's dependencies"
)]

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};
use vigia_notify::{
    EndpointClass, RESPONSE_HEAD_BYTES_MAX, TargetRules, is_public, response_head, retry_after_ms,
};

/// How long a target runs in `cargo test`.
const SHORT: Duration = Duration::from_millis(500);

fn test_time() -> Duration {
    let seconds = std::env::var("VIGIA_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    seconds.map_or(SHORT, Duration::from_secs)
}

/// The corpus first, then random bytes.
macro_rules! fuzz {
    ($name:ident, $target:expr) => {
        #[test]
        fn $name() {
            let target: fn(&[u8]) = $target;
            let folder =
                PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says it"))
                    .join("tests/corpus");
            let files = std::fs::read_dir(folder.join(stringify!($name)));
            for file in files.expect("a corpus") {
                let path = file.expect("a file").path();
                target(&std::fs::read(path).expect("it can be read"));
            }
            bolero::check!()
                .with_iterations(usize::MAX)
                .with_test_time(test_time())
                .with_max_len(512)
                .for_each(|bytes: &[u8]| target(bytes));
        }
    };
}

// Whatever is let through leads to the public internet by TLS, at the usual ports, without a password.
fuzz!(endpoint_urls, |bytes| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let rules = TargetRules::default();
    for text in [
        text.to_owned(),
        format!("https://{text}"),
        format!("https://{text}/x"),
    ] {
        let Ok(endpoint) = rules.endpoint(&text, EndpointClass::Tenant) else {
            continue;
        };
        let url = Url::parse(endpoint.url()).expect("it was read once");
        assert_eq!(url.scheme(), "https", "{text:?}");
        assert!(
            matches!(url.port_or_known_default(), Some(80 | 443)),
            "{text:?}"
        );
        assert!(
            url.username().is_empty() && url.password().is_none(),
            "{text:?}"
        );
        let address = match url.host().expect("it has a host") {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            // What any resolver would take for an address.
            Host::Domain(name) => name.trim_end_matches('.').parse().ok(),
        };
        assert!(address.is_none_or(is_public), "{text:?}");
        let again = rules.endpoint(endpoint.url(), EndpointClass::Tenant);
        assert_eq!(again.as_ref(), Ok(&endpoint), "{text:?}");
    }
});

// Whatever is answered stays within bounds, and asks for no more patience than there is.
fuzz!(answers, |bytes| {
    let head = response_head(bytes, RESPONSE_HEAD_BYTES_MAX);
    assert!(head.len() <= RESPONSE_HEAD_BYTES_MAX);
    assert!(!head.chars().any(char::is_control));
    let text = String::from_utf8_lossy(bytes);
    for now_ms in [0, 1_779_753_600_000, u64::MAX] {
        let wait_ms = retry_after_ms(text.get(1..).unwrap_or(&text), now_ms, 86_400_000);
        assert!(
            wait_ms.is_none_or(|wait_ms| wait_ms <= 86_400_000),
            "{text:?}"
        );
    }
});
