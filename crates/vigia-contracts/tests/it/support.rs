//! A generated chain as executed transactions, the shipped contracts, and transactions by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use sui_sdk_types::{GasCostSummary, TransactionEffects};
use vigia_contracts::{CONFIO, ContractFile, Interpretation, Interpreter, PackageIds, Registry};
use vigia_core::{
    AccountId, Activity, Address, AddressBook, BalanceChange, BusinessEvent, BusinessFolder,
    BusinessKey, Event, ExecutedTransaction, Holding, Identifier, Place, StructTag,
};
use vigia_devnet::{Chain, ChainConfig, Coin, Packages, WalletUser, executed, generate};

/// A chain busy with the wallet, long enough that every story comes to all of its ends.
pub(crate) struct Story {
    pub(crate) transactions: Vec<ExecutedTransaction>,
    pub(crate) users: Vec<WalletUser>,
}

pub(crate) static STORY: LazyLock<Story> = LazyLock::new(|| {
    let config = ChainConfig {
        users: 12,
        tps: 40,
        relevant_per_mille: 950,
        transactions: Some(3_000),
        ..ChainConfig::default()
    };
    let transactions = generate(config.clone()).flat_map(|data| {
        let summary = data.checkpoint_summary.checkpoint;
        let place = move |index| Place {
            checkpoint: summary.sequence_number,
            index,
        };
        (0u32..)
            .zip(data.transactions)
            .map(move |(index, transaction)| executed(place(index), transaction))
            .collect::<Vec<_>>()
    });
    Story {
        transactions: transactions.collect(),
        users: Chain::new(config).users(),
    }
});

pub(crate) fn package_ids() -> PackageIds {
    let packages = Packages::declared();
    [
        ("cusd", vec![packages.cusd]),
        ("confio", vec![packages.confio]),
        ("pay", vec![packages.pay, packages.pay_upgraded]),
        ("p2p_trade", vec![packages.p2p_trade]),
        ("invite_send", vec![packages.invite_send]),
    ]
    .into_iter()
    .map(|(name, ids)| (name.to_owned(), ids))
    .collect()
}

/// The shipped contracts, and those of `more`.
pub(crate) fn interpreter_with(more: &[(&str, &str)], ids: &PackageIds) -> Interpreter {
    let files: Vec<(String, ContractFile)> = [("confio.toml", CONFIO)]
        .iter()
        .chain(more)
        .map(|(name, text)| {
            let file = ContractFile::parse(name, text).expect("the file parses");
            ((*name).to_owned(), file)
        })
        .collect();
    let registry = Registry::new(&files, ids).expect("the declarations hold together");
    Interpreter::new(Arc::new(registry))
}

/// What the shipped contracts say.
pub(crate) fn registry() -> Registry {
    let file = ContractFile::parse("confio.toml", CONFIO).expect("the file parses");
    Registry::new(&[("confio.toml".to_owned(), file)], &package_ids()).expect("it holds together")
}

pub(crate) fn interpreter() -> Interpreter {
    interpreter_with(&[], &package_ids())
}

pub(crate) fn hold(book: &mut AddressBook, address: Address, account: i64) {
    let holding = Holding {
        account: AccountId(account),
        from_inclusive: 0,
        to_exclusive: None,
    };
    book.insert(address, holding);
}

/// Everything that became of a chain: activities by transaction, those of folds included.
pub(crate) fn everything(
    interpreter: &Interpreter,
    transactions: &[ExecutedTransaction],
    book: &AddressBook,
) -> BTreeMap<Place, Vec<Activity>> {
    let mut activities = BTreeMap::<Place, Vec<Activity>>::new();
    let mut objects = BTreeMap::<BusinessKey, Vec<BusinessEvent>>::new();
    for transaction in transactions {
        let meant = interpreter
            .interpret(transaction, book)
            .expect("the chain's events fit their layouts");
        let Interpretation {
            activities: direct,
            business_events,
        } = meant;
        activities.insert(transaction.place, direct);
        for event in business_events {
            objects.entry(event.key.clone()).or_default().push(event);
        }
    }
    for (key, events) in &objects {
        for activity in interpreter.fold(key, events, book).activities {
            activities.entry(activity.place).or_default().push(activity);
        }
    }
    activities
}

/// Business objects of the chain with their events in chain order.
pub(crate) fn objects(
    interpreter: &Interpreter,
    book: &AddressBook,
) -> BTreeMap<BusinessKey, Vec<BusinessEvent>> {
    let mut objects = BTreeMap::<BusinessKey, Vec<BusinessEvent>>::new();
    for transaction in &STORY.transactions {
        let meant = interpreter
            .interpret(transaction, book)
            .expect("the chain's events fit their layouts");
        for event in meant.business_events {
            objects.entry(event.key.clone()).or_default().push(event);
        }
    }
    objects
}

/// A successful transaction made by hand that costs no gas unless told otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Made(pub(crate) ExecutedTransaction);

pub(crate) fn made(sender: Address) -> Made {
    let template = STORY
        .transactions
        .iter()
        .find(|tx| tx.succeeded() && tx.events.is_empty() && tx.gas_payer() != Address::ZERO);
    let mut transaction = template.expect("the chain has plain sends").clone();
    transaction.transaction.sender = sender;
    transaction.transaction.gas_payment.owner = sender;
    transaction.balance_changes.clear();
    Made(transaction).gas(0)
}

impl Made {
    pub(crate) fn moves(mut self, address: Address, coin: Coin, amount: i128) -> Self {
        self.0.balance_changes.push(BalanceChange {
            address,
            coin_type: coin.type_tag(),
            amount,
        });
        self
    }

    pub(crate) fn gas(mut self, cost: u64) -> Self {
        let TransactionEffects::V2(effects) = &mut self.0.effects else {
            panic!("the devnet writes version 2 effects")
        };
        effects.gas_used = GasCostSummary {
            computation_cost: cost,
            storage_cost: 0,
            storage_rebate: 0,
            non_refundable_storage_fee: 0,
        };
        self
    }

    pub(crate) fn sponsored_by(mut self, payer: Address) -> Self {
        self.0.transaction.gas_payment.owner = payer;
        self
    }

    pub(crate) fn emits(
        mut self,
        package: Address,
        module_and_name: (&str, &str),
        contents: Vec<u8>,
    ) -> Self {
        let name = |text: &str| Identifier::new(text).expect("a name");
        let (module, event) = module_and_name;
        self.0.events.push(Event {
            package_id: package,
            module: name(module),
            sender: self.0.transaction.sender,
            type_: StructTag::new(package, name(module), name(event), vec![]),
            contents,
        });
        self
    }

    /// A payment of the pay contract at `package`, which keeps a fee of 0.9 %.
    pub(crate) fn pays(self, package: Address, payment: &Payment<'_>) -> Self {
        let fee = payment.amount / 10_000 * 90;
        let contents = bcs::to_bytes(&(
            payment.payer,
            payment.recipient,
            payment.amount,
            fee,
            payment.amount - fee,
            payment.token,
            payment.id,
            0u64,
        ))
        .expect("plain values encode");
        self.emits(package, ("pay", "PaymentMade"), contents)
    }
}

pub(crate) struct Payment<'a> {
    pub(crate) payer: Address,
    pub(crate) recipient: Address,
    pub(crate) amount: u64,
    pub(crate) token: &'a [u8],
    pub(crate) id: &'a [u8],
}

pub(crate) fn bytes_of<T: serde::Serialize>(value: &T) -> Vec<u8> {
    bcs::to_bytes(value).expect("plain values encode")
}
