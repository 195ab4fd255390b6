//! `/addresses/wallet`: what a wallet is to sign, and what it signed. The script of the page asks; the rules are in
//! `linking`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vigia_core::{Address, parse_address};

use super::done_path;
use crate::app::App;
use crate::linking::{LinkRefusal, Linking};
use crate::pages::said;
use crate::reader::Reader;
use crate::wallet::WalletRefusal;

/// Whose signature is wanted, and for which account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    account: String,
    address: String,
}

/// What a wallet signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    account: String,
    address: String,
    nonce: String,
    signature: String,
}

/// `POST /addresses/wallet/challenge`: a text for an address to sign.
pub(crate) async fn address_challenge(
    State(app): State<Arc<App>>,
    reader: Reader,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    let (account, address) = match wanted {
        Ok(Json(Wanted { account, address })) => (account, address_of(&address)),
        Err(error) => return said(error.status(), &error.body_text()),
    };
    let (Some(address), true) = (address, reader.may_write) else {
        return not_this(&reader);
    };
    let linking = Linking::new(&app.context, &app.domain, &reader);
    match linking.ask(&account, address).await {
        Ok(asked) => Json(asked.json()).into_response(),
        Err(refusal) => refused(refusal),
    }
}

/// `POST /addresses/wallet`: has the address watched that signed.
pub(crate) async fn address_signed(
    State(app): State<Arc<App>>,
    reader: Reader,
    signed: Result<Json<Signed>, JsonRejection>,
) -> Response {
    let Signed {
        account,
        address,
        nonce,
        signature,
    } = match signed {
        Ok(Json(signed)) => signed,
        Err(error) => return said(error.status(), &error.body_text()),
    };
    let (Some(address), true) = (address_of(&address), reader.may_write) else {
        return not_this(&reader);
    };
    let linking = Linking::new(&app.context, &app.domain, &reader);
    let linked = linking.by_proof(account, address, &nonce, signature);
    match linked.await {
        Ok(linked) => {
            let subject = json!({
                "account": linked.account, "address": linked.address.to_string(),
            });
            reader.record(&app.context, "link-address", subject).await;
            Json(json!({ "location": done_path(&linked) })).into_response()
        }
        Err(refusal) => refused(refusal),
    }
}

fn address_of(text: &str) -> Option<Address> {
    parse_address(text).ok()
}

fn not_this(reader: &Reader) -> Response {
    match reader.may_write {
        true => said(StatusCode::BAD_REQUEST, "this is no address"),
        false => said(StatusCode::FORBIDDEN, "who asks may only read"),
    }
}

fn refused(refusal: LinkRefusal) -> Response {
    match refusal {
        LinkRefusal::Forbidden(why) => said(StatusCode::FORBIDDEN, why),
        LinkRefusal::NotOnesOwn | LinkRefusal::NoAccount => {
            said(StatusCode::BAD_REQUEST, "this is no account of yours")
        }
        LinkRefusal::Taken(why) => said(StatusCode::CONFLICT, &why),
        LinkRefusal::Busy => {
            let why = "many signatures are being checked at the moment";
            said(StatusCode::SERVICE_UNAVAILABLE, why)
        }
        LinkRefusal::Wallet(refusal) => crate::pages::wallet_refused(refusal),
        LinkRefusal::Store(error) => crate::pages::wallet_refused(WalletRefusal::Store(error)),
    }
}
