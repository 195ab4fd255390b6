//! Which path leads where, and what all of them pass through.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};

use crate::app::App;
use crate::{
    assets, events, export, graphql, guard, health, live, metrics, pages, request_id, stream,
};

/// The whole web role as one service.
pub(crate) fn router(app: Arc<App>) -> Router {
    let small = DefaultBodyLimit::max(app.config.limits.body_bytes_max);
    Router::new()
        .route("/", get(pages::feed))
        .route("/tx/{digest}", get(pages::transaction))
        .route("/balances", get(pages::balances))
        .route("/balances/{address}/{coin}", get(pages::balance_history))
        .route(
            "/addresses",
            get(pages::addresses).post(pages::address_added),
        )
        .route(
            "/addresses/wallet/challenge",
            post(pages::address_challenge).layer(small),
        )
        .route(
            "/addresses/wallet",
            post(pages::address_signed).layer(small),
        )
        .route("/trades", get(pages::deals))
        .route("/trades/{contract}/{object}/{id}", get(pages::deal))
        .route("/invoices", get(pages::invoices))
        .route(
            "/invoices/{id}",
            get(pages::invoice).post(pages::invoice_ordered),
        )
        .route("/inbox", get(pages::inbox))
        .route("/inbox/read", post(pages::inbox_read))
        .route("/ingestion", get(pages::ingestion))
        .route("/failed", get(pages::failed))
        .route("/failed/{digest}/retry", post(pages::failed_retry))
        .route("/failed/{digest}/discard", post(pages::failed_discard))
        .route(
            "/deliveries",
            get(pages::deliveries).post(pages::deliveries_ordered),
        )
        .route("/endpoints", get(pages::endpoints))
        .route(
            "/endpoints/new",
            get(pages::endpoint_new).post(pages::endpoint_create),
        )
        .route(
            "/endpoints/{name}",
            get(pages::endpoint).post(pages::endpoint_ordered),
        )
        .route(
            "/endpoints/{name}/edit",
            get(pages::endpoint_edit).post(pages::endpoint_update),
        )
        .route(
            "/endpoints/{name}/remove",
            get(pages::endpoint_remove).post(pages::endpoint_removed),
        )
        .route(
            "/endpoints/{name}/deliveries/{id}",
            get(pages::endpoint_delivery),
        )
        .route("/actions", get(pages::actions))
        .route("/users", get(pages::users).post(pages::user_ordered))
        .route(
            "/schedules",
            get(pages::schedules).post(pages::schedule_ordered),
        )
        .route("/search", get(pages::search))
        .route(
            "/broadcasts",
            get(pages::broadcasts).post(pages::broadcast_ordered),
        )
        .route(
            "/broadcasts/new",
            get(pages::broadcast_new).post(pages::broadcast_written),
        )
        .route("/contracts", get(pages::contracts))
        .route("/watch", get(pages::watch).post(pages::watch_add))
        .route(
            "/watch/remove",
            get(pages::watch_remove).post(pages::watch_removed),
        )
        .route(
            "/settings",
            get(pages::settings).post(pages::preferences_set),
        )
        .route("/settings/device/remove", post(pages::device_removed))
        .route("/settings/session/end", post(pages::session_ended))
        .route(
            "/settings/session/end-others",
            post(pages::other_sessions_ended),
        )
        .route("/sign-in", get(pages::sign_in).post(pages::sign_in_tried))
        .route(
            "/sign-in/sui/challenge",
            post(pages::wallet_challenge).layer(small),
        )
        .route("/sign-in/sui", post(pages::wallet_signed).layer(small))
        .route("/sign-out", post(pages::sign_out))
        .route("/live", get(live::events))
        .route("/live/ingestion", get(live::ingestion))
        .route("/graphql", get(graphql::graphiql).post(graphql::query))
        .route("/graphql/ws", get(graphql::socket))
        .route("/v1/events", get(events::events))
        .route("/v1/activities", get(export::activities))
        .route("/v1/openapi.json", get(assets::openapi))
        .route("/v1/live/activities", get(stream::activities))
        .route("/v1/live/notifications", get(stream::notifications))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/assets/{name}", get(assets::asset))
        .fallback(pages::not_found)
        .layer(from_fn_with_state(app.clone(), guard::time_limit))
        .layer(from_fn(guard::language_cookie))
        .layer(from_fn_with_state(app.clone(), guard::same_site))
        .layer(guard::cors(&app.config.cors_origins))
        .layer(from_fn_with_state(app.clone(), guard::rate_limit))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .layer(from_fn(request_id::identify))
        .with_state(app)
}

async fn readyz(State(app): State<Arc<App>>) -> impl IntoResponse {
    health::readyz(&*app.context.readiness).await
}
