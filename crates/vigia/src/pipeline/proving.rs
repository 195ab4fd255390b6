//! Amounts where all has to be proven: of what matters, after matching; of everything, where coins are
//! watched, before.

use vigia_core::{Checkpoint, ExecutedTransaction, Frame, ProofPart, Relevant};
use vigia_sui::{Providers, SourceError};
use vigia_watch::SharedWatchList;

/// Proves the amounts of what matched, which come without where all has to be proven, and adds the
/// reasons that they are. Those that nobody can prove stay without, and say so. An error says that nobody
/// answered.
pub(crate) async fn prove_matched(
    providers: &Providers,
    list: &SharedWatchList,
    frames: &mut [Frame],
) -> Result<(), SourceError> {
    if !providers.wants_proof() || providers.wants_all_amounts() {
        return Ok(());
    }
    let relevant = frames.iter_mut().flat_map(|frame| &mut frame.relevant);
    prove(
        providers,
        relevant.map(|relevant| &mut relevant.transaction),
    )
    .await?;
    let list = list.read();
    for frame in frames {
        let is_same = frame.watch_version == list.version();
        for Relevant {
            transaction,
            reasons,
        } in &mut frame.relevant
        {
            let found = list.match_transaction(transaction);
            // By another list some of the old ones may be gone: they stay.
            match is_same {
                true => *reasons = found,
                false => reasons.extend(
                    found
                        .into_iter()
                        .filter(|new| !reasons.contains(new))
                        .collect::<Vec<_>>(),
                ),
            }
        }
    }
    Ok(())
}

/// Proves the amounts that a checkpoint came without, so that watches of coins see them.
pub(crate) async fn prove_unmatched(
    providers: &Providers,
    checkpoint: &mut Checkpoint,
) -> Result<(), SourceError> {
    if !providers.wants_proof() {
        return Ok(());
    }
    prove(providers, checkpoint.transactions.iter_mut()).await?;
    let missing = checkpoint.transactions.iter();
    let missing = missing.filter(|transaction| !transaction.proof.proves(ProofPart::Amounts));
    let missing = missing.count();
    if missing > 0 {
        let checkpoint = checkpoint.header.sequence;
        tracing::warn!(
            checkpoint,
            transactions = missing,
            "amounts that nobody can prove: watches of coins do not see them"
        );
    }
    Ok(())
}

async fn prove(
    providers: &Providers,
    transactions: impl Iterator<Item = &mut ExecutedTransaction>,
) -> Result<(), SourceError> {
    let unproven =
        |transaction: &&mut ExecutedTransaction| !transaction.proof.proves(ProofPart::Amounts);
    let mut unproven: Vec<_> = transactions.filter(unproven).collect();
    if !unproven.is_empty() {
        // What nobody can prove says so itself.
        providers.prove_amounts(&mut unproven).await?;
    }
    Ok(())
}
