//! What every request passes: headers that protect the reader, and checks that the request is meant.
//!
//! Without sign-in, being able to connect is the only credential. A page of another site could use
//! the browser of the operator to connect, so loopback answers only to loopback names (DNS
//! rebinding), and nothing that is not plain reading is taken from another origin.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, UPGRADE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowOrigin, CorsLayer};
use vigia_core::Locale;

use crate::SignIn;
use crate::app::App;
use crate::rate::{client_address, limited};
use crate::reader::{LANGUAGE_COOKIE, query_value};
use crate::server::Peer;

/// Scripts, styles and connections come from here and nowhere else; no page may frame these.
/// Pictures of coins are shown where they are data: fetching others would tell whoever made a coin who looks at it.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; object-src 'none'";
/// How long a chosen language is remembered: a year, in seconds.
const LANGUAGE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// How long browsers remember what another origin may.
const CORS_KEPT: Duration = Duration::from_secs(3_600);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// For how long browsers that came over TLS use nothing else (RFC 6797): a year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Headers of every reply; a handler's own win.
pub(crate) async fn headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let sign_in = app.context.authenticator.sign_in();
    if sign_in.is_some_and(SignIn::is_https) {
        let headers = response.headers_mut();
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    let defaults: [(HeaderName, &str); 5] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Tells other sites nothing; browsers name the origin of a form only where a policy lets them.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests that another site makes a browser send.
pub(crate) async fn same_site(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let host = host(&request).map(str::to_owned);
    let is_open = app.context.authenticator.sign_in().is_none();
    let is_local = app.config.listen.ip().is_loopback();
    if is_open && is_local && !host.as_deref().is_some_and(is_loopback_name) {
        let host = host.as_deref().unwrap_or("(none)");
        return refused(format!(
            "this vigia answers only to localhost, 127.0.0.1 and [::1], not to {host:?}; \
             it has no sign-in, and any other name may be a trick of another site"
        ));
    }
    let is_own = is_own_origin(request.headers(), host.as_deref())
        || is_allowed_call(&request, &app.config.cors_origins);
    if !is_plain_read(&request) && !is_own {
        return refused("this request comes from a page of another site".to_owned());
    }
    next.run(request).await
}

/// Whether a page of an allowed origin calls a programs' route, which it has to do with a token: the cookie of a session is its browser's, and
/// says nothing of what the page may.
fn is_allowed_call(request: &Request, allowed: &[String]) -> bool {
    let path = request.uri().path();
    let origin = request.headers().get(ORIGIN);
    let origin = origin.and_then(|origin| origin.to_str().ok());
    let is_allowed = origin.is_some_and(|origin| allowed.iter().any(|known| known == origin));
    is_allowed && is_programs(path) && !request.headers().contains_key(COOKIE)
}

fn is_programs(path: &str) -> bool {
    path == "/graphql" || path == "/graphql/ws" || path.starts_with("/v1/")
}

/// Answers for pages of other origins: those allowed may call with a token, and no cookie goes with it (no
/// `Access-Control-Allow-Credentials`).
pub(crate) fn cors(allowed: &[String]) -> CorsLayer {
    let origins = allowed.iter().filter_map(|origin| origin.parse().ok());
    let origins: Vec<HeaderValue> = origins.collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, ACCEPT, LAST_EVENT_ID])
        .expose_headers([RETRY_AFTER, CONTENT_DISPOSITION])
        .max_age(CORS_KEPT)
}

/// Refuses a client that asks too much, before anything is looked up for it.
pub(crate) async fn rate_limit(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let client = client_address(peer.0, request.headers(), &app.config.trusted_proxies);
    let now_ms = app.context.clock.now_ms();
    let per_second = app.config.limits.client_per_second;
    let is_within = match limited(client) {
        Some(who) => app.rates.take(who, per_second, now_ms).await,
        None => true,
    };
    match is_within {
        true => next.run(request).await,
        false => too_many(),
    }
}

/// That a client or user asks too much.
pub(crate) fn too_many() -> Response {
    let retry = [(RETRY_AFTER, "1")];
    let why = "too many requests: try again in a second, and more slowly\n";
    (StatusCode::TOO_MANY_REQUESTS, retry, why).into_response()
}

fn refused(why: String) -> Response {
    tracing::warn!(reason = %why, "request refused");
    (StatusCode::FORBIDDEN, why + "\n").into_response()
}

/// The host a request is for; HTTP/2 has it in the URI.
fn host(request: &Request) -> Option<&str> {
    let header = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    header.or(request
        .uri()
        .authority()
        .map(|authority| authority.as_str()))
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_plain_read(request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    reads && !request.headers().contains_key(UPGRADE)
}

/// Browsers name the origin of whatever is not plain reading; other programs name none.
fn is_own_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let authority = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    authority.is_some_and(|(_, authority)| Some(authority) == host)
}

/// Remembers a language chosen with `?lang=`.
pub(crate) async fn language_cookie(request: Request, next: Next) -> Response {
    let chosen = query_value(request.uri(), "lang").and_then(|lang| lang.parse::<Locale>().ok());
    let mut response = next.run(request).await;
    if let Some(locale) = chosen {
        let lang = locale.as_str();
        let cookie = format!(
            "{LANGUAGE_COOKIE}={lang}; Path=/; Max-Age={LANGUAGE_SECONDS}; SameSite=Lax; HttpOnly"
        );
        let cookie = HeaderValue::try_from(cookie).expect("plain ASCII");
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Gives up on a reply that does not begin in time.
pub(crate) async fn time_limit(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let limit = app.config.limits.request_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!(http.path = %path, "request took too long");
            (StatusCode::SERVICE_UNAVAILABLE, "this takes too long\n").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_these_names() {
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1:8080",
            "[::1]:1",
            "127.9.9.9",
        ] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.nip.io",
            "10.0.0.1",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }

    #[test]
    fn an_origin_has_to_be_ones_own() {
        let from = |origin: &'static str| {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            is_own_origin(&headers, Some("localhost:80"))
        };
        assert!(from("http://localhost:80"));
        assert!(
            from("https://localhost:80"),
            "behind a proxy that speaks TLS"
        );
        assert!(!from("http://localhost:81"));
        assert!(!from("null"));
        assert!(is_own_origin(&HeaderMap::new(), None));
    }
}
