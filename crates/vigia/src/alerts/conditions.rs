//! What is wrong, by what is known.

use vigia_store::{OutboxBacklog, ProcessRow, ProviderRow};

use crate::processes::disagreements;

/// How old a process's word about its providers may be.
const PROVIDERS_WITHIN_MS: u64 = 60_000;

/// What is known of the whole system.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// When the checkpoint of the watermark was made; none where nothing is committed.
    pub watermark_at_ms: Option<u64>,
    /// Transactions that could not be interpreted.
    pub failed: u64,
    /// Balances that differ from what nodes say.
    pub differing: u64,
    /// What has not arrived.
    pub backlog: Vec<OutboxBacklog>,
    /// How processes find their providers.
    pub providers: Vec<ProviderRow>,
    /// Which processes run.
    pub processes: Vec<ProcessRow>,
    /// Since when the accounts' source fails, and why.
    pub source_failing: Option<(u64, String)>,
    /// The time.
    pub now_ms: u64,
}

/// From when on something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How far behind the chain's time the watermark may be.
    pub lag_ms_max: u64,
    /// For how long a delivery may be due.
    pub due_ms_max: u64,
    /// For how long the accounts' source may fail.
    pub source_ms_max: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is, in a word.
    pub name: &'static str,
    /// The same in a sentence, with what to do.
    pub words: String,
}

/// Nothing is committed any more.
const NO_PROGRESS: &str = "no_progress";

impl Condition {
    /// Whether nobody learns of anything while it lasts.
    pub fn is_standstill(&self) -> bool {
        self.name == NO_PROGRESS
    }
}

/// All that is wrong.
pub fn conditions(facts: &Facts, limits: &Limits) -> Vec<Condition> {
    let found = [
        no_progress(facts, limits),
        no_provider(facts),
        failed(facts),
        dead(facts),
        overdue(facts, limits),
        balances(facts),
        source(facts, limits),
        not_ready(facts),
        disagree(facts),
    ];
    found.into_iter().flatten().collect()
}

fn condition(name: &'static str, words: String) -> Option<Condition> {
    Some(Condition { name, words })
}

fn no_progress(facts: &Facts, limits: &Limits) -> Option<Condition> {
    let behind_ms = facts.now_ms.saturating_sub(facts.watermark_at_ms?);
    if behind_ms <= limits.lag_ms_max {
        return None;
    }
    let seconds = behind_ms / 1_000;
    let words = format!(
        "what is committed is {seconds} s behind the chain: see `vigia status` and `vigia providers`"
    );
    condition(NO_PROGRESS, words)
}

fn no_provider(facts: &Facts) -> Option<Condition> {
    let is_new = |row: &&ProviderRow| facts.now_ms.saturating_sub(row.at_ms) <= PROVIDERS_WITHIN_MS;
    let mut rows = facts.providers.iter().filter(is_new).peekable();
    rows.peek()?;
    match rows.any(|row| row.is_usable) {
        true => None,
        false => condition(
            "no_provider",
            "no provider can be read from: `vigia providers` says why".to_owned(),
        ),
    }
}

fn failed(facts: &Facts) -> Option<Condition> {
    (facts.failed > 0).then(|| Condition {
        name: "failed_transactions",
        words: format!(
            "{} transactions could not be interpreted: see `vigia failed list`",
            facts.failed
        ),
    })
}

fn dead(facts: &Facts) -> Option<Condition> {
    let dead = facts.backlog.iter().filter(|row| row.dead > 0);
    let dead: Vec<String> = dead
        .map(|row| format!("{} over {}", row.dead, row.channel))
        .collect();
    (!dead.is_empty()).then(|| Condition {
        name: "dead_deliveries",
        words: format!(
            "deliveries were given up ({}): see `vigia deliveries list --state dead` and `vigia pushes list --state dead`",
            dead.join(", ")
        ),
    })
}

fn overdue(facts: &Facts, limits: &Limits) -> Option<Condition> {
    let age_ms = |row: &OutboxBacklog| Some(facts.now_ms.saturating_sub(row.oldest_due_ms?));
    let late = facts.backlog.iter().filter_map(|row| {
        let age_ms = age_ms(row).filter(|age_ms| *age_ms > limits.due_ms_max)?;
        Some(format!("{} for {} s", row.channel, age_ms / 1_000))
    });
    let late: Vec<String> = late.collect();
    (!late.is_empty()).then(|| Condition {
        name: "overdue_deliveries",
        words: format!(
            "deliveries wait although they are due ({}): does a worker run?",
            late.join(", ")
        ),
    })
}

fn balances(facts: &Facts) -> Option<Condition> {
    (facts.differing > 0).then(|| Condition {
        name: "balances_differ",
        words: format!(
            "balances of {} addresses differ from what nodes say: see `vigia balances list`",
            facts.differing
        ),
    })
}

fn source(facts: &Facts, limits: &Limits) -> Option<Condition> {
    let (since_ms, why) = facts.source_failing.as_ref()?;
    if facts.now_ms.saturating_sub(*since_ms) <= limits.source_ms_max {
        return None;
    }
    let words = format!("the accounts' source is not followed: {why}; see `vigia source check`");
    condition("source_fails", words)
}

fn not_ready(facts: &Facts) -> Option<Condition> {
    let problems = facts.processes.iter().filter_map(|row| {
        let problem = row.problem.as_ref()?;
        Some(format!("{} {}: {problem}", row.role, row.holder))
    });
    let problems: Vec<String> = problems.collect();
    (!problems.is_empty()).then(|| Condition {
        name: "not_ready",
        words: format!("processes cannot do their work ({})", problems.join("; ")),
    })
}

fn disagree(facts: &Facts) -> Option<Condition> {
    let problems = disagreements(&facts.processes);
    (!problems.is_empty()).then(|| Condition {
        name: "processes_disagree",
        words: problems.join("; "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        lag_ms_max: 1_000,
        due_ms_max: 2_000,
        source_ms_max: 3_000,
    };

    fn names(facts: &Facts) -> Vec<&'static str> {
        let found = conditions(facts, &LIMITS);
        found.iter().map(|condition| condition.name).collect()
    }

    fn provider(is_usable: bool, at_ms: u64) -> ProviderRow {
        ProviderRow {
            holder: "a".to_owned(),
            provider: "main".to_owned(),
            position: 0,
            url: String::new(),
            is_current: true,
            is_usable,
            standing: String::new(),
            tip: None,
            lowest: None,
            latency_ms: None,
            serves: None,
            at_ms,
        }
    }

    fn process(problem: Option<&str>, settings: &str) -> ProcessRow {
        ProcessRow {
            holder: "h".to_owned(),
            role: "work".to_owned(),
            version: "1".to_owned(),
            build: "c".to_owned(),
            settings: settings.to_owned(),
            started_at_ms: 0,
            seen_at_ms: 0,
            problem: problem.map(str::to_owned),
        }
    }

    #[test]
    fn the_document_names_them_all() {
        let all_wrong = Facts {
            watermark_at_ms: Some(0),
            failed: 1,
            differing: 1,
            backlog: vec![OutboxBacklog {
                channel: "webhook".to_owned(),
                pending: 1,
                dead: 1,
                oldest_due_ms: Some(0),
            }],
            providers: vec![provider(false, 100_000)],
            processes: vec![process(Some("full"), "a"), process(None, "b")],
            source_failing: Some((0, "x".to_owned())),
            now_ms: 100_000,
        };
        let document = include_str!("../../../../docs/operations/alerts.md");
        let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        assert_eq!(names(&all_wrong), documented);
    }

    #[test]
    fn each_condition_begins_at_its_edge() {
        let well = Facts {
            now_ms: 100_000,
            ..Facts::default()
        };
        assert!(names(&well).is_empty());
        let backlog = |pending_due_ms, dead| OutboxBacklog {
            channel: "webhook".to_owned(),
            pending: 1,
            dead,
            oldest_due_ms: Some(pending_due_ms),
        };
        let cases: [(Facts, &[&str]); 14] = [
            (
                Facts {
                    watermark_at_ms: Some(99_000),
                    ..well.clone()
                },
                &[],
            ),
            (
                Facts {
                    watermark_at_ms: Some(98_999),
                    ..well.clone()
                },
                &["no_progress"],
            ),
            (
                Facts {
                    providers: vec![provider(false, 40_000), provider(true, 40_000)],
                    ..well.clone()
                },
                &[],
            ),
            (
                Facts {
                    providers: vec![provider(false, 40_000), provider(true, 39_999)],
                    ..well.clone()
                },
                &["no_provider"],
            ),
            (
                Facts {
                    failed: 1,
                    ..well.clone()
                },
                &["failed_transactions"],
            ),
            (
                Facts {
                    backlog: vec![backlog(98_000, 0)],
                    ..well.clone()
                },
                &[],
            ),
            (
                Facts {
                    backlog: vec![backlog(97_999, 0)],
                    ..well.clone()
                },
                &["overdue_deliveries"],
            ),
            (
                Facts {
                    backlog: vec![backlog(200_000, 2)],
                    ..well.clone()
                },
                &["dead_deliveries"],
            ),
            (
                Facts {
                    differing: 1,
                    ..well.clone()
                },
                &["balances_differ"],
            ),
            (
                Facts {
                    source_failing: Some((97_000, "x".to_owned())),
                    ..well.clone()
                },
                &[],
            ),
            (
                Facts {
                    source_failing: Some((96_999, "x".to_owned())),
                    ..well.clone()
                },
                &["source_fails"],
            ),
            (
                Facts {
                    processes: vec![process(None, "s"), process(None, "s")],
                    ..well.clone()
                },
                &[],
            ),
            (
                Facts {
                    processes: vec![process(Some("full"), "s")],
                    ..well.clone()
                },
                &["not_ready"],
            ),
            (
                Facts {
                    processes: vec![process(None, "s"), process(None, "t")],
                    ..well.clone()
                },
                &["processes_disagree"],
            ),
        ];
        for (facts, expected) in cases {
            assert_eq!(names(&facts), expected, "{facts:?}");
        }
    }
}
