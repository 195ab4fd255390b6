//! Lies: each is seen exactly as its definition says, and what it leaves honest is honest.

use std::collections::BTreeSet;

use sui_rpc::{
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        Checkpoint, ExecutedTransaction, GetTransactionRequest, ListTransactionsRequest,
        SenderFilter, TransactionFilter, TransactionLiteral, TransactionTerm,
        transaction_literal::Predicate,
    },
};
use sui_sdk_types::Address;
use tonic::Code;
use vigia_devnet::{Devnet, FaultKind, Faults};

use crate::{
    proof::problems,
    support::{self, client, faulty, get, list},
};

/// A checkpoint of epoch 0 with several transactions, some with events.
const NUMBER: u64 = 9;

/// The checkpoint as it is told, as it was made, and what is wrong with the former.
async fn told(devnet: &Devnet, specs: &[&str]) -> (Checkpoint, Checkpoint, Vec<&'static str>) {
    devnet.heal();
    let honest = get(&devnet.url(), NUMBER).await.unwrap();
    devnet.set_faults(support::faults(specs));
    let told = get(&devnet.url(), NUMBER).await.unwrap();
    let committee = devnet.genesis_committee().unwrap();
    let found = problems(&told, &committee).into_iter().collect();
    (told, honest, found)
}

fn digests(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint
        .transactions
        .iter()
        .map(ExecutedTransaction::digest)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_node_tells_what_was_made() {
    let devnet = support::manual(20).await;
    let committee = devnet.genesis_committee().unwrap();
    for checkpoint in list(&devnet.url(), 1).await.unwrap() {
        assert_eq!(problems(&checkpoint, &committee), BTreeSet::new());
    }
    assert!(devnet.struck().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn omit_tx_keeps_one_transaction_back_everywhere() {
    let devnet = support::manual(20).await;
    let (told, honest, found) = told(&devnet, &["omit-tx,every=1"]).await;
    assert_eq!(found, ["completeness"]);
    assert_eq!(told.contents, honest.contents);
    assert_eq!(told.transactions.len(), honest.transactions.len() - 1);
    let omitted: Vec<_> = digests(&honest)
        .into_iter()
        .filter(|digest| !digests(&told).contains(digest))
        .collect();
    for digest in digests(&honest) {
        let request = GetTransactionRequest::new(&digest.parse().unwrap());
        let mut client = client(&devnet.url());
        let answer = client.ledger_client().get_transaction(request).await;
        let expected = if omitted == [digest] {
            Code::NotFound
        } else {
            Code::Ok
        };
        assert_eq!(answer.map_or_else(|e| e.code(), |_| Code::Ok), expected);
    }
    let mut request = ListTransactionsRequest::default().with_start_checkpoint(NUMBER);
    request.end_checkpoint = Some(NUMBER + 1);
    let frames = client(&devnet.url())
        .ledger_client()
        .list_transactions(request)
        .await;
    let mut frames = frames.unwrap().into_inner();
    let mut listed = vec![];
    while let Some(frame) = frames.message().await.unwrap() {
        listed.extend(frame.transaction.map(|t| t.digest().to_owned()));
    }
    assert_eq!(listed, digests(&told));
}

#[tokio::test(flavor = "multi_thread")]
async fn misplace_tx_swaps_two_or_adds_one() {
    let devnet = support::manual(20).await;
    let (told, honest, found) = told(&devnet, &["misplace-tx,swapped,every=1"]).await;
    assert_eq!(found, ["order"]);
    let (mut swapped, made) = (digests(&told), digests(&honest));
    let at = swapped.iter().zip(&made).position(|(a, b)| a != b).unwrap();
    swapped.swap(at, at + 1);
    assert_eq!(swapped, made);

    let (told, honest, found) = self::told(&devnet, &["misplace-tx,extra,every=1"]).await;
    assert!(
        found.contains(&"completeness") && found.contains(&"transaction"),
        "{found:?}"
    );
    assert_eq!(told.contents, honest.contents);
    let (mut more, made) = (digests(&told), digests(&honest));
    more.retain(|digest| made.contains(digest));
    assert_eq!(
        (more, told.transactions.len()),
        (made, honest.transactions.len() + 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minority_signs_validly_and_is_no_quorum() {
    let devnet = support::manual(20).await;
    let (told, ..) = told(&devnet, &["forge-signature,minority,every=1"]).await;
    let summary: sui_sdk_types::CheckpointSummary = told.summary().bcs().deserialize().unwrap();
    let signature =
        sui_sdk_types::ValidatorAggregatedSignature::try_from(told.signature()).unwrap();
    let mut committee = devnet.genesis_committee().unwrap();
    let check = |committee| {
        let verifier =
            sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier::new(committee).unwrap();
        verifier
            .verify_checkpoint_summary(&summary, &signature)
            .is_ok()
    };
    assert!(!check(committee.clone()));
    // With all stake in the hands of the one who signed, the same signature does.
    let signer = usize::try_from(signature.bitmap.iter().next().unwrap()).unwrap();
    for (index, member) in committee.members.iter_mut().enumerate() {
        member.stake = if index == signer { 9_997 } else { 1 };
    }
    assert!(check(committee));
}

#[tokio::test(flavor = "multi_thread")]
async fn forge_amount_alters_coins_and_not_effects() {
    let devnet = support::manual(20).await;
    let (told, honest, found) = told(&devnet, &["forge-amount,both,every=1"]).await;
    assert_eq!(found, ["object"]);
    let effects = |c: &Checkpoint| -> Vec<_> {
        c.transactions
            .iter()
            .map(|t| t.effects().bcs().clone())
            .collect()
    };
    assert_eq!(effects(&told), effects(&honest));
    assert_eq!(told.contents, honest.contents);
    let altered: Vec<_> = told
        .objects()
        .objects()
        .iter()
        .zip(honest.objects().objects())
        .filter(|(told, honest)| told != honest)
        .collect();
    let [(forged, was)] = altered[..] else {
        panic!("one object is altered")
    };
    assert_eq!(
        (forged.object_id(), forged.version()),
        (was.object_id(), was.version())
    );
    assert!(forged.balance() > was.balance());
    // The convenience says what the forged coin says.
    assert_ne!(
        told.transactions
            .iter()
            .map(|t| &t.balance_changes)
            .collect::<Vec<_>>(),
        honest
            .transactions
            .iter()
            .map(|t| &t.balance_changes)
            .collect::<Vec<_>>(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forge_amount_can_alter_the_convenience_alone() {
    let devnet = support::manual(20).await;
    let (told, honest, found) = told(&devnet, &["forge-amount,balance,every=1"]).await;
    assert_eq!(found, ["amount"]);
    assert_eq!(told.objects, honest.objects);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_coins_are_forged_by_themselves_too() {
    let devnet = faulty(20, &["forge-amount,both,every=1"]).await;
    let made = devnet.checkpoint(NUMBER).unwrap();
    let outputs = made.transactions.iter().flat_map(|t| &t.output_objects);
    let is_coin = |o: &&sui_sdk_types::Object| {
        o.as_struct()
            .is_some_and(|s| s.object_type().is_coin().is_some())
    };
    let coin = outputs.clone().find(is_coin).unwrap();
    let mut request = sui_rpc::proto::sui::rpc::v2::GetObjectRequest::new(&coin.object_id());
    request.version = Some(coin.version());
    request.read_mask = Some(FieldMask::from_str("bcs"));
    let answer = client(&devnet.url())
        .ledger_client()
        .get_object(request)
        .await;
    let told: sui_sdk_types::Object = answer
        .unwrap()
        .into_inner()
        .object
        .unwrap()
        .bcs()
        .deserialize()
        .unwrap();
    assert_eq!(told.version(), coin.version());
    assert_ne!(told.digest(), coin.digest());
}

#[tokio::test(flavor = "multi_thread")]
async fn forge_signature_leaves_everything_but_the_certificate() {
    let devnet = support::manual(20).await;
    for part in ["other", "bitmap", "minority", "flip"] {
        let spec = format!("forge-signature,{part},every=1");
        let (mut told, honest, found) = told(&devnet, &[&spec]).await;
        assert_eq!(found, ["signature"], "{part}");
        assert_ne!(told.signature, honest.signature);
        told.signature = honest.signature.clone();
        assert_eq!(told, honest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flip_changes_one_bit_of_the_part_named() {
    use prost::Message;
    let devnet = support::manual(20).await;
    for part in [
        "summary",
        "contents",
        "signature",
        "transaction",
        "effects",
        "events",
        "object",
    ] {
        let spec = format!("flip:{part},every=1");
        let (told, honest, found) = told(&devnet, &[&spec]).await;
        let expected = match part {
            "summary" => "signature",
            part => part,
        };
        assert!(
            found.contains(&expected) || found == ["unreadable"],
            "{part}: {found:?}"
        );
        let (told, honest) = (told.encode_to_vec(), honest.encode_to_vec());
        let bits = told.iter().zip(&honest).map(|(a, b)| (a ^ b).count_ones());
        assert_eq!((told.len(), bits.sum()), (honest.len(), 1), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_fields_takes_one_field_away() {
    let devnet = support::manual(20).await;
    let transactions = |c: &Checkpoint, has: fn(&ExecutedTransaction) -> bool| {
        c.transactions.iter().filter(|t| has(t)).count()
    };
    type Absent = fn(&Checkpoint) -> bool;
    let of_checkpoint: [(&str, Absent); 8] = [
        ("sequence_number", |c| c.sequence_number.is_none()),
        ("digest", |c| c.digest.is_none()),
        ("summary", |c| c.summary.is_none()),
        ("summary.bcs", |c| c.summary().bcs.is_none()),
        ("signature", |c| c.signature.is_none()),
        ("contents", |c| c.contents.is_none()),
        ("contents.bcs", |c| c.contents().bcs.is_none()),
        ("objects", |c| c.objects.is_none()),
    ];
    for (part, is_absent) in of_checkpoint {
        let spec = format!("missing-fields,{part},every=1");
        let (told, honest, _) = told(&devnet, &[&spec]).await;
        assert!(is_absent(&told) && !is_absent(&honest), "{part}");
        assert_eq!(told.transactions, honest.transactions);
    }
    type Present = fn(&ExecutedTransaction) -> bool;
    let of_transactions: [(&str, Present); 7] = [
        ("transactions.digest", |t| t.digest.is_some()),
        ("transactions.transaction", |t| t.transaction.is_some()),
        ("transactions.transaction.bcs", |t| {
            t.transaction().bcs.is_some()
        }),
        ("transactions.effects", |t| t.effects.is_some()),
        ("transactions.effects.bcs", |t| t.effects().bcs.is_some()),
        ("transactions.events", |t| t.events.is_some()),
        ("transactions.balance_changes", |t| {
            !t.balance_changes.is_empty()
        }),
    ];
    for (part, has) in of_transactions {
        let spec = format!("missing-fields,{part},every=1");
        let (told, honest, _) = told(&devnet, &[&spec]).await;
        let (left, all) = (transactions(&told, has), transactions(&honest, has));
        assert_eq!(left + 1, all, "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_may_lack_its_number() {
    let devnet = faulty(3, &["missing-fields,cursor,every=1,times=1"]).await;
    let mut client = client(&devnet.url());
    let mut frames = support::subscribe(&mut client).await.unwrap();
    devnet.advance(2);
    let mut next = async || support::soon(frames.message()).await.unwrap().unwrap();
    let first = next().await;
    assert_eq!(
        (first.cursor, first.checkpoint().sequence_number()),
        (None, 3)
    );
    assert_eq!(next().await.cursor, Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn hide_match_alters_what_no_digest_binds() {
    let devnet = support::manual(20).await;
    let (told, honest, found) = told(&devnet, &["hide-match,every=1"]).await;
    assert_eq!(found, [""; 0], "whoever recomputes sees nothing wrong");
    assert_eq!(told.contents, honest.contents);
    for (told, honest) in told.transactions.iter().zip(&honest.transactions) {
        assert_eq!(told.transaction().bcs, honest.transaction().bcs);
        assert_eq!(told.effects().bcs, honest.effects().bcs);
        assert!(told.balance_changes.is_empty() && told.transaction().sender.is_none());
        let owners = told.effects().changed_objects().iter().flat_map(|change| {
            [&change.input_owner, &change.output_owner]
                .into_iter()
                .flatten()
        });
        assert!(owners.clone().all(|owner| owner.address.is_none()));
        assert!(
            told.events()
                .events()
                .iter()
                .all(|event| event.event_type.is_none())
        );
    }
    let (told, honest, _) = self::told(&devnet, &["hide-match,sender,every=1"]).await;
    assert!(
        told.transactions
            .iter()
            .all(|t| t.transaction().sender.is_none())
    );
    assert_eq!(told.objects, honest.objects);
}

#[tokio::test(flavor = "multi_thread")]
async fn hide_match_leaves_matches_out_of_filtered_lists() {
    let devnet = support::manual(20).await;
    let made = devnet.checkpoint(NUMBER).unwrap();
    let sender = made
        .transactions
        .last()
        .unwrap()
        .transaction
        .transaction
        .sender;
    let listed = async || {
        let request = ListTransactionsRequest::default()
            .with_start_checkpoint(NUMBER)
            .with_filter(from(sender));
        let mut client = client(&devnet.url());
        let frames = client.ledger_client().list_transactions(request).await;
        let mut frames = frames.unwrap().into_inner();
        let mut count = 0;
        while let Some(frame) = frames.message().await.unwrap() {
            count += usize::from(frame.transaction.is_some());
        }
        count
    };
    assert!(listed().await > 0);
    devnet.set_faults(support::faults(&["hide-match,filter,every=1"]));
    assert_eq!(listed().await, 0);
    assert!(devnet.struck()["hide-match"] > 0);
}

fn from(sender: Address) -> TransactionFilter {
    let mut literal = TransactionLiteral::default();
    literal.predicate = Some(Predicate::Sender(
        SenderFilter::default().with_address(sender.to_string()),
    ));
    let mut term = TransactionTerm::default();
    term.literals = vec![literal];
    let mut filter = TransactionFilter::default();
    filter.terms = vec![term];
    filter
}

#[tokio::test(flavor = "multi_thread")]
async fn forgeries_end_after_the_strikes_they_were_given() {
    let devnet = faulty(20, &["omit-tx,every=1,times=2"]).await;
    let committee = devnet.genesis_committee().unwrap();
    let mut found = vec![];
    for _ in 0..4 {
        let told = get(&devnet.url(), NUMBER).await.unwrap();
        found.push(problems(&told, &committee).len());
    }
    assert_eq!(found, [1, 1, 0, 0]);
    assert_eq!(devnet.struck()["omit-tx"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn forgeries_begin_where_they_are_told_to() {
    let devnet = faulty(20, &["omit-tx,every=1,from=12"]).await;
    let committee = devnet.genesis_committee().unwrap();
    for checkpoint in list(&devnet.url(), 5).await.unwrap() {
        let is_struck = !problems(&checkpoint, &committee).is_empty();
        assert_eq!(is_struck, checkpoint.sequence_number() >= 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_tells_the_same_lies() {
    let specs = [
        "omit-tx,every=3",
        "flip,every=3",
        "missing-fields,every=3",
        "hide-match,every=3",
        "forge-amount,every=3",
        "forge-signature,every=3",
    ];
    let (one, other) = (faulty(20, &specs).await, faulty(20, &specs).await);
    let (first, second) = (
        list(&one.url(), 0).await.unwrap(),
        list(&other.url(), 0).await.unwrap(),
    );
    assert_eq!(first, second);
    assert_eq!(one.struck(), other.struck());
    let kinds = FaultKind::all().filter(|kind| one.struck().contains_key(kind.name()));
    assert_eq!(kinds.count(), specs.len());

    let mut again = support::faults(&specs);
    again.seed += 1;
    other.set_faults(again);
    assert_ne!(list(&other.url(), 0).await.unwrap(), first);
    other.set_faults(Faults::none());
    let honest = list(&other.url(), 0).await.unwrap();
    assert_eq!(honest.len(), 20);
    assert_ne!(honest, first);
}
