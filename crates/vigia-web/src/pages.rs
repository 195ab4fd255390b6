//! Pages: rendered on the server, in the reader's language, usable without script.

mod actions;
mod addresses;
mod balances;
mod broadcasts;
mod contracts;
mod deals;
mod delivered;
mod deliveries;
mod endpoints;
mod error;
mod failed;
mod feed;
mod figures;
mod inbox;
mod ingestion;
mod item;
mod layout;
mod operators;
mod schedules;
mod search;
mod settings;
mod sign_in;
mod transaction;
mod users;
mod watch;

pub(crate) use actions::actions;
pub(crate) use addresses::{address_added, address_challenge, address_signed, addresses};
pub(crate) use balances::{balance_history, balances};
pub(crate) use broadcasts::{broadcast_new, broadcast_ordered, broadcast_written, broadcasts};
pub(crate) use contracts::contracts;
pub(crate) use deals::{deal, deals, invoice, invoice_ordered, invoices};
pub(crate) use deliveries::{deliveries, deliveries_ordered};
pub(crate) use endpoints::{
    endpoint, endpoint_create, endpoint_delivery, endpoint_edit, endpoint_new, endpoint_ordered,
    endpoint_remove, endpoint_removed, endpoint_update, endpoints,
};
use error::refused;
pub(crate) use error::{ErrorPage, internal_error, not_found};
pub(crate) use failed::{failed, failed_discard, failed_retry};
pub(crate) use feed::feed;
pub(crate) use inbox::{inbox, inbox_read};
pub(crate) use ingestion::ingestion;
pub(crate) use item::activity_item;
pub(crate) use operators::Operator;
pub(crate) use schedules::{schedule_ordered, schedules};
pub(crate) use search::search;
pub(crate) use settings::{
    device_removed, other_sessions_ended, preferences_set, session_ended, settings,
};
pub(crate) use sign_in::wallet::{
    challenge as wallet_challenge, refused as wallet_refused, said, signed as wallet_signed,
};
pub(crate) use sign_in::{sign_in, sign_in_path, sign_in_tried, sign_out};
pub(crate) use transaction::transaction;
pub(crate) use users::{user_ordered, users};
pub(crate) use watch::{watch, watch_add, watch_remove, watch_removed};

/// Rows of a page.
const PAGE: u32 = 30;
