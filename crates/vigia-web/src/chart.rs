//! What a balance was over time, as the steps of a chart. All of it is integers: what there was follows from what there is
//! and what moved since.

use vigia_store::BalanceHistory;

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How wide a chart is drawn, in its own units.
pub(crate) const WIDTH: u64 = 1_000;
/// How high.
pub(crate) const HEIGHT: u64 = 240;

/// How far back a chart goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Week,
    Month,
    Year,
}

impl Span {
    pub(crate) const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Year];

    /// As the address of a page says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "1y",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.as_str() == text)
    }

    /// What moved in as long is one step, so that a chart has 366 at most.
    fn step_ms(self) -> u64 {
        match self {
            Self::Week => HOUR_MS,
            Self::Month => 6 * HOUR_MS,
            Self::Year => DAY_MS,
        }
    }

    /// Where it begins: at the beginning of a step.
    pub(crate) fn begin_ms(self, now_ms: u64) -> u64 {
        let days = match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Year => 365,
        };
        let from_ms = now_ms.saturating_sub(days * DAY_MS);
        from_ms - from_ms % self.step_ms()
    }
}

/// A time in which a balance moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// When the time began.
    pub(crate) at_ms: u64,
    /// By how much it moved.
    pub(crate) moved: i128,
    /// What there was after it.
    pub(crate) amount: i128,
}

/// A balance over a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
    /// What there was at the beginning.
    pub(crate) opening: i128,
    pub(crate) steps: Vec<Step>,
}

impl Chart {
    /// The steps of a span until now; none while no amount is known, or before a whole hour is. `current` is what there is
    /// now, with what was committed in the last moments.
    pub(crate) fn new(
        history: &BalanceHistory,
        current: i128,
        span: Span,
        now_ms: u64,
    ) -> Option<Self> {
        let amount = history.amount?;
        // Of the hour in which it begins to be known it is not known what moved before.
        let known_from_ms = history.known_from_ms.checked_next_multiple_of(HOUR_MS)?;
        let from_ms = span.begin_ms(now_ms).max(known_from_ms);
        if from_ms >= now_ms {
            return None;
        }
        let within = history.hours.iter().filter(|(at_ms, _)| *at_ms >= from_ms);
        let moved = within.clone().map(|(_, moved)| *moved);
        let opening = moved.fold(amount, i128::saturating_sub);
        let mut steps = Vec::<Step>::new();
        let mut running = opening;
        for (at_ms, moved) in within {
            let at_ms = (at_ms - at_ms % span.step_ms()).max(from_ms);
            running = running.saturating_add(*moved);
            match steps.last_mut().filter(|step| step.at_ms == at_ms) {
                Some(step) => {
                    step.moved = step.moved.saturating_add(*moved);
                    step.amount = running;
                }
                None => steps.push(Step {
                    at_ms,
                    moved: *moved,
                    amount: running,
                }),
            }
        }
        if current != running {
            steps.push(Step {
                at_ms: now_ms,
                moved: current.saturating_sub(running),
                amount: current,
            });
        }
        Some(Self {
            from_ms,
            to_ms: now_ms,
            opening,
            steps,
        })
    }

    /// The least and the most there was; nothing is always in between.
    pub(crate) fn bounds(&self) -> (i128, i128) {
        let amounts = self.steps.iter().map(|step| step.amount);
        let amounts = amounts.chain([self.opening, 0]);
        amounts.fold((0, 0), |(min, max), amount| {
            (min.min(amount), max.max(amount))
        })
    }

    /// The line as the path of an SVG picture, and the area between it and nothing.
    pub(crate) fn paths(&self) -> (String, String) {
        let (min, max) = self.bounds();
        let y = |amount: i128| HEIGHT - share(amount.abs_diff(min), max.abs_diff(min), HEIGHT);
        let length = self.to_ms.saturating_sub(self.from_ms);
        let x = |at_ms: u64| {
            let passed = at_ms.clamp(self.from_ms, self.to_ms) - self.from_ms;
            share(passed.into(), length.into(), WIDTH)
        };
        let mut line = format!("M0 {}", y(self.opening));
        for step in &self.steps {
            line += &format!("H{}V{}", x(step.at_ms), y(step.amount));
        }
        line += &format!("H{WIDTH}");
        let area = format!("{line}V{zero}H0Z", zero = y(0));
        (line, area)
    }
}

/// `part` of `whole`, of `size`.
fn share(part: u128, whole: u128, size: u64) -> u64 {
    // Digits that no picture shows, where there are too many to multiply.
    let excess = (u128::BITS - whole.leading_zeros()).saturating_sub(100);
    let (part, whole) = (part >> excess, whole >> excess);
    let share = (part * u128::from(size)).checked_div(whole).unwrap_or(0);
    u64::try_from(share).unwrap_or(size).min(size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW_MS: u64 = 1_790_000_000_000;

    fn history(known_from_ms: u64, hours: &[(u64, i128)], amount: i128) -> BalanceHistory {
        let hours = hours.iter().map(|(ago, moved)| {
            let at_ms = NOW_MS - ago * HOUR_MS;
            (at_ms - at_ms % HOUR_MS, *moved)
        });
        BalanceHistory {
            amount: Some(amount),
            known_from_ms,
            hours: hours.collect(),
        }
    }

    proptest! {
        /// What there was at the end of each step is the sum of all that had moved by then, added up from nothing.
        #[test]
        fn steps_are_sums_from_the_beginning(
            mut moves in prop::collection::btree_map(0u64..24 * 400, -1_000_000i128..1_000_000, 0..60),
            span in prop::sample::select(Span::ALL.to_vec()),
            lately in -5i128..5,
        ) {
            let total: i128 = moves.values().sum();
            let mut hours: Vec<(u64, i128)> = std::mem::take(&mut moves).into_iter().collect();
            hours.reverse();
            let history = history(0, &hours, total);
            let chart = Chart::new(&history, total + lately, span, NOW_MS).unwrap();
            let until = |end_ms: u64| -> i128 {
                let before = history.hours.iter().filter(|(at_ms, _)| *at_ms < end_ms);
                before.map(|(_, moved)| moved).sum()
            };
            prop_assert_eq!(chart.opening, until(chart.from_ms));
            for step in &chart.steps {
                let expected = match step.at_ms == NOW_MS {
                    true => total + lately,
                    false => until(step.at_ms + span.step_ms()),
                };
                prop_assert_eq!(step.amount, expected);
            }
            let moved: i128 = chart.steps.iter().map(|step| step.moved).sum();
            prop_assert_eq!(chart.opening + moved, total + lately);
            prop_assert!(chart.steps.len() <= 367);
            let (min, max) = chart.bounds();
            prop_assert!(min <= 0 && max >= 0);
        }
    }

    #[test]
    fn a_chart_begins_where_all_is_known() {
        let hours = [(50, 700), (3, -200)];
        let whole = history(0, &hours, 500);
        let chart = Chart::new(&whole, 500, Span::Week, NOW_MS).unwrap();
        assert_eq!((chart.opening, chart.steps.len()), (0, 2));
        let known = history(NOW_MS - 10 * HOUR_MS + 1, &hours, 500);
        let chart = Chart::new(&known, 500, Span::Week, NOW_MS).unwrap();
        assert_eq!((chart.opening, chart.steps.len()), (700, 1));
        assert_eq!(chart.from_ms % HOUR_MS, 0);
        for nothing in [
            history(u64::MAX, &hours, 500),
            history(NOW_MS, &hours, 500),
            BalanceHistory {
                amount: None,
                ..whole
            },
        ] {
            assert_eq!(Chart::new(&nothing, 500, Span::Week, NOW_MS), None);
        }
    }

    #[test]
    fn a_line_goes_by_steps_also_at_the_limits() {
        let half = [(84, i128::MAX), (42, -i128::MAX)];
        let history = history(0, &half, 0);
        let chart = Chart::new(&history, 0, Span::Week, NOW_MS).unwrap();
        let (line, area) = chart.paths();
        assert!(
            line.starts_with("M0 240H") && line.ends_with("V240H1000"),
            "{line}"
        );
        assert!(line.contains("V0H"), "{line}");
        assert!(area.ends_with("V240H0Z"), "{area}");
        assert_eq!(share(1, 0, 240), 0, "nothing of nothing");
        assert_eq!(share(u128::MAX, u128::MAX, 240), 240);
    }
}
