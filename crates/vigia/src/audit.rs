//! Compares what is stored of a part of the chain with the chain itself, read again and proven.
//!
//! Pure but for asking for amounts: what was read and what is stored come in, findings go out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use vigia_core::{
    BalanceChange, Checkpoint, Digest, ExecutedTransaction, Place, Proof, ProofPart, RawTransaction,
};
use vigia_store::{CompletedRange, WatchSpan};
use vigia_watch::WatchList;

/// Findings of a kind that are named; more are counted.
pub const NAMED_MAX: usize = 1_000;

/// Checkpoints that nobody has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// Something about a stored or missing transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its checkpoint.
    pub checkpoint: u64,
    /// Its position in there; none where the checkpoint itself is meant.
    pub index: Option<u32>,
    /// Its digest.
    pub digest: String,
    /// What is wrong.
    pub problem: String,
}

/// Findings of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many there are.
    pub count: u64,
    /// The first of them, [`NAMED_MAX`] at most.
    pub named: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(finding);
        }
    }
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The first checkpoint.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// Checkpoints that were read again.
    pub checkpoints: u64,
    /// Transactions in them that concern somebody who was watched then.
    pub relevant: u64,
    /// Transactions that are stored of them.
    pub stored: u64,
    /// Relevant ones whose evidence is older than it is kept for.
    pub evidence_expired: u64,
    /// Checkpoints that nobody has committed.
    pub gaps: Vec<Gap>,
    /// Relevant transactions that are not stored.
    pub missing: Findings,
    /// What is stored and is another on the chain.
    pub differing: Findings,
    /// What is stored and is not proven.
    pub unproven: Findings,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.gaps.is_empty()
            && self.missing.count == 0
            && self.differing.count == 0
            && self.unproven.count == 0
    }
}

/// Whom what is stored has to be complete for, checkpoint by checkpoint.
pub struct Watched {
    list: WatchList,
    spans: HashMap<String, Vec<(u64, Option<u64>)>>,
}

impl Watched {
    /// Everybody who was ever watched.
    pub fn new(spans: impl IntoIterator<Item = WatchSpan>) -> Self {
        let mut watched = Self {
            list: WatchList::new(0),
            spans: HashMap::new(),
        };
        for span in spans {
            let kept = watched.spans.entry(span.target.to_string()).or_default();
            kept.push((span.from, span.to_exclusive));
            watched.list.insert(span.target);
        }
        watched
    }

    /// Whether coins are among it, which takes the amounts of every transaction.
    pub fn has_coins(&self) -> bool {
        self.list.watches_coins()
    }

    /// Whether a transaction has to be stored.
    fn concerns(&self, transaction: &ExecutedTransaction) -> bool {
        let checkpoint = transaction.place.checkpoint;
        let was_watched = |target: &String| {
            let spans = self.spans.get(target).into_iter().flatten();
            spans
                .clone()
                .any(|(from, to)| *from <= checkpoint && to.is_none_or(|to| checkpoint < to))
        };
        let reasons = self.list.match_transaction(transaction);
        reasons.iter().any(|reason| was_watched(&reason.target))
    }
}

/// The parts of `from` to `to` that no range covers.
pub fn gaps(ranges: &[CompletedRange], from: u64, to: u64) -> Vec<Gap> {
    let (mut gaps, mut next) = (Vec::new(), Some(from));
    for range in ranges {
        let Some(expected) = next.filter(|n| *n <= to) else {
            break;
        };
        if range.from > expected {
            let to = to.min(range.from - 1);
            gaps.push(Gap { from: expected, to });
        }
        if range.to_inclusive >= expected {
            next = range.to_inclusive.checked_add(1);
        }
    }
    if let Some(from) = next.filter(|n| *n <= to) {
        gaps.push(Gap { from, to });
    }
    gaps
}

/// An audit under way.
pub struct Audit {
    watched: Watched,
    horizon: u64,
    ends: BTreeMap<u64, Digest>,
    /// What was found so far.
    pub report: Report,
}

impl Audit {
    /// Of the checkpoints from `from` to `to`, given what was completed of them.
    pub fn new(
        (from, to): (u64, u64),
        watched: Watched,
        ranges: &[CompletedRange],
        horizon: u64,
    ) -> Self {
        Self {
            watched,
            horizon,
            ends: ranges.iter().map(|r| (r.to_inclusive, r.digest)).collect(),
            report: Report {
                from,
                to,
                gaps: gaps(ranges, from, to),
                ..Report::default()
            },
        }
    }

    /// Whether the amounts of every transaction are needed.
    pub fn has_coins(&self) -> bool {
        self.watched.has_coins()
    }

    /// The transactions of a part whose amounts are to be proven before it is compared: those that are
    /// stored.
    pub fn to_prove<'c>(
        checkpoints: &'c mut [Checkpoint],
        stored: &[RawTransaction],
    ) -> Vec<&'c mut ExecutedTransaction> {
        let places: BTreeSet<Place> = stored.iter().map(|raw| raw.place).collect();
        let all = checkpoints.iter_mut().flat_map(|c| &mut c.transactions);
        let is_open = |transaction: &&mut ExecutedTransaction| {
            matches!(transaction.proof, Proof::Committee { .. })
                && !transaction.proof.proves(ProofPart::Amounts)
                && places.contains(&transaction.place)
        };
        all.filter(is_open).collect()
    }

    /// Compares a part, in the order of the chain, with what is stored of it.
    pub fn compare(&mut self, checkpoints: &[Checkpoint], stored: &[RawTransaction]) {
        let mut left: BTreeMap<Place, &RawTransaction> =
            stored.iter().map(|raw| (raw.place, raw)).collect();
        self.report.stored += stored.len() as u64;
        for checkpoint in checkpoints {
            self.report.checkpoints += 1;
            self.compare_end(checkpoint);
            for transaction in &checkpoint.transactions {
                let kept = left.remove(&transaction.place);
                let concerns = self.watched.concerns(transaction);
                self.report.relevant += u64::from(concerns);
                match kept {
                    Some(kept) => self.compare_one(transaction, kept),
                    None if !concerns => {}
                    None if transaction.place.checkpoint < self.horizon => {
                        self.report.evidence_expired += 1;
                    }
                    None => self.report.missing.add(finding(
                        transaction.place,
                        &transaction.digest,
                        "it concerns somebody who was watched then, and is not stored",
                    )),
                }
            }
        }
        for raw in left.values() {
            let problem = "it is stored, and there is no such transaction on the chain";
            self.report
                .differing
                .add(finding(raw.place, &raw.digest, problem));
        }
    }

    /// The chain that was followed has to be this one.
    fn compare_end(&mut self, checkpoint: &Checkpoint) {
        let header = &checkpoint.header;
        if let Some(stored) = self.ends.get(&header.sequence)
            && *stored != header.digest
        {
            self.report.differing.add(Finding {
                checkpoint: header.sequence,
                index: None,
                digest: stored.to_string(),
                problem: format!("the checkpoint has digest {}", header.digest),
            });
        }
    }

    fn compare_one(&mut self, found: &ExecutedTransaction, stored: &RawTransaction) {
        let evidence = &found.evidence;
        let differs = [
            (
                "transaction",
                stored.transaction_bcs != evidence.transaction,
            ),
            ("effects", stored.effects_bcs != evidence.effects),
            ("events", stored.events_bcs != evidence.events),
            ("digest", stored.digest != found.digest),
        ];
        let differs = differs.into_iter().find(|(_, differs)| *differs);
        if let Some((part, _)) = differs {
            let problem = format!("its stored {part} is not that of the chain");
            let place = stored.place;
            self.report
                .differing
                .add(finding(place, &stored.digest, &problem));
            return;
        }
        match &found.proof {
            proof if !proof.is_whole() => {
                let problem = proof.to_string();
                let unproven = finding(stored.place, &stored.digest, &problem);
                self.report.unproven.add(unproven);
            }
            _ if same(&found.balance_changes, &stored.balance_changes) => {}
            _ if stored.proof.proves(ProofPart::Amounts) || stored.proof == Proof::unasked() => {
                let problem = "its stored amounts are not those of its objects";
                self.report
                    .differing
                    .add(finding(stored.place, &stored.digest, problem));
            }
            _ => {
                let problem = format!("it was stored without amounts: {}", stored.proof);
                self.report
                    .unproven
                    .add(finding(stored.place, &stored.digest, &problem));
            }
        }
    }
}

fn finding(place: Place, digest: &Digest, problem: &str) -> Finding {
    Finding {
        checkpoint: place.checkpoint,
        index: Some(place.index),
        digest: digest.to_string(),
        problem: problem.to_owned(),
    }
}

/// Whether two lists of changes are the same, in whatever order a node states them.
fn same(a: &[BalanceChange], b: &[BalanceChange]) -> bool {
    let sorted = |changes: &[BalanceChange]| {
        let key =
            |change: &BalanceChange| (change.address, change.coin_type.to_string(), change.amount);
        let mut keys: Vec<_> = changes.iter().map(key).collect();
        keys.sort();
        keys
    };
    sorted(a) == sorted(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u64, to_inclusive: u64) -> CompletedRange {
        CompletedRange {
            from,
            to_inclusive,
            digest: Digest::ZERO,
        }
    }

    #[test]
    fn gaps_are_what_no_range_covers() {
        let ranges = [range(3, 5), range(4, 9), range(12, 12), range(20, u64::MAX)];
        let of = |from, to| {
            let gaps = gaps(&ranges, from, to);
            gaps.iter()
                .map(|gap| (gap.from, gap.to))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(3, 9), []);
        assert_eq!(of(0, 30), [(0, 2), (10, 11), (13, 19)]);
        assert_eq!(of(4, 10), [(10, 10)]);
        assert_eq!(of(0, 1), [(0, 1)]);
        assert_eq!(of(25, u64::MAX), []);
        assert_eq!(gaps(&[], 7, 7), [Gap { from: 7, to: 7 }]);
    }
}
