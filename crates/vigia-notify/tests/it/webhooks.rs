//! Webhooks to receivers that behave, and to those that do everything else.

use std::time::{Duration, Instant};

use futures::future::join_all;
use http::HeaderMap;
use vigia_notify::{Attempt, EndpointClass, ErrorClass, Outcome, SendLimits, SigningKey};

use crate::receiver::{Answer, Receiver};
use crate::sending::{BODY, Sending};
use crate::tls::Authority;

async fn send_to(receiver: &Receiver) -> Attempt {
    let sending = Sending::new();
    sending.send(&receiver.url(), EndpointClass::Operator).await
}

fn error_of(attempt: &Attempt) -> ErrorClass {
    attempt.error.expect("the attempt failed")
}

#[tokio::test]
async fn a_receiver_gets_what_verifies_and_nothing_more() {
    let mut receiver = Receiver::start(Answer::Text(
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nthanks".to_owned(),
    ))
    .await;
    let sending = Sending::new();
    let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert_eq!(attempt.status, Some(200));
    assert_eq!(attempt.response_head, "thanks");
    assert_eq!(attempt.error, None);
    assert_eq!(attempt.started_at_ms, sending.now_ms());

    let request = receiver.request().await;
    assert!(
        request.head.starts_with("POST /hook HTTP/1.1"),
        "{}",
        request.head
    );
    assert_eq!(request.body, BODY);
    assert_eq!(request.header("content-type"), Some("application/json"));
    let mut map = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        map.insert(name, request.header(name).unwrap().parse().unwrap());
    }
    let webhook = standardwebhooks::Webhook::new(&sending.secret()).unwrap();
    webhook.verify(request.body.as_bytes(), &map).unwrap();
    let mut names: Vec<&str> = request
        .head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    // Above all no `accept-encoding`: what is small packed can be huge unpacked.
    assert_eq!(
        names,
        [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp"
        ]
    );
}

#[tokio::test]
async fn a_receiver_is_told_of_the_trace() {
    let mut receiver = Receiver::start(Answer::Text(
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ))
    .await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let sending = Sending::new().traced_as(parent);
    let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    let request = receiver.request().await;
    assert_eq!(request.header("traceparent"), Some(parent));
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let mut receiver = Receiver::start(Answer::status(200, "")).await;
    let sending = Sending::new();
    for _ in 0..3 {
        let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
        assert_eq!(attempt.outcome, Outcome::Delivered);
        receiver.request().await;
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_status_becomes_an_outcome() {
    let limits_ms = SendLimits::default().retry_after_ms_max;
    let table = [
        (410, "", Outcome::Gone),
        (
            429,
            "retry-after: 7\r\n",
            Outcome::SlowDown {
                after_ms: Some(7_000),
            },
        ),
        (
            503,
            "retry-after: 99999999\r\n",
            Outcome::SlowDown {
                after_ms: Some(limits_ms),
            },
        ),
        (
            500,
            "retry-after: \u{e9}\r\n",
            Outcome::Retry { after_ms: None },
        ),
        (404, "", Outcome::Retry { after_ms: None }),
    ];
    for (status, headers, outcome) in table {
        let receiver = Receiver::start(Answer::status(status, headers)).await;
        let attempt = send_to(&receiver).await;
        assert_eq!((attempt.outcome, attempt.status), (outcome, Some(status)));
        assert_eq!(error_of(&attempt), ErrorClass::Status);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut inside = Receiver::start(Answer::status(200, "")).await;
    for status in [301, 302, 303, 307, 308] {
        let headers = format!("location: {}\r\n", inside.url());
        let receiver = Receiver::start(Answer::status(status, &headers)).await;
        let attempt = send_to(&receiver).await;
        assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
        assert_eq!(error_of(&attempt), ErrorClass::Redirect);
    }
    assert!(!inside.has_more());
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn who_never_answers_is_left_at_the_deadline() {
    let headers = "HTTP/1.1 200 OK\r\nx-drip: ".to_owned();
    let sending = Sending::new().limits(SendLimits {
        deadline_ms: 400,
        ..SendLimits::default()
    });
    for answer in [Answer::Nothing, Answer::Drip(headers)] {
        let receiver = Receiver::start(answer).await;
        let started = Instant::now();
        let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
        assert_eq!(error_of(&attempt), ErrorClass::Timeout);
        assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
        assert_eq!(attempt.status, None);
        assert!((400..2_000).contains(&attempt.duration_ms), "{attempt:?}");
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn who_accepts_and_says_nothing_is_left_at_the_bound_for_connecting() {
    // TLS begins, and nothing comes back.
    let receiver = Receiver::start(Answer::Nothing).await;
    let url = receiver.url().replace("http://", "https://");
    let sending = Sending::new().limits(SendLimits {
        connect_ms_max: 200,
        ..SendLimits::default()
    });
    let attempt = sending.send(&url, EndpointClass::Operator).await;
    assert_eq!(error_of(&attempt), ErrorClass::Timeout, "{attempt:?}");
    assert!((200..8_000).contains(&attempt.duration_ms), "{attempt:?}");
}

#[tokio::test]
async fn who_hangs_delays_nobody_else() {
    let (hanging, healthy) = (
        Receiver::start(Answer::Nothing).await,
        Receiver::start(Answer::status(200, "")).await,
    );
    let sending = Sending::new();
    let (to_hanging, to_healthy) = (hanging.url(), healthy.url());
    let held_up = join_all((0..200).map(|_| sending.send(&to_hanging, EndpointClass::Operator)));
    let served = async {
        for _ in 0..20 {
            let attempt = sending.send(&to_healthy, EndpointClass::Operator).await;
            assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
        }
    };
    tokio::select! {
        biased;
        _ = held_up => panic!("they hang for as long as the deadline"),
        () = served => {}
    }
}

#[tokio::test]
async fn a_body_that_drips_changes_nothing_and_costs_little() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    let receiver = Receiver::start(Answer::Drip(head.to_owned())).await;
    let sending = Sending::new().limits(SendLimits {
        body_ms_max: 150,
        ..SendLimits::default()
    });
    let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert!((150..8_000).contains(&attempt.duration_ms), "{attempt:?}");
    assert!(attempt.response_head.starts_with('x'));
}

#[tokio::test]
async fn a_flood_is_not_drunk() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n";
    let sized = "HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n";
    let no_length = "HTTP/1.1 200 OK\r\n\r\n";
    for head in [chunked, sized, no_length] {
        let receiver = Receiver::start(Answer::Flood(head.to_owned())).await;
        let sending = Sending::new();
        let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
        assert_eq!(attempt.outcome, Outcome::Delivered);
        assert_eq!(attempt.response_head, "x".repeat(1024));
        // What lies in buffers of the system is on its way already.
        assert!(
            receiver.bytes_sent() < 16 << 20,
            "{}",
            receiver.bytes_sent()
        );
    }
}

#[tokio::test]
async fn a_head_that_floods_is_a_failure() {
    let head = "HTTP/1.1 200 OK\r\nx-flood: ".to_owned();
    let receiver = Receiver::start(Answer::Flood(head)).await;
    let attempt = send_to(&receiver).await;
    assert_eq!(error_of(&attempt), ErrorClass::Protocol);
    assert!(
        receiver.bytes_sent() < 16 << 20,
        "{}",
        receiver.bytes_sent()
    );
}

#[tokio::test]
async fn broken_connections_and_garbage_are_tried_again() {
    let garbage = Answer::Text("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned());
    for answer in [Answer::Reset, garbage] {
        let receiver = Receiver::start(answer).await;
        let attempt = send_to(&receiver).await;
        assert_eq!(error_of(&attempt), ErrorClass::Protocol, "{attempt:?}");
        assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
    }
    let gone = Receiver::start(Answer::Nothing).await;
    let url = gone.url();
    drop(gone);
    let sending = Sending::new();
    let attempt = sending.send(&url, EndpointClass::Operator).await;
    assert_eq!(error_of(&attempt), ErrorClass::Connect, "{attempt:?}");
}

#[tokio::test]
async fn tls_has_to_be_good() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let sending = Sending::new()
        .trusting(authority.pem())
        .name("good.test", &["127.0.0.1"]);
    let table = [
        (authority.acceptor("good.test", &[]), None),
        (authority.acceptor("other.test", &[]), Some(ErrorClass::Tls)),
        (authority.expired("good.test"), Some(ErrorClass::Tls)),
        (stranger.acceptor("good.test", &[]), Some(ErrorClass::Tls)),
    ];
    for (acceptor, error) in table {
        let receiver = Receiver::start_with(Answer::status(200, ""), Some(acceptor)).await;
        let url = format!("https://good.test:{}/", receiver.address.port());
        let attempt = sending.send(&url, EndpointClass::Operator).await;
        assert_eq!(attempt.error, error, "{attempt:?}");
    }
    // Plain HTTP where TLS is expected.
    let receiver = Receiver::start(Answer::status(200, "")).await;
    let url = format!("https://good.test:{}/", receiver.address.port());
    let attempt = sending.send(&url, EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Retry { after_ms: None });
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let mut receiver = Receiver::start(Answer::status(200, "")).await;
    let limits = SendLimits {
        request_bytes_max: BODY.len(),
        ..SendLimits::default()
    };
    let fits = Sending::new().limits(limits);
    let attempt = fits.send(&receiver.url(), EndpointClass::Operator).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    receiver.request().await;
    let limits = SendLimits {
        request_bytes_max: BODY.len() - 1,
        ..limits
    };
    let tight = Sending::new().limits(limits);
    let attempt = tight.send(&receiver.url(), EndpointClass::Operator).await;
    assert_eq!(attempt.outcome.as_str(), "refused");
    assert_eq!(error_of(&attempt), ErrorClass::Message);
    assert!(!receiver.has_more());
}

#[tokio::test]
async fn the_response_is_read_up_to_its_limit() {
    // At the limit the connection is kept, past it it is closed: by more than one read takes, which is not cut.
    for (extra, connections) in [(0, 1), (4 << 20, 2)] {
        let body = "x".repeat(4_096 + extra);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut receiver = Receiver::start(Answer::Text(answer)).await;
        let limits = SendLimits {
            response_bytes_max: 4_096,
            ..SendLimits::default()
        };
        let sending = Sending::new().limits(limits);
        for _ in 0..2 {
            let attempt = sending.send(&receiver.url(), EndpointClass::Operator).await;
            assert_eq!(attempt.outcome, Outcome::Delivered);
            receiver.request().await;
        }
        assert_eq!(receiver.connections(), connections, "{extra}");
    }
}

#[tokio::test]
async fn secrets_are_in_no_text() {
    let sending = Sending::new().name("hooks.test", &["127.0.0.1"]);
    let attempt = sending
        .send(
            "http://hooks.test:1/T0KEN?key=S3CRET",
            EndpointClass::Operator,
        )
        .await;
    let said = format!("{attempt:?}");
    assert!(
        !said.contains("T0KEN") && !said.contains("S3CRET"),
        "{said}"
    );
    assert!(!said.contains(&*sending.secret()), "{said}");
    let for_tenants = error_of(&attempt).text();
    assert!(!for_tenants.contains("127.0.0.1"), "{for_tenants}");
    assert_eq!(
        SigningKey::parse(&sending.secret()).unwrap().version(),
        "v1"
    );
}
