//! Broadcasts: what GraphQL and the page share of the rules for them. The store has the bounds.

use vigia_core::Locale;
use vigia_store::{
    BroadcastRow, BroadcastSegment, BroadcastSpec, BroadcastText, BroadcastTexts, Store, StoreError,
};

/// Broadcasts that are listed, the newest.
pub(crate) const LISTED_MAX: u32 = 50;
/// Users told in a second unless said otherwise.
pub(crate) const RATE_DEFAULT: u32 = 100;

/// A broadcast that somebody wants.
pub(crate) struct BroadcastWish {
    /// What is said, in each language.
    pub(crate) texts: Vec<(Locale, BroadcastText)>,
    /// To whom.
    pub(crate) segment: BroadcastSegment,
    /// To how many of them in a second.
    pub(crate) rate_per_s: Option<u32>,
}

/// What is wrong with a wish.
#[derive(Debug)]
pub(crate) struct WrongBroadcast {
    /// Where: `texts`, `segment`, or `rate`.
    pub(crate) argument: &'static str,
    /// What.
    pub(crate) problem: String,
    /// What would be right.
    pub(crate) expected: &'static str,
}

impl BroadcastWish {
    /// The broadcast, within its bounds.
    pub(crate) fn spec(self) -> Result<BroadcastSpec, WrongBroadcast> {
        let texts = BroadcastTexts::new(self.texts).map_err(|problem| WrongBroadcast {
            argument: "texts",
            problem,
            expected: "a title of 1 to 200 and a body of 1 to 2,000 bytes in each language",
        })?;
        let spec = BroadcastSpec {
            texts,
            segment: self.segment,
            rate_per_s: self.rate_per_s.unwrap_or(RATE_DEFAULT),
        };
        spec.check().map_err(|problem| WrongBroadcast {
            argument: "segment",
            problem,
            expected: "a segment and a rate within their bounds",
        })?;
        Ok(spec)
    }
}

/// The newest broadcasts.
pub(crate) async fn list(store: &dyn Store) -> Result<Vec<BroadcastRow>, StoreError> {
    store.broadcast_list(LISTED_MAX).await
}

/// One of the newest.
pub(crate) async fn find(store: &dyn Store, id: i64) -> Result<Option<BroadcastRow>, StoreError> {
    Ok(list(store).await?.into_iter().find(|row| row.id == id))
}
