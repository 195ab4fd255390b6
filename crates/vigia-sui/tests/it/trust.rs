//! Proof on generated chains: what the validators signed is proven, and nothing else is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{
    Bitmap, CheckpointData, EndOfEpochData, Object, ValidatorCommittee, ValidatorCommitteeMember,
};
use vigia_core::{BalanceChange, CheckpointHeader, owning_address};
use vigia_devnet::{Chain, ChainConfig, generate};
use vigia_sui::{
    CertifiedSummary, Committee, CommitteePin, Committees, Objects, ObjectsError, ProvenCheckpoint,
    SourceError, TrustError, TrustRoot, committee_digest, prove_amounts, prove_linked,
    verify_checkpoint,
};

use crate::support::{self, message};

/// A chain of several short epochs.
fn chain_config() -> ChainConfig {
    ChainConfig {
        epoch_checkpoints: 5,
        ..support::chain_config()
    }
}

static CHAIN: LazyLock<Vec<CheckpointData>> = LazyLock::new(|| generate(chain_config()).collect());

static MESSAGES: LazyLock<Vec<proto::Checkpoint>> =
    LazyLock::new(|| CHAIN.iter().map(message).collect());

fn root(config: ChainConfig) -> TrustRoot {
    let committee = Chain::new(config).genesis_committee();
    let pin = CommitteePin {
        epoch: 0,
        digest: committee_digest(&committee),
    };
    TrustRoot::from_pin(pin, committee).unwrap()
}

/// The committees of all epochs of the chain.
static COMMITTEES: LazyLock<Committees> = LazyLock::new(|| {
    let mut committees = Committees::new(&root(chain_config()));
    for message in MESSAGES.iter() {
        let certified = CertifiedSummary::from_proto(message).unwrap();
        if certified.summary().end_of_epoch_data.is_some() {
            committees.advance(&certified).unwrap();
        }
    }
    assert!(committees.newest_epoch() >= 2);
    committees
});

fn prove(message: &proto::Checkpoint) -> Result<ProvenCheckpoint, SourceError> {
    let anchor = COMMITTEES.verify(&CertifiedSummary::from_proto(message)?)?;
    verify_checkpoint(message, &anchor)
}

fn refused(message: &proto::Checkpoint) -> String {
    match prove(message) {
        Ok(proven) => panic!("proven: {:?}", proven.checkpoint.header),
        Err(error) => error.to_string(),
    }
}

fn certified(data: &CheckpointData) -> CertifiedSummary {
    CertifiedSummary::new(data.checkpoint_summary.clone())
}

fn last_of_epoch(epoch: u64) -> &'static CheckpointData {
    let ends = |data: &&CheckpointData| {
        let summary = &data.checkpoint_summary.checkpoint;
        summary.epoch == epoch && summary.end_of_epoch_data.is_some()
    };
    CHAIN.iter().find(ends).expect("the epoch ends")
}

#[test]
fn every_checkpoint_of_every_epoch_is_proven() {
    for message in MESSAGES.iter() {
        let proven = prove(message).unwrap();
        let epoch = proven.checkpoint.header.epoch;
        assert_eq!(proven.epoch, epoch);
        let stated: Vec<_> = message
            .transactions
            .iter()
            .map(|t| &t.balance_changes)
            .collect();
        for (mut transaction, stated) in proven.checkpoint.transactions.into_iter().zip(stated) {
            assert!(transaction.balance_changes.is_empty());
            prove_amounts(&mut transaction, &proven.objects).unwrap();
            let stated: Vec<BalanceChange> = stated
                .iter()
                .map(|change| change.try_into().unwrap())
                .collect();
            assert_eq!(transaction.balance_changes, stated);
        }
    }
    println!(
        "{} checkpoints of {} epochs proven",
        MESSAGES.len(),
        COMMITTEES.newest_epoch() + 1
    );
}

#[test]
fn amounts_take_the_objects_that_effects_name() {
    let (mut missed, mut spared) = (0, 0);
    for (message, data) in MESSAGES.iter().zip(CHAIN.iter()).skip(5) {
        let proven = prove(message).unwrap();
        let bare = proven.checkpoint.transactions.last().unwrap();
        let original = data.transactions.last().unwrap();
        let mut wanted = bare.clone();
        prove_amounts(&mut wanted, &proven.objects).unwrap();
        let all = original
            .input_objects
            .iter()
            .chain(&original.output_objects);
        let all: Vec<Object> = all.cloned().collect();
        for (position, object) in all.iter().enumerate() {
            let (id, version) = (object.object_id(), object.version());
            let mut without = all.clone();
            without.remove(position);
            let mut with_forged = all.clone();
            with_forged[position] = forged(object);
            let cases = [
                (without, ObjectsError::Missing { id, version }),
                (with_forged, ObjectsError::Forged { id, version }),
            ];
            for (objects, error) in cases {
                let mut transaction = bare.clone();
                let outcome = prove_amounts(&mut transaction, &Objects::new(objects));
                if owning_address(object.owner()).is_some() {
                    assert_eq!(outcome, Err(error));
                    assert!(transaction.balance_changes.is_empty());
                    missed += 1;
                } else {
                    // What no address owns moves no balance.
                    assert_eq!(outcome, Ok(()));
                    assert_eq!(transaction.balance_changes, wanted.balance_changes);
                    spared += 1;
                }
            }
        }
    }
    println!("{missed} objects were missed, {spared} not needed");
    assert!(missed > 0 && spared > 0);
}

/// The object with a byte changed.
fn forged(object: &Object) -> Object {
    let mut bytes = bcs::to_bytes(object).unwrap();
    // The rebate of storage is the last number of an object.
    let rebate = bytes.len() - 8;
    bytes[rebate] ^= 1;
    bcs::from_bytes(&bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Left out, added twice, swapped, or taken from elsewhere: never proven.
    #[test]
    fn other_transactions_are_refused(
        at in any::<Index>(), first in any::<Index>(), second in any::<Index>(),
        elsewhere in any::<Index>(), way in 0..5,
    ) {
        let mut sent = at.get(&MESSAGES[..]).clone();
        let count = sent.transactions.len();
        let (first, second) = (first.index(count), second.index(count));
        let other = elsewhere.get(&MESSAGES[..]).transactions[0].clone();
        match way {
            0 => drop(sent.transactions.remove(first)),
            1 => sent.transactions.insert(second, sent.transactions[first].clone()),
            2 => sent.transactions.swap(first, second),
            3 => sent.transactions[first] = other,
            _ => sent.transactions[first].effects = other.effects,
        }
        let honest = &at.get(&MESSAGES[..]).transactions;
        prop_assume!(sent.transactions != *honest);
        // Who lies need not state an index.
        sent.transactions.iter_mut().for_each(|transaction| transaction.transaction_index = None);
        let why = refused(&sent);
        let reasons = ["its contents list", "has digest"];
        prop_assert!(reasons.iter().any(|reason| why.contains(reason)), "{}", why);
    }

    /// A run of headers is proven by the anchor of the last one, and by no other.
    #[test]
    fn linked_runs_are_proven_from_their_end(
        from in 0..CHAIN.len(), length in 1..CHAIN.len(), at in any::<Index>(), way in 0..5,
    ) {
        let to = (from + length).min(CHAIN.len());
        let mut headers = headers(from, to);
        let anchor = COMMITTEES.verify(&certified(&CHAIN[to - 1])).unwrap();
        let anchors = prove_linked(&headers, &anchor).unwrap();
        for (linked, message) in anchors.iter().zip(&MESSAGES[from..to]) {
            let proven = verify_checkpoint(message, linked).unwrap();
            prop_assert_eq!(proven.epoch, anchor.epoch());
            prop_assert_eq!(proven.checkpoint.header.digest, linked.digest());
        }
        prop_assert_eq!(anchors.last(), Some(&anchor));
        let at = at.index(headers.len());
        match way {
            0 => headers[at].digest = vigia_core::Digest::new([7; 32]),
            1 if headers.len() > 1 && at > 0 => headers[at].previous_digest = None,
            2 if headers.len() > 2 && at > 0 && at + 1 < headers.len() => drop(headers.remove(at)),
            3 => headers[at].sequence += 1,
            _ if headers.len() > 1 => headers.swap(0, to - from - 1),
            _ => headers.extend(headers.clone()),
        }
        let error = prove_linked(&headers, &anchor).unwrap_err();
        let expected = matches!(
            error,
            TrustError::NotLinked { .. } | TrustError::OutOfOrder { .. }
        );
        prop_assert!(expected, "{}", error);
    }
}

fn headers(from: usize, to: usize) -> Vec<CheckpointHeader> {
    let header = |data: &CheckpointData| {
        let summary = &data.checkpoint_summary.checkpoint;
        CheckpointHeader {
            sequence: summary.sequence_number,
            digest: summary.digest(),
            previous_digest: summary.previous_digest,
            epoch: summary.epoch,
            timestamp_ms: summary.timestamp_ms,
        }
    };
    CHAIN[from..to].iter().map(header).collect()
}

#[test]
fn what_nothing_binds_is_not_believed() {
    let mut sent = MESSAGES[5].clone();
    for transaction in &mut sent.transactions {
        transaction.balance_changes.clear();
        transaction.digest = None;
        if let Some(effects) = &mut transaction.effects {
            effects.changed_objects.clear();
            effects.status = None;
        }
    }
    let honest = prove(&MESSAGES[5]).unwrap().checkpoint;
    let proven = prove(&sent).unwrap().checkpoint;
    let comparable = |checkpoint: &vigia_core::Checkpoint| format!("{checkpoint:?}");
    assert_eq!(comparable(&proven), comparable(&honest));

    for (what, drop) in [
        (
            "comes without its signature",
            without_signature as fn(&mut proto::Checkpoint),
        ),
        ("its signers take 4097 bytes, more than 4096", |sent| {
            sent.signature.as_mut().unwrap().bitmap = Some(vec![0; 4_097].into());
        }),
        ("its signers are not written in the only form", |sent| {
            let signers = sent.signature.as_mut().unwrap().bitmap.as_mut().unwrap();
            *signers = [&signers[..], &[0]].concat().into();
        }),
        ("comes without its contents", |sent| sent.contents = None),
        ("summary.bcs is missing", |sent| sent.summary = None),
        ("sequence_number is missing", |sent| {
            sent.sequence_number = None
        }),
        ("transaction.bcs of transaction 0 is missing", |sent| {
            sent.transactions[0].transaction = None;
        }),
        ("its contents list", |sent| sent.transactions.clear()),
    ] {
        let mut sent = MESSAGES[5].clone();
        drop(&mut sent);
        let why = refused(&sent);
        assert!(why.contains(what), "{why}");
    }
    let mut sent = MESSAGES
        .iter()
        .find(|sent| sent.transactions.iter().any(|t| t.events.is_some()));
    let mut sent = sent.take().unwrap().clone();
    sent.transactions.iter_mut().for_each(|t| t.events = None);
    let why = refused(&sent);
    assert!(why.contains("events.bcs of transaction"), "{why}");
}

fn without_signature(sent: &mut proto::Checkpoint) {
    sent.signature = None;
}

#[test]
fn another_chains_committee_proves_nothing() {
    let other = ChainConfig {
        seed: 2,
        ..chain_config()
    };
    let stranger = Committees::new(&root(other.clone()));
    let error = stranger.verify(&certified(&CHAIN[3])).unwrap_err();
    assert!(
        matches!(error, TrustError::WrongSignature { .. }),
        "{error}"
    );
    let forged = generate(other).nth(3).unwrap();
    let why = refused(&message(&forged));
    assert!(
        why.contains("is not signed by the committee of epoch 0"),
        "{why}"
    );
    // Their signature on our summary, and ours on theirs.
    let mut mixed = CHAIN[3].checkpoint_summary.clone();
    mixed.signature = forged.checkpoint_summary.signature.clone();
    for committees in [&*COMMITTEES, &stranger] {
        let error = committees.verify(&CertifiedSummary::new(mixed.clone()));
        assert!(matches!(error, Err(TrustError::WrongSignature { .. })));
    }
}

#[test]
fn the_ratchet_takes_each_step_and_no_other() {
    let mut committees = Committees::new(&root(chain_config()));
    let second = certified(last_of_epoch(1));
    let error = committees.advance(&second).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the committee of epoch 1 is not known yet: it takes the last checkpoints of epochs 0 to 0"
    );
    let error = committees.advance(&certified(&CHAIN[1])).unwrap_err();
    assert!(
        matches!(
            error,
            TrustError::NotEndOfEpoch {
                sequence: 1,
                epoch: 0
            }
        ),
        "{error}"
    );
    let first = committees.advance(&certified(last_of_epoch(0))).unwrap();
    assert_eq!(first.committee().epoch(), 1);
    // Twice is once.
    committees.advance(&certified(last_of_epoch(0))).unwrap();
    committees.advance(&second).unwrap();
    assert_eq!((committees.root_epoch(), committees.newest_epoch()), (0, 2));

    // From what was kept it goes on, and what contradicts the root or leaves a gap is refused.
    let kept = |epochs: &[u64]| {
        let read = |epoch: &u64| {
            let bytes = committees.committee(*epoch).unwrap().to_bcs();
            Committee::from_bcs(&bytes).unwrap()
        };
        let kept: Vec<Committee> = epochs.iter().map(read).collect();
        Committees::resume(&root(chain_config()), kept)
    };
    assert_eq!(kept(&[0, 1, 2]).unwrap().newest_epoch(), 2);
    assert_eq!(kept(&[]).unwrap().newest_epoch(), 0);
    let gap = kept(&[0, 2]).unwrap_err();
    assert!(
        matches!(gap, TrustError::UnknownEpoch { epoch: 2, known: 0 }),
        "{gap}"
    );
    let other = root(ChainConfig {
        seed: 2,
        ..chain_config()
    });
    let fork = Committees::resume(&other, [committees.committee(0).unwrap().clone()]);
    let fork = fork.unwrap_err();
    assert!(
        matches!(fork, TrustError::TwoCommittees { epoch: 0, .. }),
        "{fork}"
    );
}

#[test]
fn signers_have_to_be_a_quorum_of_members() {
    let signed = &CHAIN[3].checkpoint_summary;
    let with = |signers: &[u32]| {
        let mut changed = signed.clone();
        changed.signature.bitmap = signers.iter().collect::<Bitmap>();
        COMMITTEES
            .verify(&CertifiedSummary::new(changed))
            .unwrap_err()
    };
    assert!(matches!(
        with(&[]),
        TrustError::BelowQuorum {
            signed: 0,
            quorum: 6_667,
            ..
        }
    ));
    assert!(matches!(with(&[0, 1]), TrustError::BelowQuorum { .. }));
    assert!(matches!(
        with(&[0, 1, 2, 4]),
        TrustError::NoSuchSigner {
            signer: 4,
            members: 4,
            ..
        }
    ));
    assert!(matches!(with(&[u32::MAX]), TrustError::NoSuchSigner { .. }));
    assert!(matches!(
        with(&[0, 1, 2, 3]),
        TrustError::WrongSignature { .. }
    ));
    let mut changed = signed.clone();
    changed.signature.epoch = 1;
    let error = COMMITTEES
        .verify(&CertifiedSummary::new(changed))
        .unwrap_err();
    assert!(
        matches!(
            error,
            TrustError::EpochMismatch {
                epoch: 0,
                signed: 1,
                ..
            }
        ),
        "{error}"
    );
    let mut changed = signed.clone();
    changed.checkpoint.epoch = u64::MAX;
    let error = COMMITTEES
        .verify(&CertifiedSummary::new(changed))
        .unwrap_err();
    assert!(matches!(error, TrustError::UnknownEpoch { .. }), "{error}");
}

#[test]
fn impossible_committees_are_refused_and_nothing_panics() {
    let members = COMMITTEES.committee(0).unwrap().members().to_vec();
    let refused = |members: Vec<ValidatorCommitteeMember>| {
        Committee::new(0, members).unwrap_err().to_string()
    };
    let said = "the committee of epoch 0 cannot be one: ";
    assert_eq!(refused(vec![]), format!("{said}it has no members"));
    let mut twice = members.clone();
    twice[1].public_key = twice[0].public_key;
    assert!(refused(twice).contains("twice"));
    let stakes = |stakes: [u64; 4]| {
        let mut members = members.clone();
        for (member, stake) in members.iter_mut().zip(stakes) {
            member.stake = stake;
        }
        members
    };
    assert!(refused(stakes([0; 4])).contains("sum to 0, not 10000"));
    assert!(refused(stakes([u64::MAX; 4])).contains("sum to more than 10000"));
    assert!(refused(stakes([1; 4])).contains("sum to 4"));
    // A member without stake and members in any order are no trouble: Sui sorts them too.
    let mut shuffled = members.clone();
    shuffled.reverse();
    assert_eq!(
        Committee::new(0, shuffled).unwrap(),
        *COMMITTEES.committee(0).unwrap()
    );

    let mut no_key = members.clone();
    no_key[0].public_key = sui_sdk_types::Bls12381PublicKey::new([0; 96]);
    let pinned = ValidatorCommittee {
        epoch: 0,
        members: no_key,
    };
    let pin = CommitteePin {
        epoch: 0,
        digest: committee_digest(&pinned),
    };
    let error = TrustRoot::from_pin(pin, pinned).unwrap_err().to_string();
    assert!(error.contains("the key of member 0 is none"), "{error}");
    assert_eq!(pin.to_string().parse::<CommitteePin>().unwrap(), pin);
    for text in ["", "1", "1:", ":1", "x:1", "-1:x"] {
        assert!(text.parse::<CommitteePin>().is_err(), "{text}");
    }
}

#[test]
fn an_announced_committee_is_part_of_what_is_signed() {
    let mut forged = last_of_epoch(0).checkpoint_summary.clone();
    let end = forged.checkpoint.end_of_epoch_data.as_mut().unwrap();
    end.next_epoch_committee.swap(0, 1);
    let (a, b) = (
        end.next_epoch_committee[0].stake,
        end.next_epoch_committee[1].stake,
    );
    end.next_epoch_committee[0].stake = b;
    end.next_epoch_committee[1].stake = a;
    let mut committees = Committees::new(&root(chain_config()));
    let error = committees
        .advance(&CertifiedSummary::new(forged))
        .unwrap_err();
    assert!(
        matches!(error, TrustError::WrongSignature { .. }),
        "{error}"
    );
    // Added where there is none: also another summary.
    let mut forged = CHAIN[3].checkpoint_summary.clone();
    forged.checkpoint.end_of_epoch_data = Some(EndOfEpochData {
        next_epoch_committee: vec![],
        next_epoch_protocol_version: 1,
        epoch_commitments: vec![],
    });
    let error = committees
        .advance(&CertifiedSummary::new(forged))
        .unwrap_err();
    assert!(
        matches!(error, TrustError::WrongSignature { .. }),
        "{error}"
    );
    assert_eq!(committees.newest_epoch(), 0);
}
