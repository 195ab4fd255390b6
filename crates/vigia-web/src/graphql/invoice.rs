//! Invoices: what accounts ask to be paid, and how far they were.

use async_graphql::{Context, Enum, ID, Object, Result};
use vigia_core::{AccountId, Invoice as Asked, Settlement, parse_address};
use vigia_store::{ApplicationScope, InvoiceOutcome, InvoiceRow, InvoiceSpec};

use super::activity::Coin;
use super::error::{bad_input, forbidden, internal};
use super::loaders::{CoinOf, read};
use super::query::{web, writes};
use super::scalar::UInt53;
use crate::WebContext;

/// How an invoice stands.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::InvoiceState")]
enum InvoiceState {
    /// Nothing was paid.
    Open,
    /// Less was paid than asked for.
    Underpaid,
    /// As much.
    Paid,
    /// More, with the payment that completed it.
    Overpaid,
    /// More, since somebody paid when all was paid.
    Duplicate,
    /// Nothing was paid, and nothing is to be.
    Cancelled,
}

/// What an account asks to be paid under a business id.
pub(super) struct Invoice {
    row: InvoiceRow,
    settlement: Settlement,
}

impl Invoice {
    pub(super) fn new(row: InvoiceRow, web: &WebContext) -> Self {
        let settlement = row.settlement(web.clock.now_ms());
        Self { row, settlement }
    }
}

/// What an account asks to be paid under a business id. Only payments to its address and in its coin count.
#[Object]
impl Invoice {
    /// Its key; rises in the order in which invoices were created.
    async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The application's key of the account that asks.
    async fn account(&self) -> &str {
        &self.row.account.0
    }

    /// Name of the account.
    async fn account_name(&self) -> &str {
        &self.row.account.1
    }

    /// The declared contract it is to be paid through.
    async fn contract(&self) -> &str {
        &self.row.invoice.contract
    }

    /// The id that payments name.
    async fn business_id(&self) -> &str {
        &self.row.invoice.business_id
    }

    /// The address that is to be paid.
    async fn address(&self) -> String {
        self.row.invoice.address.to_string()
    }

    /// The coin's type in canonical form.
    async fn coin_type(&self) -> &str {
        &self.row.invoice.coin_type
    }

    /// What is known about the coin; null where nothing is.
    async fn coin(&self, ctx: &Context<'_>) -> Result<Option<Coin>> {
        let coin_type = self.row.invoice.coin_type.clone();
        let coin = read(ctx, CoinOf(coin_type)).await?;
        Ok(coin.as_ref().map(Coin::from))
    }

    /// How much is asked for, in minor units, as a decimal text.
    async fn amount(&self) -> String {
        self.row.invoice.amount.to_string()
    }

    /// What for, in the words of who asks.
    async fn note(&self) -> &str {
        &self.row.invoice.note
    }

    /// Until when, in milliseconds since 1970.
    async fn due_at_ms(&self) -> Option<UInt53> {
        self.row.invoice.due_at_ms.map(UInt53)
    }

    /// When it was created, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.row.created_at_ms)
    }

    /// When it was cancelled, in milliseconds since 1970; null where it was not. What was paid all the same is in
    /// `state` and `paid`.
    async fn cancelled_at_ms(&self) -> Option<UInt53> {
        self.row.cancelled_at_ms.map(UInt53)
    }

    /// How it stands, by all that was paid under its id.
    async fn state(&self) -> InvoiceState {
        self.settlement.state.into()
    }

    /// The sum of what was paid, in minor units, as a decimal text.
    async fn paid(&self) -> String {
        self.settlement.paid.to_string()
    }

    /// How many payments that was.
    async fn payments(&self) -> u32 {
        self.settlement.payments
    }

    /// Whether something is wanting after the time it was due.
    async fn is_overdue(&self) -> bool {
        self.settlement.is_overdue
    }
}

/// The key that a client names.
pub(super) fn id_of(id: &ID) -> Result<i64> {
    id.parse()
        .map_err(|_| bad_input("id", "this is not the id of an invoice", "id as it came"))
}

/// Mutations of invoices.
#[derive(Default)]
pub(crate) struct InvoiceMutation;

/// What can be changed of invoices.
#[Object]
impl InvoiceMutation {
    /// Asks for a payment. The same once more returns what is there; another with the same account and id is
    /// refused. Operators and applications with the scope `invoices` may for every account, members with the permission `invoice` for theirs.
    #[expect(clippy::too_many_arguments, reason = "arguments of the mutation")]
    async fn create_invoice(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key of the account that asks.")] account: String,
        #[graphql(desc = "The address of the account that is to be paid.")] address: String,
        #[graphql(desc = "Code or type of the coin.")] coin: String,
        #[graphql(desc = "How much, in minor units, as a decimal text.")] amount: String,
        #[graphql(desc = "The id that payments name; one is made up unless given.")]
        business_id: Option<String>,
        #[graphql(desc = "What for.", default)] note: String,
        #[graphql(desc = "Until when, in milliseconds since 1970.")] due_at_ms: Option<UInt53>,
        #[graphql(
            desc = "The declared contract it is to be paid through; the first that takes \
                          payments unless given."
        )]
        contract: Option<String>,
    ) -> Result<Invoice> {
        let scope = writes(ctx, ApplicationScope::Invoices)?;
        let web = web(ctx);
        let registry = web.registry.get();
        let (contract, object) = registry
            .payable(contract.as_deref())
            .map_err(|problem| bad_input("contract", problem, "a contract that takes payments"))?;
        let expected = "0x and 1 to 64 hexadecimal digits";
        let invoice = Asked {
            contract,
            object,
            business_id: match business_id {
                Some(id) => id,
                None => made_up_id()?,
            },
            account: AccountId(0),
            address: parse_address(&address)
                .map_err(|error| bad_input("address", error, expected))?,
            coin_type: registry.coin_type(&coin).ok_or_else(|| {
                let problem = format!("{coin:?} is no code of a declared coin and no coin type");
                bad_input("coin", problem, "a code, or 0xPACKAGE::module::NAME")
            })?,
            amount: amount.parse().map_err(|_| {
                let problem = format!("{amount:?} is not a number of minor units");
                bad_input("amount", problem, "decimal digits")
            })?,
            note,
            due_at_ms: due_at_ms.map(|due| due.0),
        };
        if let Some(problem) = invoice.problem() {
            return Err(bad_input("createInvoice", problem, "see the description"));
        }
        let spec = InvoiceSpec { account, invoice };
        let outcome = web.store.invoice_create(&scope, &spec).await;
        match outcome.map_err(internal)? {
            InvoiceOutcome::There(row) => Ok(Invoice::new(*row, web)),
            InvoiceOutcome::Taken(row) => Err(bad_input(
                "businessId",
                format!(
                    "account {:?} has another invoice with the id {:?}",
                    row.account.0, row.invoice.business_id
                ),
                "an id that no other invoice of the account has",
            )),
            InvoiceOutcome::NoAccount => Err(bad_input(
                "account",
                format!("there is no account {:?}", spec.account),
                "the application's key of one of the reader's accounts",
            )),
            InvoiceOutcome::NotAllowed => Err(forbidden(
                "this needs the permission \"invoice\" for the account",
            )),
            InvoiceOutcome::NotHeld => Err(bad_input(
                "address",
                format!("account {:?} does not hold {address}", spec.account),
                "an address of the account that is watched",
            )),
        }
    }

    /// Says that an invoice is not to be paid any more; null where the reader has none of this id, or may not.
    async fn cancel_invoice(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Invoice>> {
        let scope = writes(ctx, ApplicationScope::Invoices)?;
        let (id, web) = (id_of(&id)?, web(ctx));
        let row = web.store.invoice_cancel(&scope, id).await;
        Ok(row.map_err(internal)?.map(|row| Invoice::new(row, web)))
    }
}

/// An id that nobody else has.
fn made_up_id() -> Result<String> {
    let mut random = [0; 16];
    let filled = getrandom::fill(&mut random);
    let problem = "none can be made up at the moment";
    filled.map_err(|_| bad_input("businessId", problem, "an id of your own"))?;
    Ok(hex::encode(random))
}
