//! Budgets of a day, at their edge: who is left for another one, who goes on all the same, who stops.

use std::sync::Arc;

use futures::StreamExt;
use vigia_core::{Clock, SystemClock, day_of};
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Pace};
use vigia_sui::{
    CheckpointSource, CheckpointStream, DayBudget, ProviderConfig, Providers, RosterPolicy,
    SourceError, Spent, Standing, Start, StreamLimits,
};

use crate::node::{PATIENCE, next};
use crate::support::chain_config;

const ALLOWED: u64 = 1_000;

async fn node() -> Devnet {
    let config = DevnetConfig {
        chain: ChainConfig {
            transactions: None,
            ..chain_config()
        },
        history: 4,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.expect("the node starts")
}

/// The first may be asked for so much a day, the others for as much as is wanted.
fn providers(nodes: &[&Devnet], is_hard: bool) -> Providers {
    let config = |(index, node): (usize, &&Devnet)| ProviderConfig {
        name: format!("provider-{index}"),
        budget: DayBudget {
            requests: (index == 0).then_some(ALLOWED),
            bytes: None,
            is_hard,
        },
        ..ProviderConfig::new(node.url())
    };
    let configs: Vec<ProviderConfig> = nodes.iter().enumerate().map(config).collect();
    let (policy, limits) = (RosterPolicy::default(), StreamLimits::default());
    Providers::new(&configs, policy, limits, Arc::new(SystemClock), |_| {}).expect("addresses")
}

/// All processes have made so many requests today, and this one has made its share of them.
fn spend(providers: &Providers, requests: u64) {
    let state = &providers.states()[0];
    let counted = Spent {
        requests: state.requests,
        bytes: state.bytes,
    };
    let all = Spent { requests, bytes: 0 };
    let today = day_of(SystemClock.now_ms());
    providers.spent("provider-0", today, all, counted);
}

async fn sequence(stream: &mut CheckpointStream) -> u64 {
    next(stream).await.expect("a checkpoint").header.sequence
}

/// Grows until the stream has come to another provider.
async fn sequence_from(stream: &mut CheckpointStream, nodes: &[&Devnet], providers: &Providers) {
    let growing = async {
        while !providers.states()[1].is_current {
            for node in nodes {
                node.advance(1);
            }
            sequence(stream).await;
        }
    };
    tokio::time::timeout(PATIENCE, growing)
        .await
        .expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_its_budget_a_provider_is_left_for_another_one() {
    let (first, second) = (node().await, node().await);
    let both = providers(&[&first, &second], false);
    let mut stream = both.stream(Start::Checkpoint(0));
    for expected in 0..4 {
        assert_eq!(sequence(&mut stream).await, expected);
    }
    let requests = both.states()[0].requests;
    assert!(both.states()[0].is_current && requests < ALLOWED);
    // One less than all of it, with room for what the stream still asks itself.
    spend(&both, ALLOWED - 100);
    assert_ne!(
        both.states()[0].standing,
        Standing::Spent { is_stopped: false }
    );
    spend(&both, ALLOWED);
    assert_eq!(
        both.states()[0].standing,
        Standing::Spent { is_stopped: false }
    );
    assert!(!both.history_is_spent(), "the second has no limit");
    sequence_from(&mut stream, &[&first, &second], &both).await;
    let asked = both.states()[0].requests;
    let run: Vec<_> = both.fetch_run(0, 3).collect().await;
    assert!(run.len() == 4 && run.iter().all(Result::is_ok));
    assert_eq!(
        both.states()[0].requests,
        asked,
        "history comes from the second"
    );
    first.shutdown().await.unwrap();
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_one_is_followed_past_its_budget_and_histories_wait() {
    let node = node().await;
    let only = providers(&[&node], false);
    spend(&only, ALLOWED);
    let mut stream = only.stream(Start::Checkpoint(0));
    for expected in 0..4 {
        assert_eq!(sequence(&mut stream).await, expected);
    }
    assert!(only.states()[0].standing.is_usable());
    assert!(only.history_is_spent());
    let address = node.users()[0].address;
    let page = only.affected_run(vec![address], 0, 4).next_page().await;
    let Err(SourceError::Spent { providers }) = page else {
        panic!("{:?}", page.map(|page| page.next));
    };
    assert_eq!(providers, ["provider-0"]);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_to_stop_is_asked_for_nothing_more_and_that_is_said() {
    let node = node().await;
    let only = providers(&[&node], true);
    let mut stream = only.stream(Start::Checkpoint(0));
    for expected in 0..4 {
        assert_eq!(sequence(&mut stream).await, expected);
    }
    spend(&only, ALLOWED);
    let told = loop {
        // What is on its way may still come.
        node.advance(1);
        if let Err(error) = next(&mut stream).await {
            break error;
        }
    };
    assert!(matches!(told, SourceError::Spent { .. }), "{told}");
    assert!(
        told.to_string()
            .contains("budget of the day is spent of provider-0")
    );
    let asked = only.states()[0].requests;
    assert!(matches!(only.info().await, Err(SourceError::Spent { .. })));
    only.probe(true).await;
    assert_eq!(only.states()[0].requests, asked);
    // With the next day, or a raised budget, it goes on where it was.
    spend(&only, 0);
    node.advance(1);
    let next = sequence(&mut stream).await;
    assert!(next >= 4, "{next}");
    node.shutdown().await.unwrap();
}
