//! The program as its users meet it: the real binary, a real database, a simulated node.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may say so by panicking"
)]

mod alerts;
mod app;
mod backfill;
mod bad_input;
mod balances;
mod brokers;
mod browser;
mod budgets;
mod chaos;
mod compare;
mod contracts;
mod database_faults;
mod deploy;
mod difficult;
mod doctor;
mod endpoints;
mod examples;
mod failed;
mod faults;
mod files;
mod google;
mod history;
mod invoices;
mod jobs;
mod jwt;
mod kills;
mod labels;
mod live;
mod moving_up;
mod node;
mod notifications;
mod outbox;
mod phones;
mod pooler;
mod privacy;
mod prometheus;
mod pruned;
mod push;
mod quorum;
mod receivers;
mod restore;
mod rolling;
mod secrets;
mod servers;
mod shadow;
mod shards;
mod shared_rates;
mod sign_in;
mod soak;
mod source;
mod traces;
mod upkeep;
mod walk;
mod webhooks;
