//! What a provider's filter lets through and what the local match hits are the same.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use vigia_core::{Checkpoint, Identifier, MatchReason, Place, WatchTarget};
use vigia_devnet::{ChainConfig, Packages, generate};
use vigia_sui::{CheckpointSource, FILTER_LITERALS_MAX, ServerFilter, Start, StreamLimits};
use vigia_watch::WatchList;

use crate::node::{PATIENCE, providers, replay};
use crate::support::chain_config;

fn list(targets: &[WatchTarget]) -> WatchList {
    let mut list = WatchList::new(1);
    for target in targets {
        list.insert(target.clone());
    }
    list
}

fn matches(list: &WatchList, checkpoints: &[Checkpoint]) -> BTreeMap<Place, Vec<MatchReason>> {
    checkpoints
        .iter()
        .flat_map(|checkpoint| &checkpoint.transactions)
        .map(|transaction| (transaction.place, list.match_transaction(transaction)))
        .filter(|(_, reasons)| !reasons.is_empty())
        .collect()
}

async fn first(stream: vigia_sui::CheckpointStream, count: usize) -> Vec<Checkpoint> {
    let taken = stream.take(count).map(|item| item.expect("no trouble"));
    tokio::time::timeout(PATIENCE, taken.collect())
        .await
        .expect("in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_lets_through_what_the_list_matches() {
    let chain: Vec<_> = generate(ChainConfig {
        transactions: Some(1_500),
        tps: 60,
        upgrade_at: Some(10),
        ..chain_config()
    })
    .collect();
    let node = replay(&chain, None).await;
    let source = providers(&[&node.url()], StreamLimits::default());
    let whole = first(source.stream(Start::Checkpoint(0)), chain.len()).await;
    source.probe(true).await;
    assert!(source.filters());

    let senders = whole.iter().flat_map(|checkpoint| &checkpoint.transactions);
    let mut senders: Vec<_> = senders.map(|t| t.transaction.sender).collect();
    senders.sort_unstable();
    senders.dedup();
    let address = |n: usize| WatchTarget::Address(senders[n * (senders.len() - 1) / 9]);
    let packages = Packages::declared();
    let name = |text: &str| Identifier::new(text).unwrap();
    let event = whole
        .iter()
        .flat_map(|checkpoint| &checkpoint.transactions)
        .find_map(|transaction| transaction.events.first())
        .expect("the wallet's contracts emit events");
    let lists = [
        vec![address(1)],
        (3..8).map(address).collect(),
        vec![
            WatchTarget::Package(packages.pay),
            WatchTarget::Package(packages.pay_upgraded),
        ],
        vec![WatchTarget::Package(packages.p2p_trade), address(4)],
        vec![WatchTarget::Module(
            packages.invite_send,
            name("invite_send"),
        )],
        vec![WatchTarget::event_type(&event.type_)],
    ];
    for targets in lists {
        let list = list(&targets);
        let filter = ServerFilter::of(&list, FILTER_LITERALS_MAX).expect("short enough");
        let filtered = first(source.stream_filtered(0, &filter), chain.len()).await;
        let wanted = matches(&list, &whole);
        assert_eq!(matches(&list, &filtered), wanted, "{targets:?}");
        let headers = |all: &[Checkpoint]| -> Vec<_> {
            all.iter()
                .map(|checkpoint| checkpoint.header.clone())
                .collect()
        };
        assert_eq!(headers(&filtered), headers(&whole));
        let came: usize = filtered.iter().map(|c| c.transactions.len()).sum();
        println!("{targets:?}: {} matched, {came} came", wanted.len());
        assert!(!wanted.is_empty(), "{targets:?} is in the chain");
        assert!(came < 1_000, "{came} of 1,500 came");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_stream_that_fails_ends() {
    let chain: Vec<_> = generate(chain_config()).collect();
    let node = replay(&chain, None).await;
    let source = providers(&[&node.url()], StreamLimits::default());
    source.info().await.unwrap();
    let filter = ServerFilter::of(
        &list(&[WatchTarget::Package(Packages::declared().pay)]),
        FILTER_LITERALS_MAX,
    );
    let mut stream = source.stream_filtered(0, &filter.unwrap());
    assert!(stream.next().await.unwrap().is_ok());
    node.shutdown().await.unwrap();
    let ended = async {
        let mut errors = 0;
        while let Some(item) = stream.next().await {
            errors += usize::from(item.is_err());
        }
        errors
    };
    let errors = tokio::time::timeout(Duration::from_secs(40), ended)
        .await
        .unwrap();
    assert_eq!(errors, 1);
}
