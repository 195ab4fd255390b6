//! Proof of real checkpoints, from real genesis blobs on, and one flipped bit anywhere in them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use bytes::Bytes;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{CheckpointData, CheckpointTransaction, ValidatorCommittee};
use vigia_core::{Address, TransactionEffects, derive_balance_changes, owning_address};
use vigia_devnet::{read_chk, read_chk_directory};
use vigia_sui::{
    Anchor, CertifiedSummary, CommitteePin, Committees, Objects, ProvenCheckpoint, RootSource,
    SourceError, TrustError, TrustRoot, committee_digest, prove_amounts, verify_checkpoint,
};

use crate::real::chain_data;
use crate::support::{message, read_folder};

/// The committee of testnet's genesis, as that of epoch 1: the summary that ends epoch 0 is not among
/// the data, so this is believed, not proven.
const TESTNET_EPOCH_1: &str = "1:Fz6E8R92JHJtPZW9dvtK11rKa9DbZsxinTf1826ct2VJ";
const SUINS: [u64; 5] = [22_279_187, 22_279_365, 22_279_496, 22_279_944, 22_280_030];

fn summaries(folder: &Path) -> Vec<CertifiedSummary> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let read = |path| CertifiedSummary::from_bcs(&fs::read(path).unwrap()).unwrap();
    files.into_iter().map(read).collect()
}

/// Committees of testnet up to the newest that the data reach.
static TESTNET: LazyLock<Option<Committees>> = LazyLock::new(|| {
    let blob = chain_data("genesis/genesis_testnet.blob")?;
    let folder = chain_data("epoch-summaries/testnet")?;
    let genesis = TrustRoot::from_genesis(&fs::read(blob).unwrap(), None).unwrap();
    assert_eq!(genesis.chain().unwrap().short(), "4c78adac");
    let first = ValidatorCommittee {
        epoch: 1,
        members: genesis.committee().members().to_vec(),
    };
    let pin: CommitteePin = TESTNET_EPOCH_1.parse().unwrap();
    let root = TrustRoot::from_pin(pin, first).unwrap();
    assert_eq!(root.source(), RootSource::Pin(pin));
    let mut committees = Committees::new(&root);
    let begun = Instant::now();
    let summaries = summaries(&folder);
    for summary in &summaries {
        committees.advance(summary).unwrap();
    }
    println!(
        "{} epochs verified in {} ms",
        summaries.len(),
        begun.elapsed().as_millis()
    );
    assert_eq!(committees.newest_epoch(), 261);
    Some(committees)
});

/// The committee of mainnet's epoch 246. Nothing verifies the summary that announces it: it is believed.
fn believed(folder: &Path) -> Committees {
    let announcing = &summaries(folder)[0];
    let end = announcing.summary().end_of_epoch_data.clone().unwrap();
    let committee = ValidatorCommittee {
        epoch: announcing.summary().epoch + 1,
        members: end.next_epoch_committee,
    };
    let pin = CommitteePin {
        epoch: 246,
        digest: committee_digest(&committee),
    };
    Committees::new(&TrustRoot::from_pin(pin, committee).unwrap())
}

fn prove(
    committees: &Committees,
    message: &proto::Checkpoint,
) -> Result<ProvenCheckpoint, SourceError> {
    let anchor = committees.verify(&CertifiedSummary::from_proto(message)?)?;
    verify_checkpoint(message, &anchor)
}

/// All is proven: bytes, owners, and the amounts, from the objects that came along.
fn assert_proven(proven: &ProvenCheckpoint, data: &CheckpointData) {
    let transactions = &proven.checkpoint.transactions;
    assert_eq!(transactions.len(), data.transactions.len());
    assert_eq!(proven.owners_unproven.len(), 0);
    for (transaction, original) in transactions.iter().zip(&data.transactions) {
        assert_eq!(transaction.transaction, original.transaction.transaction);
        assert_eq!(transaction.effects, original.effects);
        assert!(transaction.balance_changes.is_empty());
        let mut transaction = transaction.clone();
        prove_amounts(&mut transaction, &proven.objects).unwrap();
        let (before, after) = (&original.input_objects, &original.output_objects);
        let wanted = derive_balance_changes(&original.effects, before, after);
        assert_eq!(transaction.balance_changes, wanted);
        assert!(transaction.proof.is_whole(), "{}", transaction.proof);
        // And without objects nothing is made up.
        let mut bare = transaction.clone();
        bare.balance_changes.clear();
        let without = prove_amounts(&mut bare, &Objects::default());
        assert!(without.is_err() || wanted.is_empty(), "{wanted:?}");
    }
}

#[test]
fn testnet_is_proven_from_its_genesis_on() {
    let (Some(committees), Some(folder)) = (&*TESTNET, chain_data("checkpoints/testnet")) else {
        return;
    };
    for number in SUINS {
        let data = read_chk(&folder.join(format!("{number}.chk"))).unwrap();
        let proven = prove(committees, &message(&data)).unwrap();
        assert_proven(&proven, &data);
        println!(
            "testnet {number} of epoch {}: {} transactions proven",
            proven.epoch,
            data.transactions.len()
        );
        let certified = CertifiedSummary::new(data.checkpoint_summary.clone());
        let begun = Instant::now();
        for _ in 0..50 {
            committees.verify(&certified).unwrap();
        }
        println!(
            "its signature takes {} us",
            begun.elapsed().as_micros() / 50
        );
        let root = CommitteePin {
            epoch: 261,
            digest: committees.committee(261).unwrap().digest(),
        };
        let committee = committees.committee(261).unwrap();
        let late = TrustRoot::from_pin(root, bcs::from_bytes(&committee.to_bcs()).unwrap());
        let late = Committees::new(&late.unwrap());
        let error = prove(&late, &message(&data)).unwrap_err().to_string();
        assert!(error.contains("is before the trust root"), "{error}");
    }
}

#[test]
fn mainnet_is_proven_where_a_committee_is_believed() {
    let Some(blob) = chain_data("genesis/genesis_mainnet.blob") else {
        return;
    };
    let blob = fs::read(blob).unwrap();
    let genesis = TrustRoot::from_genesis(&blob, None).unwrap();
    let chain = genesis.chain().unwrap();
    assert_eq!(chain.short(), "35834a8a");
    assert_eq!(
        chain.to_string(),
        "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"
    );
    println!(
        "mainnet's genesis committee has {} members",
        genesis.committee().members().len()
    );
    let (Some(folder), Some(path)) = (
        chain_data("epoch-summaries/mainnet"),
        chain_data("checkpoints/mainnet/20958462.chk"),
    ) else {
        return;
    };
    let data = read_chk(&path).unwrap();
    let error = prove(&Committees::new(&genesis), &message(&data)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the committee of epoch 246 is not known yet: it takes the last checkpoints of epochs 0 to \
         245"
    );
    let believed = believed(&folder);
    let proven = prove(&believed, &message(&data)).unwrap();
    assert_eq!((proven.epoch, data.transactions.len()), (246, 125));
    let mut sent = message(&data);
    sent.objects = None;
    let anchor = believed
        .verify(&CertifiedSummary::from_proto(&sent).unwrap())
        .unwrap();
    let per_transaction_ns = |sent: &proto::Checkpoint| {
        let begun = Instant::now();
        let proven = (0..20).filter(|_| verify_checkpoint(sent, &anchor).is_ok());
        (proven.count(), begun.elapsed().as_nanos() / 20 / 125)
    };
    let (held, proven_ns) = per_transaction_ns(&sent);
    // Without contents it is decoded as far as it goes, and refused in the end.
    sent.contents = None;
    let (refused, decoded_ns) = per_transaction_ns(&sent);
    assert_eq!((held, refused), (20, 0));
    println!(
        "mainnet 20958462: {decoded_ns} ns a transaction to decode, {proven_ns} to prove as well"
    );
    assert_proven(&proven, &data);
}

#[test]
fn one_flipped_bit_of_a_genesis_blob_is_refused() {
    let Some(path) = chain_data("genesis/genesis_testnet.blob") else {
        return;
    };
    let mut blob = fs::read(path).unwrap();
    let chain = TrustRoot::from_genesis(&blob, None).unwrap().chain();
    let mut random = rng(7);
    for _ in 0..600 {
        let bit = draw(&mut random, blob.len() * 8);
        blob[bit / 8] ^= 1 << (bit % 8);
        let refused = TrustRoot::from_genesis(&blob, chain);
        assert!(refused.is_err(), "bit {bit} was flipped and nobody noticed");
        blob[bit / 8] ^= 1 << (bit % 8);
    }
    println!("genesis: 600 flips refused");
}

fn rng(seed: u8) -> TestRng {
    TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32])
}

fn draw(random: &mut TestRng, below: usize) -> usize {
    let below = u64::try_from(below).unwrap();
    usize::try_from(random.next_u64() % below).unwrap()
}

/// Flips bits of a part, each on its own: all of a small one, at least one of each byte of one of
/// up to 4 KiB, a sample of a large one. `refuse` has to say why.
fn flip_each(
    name: &str,
    part: &Bytes,
    random: &mut TestRng,
    mut refuse: impl FnMut(Bytes) -> Option<String>,
    allowed: &[&str],
) -> usize {
    let bits: Vec<usize> = match part.len() {
        0..=400 => (0..part.len() * 8).collect(),
        401..=4096 => (0..part.len())
            .map(|byte| byte * 8 + draw(random, 8))
            .collect(),
        _ => (0..1_000).map(|_| draw(random, part.len() * 8)).collect(),
    };
    for bit in &bits {
        let mut flipped = part.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Some(why) = refuse(flipped.into()) else {
            panic!("{name}: bit {bit} was flipped and nobody noticed");
        };
        let known = allowed.iter().any(|reason| why.contains(reason));
        assert!(known, "{name}: bit {bit}: {why}");
    }
    bits.len()
}

fn value(bcs: &mut Option<proto::Bcs>) -> &mut Bytes {
    bcs.as_mut().and_then(|bcs| bcs.value.as_mut()).unwrap()
}

/// The parts of a summary that its signature covers, and the signature.
fn flip_certificate(
    committees: &Committees,
    sent: &proto::Checkpoint,
    random: &mut TestRng,
) -> usize {
    let certified = |message: &proto::Checkpoint| {
        let anchor = CertifiedSummary::from_proto(message)
            .and_then(|certified| Ok(committees.verify(&certified)?));
        anchor.err().map(|error| error.to_string())
    };
    let bare = |sent: &proto::Checkpoint| {
        let mut message = proto::Checkpoint::default();
        message.sequence_number = sent.sequence_number;
        message.summary = sent.summary.clone();
        message.signature = sent.signature.clone();
        message
    };
    assert_eq!(certified(&bare(sent)), None);
    let mut message = bare(sent);
    let part = value(&mut message.summary.as_mut().unwrap().bcs).clone();
    let refuse = |bytes| {
        *value(&mut message.summary.as_mut().unwrap().bcs) = bytes;
        certified(&message)
    };
    let reasons = [
        "is not signed by the committee",
        "its signature of epoch",
        "its summary is that of checkpoint",
        "its summary cannot be decoded",
        "is not known yet",
        "is before the trust root",
    ];
    let mut count = flip_each("summary", &part, random, refuse, &reasons);

    let mut message = bare(sent);
    let part = message
        .signature
        .as_ref()
        .unwrap()
        .signature
        .clone()
        .unwrap();
    let refuse = |bytes| {
        message.signature.as_mut().unwrap().signature = Some(bytes);
        certified(&message)
    };
    let reasons = ["is not signed by the committee"];
    count += flip_each("signature", &part, random, refuse, &reasons);

    let mut message = bare(sent);
    let part = message.signature.as_ref().unwrap().bitmap.clone().unwrap();
    let refuse = |bytes| {
        message.signature.as_mut().unwrap().bitmap = Some(bytes);
        certified(&message)
    };
    let reasons = [
        "the signature cannot be read",
        "is not signed by the committee",
        "a quorum takes",
        "of a committee of",
    ];
    count += flip_each("signers", &part, random, refuse, &reasons);

    let mut message = bare(sent);
    message.signature.as_mut().unwrap().epoch = Some(3);
    let why = certified(&message).unwrap();
    assert!(why.contains("its signature of epoch 3"), "{why}");
    count + 1
}

/// The parts that the summary binds by digests.
fn flip_bound(anchor: &Anchor, sent: &proto::Checkpoint, random: &mut TestRng) -> [usize; 3] {
    let why = |message: &proto::Checkpoint| {
        let error = verify_checkpoint(message, anchor).err();
        error.map(|error| error.to_string())
    };
    assert_eq!(why(sent), None);
    let mut message = sent.clone();
    let part = value(&mut message.contents.as_mut().unwrap().bcs).clone();
    let refuse = |bytes| {
        *value(&mut message.contents.as_mut().unwrap().bcs) = bytes;
        why(&message)
    };
    let reasons = ["its contents are not those its summary names"];
    let mut counts = [flip_each("contents", &part, random, refuse, &reasons), 0, 0];
    for index in 0..sent.transactions.len() {
        let mut message = sent.clone();
        let part = value(
            &mut message.transactions[index]
                .transaction
                .as_mut()
                .unwrap()
                .bcs,
        )
        .clone();
        let refuse = |bytes| {
            *value(
                &mut message.transactions[index]
                    .transaction
                    .as_mut()
                    .unwrap()
                    .bcs,
            ) = bytes;
            why(&message)
        };
        let reason = format!("transaction {index} has digest");
        counts[1] += flip_each("transaction", &part, random, refuse, &[&reason]);

        let mut message = sent.clone();
        let part = value(&mut message.transactions[index].effects.as_mut().unwrap().bcs).clone();
        let refuse = |bytes| {
            *value(&mut message.transactions[index].effects.as_mut().unwrap().bcs) = bytes;
            why(&message)
        };
        let reason = format!("effects {index} has digest");
        counts[2] += flip_each("effects", &part, random, refuse, &[&reason]);
    }
    counts
}

/// The events of a checkpoint, of each transaction some: the five of testnet have none.
fn flip_events(anchor: &Anchor, sent: &proto::Checkpoint, random: &mut TestRng) -> usize {
    let mut message = sent.clone();
    let mut count = 0;
    for index in 0..sent.transactions.len() {
        let Some(events) = &sent.transactions[index].events else {
            continue;
        };
        let honest = value(&mut events.clone().bcs).clone();
        for _ in 0..100 {
            let bit = draw(random, honest.len() * 8);
            let mut flipped = honest.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let events = message.transactions[index].events.as_mut().unwrap();
            *value(&mut events.bcs) = flipped.into();
            let why = verify_checkpoint(&message, anchor).unwrap_err().to_string();
            assert!(why.contains(&format!("events {index} has digest")), "{why}");
            count += 1;
        }
        message.transactions[index].events = sent.transactions[index].events.clone();
    }
    count
}

#[test]
fn one_flipped_bit_of_events_is_refused() {
    let (Some(folder), Some(path)) = (
        chain_data("epoch-summaries/mainnet"),
        chain_data("checkpoints/mainnet/20958462.chk"),
    ) else {
        return;
    };
    let mut sent = message(&read_chk(&path).unwrap());
    sent.objects = None;
    let certified = CertifiedSummary::from_proto(&sent).unwrap();
    let anchor = believed(&folder).verify(&certified).unwrap();
    let mut random = rng(9);
    let events = flip_events(&anchor, &sent, &mut random);
    let certificate = flip_certificate(&believed(&folder), &sent, &mut random);
    println!(
        "mainnet 20958462: refused {events} flips of events, {certificate} of summary and signature"
    );
    assert!(events >= 1_000);
}

#[test]
fn one_flipped_bit_is_refused_wherever_it_is() {
    let (Some(committees), Some(folder)) = (&*TESTNET, chain_data("checkpoints/testnet")) else {
        return;
    };
    for (seed, number) in (1..).zip(SUINS) {
        let mut random = rng(seed);
        let data = read_chk(&folder.join(format!("{number}.chk"))).unwrap();
        let mut sent = message(&data);
        sent.objects = None;
        let certified = CertifiedSummary::from_proto(&sent).unwrap();
        let anchor = committees.verify(&certified).unwrap();
        let certificate = flip_certificate(committees, &sent, &mut random);
        let [contents, transactions, effects] = flip_bound(&anchor, &sent, &mut random);
        println!(
            "testnet {number}: refused {certificate} flips of summary and signature, {contents} of \
             contents, {transactions} of transactions, {effects} of effects"
        );
    }
}

/// What version 1 effects give no digest of, and the transaction does not name, is no address's: the
/// rule by which owners and amounts are proven without it.
#[tokio::test]
async fn what_a_transaction_does_not_name_is_no_addresses() {
    let Some(folder) = chain_data("checkpoints") else {
        return;
    };
    let (mut transactions, mut owners_total) = (0, 0);
    for network in ["mainnet", "testnet"] {
        let folder = folder.join(network);
        let (read, errors) = read_folder(&folder).await;
        assert!(errors.is_empty(), "{errors:?}");
        let originals = read_chk_directory(&folder).unwrap();
        let original = originals.iter().flat_map(|data| &data.transactions);
        let read = read.iter().flat_map(|checkpoint| &checkpoint.transactions);
        for (read, original) in read.zip(original) {
            assert_eq!(read.effects, original.effects);
            if matches!(read.effects, TransactionEffects::V1(_)) {
                transactions += 1;
                assert_eq!(read.owners_before, owners(original), "{}", read.place);
                owners_total += read.owners_before.len();
            }
        }
    }
    println!("{transactions} transactions with version 1 effects, {owners_total} owners before");
    assert!(transactions > 0);
}

/// Owners of all changed objects before, whoever names them.
fn owners(executed: &CheckpointTransaction) -> Vec<Address> {
    let changed = executed.effects.object_changes();
    let changed: Vec<Address> = changed.map(|change| *change.object_id()).collect();
    let inputs = executed.input_objects.iter();
    let mut owners: Vec<Address> = inputs
        .filter(|object| changed.contains(&object.object_id()))
        .filter_map(|object| owning_address(object.owner()))
        .collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

#[test]
fn flips_of_a_pin_are_refused() {
    let Some(blob) = chain_data("genesis/genesis_testnet.blob") else {
        return;
    };
    let genesis = TrustRoot::from_genesis(&fs::read(blob).unwrap(), None).unwrap();
    let committee = |epoch| ValidatorCommittee {
        epoch,
        members: genesis.committee().members().to_vec(),
    };
    let pin: CommitteePin = TESTNET_EPOCH_1.parse().unwrap();
    for wrong in [0, 2] {
        let error = TrustRoot::from_pin(pin, committee(wrong)).unwrap_err();
        assert!(matches!(error, TrustError::NotPinned { .. }), "{error}");
    }
    let mut fewer = committee(1);
    fewer.members[0].stake -= 1;
    fewer.members[1].stake += 1;
    let error = TrustRoot::from_pin(pin, fewer).unwrap_err();
    assert!(matches!(error, TrustError::NotPinned { .. }), "{error}");
}
