//! Sets of faults, chosen or drawn by seed.

use std::time::Duration;

use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;

use super::{Fault, FaultError, FaultKind, Value};

/// Faults in force together, and the seed that decides where each strikes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Decides which checkpoints, streams and calls are struck.
    pub seed: u64,
    /// In no particular order.
    pub list: Vec<Fault>,
}

impl Faults {
    /// No fault at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Faults as they are written.
    pub fn parse<'a>(
        seed: u64,
        specs: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, FaultError> {
        let list = specs
            .into_iter()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { seed, list })
    }

    /// One to four faults of different kinds. Each heals within ten seconds or a few strikes, or can
    /// be got through as it is.
    pub fn combination(seed: u64) -> Self {
        let kinds: Vec<_> = FaultKind::all().filter(|k| *k != FaultKind::Huge).collect();
        Self::combination_of(seed, &kinds)
    }

    /// The same from these kinds only, such as those that are no lies.
    pub fn combination_of(seed: u64, kinds: &[FaultKind]) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let count = rng.random_range(1..=4).min(kinds.len());
        let chosen: Vec<_> = kinds.choose_multiple(&mut rng, count).copied().collect();
        let mut list: Vec<_> = chosen.into_iter().map(|k| drawn(k, &mut rng)).collect();
        list.sort_by_key(|fault| fault.kind);
        Self { seed, list }
    }

    /// Whether a client that only tries again gets through all of them in the end.
    pub fn heal(&self) -> bool {
        self.list.iter().all(Fault::heals)
    }
}

fn drawn(kind: FaultKind, rng: &mut ChaCha12Rng) -> Fault {
    let mut fault = Fault::new(kind);
    let mut ms = |range| Duration::from_millis(rng.random_range(range));
    let (soon, brief, long) = (ms(0..3_000), ms(300..3_000), ms(1_000..7_000));
    let few = rng.random_range(1..=4);
    fault.value = match fault.value {
        Value::Duration(_) if kind.is_state() => Value::Duration(long),
        Value::Duration(_) => Value::Duration(brief),
        Value::None if kind == FaultKind::Stall => Value::Duration(long),
        Value::Count(_) if kind == FaultKind::Prune => Value::Count(rng.random_range(20..200)),
        Value::Count(_) => Value::Count(rng.random_range(1..60)),
        Value::Bytes(_) => Value::Bytes(rng.random_range(500..50_000)),
        Value::Rate(..) => Value::Rate(rng.random_range(5..50), brief),
        value => value,
    };
    fault.part = kind.entry().parts.choose(rng).copied();
    if kind.is_state() {
        fault.when.after = soon;
        fault.when.lasts = (!kind.measures_its_end()).then_some(long);
        return fault;
    }
    // A passing fault strikes often; what it does is bounded by the number of strikes.
    fault.when.every = rng.random_range(1..=fault.when.every.min(6));
    match kind {
        FaultKind::Unavailable => fault.when.after = soon,
        FaultKind::SlowDrip => fault.when.lasts = Some(long),
        FaultKind::NoList | FaultKind::RateLimit | FaultKind::Cut => {
            fault.when.lasts = Some(long * 2);
        }
        _ => fault.when.times = Some(few),
    }
    fault
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn combinations_are_a_function_of_the_seed_and_heal() {
        let mut kinds = BTreeSet::new();
        for seed in 0..500 {
            let faults = Faults::combination(seed);
            assert_eq!(faults, Faults::combination(seed));
            assert!(!faults.list.is_empty() && faults.list.len() <= 4 && faults.heal());
            let texts: Vec<_> = faults.list.iter().map(Fault::to_string).collect();
            let read = Faults::parse(seed, texts.iter().map(String::as_str));
            assert_eq!(read.unwrap(), faults);
            kinds.extend(faults.list.iter().map(|fault| fault.kind));
        }
        assert_eq!(kinds.len(), FaultKind::all().count() - 1);
        assert_ne!(Faults::combination(1).list, Faults::combination(2).list);
    }

    #[test]
    fn kinds_can_be_left_out() {
        let honest: Vec<_> = FaultKind::all().filter(|kind| !kind.is_lie()).collect();
        for seed in 0..100 {
            let faults = Faults::combination_of(seed, &honest);
            assert!(faults.list.iter().all(|fault| !fault.kind.is_lie()));
        }
        assert_eq!(
            Faults::combination_of(1, &[]),
            Faults {
                seed: 1,
                list: vec![]
            }
        );
        assert!(!Faults::parse(1, ["stall"]).unwrap().heal());
    }
}
