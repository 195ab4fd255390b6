//! `/sign-in/sui`: what a wallet is to sign, and signing in with it. The script of the page asks; the rules are in
//! `wallet`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vigia_core::parse_address;
use vigia_store::ChallengePurpose;

use super::own_path;
use crate::app::App;
use crate::sign_in::SignIn;
use crate::wallet::{WalletRefusal, Wallets};

/// Whose signature is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    address: String,
}

/// What a wallet signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    nonce: String,
    signature: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in/sui/challenge`: a text for an address to sign, whether it is anybody's or not.
pub(crate) async fn challenge(
    State(app): State<Arc<App>>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    let Some((_, wallets)) = wallets(&app) else {
        return not_here();
    };
    let address = match wanted {
        Ok(Json(wanted)) => parse_address(&wanted.address),
        Err(error) => return said(error.status(), &error.body_text()),
    };
    let address = match address {
        Ok(address) => address,
        Err(error) => return said(StatusCode::BAD_REQUEST, &format!("address: {error}")),
    };
    let purpose = ChallengePurpose::SignIn;
    let asked = wallets
        .ask(&app.context, &app.domain, address, purpose)
        .await;
    match asked {
        Ok(asked) => Json(asked.json()).into_response(),
        Err(refusal) => refused(refusal),
    }
}

/// `POST /sign-in/sui`: begins a session for whose personal account holds the address that signed.
pub(crate) async fn signed(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    signed: Result<Json<Signed>, JsonRejection>,
) -> Response {
    let Some((sign_in, wallets)) = wallets(&app) else {
        return not_here();
    };
    let Signed {
        nonce,
        signature,
        next,
    } = match signed {
        Ok(Json(signed)) => signed,
        Err(error) => return said(error.status(), &error.body_text()),
    };
    let Some(_turn) = sign_in.turn().await else {
        return said(
            StatusCode::SERVICE_UNAVAILABLE,
            "many people sign in at the moment",
        );
    };
    let shown = wallets.signed_in(&app.context, &app.domain, &nonce, signature);
    let login = match shown.await {
        Ok(login) => login,
        Err(refusal) => return refused(refusal),
    };
    match sign_in.begin(login.user.id, &headers).await {
        Ok(cookie) => {
            tracing::info!(user = %login.user.external_id, "signed in by wallet");
            let location = Json(json!({ "location": own_path(&next) }));
            ([(SET_COOKIE, cookie)], location).into_response()
        }
        Err(error) => said(error.status(), &error.to_string()),
    }
}

fn wallets(app: &App) -> Option<(&SignIn, &Wallets)> {
    let sign_in = app.context.authenticator.sign_in()?;
    Some((sign_in, sign_in.wallets()?))
}

fn not_here() -> Response {
    said(StatusCode::NOT_FOUND, "nobody signs in with wallets here")
}

/// Why a wallet is refused, as the script of a page is told.
pub(crate) fn refused(refusal: WalletRefusal) -> Response {
    let status = match &refusal {
        WalletRefusal::Wrong => StatusCode::UNAUTHORIZED,
        WalletRefusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        WalletRefusal::Store(error) => {
            let error: &dyn std::error::Error = error;
            tracing::error!(error, "what a wallet signs could not be looked up");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    said(status, &refusal.to_string())
}

/// A refusal as the script of a page reads it.
pub(crate) fn said(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
