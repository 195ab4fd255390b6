//! What a text that somebody looks for may be, and what there is of it. Everything is read in the reader's scope (I-14), a
//! page of each kind, by indexes alone.

use std::collections::BTreeMap;

use vigia_core::{Address, Digest, Place, Scope, parse_address, parse_digest};
use vigia_store::{
    ActivityCursor, ActivityFilter, BusinessDetail, FoundAccount, InvoiceRow, LabelRow, Login,
    SEARCH_MAX, StoreError,
};

use crate::WebContext;

/// Longest text that is looked for, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 200;
/// Digits of an address that is whole and may be without its `0x`.
const ADDRESS_DIGITS: usize = 64;

/// What a text may be; some are several things at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The text: an id of whatever has one.
    pub(crate) text: String,
    /// An address on the chain.
    pub(crate) address: Option<Address>,
    /// A transaction.
    pub(crate) digest: Option<Digest>,
    /// A checkpoint, or the number of an invoice.
    pub(crate) number: Option<u64>,
}

impl Wanted {
    /// Reads it; none where nothing can have such an id. An empty text looks for nothing.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX || text.contains('\0') {
            return None;
        }
        let is_bare = text.len() == ADDRESS_DIGITS && !text.starts_with("0x");
        let address = if is_bare { &format!("0x{text}") } else { text };
        Some(Self {
            address: parse_address(address).ok(),
            digest: parse_digest(text).ok(),
            // Signed first: the database holds 63 bits.
            number: text.parse::<i64>().ok().and_then(|n| u64::try_from(n).ok()),
            text: text.to_owned(),
        })
    }

    /// What a label may be called: names are written `@name`, or with the ending that names on Sui have.
    fn name(&self) -> &str {
        let name = self.text.strip_prefix('@').unwrap_or(&self.text);
        name.strip_suffix(".sui").unwrap_or(name)
    }
}

/// What there is of it, each kind at most [`SEARCH_MAX`] times.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// An address, whether anything is known of it or not.
    pub(crate) address: Option<Address>,
    /// Transactions with their place where it was asked for.
    pub(crate) transactions: Vec<(Digest, Option<Place>)>,
    pub(crate) objects: Vec<BusinessDetail>,
    pub(crate) invoices: Vec<InvoiceRow>,
    pub(crate) accounts: Vec<FoundAccount>,
    pub(crate) users: Vec<Login>,
    pub(crate) labels: Vec<LabelRow>,
}

impl Found {
    /// Looks it up.
    pub(crate) async fn read(
        web: &WebContext,
        scope: &Scope,
        wanted: &Wanted,
    ) -> Result<Self, StoreError> {
        if wanted.text.is_empty() {
            return Ok(Self::default());
        }
        let (store, text) = (&web.store, &*wanted.text);
        let registry = web.registry.get();
        let kinds = registry.object_kinds();
        let kinds: Vec<_> = kinds
            .map(|(contract, object)| (contract.to_owned(), object.to_owned()))
            .collect();
        let mut found = Self {
            address: wanted.address,
            transactions: wanted
                .digest
                .map(|digest| (digest, None))
                .into_iter()
                .collect(),
            objects: store
                .search_objects(scope, &kinds, text, SEARCH_MAX)
                .await?,
            invoices: store.search_invoices(scope, text, SEARCH_MAX).await?,
            accounts: store.search_accounts(scope, text, SEARCH_MAX).await?,
            ..Self::default()
        };
        if let Some(number) = wanted.number {
            found.at_checkpoint(web, scope, number).await?;
            found.invoice(web, scope, number).await?;
        }
        if *scope == Scope::All {
            found.users = store.search_users(text, SEARCH_MAX).await?;
            if !wanted.name().is_empty() {
                found.labels = store.search_labels(wanted.name(), SEARCH_MAX).await?;
            }
        }
        Ok(found)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        usize::from(self.address.is_some())
            + self.transactions.len()
            + self.objects.len()
            + self.invoices.len()
            + self.accounts.len()
            + self.users.len()
            + self.labels.len()
    }

    /// The transactions of a checkpoint: those that mean something for the scope, and for operators those that could not
    /// be interpreted.
    async fn at_checkpoint(
        &mut self,
        web: &WebContext,
        scope: &Scope,
        checkpoint: u64,
    ) -> Result<(), StoreError> {
        let Some(next) = checkpoint
            .checked_add(1)
            .filter(|next| i64::try_from(*next).is_ok())
        else {
            return Ok(());
        };
        let place = Place {
            checkpoint: next,
            index: 0,
        };
        let above = ActivityCursor { place, id: 0 };
        let filter = ActivityFilter::default();
        let rows = web
            .store
            .activity_page(scope, &filter, Some(above), SEARCH_MAX);
        let rows = rows.await?.into_iter();
        let mut there: BTreeMap<Place, Digest> = rows
            .map(|row| (row.activity.place, row.digest))
            .filter(|(place, _)| place.checkpoint == checkpoint)
            .collect();
        if *scope == Scope::All {
            let before = checkpoint.checked_sub(1).map(|before| Place {
                checkpoint: before,
                index: u32::MAX,
            });
            let failed = web.store.failed_list(before, SEARCH_MAX).await?.into_iter();
            let failed = failed.filter(|row| row.place.checkpoint == checkpoint);
            there.extend(failed.map(|row| (row.place, row.digest)));
        }
        let page = usize::try_from(SEARCH_MAX).unwrap_or(usize::MAX);
        let there = there.into_iter().take(page);
        self.transactions
            .extend(there.map(|(place, digest)| (digest, Some(place))));
        Ok(())
    }

    /// The invoice of a number.
    async fn invoice(
        &mut self,
        web: &WebContext,
        scope: &Scope,
        number: u64,
    ) -> Result<(), StoreError> {
        let Ok(id) = i64::try_from(number) else {
            return Ok(());
        };
        let invoice = web.store.invoice_find(scope, id).await?;
        let is_new = |row: &InvoiceRow| self.invoices.iter().all(|known| known.id != row.id);
        if let Some(row) = invoice.filter(is_new) {
            self.invoices.insert(0, row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_it_may_be() {
        let read = |text: &str| Wanted::read(text).unwrap();
        let digits = "0".repeat(63) + "7";
        for text in ["0x7", &digits, &format!(" 0x{digits} ")] {
            let wanted = read(text);
            assert_eq!(
                wanted.address.unwrap().to_string(),
                format!("0x{digits}"),
                "{text}"
            );
        }
        assert_eq!(read("51").address, None, "it is a number");
        assert_eq!(read("51").number, Some(51));
        assert_eq!(read("-1").number, None);
        assert_eq!(read("9223372036854775808").number, None, "beyond 63 bits");
        let digest = Digest::new([7; 32]).to_string();
        assert!(read(&digest).digest.is_some());
        assert_eq!(read("offer 7").digest, None);
        assert_eq!(read("@binance.sui").name(), "binance");
        assert_eq!(read("").text, "");
        assert_eq!(Wanted::read("a\0b"), None);
        assert!(Wanted::read(&"x".repeat(TEXT_BYTES_MAX)).is_some());
        assert_eq!(Wanted::read(&"x".repeat(TEXT_BYTES_MAX + 1)), None);
    }
}
