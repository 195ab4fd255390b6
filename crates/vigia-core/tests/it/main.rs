//! Rules of vigia-core that take more than an example to believe: leases under every interleaving,
//! shares of shards under every order of joining and leaving, schedules across changes of the clock.

mod explore;
mod lease_model;
mod rebalance;
mod schedule;
mod source;
