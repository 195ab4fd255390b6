//! `vigia redecode`: stored events decoded again, with the layouts there are now and without a node.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use vigia_contracts::{EventError, Interpreter, PackageIds, Registry};
use vigia_core::{AddressBook, ExecutedTransaction, RawTransaction};
use vigia_store::{CorrectionStore, SqlStore};

use super::open_existing_store;
use super::reinterpret::check_contract;
use crate::cli::Common;
use crate::config::Overrides;
use crate::contracts::Declared;
use crate::exit;
use crate::pipeline::executed;

/// Transactions read at once.
const PAGE: u32 = 500;

/// Flags of `vigia redecode`.
#[derive(Debug, Args)]
pub struct RedecodeArgs {
    /// The contract, as its file names it
    #[arg(long, value_name = "NAME")]
    contract: String,
    /// Print progress and the outcome as one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Clone, Copy, Default)]
struct Sum {
    transactions: u64,
    decoded: u64,
    unknown: u64,
    misfit: u64,
    changed: u64,
}

/// Runs the command.
pub async fn run(common: &Common, args: RedecodeArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let declared = Declared::new(&settings, &PackageIds::new())?;
    let store = open_existing_store(&settings).await?;
    let registry = declared.open(&store, None).await?.get();
    check_contract(&registry, &args.contract)?;
    let sum = redecode(&store, &registry, &args).await?;
    match args.json {
        true => println!("{}", sum.json(None)),
        false => println!("{}", sum.text()),
    }
    store.close().await;
    Ok(ExitCode::from(match sum.unknown + sum.misfit {
        0 => exit::OK,
        _ => exit::FAILED,
    }))
}

async fn redecode(
    store: &SqlStore,
    registry: &Arc<Registry>,
    args: &RedecodeArgs,
) -> anyhow::Result<Sum> {
    let interpreter = Interpreter::new(Arc::clone(registry));
    let mut sum = Sum::default();
    let bar = match !args.json && std::io::stderr().is_terminal() {
        true => ProgressBar::new_spinner(),
        false => ProgressBar::hidden(),
    };
    let mut after = None;
    loop {
        let raws = store.raw_page(after, u64::MAX, PAGE).await?;
        let Some(last) = raws.last() else { break };
        let mut events = Vec::new();
        for raw in &raws {
            let Some(transaction) = with_event_of(raw, registry, &args.contract) else {
                continue;
            };
            sum.transactions += 1;
            sum.decode(&transaction, registry, &args.contract);
            // What means nothing by the rules there are now keeps the fields it has.
            let meant = interpreter.interpret(&transaction, &AddressBook::default());
            events.extend(meant.map(|meant| meant.business_events).unwrap_or_default());
        }
        events.retain(|event| event.key.contract == args.contract);
        sum.changed += store.business_event_redecode(&events, &interpreter).await?;
        bar.set_message(format!(
            "checkpoint {}: {}",
            last.place.checkpoint,
            sum.text()
        ));
        bar.tick();
        if args.json {
            println!("{}", sum.json(Some(last.place.checkpoint)));
        }
        after = Some(last.place);
    }
    bar.finish_and_clear();
    Ok(sum)
}

/// The transaction, where it has an event of the contract.
fn with_event_of(
    raw: &RawTransaction,
    registry: &Registry,
    contract: &str,
) -> Option<ExecutedTransaction> {
    let transaction = executed(raw).ok()?;
    let mut events = transaction.events.iter();
    let has_one = events.any(|event| registry.contract_of(&event.type_) == Some(contract));
    has_one.then_some(transaction)
}

impl Sum {
    fn decode(&mut self, transaction: &ExecutedTransaction, registry: &Registry, contract: &str) {
        let events = transaction.events.iter();
        for event in events.filter(|event| registry.contract_of(&event.type_) == Some(contract)) {
            match registry.decode_event(&event.type_, &event.contents) {
                Ok(_) => self.decoded += 1,
                Err(EventError::Layout(_)) => self.unknown += 1,
                Err(EventError::Bytes(_)) => self.misfit += 1,
            }
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{} events of {} transactions decoded, {} came out otherwise",
            self.decoded, self.transactions, self.changed
        );
        if self.unknown > 0 {
            text += &format!("; of {} the layout is not known", self.unknown);
        }
        if self.misfit > 0 {
            text += &format!("; {} do not fit their layout", self.misfit);
        }
        text
    }

    /// Up to a checkpoint, or the outcome.
    fn json(&self, checkpoint: Option<u64>) -> serde_json::Value {
        json!({
            "checkpoint": checkpoint,
            "transactions": self.transactions,
            "decoded": self.decoded,
            "unknownLayout": self.unknown,
            "misfit": self.misfit,
            "changed": self.changed,
            "done": checkpoint.is_none(),
        })
    }
}
