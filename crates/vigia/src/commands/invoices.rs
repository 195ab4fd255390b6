//! `vigia invoices`: what accounts ask to be paid, and how far they were.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigia_contracts::PackageIds;
use vigia_core::{
    AccountId, Clock as _, CoinInfo, Invoice, Scope, SystemClock, format_minor_units, parse_address,
};
use vigia_store::{
    BusinessStore, InvoiceOutcome, InvoiceRow, InvoiceSpec, ReadStore, SqlStore, StoreError,
};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::config::Overrides;
use crate::contracts::Declared;
use crate::exit::Exit;

/// Invoices that are read at once.
const PAGE: u32 = 200;

/// What to do with invoices.
#[derive(Debug, Subcommand)]
pub enum InvoicesCommand {
    /// List invoices, the newest first, with what was paid
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Ask for a payment; the same one again changes nothing
    Create(CreateArgs),
    /// Say that an invoice is not to be paid any more; what was paid is shown all the same
    Cancel {
        /// Its number, as the list has it
        id: i64,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Flags of `vigia invoices create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// External id of the account that asks
    #[arg(long)]
    account: String,
    /// The address of the account that is to be paid
    #[arg(long)]
    address: String,
    /// How much, in minor units
    #[arg(long)]
    amount: i128,
    /// Code or type of the coin
    #[arg(long)]
    coin: String,
    /// The id that payments name
    #[arg(long = "id", value_name = "ID")]
    business_id: String,
    /// What for
    #[arg(long, default_value = "")]
    note: String,
    /// Until when, such as 2026-12-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    due: Option<jiff::Timestamp>,
    /// The declared contract it is to be paid through [default: the first that takes payments]
    #[arg(long)]
    contract: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, command: InvoicesCommand) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let done = match command {
        InvoicesCommand::List { json } => list(&store, json).await,
        InvoicesCommand::Create(args) => {
            let declared = Declared::new(&settings, &PackageIds::new())?;
            let registry = declared.open(&store, None).await?.get();
            create(&store, &registry, args).await
        }
        InvoicesCommand::Cancel { id, json } => cancel(&store, id, json).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &SqlStore, json: bool) -> anyhow::Result<()> {
    let coins = store.coin_list().await?;
    let mut before = None;
    loop {
        let rows = store.invoice_page(&Scope::All, before, PAGE).await?;
        let Some(last) = rows.last() else { break };
        before = Some(last.id);
        for row in &rows {
            print(row, &coins, json);
        }
    }
    if before.is_none() && !json {
        println!("nobody asked for a payment: see vigia invoices create --help");
    }
    Ok(())
}

async fn create(
    store: &SqlStore,
    registry: &vigia_contracts::Registry,
    args: CreateArgs,
) -> anyhow::Result<()> {
    let (contract, object) = registry
        .payable(args.contract.as_deref())
        .map_err(Exit::bad_input)?;
    let coin_type = registry.coin_type(&args.coin).ok_or_else(|| {
        let coin = &args.coin;
        Exit::bad_input(format!(
            "{coin:?} is no code of a declared coin and no coin type"
        ))
    })?;
    let due = args.due.map(|due| u64::try_from(due.as_millisecond()));
    let spec = InvoiceSpec {
        account: args.account,
        invoice: Invoice {
            contract,
            object,
            business_id: args.business_id,
            account: AccountId(0),
            address: parse_address(&args.address).map_err(Exit::bad_input)?,
            coin_type,
            amount: args.amount,
            note: args.note,
            due_at_ms: due
                .transpose()
                .map_err(|_| Exit::bad_input("--due is before 1970"))?,
        },
    };
    if let Some(problem) = spec.invoice.problem() {
        return Err(Exit::bad_input(problem).into());
    }
    let (account, address) = (&spec.account, &spec.invoice.address);
    let refusal = match store.invoice_create(&Scope::All, &spec).await? {
        InvoiceOutcome::There(row) => {
            print(&row, &store.coin_list().await?, args.json);
            return Ok(());
        }
        InvoiceOutcome::Taken(row) => format!(
            "account {account:?} has another invoice with the id {:?}: number {}",
            row.invoice.business_id, row.id
        ),
        InvoiceOutcome::NotHeld => format!(
            "account {account:?} does not hold {address}: vigia watch add {address} --account ..."
        ),
        InvoiceOutcome::NoAccount | InvoiceOutcome::NotAllowed => {
            format!("there is no account {account:?}: see vigia watch list")
        }
    };
    Err(Exit::bad_input(refusal).into())
}

async fn cancel(store: &SqlStore, id: i64, json: bool) -> anyhow::Result<()> {
    let found: Result<Option<InvoiceRow>, StoreError> = store.invoice_cancel(&Scope::All, id).await;
    let row = found?.ok_or_else(|| {
        Exit::bad_input(format!("there is no invoice {id}: see vigia invoices list"))
    })?;
    print(&row, &store.coin_list().await?, json);
    Ok(())
}

fn print(row: &InvoiceRow, coins: &[CoinInfo], json: bool) {
    match json {
        true => println!("{}", to_json(row)),
        false => println!("{}", to_text(row, coins)),
    }
}

fn to_json(row: &InvoiceRow) -> Value {
    let settlement = row.settlement(SystemClock.now_ms());
    let invoice = &row.invoice;
    json!({
        "id": row.id,
        "account": row.account.0,
        "contract": invoice.contract,
        "businessId": invoice.business_id,
        "address": invoice.address.to_string(),
        "coinType": invoice.coin_type,
        "amount": invoice.amount.to_string(),
        "note": invoice.note,
        "dueAtMs": invoice.due_at_ms,
        "createdAtMs": row.created_at_ms,
        "cancelledAtMs": row.cancelled_at_ms,
        "state": settlement.state.as_str(),
        "paid": settlement.paid.to_string(),
        "payments": settlement.payments,
        "isOverdue": settlement.is_overdue,
    })
}

fn to_text(row: &InvoiceRow, coins: &[CoinInfo]) -> String {
    let settlement = row.settlement(SystemClock.now_ms());
    let invoice = &row.invoice;
    let coin = coins
        .iter()
        .find(|coin| coin.coin_type == invoice.coin_type);
    let shown = |minor: i128| {
        let known = coin.and_then(|coin| {
            Some(format!(
                "{} {}",
                format_minor_units(minor, coin.decimals?),
                coin.symbol
            ))
        });
        known.unwrap_or_else(|| format!("{minor} of {}", invoice.coin_type))
    };
    let mut text = format!(
        "{:>6}  {:<10}  {}  {}  {}",
        row.id,
        settlement.state.as_str(),
        shown(invoice.amount),
        row.account.0,
        invoice.business_id
    );
    if settlement.paid != 0 && settlement.paid != invoice.amount {
        text += &format!("  (paid {})", shown(settlement.paid));
    }
    if let (Some(due), true) = (invoice.due_at_ms, settlement.is_overdue) {
        text += &format!("  overdue since {}", time_text(due));
    }
    text
}
