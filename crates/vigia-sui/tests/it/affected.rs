//! The history of addresses as providers list it: complete, in order, checked, and over several of
//! them.

use std::collections::BTreeSet;

use vigia_core::{Address, ExecutedTransaction, Place};
use vigia_devnet::{Devnet, DevnetConfig, Faults, Pace};
use vigia_sui::{Providers, SourceError, StreamLimits};
use vigia_watch::WatchList;

use crate::node::providers;
use crate::support::chain_config;

async fn node(faults: &str) -> Devnet {
    let config = DevnetConfig {
        chain: chain_config(),
        pace: Pace::Complete,
        faults: Faults::parse(3, faults.split_whitespace()).expect("faults"),
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.expect("a node")
}

/// All pages, errors passed over; also how many there were of each.
async fn listed(
    providers: &Providers,
    addresses: &[Address],
    from: u64,
    to: u64,
) -> Result<Vec<ExecutedTransaction>, SourceError> {
    let mut run = providers.affected_run(addresses.to_vec(), from, to);
    let (mut found, mut errors) = (Vec::new(), 0);
    loop {
        match run.next_page().await {
            Ok(page) => {
                found.extend(page.transactions);
                if page.is_last {
                    assert_eq!(page.next, to);
                    return Ok(found);
                }
            }
            Err(error) if errors == 5 || !error.may_pass() => return Err(error),
            Err(_) => errors += 1,
        }
    }
}

/// Places of what affects `addresses`, by whole checkpoints.
async fn expected(node: &Devnet, addresses: &[Address], from: u64, to: u64) -> BTreeSet<Place> {
    let mut list = WatchList::new(1);
    for address in addresses {
        list.insert(vigia_core::WatchTarget::Address(*address));
    }
    let one = providers(&[&node.url()], StreamLimits::default());
    let mut places = BTreeSet::new();
    for sequence in from..to {
        let checkpoint = one.fetch(sequence).await.expect("it is there");
        for transaction in &checkpoint.transactions {
            if !list.match_transaction(transaction).is_empty() {
                places.insert(transaction.place);
            }
        }
    }
    places
}

fn places(found: &[ExecutedTransaction]) -> BTreeSet<Place> {
    found.iter().map(|transaction| transaction.place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_what_whole_checkpoints_hold() {
    let node = node("").await;
    let addresses: Vec<Address> = node.users().iter().map(|user| user.address).collect();
    let to = node.tip().unwrap() - 1;
    let one = providers(&[&node.url()], StreamLimits::default());
    for addresses in [&addresses[..1], &addresses[..]] {
        let found = listed(&one, addresses, 2, to).await.unwrap();
        assert!(found.is_sorted_by_key(|transaction| transaction.place));
        let expected = expected(&node, addresses, 2, to).await;
        assert!(!expected.is_empty());
        assert_eq!(places(&found), expected);
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_got_over_and_another_provider_goes_on() {
    let healthy = node("").await;
    let to = healthy.tip().unwrap() + 1;
    let addresses: Vec<Address> = healthy.users().iter().map(|u| u.address).take(4).collect();
    let expected = expected(&healthy, &addresses, 0, to).await;
    for faults in [
        "no-list",
        "unavailable:300ms",
        "truncate,every=2",
        "missing-fields:transactions.effects.bcs,every=2",
        "rate-limit:3/60s",
        "prune:3",
    ] {
        let troubled = node(faults).await;
        let both = providers(&[&troubled.url(), &healthy.url()], StreamLimits::default());
        let found = listed(&both, &addresses, 0, to).await;
        let found = found.unwrap_or_else(|error| panic!("{faults}: {error}"));
        assert_eq!(places(&found), expected, "{faults}");
        troubled.shutdown().await.unwrap();
    }
    healthy.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_said() {
    let unlisted = node("no-list").await;
    let one = providers(&[&unlisted.url()], StreamLimits::default());
    let address = unlisted.users()[0].address;
    let error = listed(&one, &[address], 0, 5).await.unwrap_err();
    assert!(matches!(error, SourceError::Unserved { .. }), "{error}");

    let pruned = node("prune:4").await;
    let one = providers(&[&pruned.url()], StreamLimits::default());
    let tip = pruned.tip().unwrap();
    let error = listed(&one, &[address], 0, tip).await.unwrap_err();
    assert!(
        matches!(error, SourceError::Pruned { lowest, .. } if lowest > tip - 5),
        "{error}"
    );
    let unlisted = unlisted.shutdown().await;
    unlisted.and(pruned.shutdown().await).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_evidence_is_checked_by_its_digests() {
    // Bits of events are not here: that fault strikes nothing in the lists of this chain.
    for faults in ["flip:transaction", "flip:effects"] {
        let node = node(faults).await;
        let one = providers(&[&node.url()], StreamLimits::default());
        let addresses: Vec<Address> = node.users().iter().map(|user| user.address).collect();
        let to = node.tip().unwrap() + 1;
        let error = listed(&one, &addresses, 0, to).await;
        assert!(!node.struck().is_empty(), "{faults} never struck");
        assert!(error.is_err(), "{faults} was accepted");
        node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fail_are_counted_too() {
    let (broken, good) = (node("unavailable:600s").await, node("").await);
    let address = good.users()[0].address;
    let both = providers(&[&broken.url(), &good.url()], StreamLimits::default());
    let mut run = both.affected_run(vec![address], 0, 5);
    let page = run.next_page().await.unwrap();
    assert!(page.is_last);
    let made = |of: &Providers| of.states().iter().map(|state| state.requests).sum::<u64>();
    let counted = run.take_requests();
    assert!(counted > 2 && counted == made(&both), "{counted}");
    assert_eq!(run.take_requests(), 0);
    let alone = providers(&[&broken.url()], StreamLimits::default());
    let mut run = alone.affected_run(vec![address], 0, 5);
    assert!(run.next_page().await.is_err() && run.next_page().await.is_err());
    let counted = run.take_requests();
    assert!(counted == 2 && counted == made(&alone), "{counted}");
    for node in [broken, good] {
        node.shutdown().await.unwrap();
    }
}
