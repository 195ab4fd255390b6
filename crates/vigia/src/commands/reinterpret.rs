//! `vigia reinterpret`: what corrected rules change in what is stored; a trial unless told otherwise.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vigia_contracts::{PackageIds, Registry};
use vigia_core::{Place, error_chain};
use vigia_store::{ActivityChange, activity_json};

use super::open_existing_store;
use crate::cli::Common;
use crate::config::Overrides;
use crate::contracts::Declared;
use crate::exit::{self, Exit};
use crate::pipeline::Corrector;

/// Flags of `vigia reinterpret`.
#[derive(Debug, Args)]
pub struct ReinterpretArgs {
    /// First checkpoint
    #[arg(long, value_name = "CHECKPOINT")]
    from: u64,
    /// Last checkpoint
    #[arg(long, value_name = "CHECKPOINT")]
    to: u64,
    /// Only transactions with an event of this contract
    #[arg(long, value_name = "NAME")]
    contract: Option<String>,
    /// Write what differs, each with a revision; nobody is notified
    #[arg(long)]
    apply: bool,
    /// Print one JSON object a line: changes, then a summary
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Default)]
struct Sum {
    transactions: u64,
    failed: u64,
    refused: u64,
    added: u64,
    changed: u64,
    removed: u64,
}

/// Runs the command.
pub async fn run(common: &Common, args: ReinterpretArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    if args.from > args.to {
        return Err(Exit::bad_input("--from is behind --to").into());
    }
    let declared = Declared::new(&settings, &PackageIds::new())?;
    let store = open_existing_store(&settings).await?;
    let registry = declared.open(&store, None).await?.get();
    if let Some(contract) = &args.contract {
        check_contract(&registry, contract)?;
    }
    let corrector = Corrector {
        store: Arc::clone(&store),
        registry,
        contract: args.contract.clone(),
        applies: args.apply,
    };
    let sum = correct(&corrector, &args).await?;
    println!("{}", sum.shown(&args));
    store.close().await;
    Ok(ExitCode::from(match sum.refused {
        0 => exit::OK,
        _ => exit::FAILED,
    }))
}

/// A contract has to be one that is declared and has a package.
pub(super) fn check_contract(registry: &Registry, contract: &str) -> Result<(), Exit> {
    if registry.packages().contains_key(contract) {
        return Ok(());
    }
    let names: Vec<&str> = registry.packages().keys().map(String::as_str).collect();
    Err(Exit::bad_input(format!(
        "there is no contract {contract:?} with a package id; there are: {}",
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        }
    )))
}

async fn correct(corrector: &Corrector, args: &ReinterpretArgs) -> anyhow::Result<Sum> {
    let mut sum = Sum::default();
    // Behind everything of the checkpoint before.
    let mut after = args.from.checked_sub(1).map(|checkpoint| Place {
        checkpoint,
        index: u32::MAX,
    });
    loop {
        let page = match corrector.page(after, args.to).await {
            Ok(page) => page,
            Err(error) => {
                let at = after.map_or_else(|| "the beginning".to_owned(), |at| at.to_string());
                return Err(anyhow::anyhow!(
                    "stopped behind {at}, what is before is done: {}",
                    error_chain(&error)
                ));
            }
        };
        sum.transactions += page.transactions;
        sum.failed += page.failed;
        for (place, problem) in &page.refused {
            sum.refused += 1;
            eprintln!("{place} cannot be interpreted now and stays as it is: {problem}");
        }
        for change in &page.changes {
            sum.count(change);
            println!("{}", shown(change, args.json));
        }
        let Some(next) = page.next else {
            return Ok(sum);
        };
        after = Some(next);
    }
}

impl Sum {
    fn count(&mut self, change: &ActivityChange) {
        match (&change.before, &change.after) {
            (None, _) => self.added += 1,
            (Some(_), Some(_)) => self.changed += 1,
            (Some(_), None) => self.removed += 1,
        }
    }

    fn shown(&self, args: &ReinterpretArgs) -> String {
        if args.json {
            let sum = json!({
                "transactions": self.transactions,
                "failed": self.failed,
                "refused": self.refused,
                "added": self.added,
                "changed": self.changed,
                "removed": self.removed,
                "applied": args.apply,
            });
            return sum.to_string();
        }
        let what = format!(
            "{} transactions interpreted again: {} activities added, {} changed, {} removed",
            self.transactions, self.added, self.changed, self.removed
        );
        let left = match self.failed {
            0 => String::new(),
            failed => format!("; {failed} that failed are left to `vigia failed retry`"),
        };
        let done = match args.apply {
            true => "written, each with a revision",
            false => "nothing was written; --apply writes it",
        };
        format!("{what}{left}; {done}")
    }
}

fn shown(change: &ActivityChange, is_json: bool) -> String {
    let side = |activity: &Option<vigia_core::Activity>| activity.as_ref().map(activity_json);
    let (before, after) = (side(&change.before), side(&change.after));
    if is_json {
        let change = json!({
            "checkpoint": change.place.checkpoint,
            "index": change.place.index,
            "account": change.account.0,
            "slot": change.slot.to_string(),
            "before": before,
            "after": after,
        });
        return change.to_string();
    }
    let head = format!(
        "{} account {} {}",
        change.place, change.account.0, change.slot
    );
    let brief = |activity: &Value| {
        let text = |key: &str| activity[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("kind"), text("direction"), text("amount"))
    };
    match (&before, &after) {
        (None, Some(after)) => format!("{head}: added {}", brief(after)),
        (Some(before), None) => format!("{head}: removed {}", brief(before)),
        (Some(before), Some(after)) => {
            format!(
                "{head}: {} becomes {}{}",
                brief(before),
                brief(after),
                fields(before, after)
            )
        }
        (None, None) => head,
    }
}

/// Which parts differ.
fn fields(before: &Value, after: &Value) -> String {
    let names = after.as_object().into_iter().flatten();
    let differing: Vec<&str> = names
        .filter(|(name, value)| before.get(name.as_str()) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    format!(" ({})", differing.join(", "))
}
