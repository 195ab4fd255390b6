//! Sources from the outside: files of every format, whole and damaged, and a simulated full node
//! that goes away, comes back, or turns out to be another.

mod affected;
mod archived;
mod bucket;
mod budgets;
mod files;
mod filters;
mod grpc;
mod node;
mod personal;
mod providers;
mod proxy;
mod quorum;
mod ratchet;
mod real;
mod shards;
mod support;
mod tls;
mod trust;
mod trust_real;
