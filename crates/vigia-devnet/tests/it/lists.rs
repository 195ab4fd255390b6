//! List requests: pages, order, bounds and filters, against the chain itself.

use futures::{StreamExt, TryStreamExt};
use sui_rpc::{
    Client,
    client::{
        EventStreamRequest, EventStreamStart, TransactionStreamRequest, TransactionStreamStart,
    },
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        AffectedAddressFilter, EventTypeFilter, ListCheckpointsRequest, ListCheckpointsResponse,
        ListEventsRequest, ListTransactionsRequest, ListTransactionsResponse, MoveCallFilter,
        Ordering, QueryEndReason, QueryOptions, SenderFilter, SubscribeCheckpointsRequest,
        SubscribeTransactionsRequest, TransactionFilter, TransactionLiteral, TransactionTerm,
        transaction_literal::Predicate,
    },
};
use sui_sdk_types::{Address, CheckpointTransaction};
use tonic::Code;
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Pace, Packages};

use crate::support;

async fn checkpoints(
    devnet: &Devnet,
    request: ListCheckpointsRequest,
) -> Result<Vec<ListCheckpointsResponse>, tonic::Status> {
    let mut client = Client::new(devnet.url()).unwrap();
    let response = client.ledger_client().list_checkpoints(request).await?;
    response.into_inner().try_collect().await
}

async fn transactions(
    devnet: &Devnet,
    request: ListTransactionsRequest,
) -> Result<Vec<ListTransactionsResponse>, tonic::Status> {
    let mut client = Client::new(devnet.url()).unwrap();
    let response = client.ledger_client().list_transactions(request).await?;
    response.into_inner().try_collect().await
}

fn numbers(frames: &[ListCheckpointsResponse]) -> Vec<u64> {
    let items = frames.iter().filter_map(|frame| frame.checkpoint.as_ref());
    items
        .map(|checkpoint| checkpoint.sequence_number())
        .collect()
}

fn end(frames: &[ListCheckpointsResponse]) -> QueryEndReason {
    assert!(frames.iter().all(|f| f.watermark().cursor.is_some()));
    let (last, others) = frames.split_last().unwrap();
    assert!(others.iter().all(|frame| frame.end.is_none()));
    last.end.as_ref().unwrap().reason()
}

fn options(limit: u32) -> QueryOptions {
    QueryOptions::default().with_limit(limit)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another() {
    let devnet = support::manual(25).await;
    let first = checkpoints(&devnet, ListCheckpointsRequest::default())
        .await
        .unwrap();
    assert_eq!(numbers(&first), (0..10).collect::<Vec<_>>());
    assert_eq!(end(&first), QueryEndReason::ItemLimit);

    let cursor = first.last().unwrap().watermark().cursor.clone().unwrap();
    let rest = options(50).with_after(cursor);
    let request = ListCheckpointsRequest::default().with_options(rest);
    let second = checkpoints(&devnet, request).await.unwrap();
    assert_eq!(numbers(&second), (10..25).collect::<Vec<_>>());
    assert_eq!(end(&second), QueryEndReason::LedgerTip);
    assert_eq!(second.last().unwrap().watermark().checkpoint, Some(24));
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_end_a_list() {
    let devnet = support::manual(25).await;
    let request = ListCheckpointsRequest::default()
        .with_start_checkpoint(5)
        .with_end_checkpoint(8);
    let frames = checkpoints(&devnet, request).await.unwrap();
    assert_eq!(numbers(&frames), [5, 6, 7]);
    assert_eq!(end(&frames), QueryEndReason::CheckpointBound);
    assert_eq!(frames.last().unwrap().watermark().checkpoint, Some(7));

    let before = frames[1].watermark().cursor.clone().unwrap();
    let request = ListCheckpointsRequest::default()
        .with_start_checkpoint(4)
        .with_options(options(50).with_before(before));
    let frames = checkpoints(&devnet, request).await.unwrap();
    assert_eq!(numbers(&frames), [4, 5]);
    assert_eq!(end(&frames), QueryEndReason::CursorBound);
}

#[tokio::test(flavor = "multi_thread")]
async fn descending_pages_follow_one_another() {
    let devnet = support::manual(12).await;
    let mut seen = vec![];
    let mut query = options(5).with_ordering(Ordering::Descending);
    loop {
        let request = ListCheckpointsRequest::default().with_options(query.clone());
        let frames = checkpoints(&devnet, request).await.unwrap();
        seen.extend(numbers(&frames));
        if end(&frames) != QueryEndReason::ItemLimit {
            assert_eq!(end(&frames), QueryEndReason::CheckpointBound);
            break;
        }
        query.before = frames.last().unwrap().watermark().cursor.clone();
    }
    assert_eq!(seen, (0..12).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_limited() {
    let devnet = support::manual(130).await;
    let request = ListCheckpointsRequest::default().with_options(options(1_000));
    let frames = checkpoints(&devnet, request).await.unwrap();
    assert_eq!(numbers(&frames).len(), 100);
    let request = ListTransactionsRequest::default().with_options(options(9_999));
    assert_eq!(transactions(&devnet, request).await.unwrap().len(), 500);
    let request = ListTransactionsRequest::default();
    assert_eq!(transactions(&devnet, request).await.unwrap().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_requests_are_refused() {
    let devnet = support::manual(3).await;
    let cursor = options(1).with_after(b"nonsense".to_vec());
    let literals = vec![sender(Address::TWO); 11];
    for request in [
        ListCheckpointsRequest::default().with_options(cursor),
        ListCheckpointsRequest::default()
            .with_start_checkpoint(3)
            .with_end_checkpoint(2),
        ListCheckpointsRequest::default().with_filter(TransactionFilter::default()),
        ListCheckpointsRequest::default().with_filter(any_of(literals)),
        ListCheckpointsRequest::default().with_read_mask(FieldMask::from_str("nope")),
    ] {
        let error = checkpoints(&devnet, request).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
    }
}

fn any_of(literals: Vec<TransactionLiteral>) -> TransactionFilter {
    let terms = literals.into_iter().map(|literal| {
        let mut term = TransactionTerm::default();
        term.literals = vec![literal];
        term
    });
    let mut filter = TransactionFilter::default();
    filter.terms = terms.collect();
    filter
}

fn literal(predicate: Predicate) -> TransactionLiteral {
    let mut literal = TransactionLiteral::default();
    literal.predicate = Some(predicate);
    literal
}

fn sender(address: Address) -> TransactionLiteral {
    let filter = SenderFilter::default().with_address(address.to_string());
    literal(Predicate::Sender(filter))
}

/// Digests of all transactions of the chain that a predicate picks.
fn expected(devnet: &Devnet, wanted: impl Fn(&CheckpointTransaction) -> bool) -> Vec<String> {
    let tip = devnet.tip().unwrap();
    let all = (0..=tip).flat_map(|n| devnet.checkpoint(n).unwrap().transactions);
    let picked = all.filter(|executed| wanted(executed));
    picked
        .map(|e| e.effects.transaction_digest().to_string())
        .collect()
}

async fn listed(devnet: &Devnet, filter: TransactionFilter) -> Vec<String> {
    let request = ListTransactionsRequest::default()
        .with_filter(filter)
        .with_options(options(500));
    let frames = transactions(devnet, request).await.unwrap();
    let items = frames.iter().filter_map(|frame| frame.transaction.as_ref());
    items
        .map(|transaction| transaction.digest().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_pick_what_they_say() {
    let devnet = support::manual(60).await;
    let user = devnet.users()[0].address;
    let by_user = expected(&devnet, |e| e.transaction.transaction.sender == user);
    assert!(!by_user.is_empty());
    assert_eq!(listed(&devnet, any_of(vec![sender(user)])).await, by_user);

    let affected = AffectedAddressFilter::default().with_address(user.to_string());
    let affected = listed(
        &devnet,
        any_of(vec![literal(Predicate::AffectedAddress(affected))]),
    )
    .await;
    assert!(affected.len() > by_user.len());
    assert!(by_user.iter().all(|digest| affected.contains(digest)));

    let paid = |e: &CheckpointTransaction| {
        let mut events = e.events.iter().flat_map(|events| &events.0);
        events.any(|event| event.type_.name().as_str() == "PaymentMade")
    };
    let package = Packages::declared().pay;
    let event_type = format!("{package}::pay::PaymentMade");
    let event_type = EventTypeFilter::default().with_event_type(event_type);
    let payments = any_of(vec![literal(Predicate::EventType(event_type))]);
    assert_eq!(
        listed(&devnet, payments.clone()).await,
        expected(&devnet, paid)
    );

    // Of payments, those that the user did not make.
    let mut others = payments;
    let mut not_by_user = sender(user);
    not_by_user.negated = true;
    others.terms[0].literals.push(not_by_user);
    let by_others = |e: &CheckpointTransaction| paid(e) && e.transaction.transaction.sender != user;
    assert_eq!(listed(&devnet, others).await, expected(&devnet, by_others));

    // Calls name the version called, so the upgrade splits them.
    let called = MoveCallFilter::default().with_function(format!("{package}::pay"));
    let calls = listed(&devnet, any_of(vec![literal(Predicate::MoveCall(called))])).await;
    let until_upgrade: Vec<_> = (0..12)
        .flat_map(|n| devnet.checkpoint(n).unwrap().transactions)
        .map(|e| e.effects.transaction_digest().to_string())
        .collect();
    assert!(!calls.is_empty() && calls.iter().all(|digest| until_upgrade.contains(digest)));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_with_their_places() {
    let devnet = support::manual(20).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let mut request = ListEventsRequest::default();
    request.options = Some(options(1_000));
    let response = client.ledger_client().list_events(request).await.unwrap();
    let frames: Vec<_> = response.into_inner().try_collect().await.unwrap();
    let mut places = vec![];
    for event in frames.iter().filter_map(|frame| frame.event.as_ref()) {
        places.push((
            event.checkpoint(),
            event.transaction_index(),
            event.event_index(),
        ));
    }
    assert!(places.is_sorted() && !places.is_empty());
    let made = (0..20).flat_map(|n| devnet.checkpoint(n).unwrap().transactions);
    let made: usize = made
        .map(|e| e.events.map_or(0, |events| events.0.len()))
        .sum();
    assert_eq!(places.len(), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_subscription_reports_progress() {
    let devnet = support::manual(3).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let nobody = any_of(vec![sender(Address::from_static("0x77"))]);
    let request = SubscribeCheckpointsRequest::default().with_filter(nobody);
    let response = client
        .subscription_client()
        .subscribe_checkpoints(request)
        .await;
    let mut stream = response.unwrap().into_inner();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!((first.cursor, first.checkpoint), (Some(2), None));
    devnet.advance(30);
    let second = stream.next().await.unwrap().unwrap();
    assert_eq!((second.cursor, second.checkpoint), (Some(27), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_streamed_in_order_from_the_past_into_the_present() {
    let devnet = support::live(10).await;
    let client = Client::new(devnet.url()).unwrap();
    let mask = "digest,checkpoint,transaction_index";
    let request = TransactionStreamRequest::new()
        .with_read_mask(FieldMask::from_str(mask))
        .with_start(TransactionStreamStart::Checkpoint(4));
    let mut stream = Box::pin(client.stream_transactions(request));
    let place = |t: &sui_rpc::proto::sui::rpc::v2::ExecutedTransaction| {
        (t.checkpoint.unwrap(), t.transaction_index.unwrap())
    };
    let mut seen = vec![];
    while seen.last().is_none_or(|(checkpoint, _)| *checkpoint < 14) {
        if let Some(transaction) = stream.next().await.unwrap().unwrap().transaction {
            seen.push(place(&transaction));
        }
    }
    let in_order = (4..=14).flat_map(|n| {
        let count = devnet.checkpoint(n).unwrap().transactions.len() as u64;
        (0..count).map(move |index| (n, index))
    });
    assert_eq!(seen, in_order.take(seen.len()).collect::<Vec<_>>());
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfiltered_subscription_has_every_transaction() {
    let devnet = support::manual(1).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let request = SubscribeTransactionsRequest::default();
    let response = client
        .subscription_client()
        .subscribe_transactions(request)
        .await;
    let stream = response.unwrap().into_inner();
    devnet.advance(3);
    let made = expected(&devnet, |_| true)[1..].to_vec();
    let frames = stream.take(made.len()).map(|frame| frame.unwrap());
    let frames: Vec<_> = frames.collect().await;
    let digests: Vec<_> = frames
        .iter()
        .map(|f| f.transaction().digest().to_owned())
        .collect();
    assert_eq!(digests, made);
    assert_eq!(frames.last().unwrap().watermark().checkpoint, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_scan_without_matches_asks_to_be_continued() {
    let config = DevnetConfig {
        chain: ChainConfig {
            tps: 1,
            ..support::chain_config()
        },
        history: 520,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let nobody = any_of(vec![sender(Address::from_static("0x77"))]);
    let request = ListCheckpointsRequest::default().with_filter(nobody);
    let first = checkpoints(&devnet, request.clone()).await.unwrap();
    assert_eq!(end(&first), QueryEndReason::ScanLimit);
    let watermark = first.last().unwrap().watermark().clone();
    assert_eq!(watermark.checkpoint, Some(499));

    let after = options(10).with_after(watermark.cursor.unwrap());
    let request = request.with_options(after);
    let second = checkpoints(&devnet, request).await.unwrap();
    assert_eq!(end(&second), QueryEndReason::LedgerTip);
    assert_eq!(numbers(&second), [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_streamed_in_order_from_the_past_into_the_present() {
    let devnet = support::live(10).await;
    let client = Client::new(devnet.url()).unwrap();
    let mask = "checkpoint,transaction_index,event_index";
    let request = EventStreamRequest::new()
        .with_read_mask(FieldMask::from_str(mask))
        .with_start(EventStreamStart::Checkpoint(4));
    let mut stream = Box::pin(client.stream_events(request));
    let mut seen = Vec::<(u64, u64, u32)>::new();
    while seen.last().is_none_or(|(checkpoint, ..)| *checkpoint < 16) {
        if let Some(event) = stream.next().await.unwrap().unwrap().event {
            seen.push((
                event.checkpoint(),
                event.transaction_index(),
                event.event_index(),
            ));
        }
    }
    let mut made = vec![];
    for number in 4..=seen.last().unwrap().0 {
        let transactions = devnet.checkpoint(number).unwrap().transactions;
        for (transaction, executed) in (0..).zip(transactions) {
            let events = executed.events.map_or(vec![], |events| events.0);
            made.extend(
                (0..)
                    .zip(events)
                    .map(|(event, _)| (number, transaction, event)),
            );
        }
    }
    assert_eq!(seen, made[..seen.len()]);
    devnet.shutdown().await.unwrap();
}
