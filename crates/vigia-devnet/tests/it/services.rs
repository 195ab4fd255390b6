//! Single requests to every service: values, masks, pages, filters, errors.

use futures::TryStreamExt;
use sui_rpc::{
    Client,
    client::ResponseExt,
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        GetBalanceRequest, GetCheckpointRequest, GetCoinInfoRequest, GetDatatypeRequest,
        GetEpochRequest, GetFunctionRequest, GetObjectRequest, GetPackageRequest,
        GetServiceInfoRequest, GetTransactionRequest, ListBalancesRequest,
        ListPackageVersionsRequest,
    },
};
use sui_sdk_types::Digest;
use tonic::Code;
use vigia_devnet::{Coin, Devnet, DevnetConfig, Pace, Packages};

use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn service_info_and_headers_agree() {
    let devnet = support::manual(5).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let request = GetServiceInfoRequest::default();
    let response = client
        .ledger_client()
        .get_service_info(request)
        .await
        .unwrap();
    assert_eq!(response.checkpoint_height(), Some(4));
    assert_eq!(response.chain(), Some("devnet"));
    assert_eq!(response.epoch(), Some(0));
    assert_eq!(response.chain_id(), devnet.chain_id());
    assert_eq!(response.lowest_available_checkpoint(), Some(0));
    assert!(response.timestamp_ms().is_some() && response.timestamp().is_some());
    let info = response.into_inner();
    assert_eq!(info.checkpoint_height(), 4);
    assert_eq!(info.chain_id(), devnet.chain_id().unwrap().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_by_number_digest_and_latest() {
    let devnet = support::manual(8).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let digest = devnet
        .checkpoint(3)
        .unwrap()
        .checkpoint_summary
        .checkpoint
        .digest();
    for (request, expected) in [
        (GetCheckpointRequest::by_sequence_number(3), 3),
        (GetCheckpointRequest::by_digest(&digest), 3),
        (GetCheckpointRequest::latest(), 7),
    ] {
        let response = client
            .ledger_client()
            .get_checkpoint(request)
            .await
            .unwrap();
        let checkpoint = response.into_inner().checkpoint.unwrap();
        assert_eq!(checkpoint.sequence_number, Some(expected));
        // The default mask names nothing else.
        assert!(checkpoint.digest.is_some() && checkpoint.summary.is_none());
        assert!(checkpoint.transactions.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn masks_select_and_are_checked() {
    let devnet = support::manual(8).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let mut ledger = client.ledger_client();
    let get = |mask: &str| {
        let mut request = GetCheckpointRequest::by_sequence_number(5);
        request.read_mask = Some(FieldMask::from_str(mask));
        request
    };
    let response = ledger
        .get_checkpoint(get("transactions.digest,objects"))
        .await
        .unwrap();
    let checkpoint = response.into_inner().checkpoint.unwrap();
    assert!(checkpoint.sequence_number.is_none());
    assert_eq!(
        checkpoint.transactions.len(),
        devnet.checkpoint(5).unwrap().transactions.len()
    );
    assert!(checkpoint.transactions[0].digest.is_some());
    assert!(checkpoint.transactions[0].effects.is_none());
    assert!(!checkpoint.objects().objects().is_empty());

    let everything = ledger.get_checkpoint(get("*")).await.unwrap().into_inner();
    let everything = everything.checkpoint.unwrap();
    let last = everything.transactions.last().unwrap();
    assert!(!last.balance_changes.is_empty());
    assert!(
        last.effects()
            .changed_objects()
            .iter()
            .any(|o| o.object_type.is_some())
    );

    let error = ledger
        .get_checkpoint(get("transactions.nonsense"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_by_digest_and_in_batches() {
    let devnet = support::manual(8).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let made = devnet.checkpoint(6).unwrap();
    let digest = *made.transactions[2].effects.transaction_digest();
    let mut request = GetTransactionRequest::new(&digest);
    request.read_mask = Some(FieldMask::from_str(
        "digest,checkpoint,transaction_index,timestamp,effects.bcs",
    ));
    let response = client
        .ledger_client()
        .get_transaction(request)
        .await
        .unwrap();
    let transaction = response.into_inner().transaction.unwrap();
    assert_eq!(transaction.digest(), digest.to_string());
    assert_eq!(transaction.checkpoint, Some(6));
    assert_eq!(transaction.transaction_index, Some(2));
    let effects: sui_sdk_types::TransactionEffects =
        transaction.effects().bcs().deserialize().unwrap();
    assert_eq!(effects, made.transactions[2].effects);

    let mut batch = sui_rpc::proto::sui::rpc::v2::BatchGetTransactionsRequest::default();
    batch.digests = vec![digest.to_string(), Digest::ZERO.to_string()];
    let response = client
        .ledger_client()
        .batch_get_transactions(batch)
        .await
        .unwrap();
    let results = response.into_inner().transactions;
    assert_eq!(results[0].transaction().digest(), digest.to_string());
    assert_eq!(results[1].error().code, Code::NotFound as i32);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_things_are_not_found() {
    let devnet = support::manual(3).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let mut ledger = client.ledger_client();
    let request = GetCheckpointRequest::by_sequence_number(3);
    let error = ledger.get_checkpoint(request).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let request = GetTransactionRequest::new(&Digest::ZERO);
    let error = ledger.get_transaction(request).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let request = GetTransactionRequest::default();
    let error = ledger.get_transaction(request).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let error = ledger.get_epoch(GetEpochRequest::new(9)).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_checkpoints_are_gone_and_said_to_be() {
    let config = DevnetConfig {
        chain: support::chain_config(),
        history: 30,
        pace: Pace::Manual,
        retention: 10,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    assert_eq!(devnet.lowest_available_checkpoint(), Some(20));
    let mut client = Client::new(devnet.url()).unwrap();
    let request = GetCheckpointRequest::by_sequence_number(19);
    let error = client
        .ledger_client()
        .get_checkpoint(request)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.lowest_available_checkpoint(), Some(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn epochs_name_their_committees() {
    let devnet = support::manual(45).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let mut get = async |request: GetEpochRequest| {
        let request = request.with_read_mask(FieldMask::from_str("*"));
        let response = client.ledger_client().get_epoch(request).await.unwrap();
        response.into_inner().epoch.unwrap()
    };
    let first = get(GetEpochRequest::new(0)).await;
    let committee = sui_sdk_types::ValidatorCommittee::try_from(first.committee()).unwrap();
    assert_eq!(Some(committee), devnet.genesis_committee());
    assert_eq!(
        (first.first_checkpoint, first.last_checkpoint),
        (Some(0), Some(19))
    );
    let current = get(GetEpochRequest::latest()).await;
    assert_eq!(current.epoch, Some(2));
    assert_eq!(
        (current.first_checkpoint, current.last_checkpoint),
        (Some(40), None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_are_those_of_the_books() {
    let devnet = support::manual(60).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let (height, books) = devnet.balances();
    assert_eq!(height, Some(59));
    let mut with_funds = 0;
    for user in devnet.users() {
        let request = ListBalancesRequest::default().with_owner(user.address.to_string());
        let pages = client.list_balances(request);
        let listed: Vec<_> = pages.try_collect().await.unwrap();
        let of_user = books
            .iter()
            .filter(|((address, _), _)| *address == user.address);
        assert_eq!(listed.len(), of_user.count());
        for balance in listed {
            let coin = Coin::from_type_tag(&balance.coin_type().parse().unwrap()).unwrap();
            let expected = books[&(user.address, coin)];
            assert_eq!(
                i128::from(balance.balance()),
                expected,
                "{coin} of {}",
                user.name
            );
            assert_eq!(
                balance.balance(),
                balance.coin_balance() + balance.address_balance()
            );
            with_funds += usize::from(balance.address_balance() > 0);
        }
    }
    assert!(with_funds > 0);
    let request = GetBalanceRequest::default()
        .with_owner(devnet.users()[0].address.to_string())
        .with_coin_type("0x2::sui::SUI");
    let response = client.state_client().get_balance(request).await.unwrap();
    let sui = response.into_inner().balance.unwrap();
    let expected = books[&(devnet.users()[0].address, Coin::Sui)];
    assert_eq!(i128::from(sui.balance()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_describe_themselves() {
    let devnet = support::manual(2).await;
    let mut client = Client::new(devnet.url()).unwrap();
    for coin in Coin::ALL {
        let request = GetCoinInfoRequest::default().with_coin_type(coin.type_tag().to_string());
        let response = client.state_client().get_coin_info(request).await.unwrap();
        let info = response.into_inner();
        assert_eq!(info.metadata().decimals(), coin.decimals());
        assert_eq!(info.metadata().symbol(), coin.symbol());
        assert!(info.treasury().total_supply() > 0);
    }
    let request = GetCoinInfoRequest::default().with_coin_type("0x2::nope::NOPE");
    let error = client
        .state_client()
        .get_coin_info(request)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_have_versions_types_and_functions() {
    let devnet = support::manual(15).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let mut packages = client.package_client();
    let ids = Packages::declared();

    let request = ListPackageVersionsRequest::new(&ids.pay_upgraded);
    let versions = packages.list_package_versions(request).await.unwrap();
    let versions = versions.into_inner().versions;
    let versions: Vec<_> = versions
        .iter()
        .map(|v| (v.version(), v.package_id()))
        .collect();
    let expected = [(1, ids.pay.to_string()), (2, ids.pay_upgraded.to_string())];
    assert_eq!(
        versions,
        expected.each_ref().map(|(v, id)| (*v, id.as_str()))
    );

    let request = GetPackageRequest::new(&ids.pay_upgraded);
    let package = packages.get_package(request).await.unwrap().into_inner();
    let package = package.package.unwrap();
    assert_eq!(package.original_id(), ids.pay.to_string());
    assert_eq!(package.modules()[0].name(), "pay");

    let request = GetDatatypeRequest::new(&ids.pay_upgraded, "pay", "PaymentMade");
    let datatype = packages.get_datatype(request).await.unwrap().into_inner();
    let datatype = datatype.datatype.unwrap();
    assert_eq!(datatype.defining_id(), ids.pay.to_string());
    let fields: Vec<_> = datatype.fields().iter().map(|f| f.name()).collect();
    assert_eq!(fields[..3], ["payer", "recipient", "amount"]);

    let request = GetFunctionRequest::new(&ids.p2p_trade, "p2p_trade", "accept_trade");
    let function = packages.get_function(request).await.unwrap().into_inner();
    assert_eq!(function.function.unwrap().type_parameters().len(), 1);

    let request = GetDatatypeRequest::new(&ids.pay, "pay", "Nothing");
    let error = packages.get_datatype(request).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_live_ones() {
    let devnet = support::manual(10).await;
    let mut client = Client::new(devnet.url()).unwrap();
    let mut request = GetObjectRequest::new(&"0x6".parse().unwrap());
    request.read_mask = Some(FieldMask::from_str(
        "object_id,version,object_type,contents",
    ));
    let response = client.ledger_client().get_object(request).await.unwrap();
    let clock = response.into_inner().object.unwrap();
    assert!(clock.object_type().ends_with("::clock::Clock"));
    let time = u64::from_le_bytes(clock.contents().value()[32..].try_into().unwrap());
    let newest = devnet.checkpoint(9).unwrap();
    assert_eq!(time, newest.checkpoint_summary.checkpoint.timestamp_ms);
}

/// What a client needs that proves amounts: the objects of one transaction, before and after.
#[tokio::test(flavor = "multi_thread")]
async fn transactions_come_with_their_objects() {
    let devnet = support::manual(8).await;
    let made = devnet.checkpoint(6).unwrap();
    let executed = made.transactions.last().unwrap();
    let mut batch = sui_rpc::proto::sui::rpc::v2::BatchGetTransactionsRequest::default();
    batch.digests = vec![executed.effects.transaction_digest().to_string()];
    batch.read_mask = Some(FieldMask::from_str("effects.bcs,objects.objects.bcs"));
    let mut client = Client::new(devnet.url()).unwrap();
    let answer = client.ledger_client().batch_get_transactions(batch).await;
    let transactions = answer.unwrap().into_inner().transactions;
    let told = transactions[0].transaction().objects().objects().iter();
    let told: Vec<sui_sdk_types::Object> = told.map(|o| o.bcs().deserialize().unwrap()).collect();
    let objects = executed
        .input_objects
        .iter()
        .chain(&executed.output_objects);
    assert!(objects.clone().all(|object| told.contains(object)));
    assert_eq!(told.len(), objects.count());
}
