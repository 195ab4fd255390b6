//! `/sign-in` and `/sign-out`: plain forms, which need no script; wallets do.

pub(super) mod wallet;

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use vigia_core::Locale;

use super::layout::{Page, Section, WALLET_JS};
use super::{ErrorPage, internal_error, not_found};
use crate::AuthError;
use crate::app::App;
use crate::reader;
use crate::sign_in::Attempt;
use crate::text::{SignInWords, sign_in_words};

/// How long whoever finds too many others is told to wait.
const BUSY: Duration = Duration::from_secs(5);

/// Where to go on.
#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// What is sent.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// The page that leads on to `next` once somebody has signed in.
pub(crate) fn sign_in_path(next: &str) -> Response {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    Redirect::to(&format!("/sign-in?next={next}")).into_response()
}

/// The form.
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Response {
    if app.context.authenticator.sign_in().is_none() {
        return not_found(uri, headers).await.into_response();
    }
    let locale = reader::locale(&uri, &headers);
    form(&app, locale, "", &next, None).into_response()
}

/// Signs in, or says why not.
pub(crate) async fn sign_in_tried(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    sent: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let Some(sign_in) = app.context.authenticator.sign_in() else {
        return not_found(uri, headers).await.into_response();
    };
    let locale = reader::locale(&uri, &headers);
    let Ok(Form(sent)) = sent else {
        return ErrorPage {
            status: StatusCode::BAD_REQUEST,
            locale,
            detail: None,
        }
        .into_response();
    };
    let Credentials {
        name,
        password,
        next,
    } = sent;
    let words = sign_in_words(locale);
    let refused = |status, wait: Option<Duration>, why: &str| {
        let form = (status, form(&app, locale, &name, &next, Some(why)));
        match wait {
            Some(wait) => {
                let seconds = wait.as_secs().max(1).to_string();
                ([(RETRY_AFTER, seconds)], form).into_response()
            }
            None => form.into_response(),
        }
    };
    match sign_in.by_password(name.trim(), password, &headers).await {
        Ok(Attempt::SignedIn(cookie)) => {
            let to = Redirect::to(own_path(&next));
            ([(SET_COOKIE, cookie)], to).into_response()
        }
        Ok(Attempt::Refused) => refused(StatusCode::UNAUTHORIZED, None, words.refused),
        Ok(Attempt::TooMany(wait)) => {
            let minutes = wait.as_secs().div_ceil(60).to_string();
            let why = words.too_many.replace("{minutes}", &minutes);
            refused(StatusCode::TOO_MANY_REQUESTS, Some(wait), &why)
        }
        Ok(Attempt::Busy) => refused(StatusCode::SERVICE_UNAVAILABLE, Some(BUSY), words.busy),
        Err(error) => failed(locale, error),
    }
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(sign_in) = app.context.authenticator.sign_in() else {
        return not_found(uri, headers).await.into_response();
    };
    match sign_in.end(&headers).await {
        Ok(cookie) => ([(SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response(),
        Err(error) => failed(reader::locale(&uri, &headers), error),
    }
}

fn failed(locale: Locale, error: AuthError) -> Response {
    match error {
        AuthError::Store(error) => internal_error(locale, &error),
        _ => ErrorPage {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            locale,
            detail: None,
        }
        .into_response(),
    }
}

/// A path of this site; anything else, which somebody may have put into a link, leads to the feed.
/// Browsers take `//` and a backslash for the beginning of another host.
fn own_path(next: &str) -> &str {
    let is_plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    match next.starts_with('/') && !next.starts_with("//") && is_plain {
        true => next,
        false => "/",
    }
}

/// What the script makes work, so that it is not seen without.
fn wallet_button(words: &SignInWords, next: &str) -> Markup {
    html! {
        div.wallet hidden data-wallet=(own_path(next)) data-path="/sign-in/sui" data-none=(words.no_wallet)
            data-refused=(words.wallet_refused) data-failed=(words.wallet_failed) {
            button type="button" data-ask { (words.wallet) }
            p.problem role="alert" hidden {}
            div.wallets {}
        }
        script src=(WALLET_JS) defer {}
    }
}

fn form(app: &App, locale: Locale, name: &str, next: &str, problem: Option<&str>) -> Page<'static> {
    let sign_in = app.context.authenticator.sign_in();
    let has_wallets = app.domain.0.is_some() && sign_in.is_some_and(|it| it.wallets().is_some());
    let words = sign_in_words(locale);
    Page {
        locale,
        name: None,
        section: Section::Other,
        title: words.title,
        refresh_seconds: None,
        content: html! {
            section.sign-in {
                h1 { (words.title) }
                @if let Some(problem) = problem {
                    p.problem role="alert" { (problem) }
                }
                form method="post" action="/sign-in" {
                    label {
                        span { (words.name) }
                        input name="name" required autocomplete="username" autocapitalize="none"
                            spellcheck="false" maxlength="200" value=(name) autofocus;
                    }
                    label {
                        span { (words.password) }
                        input name="password" type="password" required
                            autocomplete="current-password" maxlength="1000";
                    }
                    input type="hidden" name="next" value=(own_path(next));
                    button type="submit" { (words.sign_in) }
                }
                @if has_wallets { (wallet_button(words, next)) }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for path in ["/", "/tx/abc", "/?address=0x1&lang=es"] {
            assert_eq!(own_path(path), path);
        }
        for other in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\r\nset-cookie: x",
            "/\u{e9}",
            "evil",
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
    }
}
