//! A generated chain as executed transactions.

use std::sync::LazyLock;

use sui_sdk_types::{Command, TransactionKind};
use vigia_core::{ExecutedTransaction, MatchReason, Place, ReasonKind, WatchTarget};
use vigia_devnet::{ChainConfig, executed, generate};
use vigia_watch::WatchList;

/// A chain busy with the wallet; the payment contract is upgraded in checkpoint 12.
pub(crate) static CHAIN: LazyLock<Vec<ExecutedTransaction>> = LazyLock::new(|| {
    let config = ChainConfig {
        users: 8,
        tps: 40,
        relevant_per_mille: 700,
        upgrade_at: Some(12),
        transactions: Some(400),
        ..ChainConfig::default()
    };
    let mut chain = Vec::new();
    for data in generate(config) {
        let checkpoint = data.checkpoint_summary.checkpoint.sequence_number;
        for (index, transaction) in (0u32..).zip(data.transactions) {
            chain.push(executed(Place { checkpoint, index }, transaction));
        }
    }
    chain
});

/// The first transaction of the chain for which `wanted` holds.
pub(crate) fn find(wanted: impl Fn(&ExecutedTransaction) -> bool) -> ExecutedTransaction {
    let found = CHAIN.iter().find(|transaction| wanted(transaction));
    found.expect("the chain has one").clone()
}

pub(crate) fn calls(
    transaction: &ExecutedTransaction,
    package: vigia_core::Address,
    module: &str,
) -> bool {
    let TransactionKind::ProgrammableTransaction(program) = &transaction.transaction.kind else {
        return false;
    };
    program.commands.iter().any(|command| {
        matches!(command, Command::MoveCall(call)
            if call.package == package && call.module.as_str() == module)
    })
}

/// Why a list of one target matches.
pub(crate) fn reasons(transaction: &ExecutedTransaction, target: WatchTarget) -> Vec<ReasonKind> {
    let text = target.to_string();
    let mut list = WatchList::new(1);
    list.insert(target);
    let reasons: Vec<MatchReason> = list.match_transaction(transaction);
    assert!(reasons.iter().all(|reason| reason.target == text));
    reasons.into_iter().map(|reason| reason.kind).collect()
}
