//! The web role as its clients meet it: a real server on loopback over a real store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod announcements;
mod app;
mod applications;
mod balance_history;
mod balances;
mod clients;
mod deal_pages;
mod deals;
mod deliveries;
mod expired;
mod export;
mod failing;
mod followed;
mod graphql;
mod guard;
mod history;
mod inbox;
mod jwt;
mod keeper;
mod labels;
mod limits;
mod live;
mod matrix;
mod metrics;
mod operations;
mod operator;
mod operator_pages;
mod own_endpoints;
mod pages;
mod proof;
mod sample;
mod scope;
mod server;
mod settings;
mod sign_in;
mod socket;
mod wallet;
