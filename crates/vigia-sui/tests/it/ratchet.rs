//! The way from a trust root through nodes that have pruned, lie, or do not know yet.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use sui_sdk_types::CheckpointData;
use vigia_core::{ExecutedTransaction, Place, Why};
use vigia_devnet::{Chain, ChainConfig, Devnet, generate};
use vigia_sui::{
    Announced, CommitteeKeeper, CommitteePin, CommitteeStep, Committees, Prover, Providers,
    SourceError, Standing, StreamLimits, TrustRoot, committee_digest,
};

use crate::node::{providers, replay};
use crate::proxy::Proxy;
use crate::support;

/// Twelve checkpoints of four epochs and more.
fn chain_config() -> ChainConfig {
    ChainConfig {
        epoch_checkpoints: 3,
        ..support::chain_config()
    }
}

static CHAIN: LazyLock<Vec<CheckpointData>> =
    LazyLock::new(|| generate(chain_config()).take(14).collect());

fn pin() -> CommitteePin {
    let committee = Chain::new(chain_config()).genesis_committee();
    CommitteePin {
        epoch: 0,
        digest: committee_digest(&committee),
    }
}

fn committees() -> Committees {
    let committee = Chain::new(chain_config()).genesis_committee();
    Committees::new(&TrustRoot::from_pin(pin(), committee).unwrap())
}

async fn asking(nodes: &[&Devnet]) -> Providers {
    let urls: Vec<String> = nodes.iter().map(|node| node.url()).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    providers(&urls, StreamLimits::default())
}

/// Goes to an epoch and returns the epochs kept, in order.
async fn go(
    providers: &Providers,
    committees: &mut Committees,
    epoch: u64,
) -> Result<Vec<u64>, SourceError> {
    let kept = Mutex::new(Vec::new());
    let keep = |step: CommitteeStep| {
        let mut kept = kept.lock().unwrap();
        kept.push(step.announced.committee().epoch());
        assert_eq!(step.done, kept.len() as u64);
        assert!(step.total >= step.done);
        std::future::ready(Ok::<(), SourceError>(()))
    };
    providers.committees_to(committees, epoch, keep).await?;
    Ok(kept.into_inner().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_kept_before_it_counts() {
    let node = replay(&CHAIN, None).await;
    let one = asking(&[&node]).await;
    let mut known = committees();
    assert_eq!(go(&one, &mut known, 4).await.unwrap(), [1, 2, 3, 4]);
    assert_eq!(go(&one, &mut known, 4).await.unwrap(), [] as [u64; 0]);
    assert_eq!(known.newest_epoch(), 4);
    // That epoch is not over.
    let error = go(&one, &mut known, 6).await.unwrap_err();
    assert!(
        matches!(error, SourceError::NoEpoch { epoch: 4, .. }),
        "{error}"
    );
    assert!(!error.may_pass());

    // What cannot be kept is not used, and is where the next try goes on.
    let mut known = committees();
    let keep = |step: CommitteeStep| async move {
        match step.announced.committee().epoch() {
            3 => Err(SourceError::NotKept {
                epoch: 3,
                problem: "the disk is full".to_owned(),
            }),
            _ => Ok(()),
        }
    };
    let error = one.committees_to(&mut known, 4, keep).await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    assert_eq!(known.newest_epoch(), 2);
    assert_eq!(go(&one, &mut known, 4).await.unwrap(), [3, 4]);
    node.shutdown().await.unwrap();
}

/// The chain as somebody tells it who forges the end of an epoch.
fn forged(epoch: u64, forge: impl Fn(&mut CheckpointData)) -> Vec<CheckpointData> {
    let mut chain = CHAIN.clone();
    for data in &mut chain {
        let summary = &data.checkpoint_summary.checkpoint;
        if summary.epoch == epoch && summary.end_of_epoch_data.is_some() {
            forge(data);
        }
    }
    chain
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forges_a_committee_is_set_aside_and_another_asked() {
    let forged = forged(1, |data| {
        let end = &mut data.checkpoint_summary.checkpoint.end_of_epoch_data;
        let members = &mut end.as_mut().unwrap().next_epoch_committee;
        members[0].stake += 1;
        members[1].stake -= 1;
    });
    let (liar, honest) = (replay(&forged, None).await, replay(&CHAIN, None).await);
    let both = asking(&[&liar, &honest]).await;
    let mut known = committees();
    assert_eq!(go(&both, &mut known, 3).await.unwrap(), [1, 2, 3]);
    let states = both.states();
    let Standing::Resting { problem, .. } = &states[0].standing else {
        panic!("{:?}", states[0]);
    };
    assert!(
        problem.contains("is not signed by the committee of epoch 1"),
        "{problem}"
    );
    assert_eq!(states[1].standing, Standing::Unknown);

    // Alone the liar gets nobody further than the truth.
    let alone = asking(&[&liar]).await;
    let mut known = committees();
    let error = go(&alone, &mut known, 3).await.unwrap_err().to_string();
    assert!(
        error.contains("is not signed by the committee of epoch 1"),
        "{error}"
    );
    assert_eq!(known.newest_epoch(), 1);
    let alone = asking(&[&liar]).await;
    let prover = Prover::new(known, Arc::new(Kept::default()));
    let error = alone.fetch_proven(&prover, 10).await.unwrap_err();
    assert!(!error.is_senders());
    let chain = vigia_core::error_chain(&error);
    assert!(
        chain.starts_with("the committee of epoch 3, by which it would be proven, was not reached")
            && chain.contains("is not signed by the committee of epoch 1"),
        "{chain}"
    );
    liar.shutdown().await.unwrap();
    honest.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_has_pruned_another_has() {
    let pruned = replay(&CHAIN[7..], None).await;
    let whole = replay(&CHAIN, None).await;
    let alone = asking(&[&pruned]).await;
    let mut known = committees();
    let error = go(&alone, &mut known, 3).await.unwrap_err().to_string();
    assert!(
        error.contains("no provider has the last checkpoint of epoch 0"),
        "{error}"
    );
    assert!(error.contains("role archive"), "{error}");
    let both = asking(&[&pruned, &whole]).await;
    assert_eq!(go(&both, &mut known, 3).await.unwrap(), [1, 2, 3]);
    assert_eq!(both.states()[0].standing, Standing::Unknown);
    pruned.shutdown().await.unwrap();
    whole.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_committee_comes_from_whoever_has_it() {
    let node = replay(&CHAIN, None).await;
    let one = asking(&[&node]).await;
    let mut known = committees();
    go(&one, &mut known, 2).await.unwrap();
    let second = known.committee(2).unwrap();
    let pin = CommitteePin {
        epoch: 2,
        digest: second.digest(),
    };
    let root = one.pinned_root(pin).await.unwrap();
    assert_eq!(root.committee(), second);
    let wrong = CommitteePin { epoch: 3, ..pin };
    let error = one.pinned_root(wrong).await.unwrap_err().to_string();
    assert!(
        error.contains("the committee of epoch 3 has digest"),
        "{error}"
    );
    // A replay never heard of the first committee.
    let error = one.pinned_root(self::pin()).await.unwrap_err().to_string();
    assert!(
        error.contains("no provider has the committee of epoch 0"),
        "{error}"
    );
    node.shutdown().await.unwrap();
}

/// Whoever cannot keep anything.
struct Full;

#[async_trait]
impl CommitteeKeeper for Full {
    async fn keep(&self, _: &Announced, _: u64, _: u64) -> Result<(), String> {
        Err("the disk is full".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_nobodys_fault() {
    let node = replay(&CHAIN, None).await;
    let one = asking(&[&node]).await;
    let prover = Prover::new(committees(), Arc::new(Full));
    assert!(one.fetch_proven(&prover, 1).await.is_ok());
    // The last of its epoch, and one of a later epoch.
    for number in [2, 7] {
        let error = one.fetch_proven(&prover, number).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the committee of epoch 1 could not be kept: the disk is full"
        );
        assert!(error.may_pass() && !error.is_senders());
    }
    assert_eq!(prover.committees().newest_epoch(), 0);
    assert_eq!(one.states()[0].standing, Standing::Unknown);
    node.shutdown().await.unwrap();
}

#[derive(Default)]
struct Kept(Mutex<Vec<u64>>);

#[async_trait]
impl CommitteeKeeper for Kept {
    async fn keep(&self, announced: &Announced, _: u64, _: u64) -> Result<(), String> {
        let mut kept = self.0.lock().unwrap();
        kept.push(announced.committee().epoch());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn committees_are_taken_as_they_pass_or_gone_for() {
    let node = replay(&CHAIN, None).await;
    // The proxy serves checkpoints and no epochs: what passes is enough.
    let proxy = Proxy::start(&node.url()).await;
    let passing = providers(&[&proxy.url], StreamLimits::default());
    let kept = Arc::new(Kept::default());
    let prover = Prover::new(committees(), kept.clone());
    for number in 0..CHAIN.len() as u64 {
        let proven = passing.fetch_proven(&prover, number).await.unwrap();
        assert_eq!(proven.checkpoint.header.sequence, number);
        assert_eq!(proven.epoch, number / 3);
    }
    assert_eq!(*kept.0.lock().unwrap(), [1, 2, 3, 4]);
    let prover = Prover::new(committees(), kept.clone());
    let error = passing.fetch_proven(&prover, 7).await.unwrap_err();
    assert!(
        matches!(error, SourceError::NoEpoch { epoch: 0, .. }),
        "{error}"
    );
    // It is not set aside for what it does not serve.
    assert_eq!(passing.states()[0].standing, Standing::Unknown);

    // From the root to the newest at once, by many that need it at once.
    let one = asking(&[&node]).await;
    let kept = Arc::new(Kept::default());
    let prover = Prover::new(committees(), kept.clone());
    let fetching = (9..13).map(|number| one.fetch_proven(&prover, number));
    for proven in futures::future::join_all(fetching).await {
        assert!(proven.unwrap().epoch >= 3);
    }
    assert_eq!(*kept.0.lock().unwrap(), [1, 2, 3, 4]);
    assert_eq!(prover.committees().newest_epoch(), 4);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_out_a_transaction_is_set_aside() {
    let mut lying = CHAIN.clone();
    lying[5].transactions.pop();
    let (liar, honest) = (replay(&lying, None).await, replay(&CHAIN, None).await);
    let both = asking(&[&liar, &honest]).await;
    let prover = Prover::new(committees(), Arc::new(Kept::default()));
    let proven = both.fetch_proven(&prover, 5).await.unwrap();
    assert_eq!(
        proven.checkpoint.transactions.len(),
        CHAIN[5].transactions.len()
    );
    let Standing::Resting { problem, .. } = &both.states()[0].standing else {
        panic!("{:?}", both.states()[0]);
    };
    assert!(problem.contains("its contents list"), "{problem}");
    liar.shutdown().await.unwrap();

    // One who names an epoch that there is not is found out by one who proves the checkpoint.
    let mut lying = CHAIN.clone();
    lying[5].checkpoint_summary.checkpoint.epoch = 1 << 40;
    let liar = replay(&lying, None).await;
    let both = asking(&[&liar, &honest]).await;
    let prover = Prover::new(committees(), Arc::new(Kept::default()));
    let proven = both.fetch_proven(&prover, 5).await.unwrap();
    assert_eq!(proven.epoch, 1);
    assert!(matches!(
        both.states()[0].standing,
        Standing::Resting { .. }
    ));
    liar.shutdown().await.unwrap();
    honest.shutdown().await.unwrap();
}

/// All amounts of a checkpoint by way of providers.
async fn amounts(
    providers: &Providers,
    transactions: &mut [ExecutedTransaction],
) -> std::collections::BTreeMap<Place, Why> {
    let mut all: Vec<&mut ExecutedTransaction> = transactions.iter_mut().collect();
    providers.prove_amounts(&mut all).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_come_from_objects_that_effects_bind() {
    let without = |strip: fn(&mut CheckpointData)| {
        let mut chain = CHAIN.clone();
        chain.iter_mut().for_each(strip);
        chain
    };
    let pruned = without(|data| {
        data.transactions
            .iter_mut()
            .for_each(|t| t.input_objects.clear())
    });
    let forged = without(|data| {
        for object in data
            .transactions
            .iter_mut()
            .flat_map(|t| &mut t.output_objects)
        {
            let mut bytes = bcs::to_bytes(object).unwrap();
            let rebate = bytes.len() - 8;
            bytes[rebate] ^= 1;
            *object = bcs::from_bytes(&bytes).unwrap();
        }
    });
    let honest = replay(&CHAIN, None).await;
    let (pruned, forging) = (replay(&pruned, None).await, replay(&forged, None).await);
    let prover = Prover::new(committees(), Arc::new(Kept::default()));
    let one = asking(&[&honest]).await;
    let bare = one.fetch_proven(&prover, 7).await.unwrap().checkpoint;
    let mut proven = bare.transactions.clone();
    assert!(amounts(&one, &mut proven).await.is_empty());
    let changes = |transactions: &[ExecutedTransaction]| {
        let changes = transactions.iter().map(|t| t.balance_changes.clone());
        changes.collect::<Vec<_>>()
    };
    assert!(changes(&proven).iter().any(|changes| !changes.is_empty()));

    let all = asking(&[&forging, &pruned, &honest]).await;
    let mut again = bare.transactions.clone();
    assert!(amounts(&all, &mut again).await.is_empty());
    assert_eq!(changes(&again), changes(&proven));
    let Standing::Resting { problem, .. } = &all.states()[0].standing else {
        panic!("{:?}", all.states()[0]);
    };
    assert!(problem.contains("is not the one it changed"), "{problem}");
    assert_eq!(all.states()[1].standing, Standing::Unknown);

    let alone = asking(&[&pruned]).await;
    let mut again = bare.transactions.clone();
    let unproven = amounts(&alone, &mut again).await;
    assert!(!unproven.is_empty());
    assert!(
        unproven
            .values()
            .all(|why| why.as_str().ends_with("is missing"))
    );
    for transaction in &again {
        let proven = !unproven.contains_key(&transaction.place);
        assert!(proven || transaction.balance_changes.is_empty());
    }
    for node in [honest, pruned, forging] {
        node.shutdown().await.unwrap();
    }
}
