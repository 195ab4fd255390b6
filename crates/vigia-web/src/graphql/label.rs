//! Labels of addresses: who sees an address sees its label, but only operators list and change them.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use vigia_core::{Address, LABEL_NAME_BYTES_MAX, Label, parse_address};
use vigia_store::LabelRow;

use super::error::{bad_input, internal};
use super::failed::check_operator;
use super::query::web;

/// What an address with a label is.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::LabelKind")]
pub(super) enum LabelKind {
    /// An exchange, or its hot wallet.
    Exchange,
    /// Who keeps the fees of a contract.
    FeeCollector,
    /// Who holds coins until something is settled.
    Escrow,
    /// Anything else.
    Other,
}

/// Where a label is from.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_store::LabelOrigin")]
pub(super) enum LabelOrigin {
    /// The configuration, which wins; it is changed there.
    Configuration,
    /// The database: an operator set it.
    Database,
}

/// The public name of an address that is nobody's account.
#[derive(SimpleObject)]
pub(super) struct AddressLabel {
    /// The address.
    address: String,
    /// What everybody sees it called.
    name: String,
    /// What it is.
    kind: LabelKind,
    /// Where it is from.
    origin: LabelOrigin,
}

impl From<LabelRow> for AddressLabel {
    fn from(row: LabelRow) -> Self {
        Self {
            address: row.label.address.to_string(),
            name: row.label.name,
            kind: row.label.kind.into(),
            origin: row.origin.into(),
        }
    }
}

/// What removing a label did.
#[derive(SimpleObject)]
pub(super) struct RemoveLabel {
    /// Whether there was one in the database.
    removed: bool,
    /// The label that the address has all the same, by the configuration.
    label: Option<AddressLabel>,
}

pub(super) fn address_of(text: &str) -> Result<Address> {
    let expected = "0x and 1 to 64 hexadecimal digits";
    parse_address(text).map_err(|error| bad_input("address", error, expected))
}

/// Mutations of labels.
#[derive(Default)]
pub(crate) struct LabelMutation;

/// What can be changed of labels.
#[Object]
impl LabelMutation {
    /// Gives an address a label, in place of the one that it has in the database. For operators.
    async fn set_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] address: String,
        #[graphql(desc = "What everybody sees it called.")] name: String,
        #[graphql(desc = "What it is.", default_with = "LabelKind::Other")] kind: LabelKind,
    ) -> Result<AddressLabel> {
        check_operator(ctx)?;
        let address = address_of(&address)?;
        let label = Label::new(address, &name, kind.into()).map_err(|problem| {
            let expected =
                format!("1 to {LABEL_NAME_BYTES_MAX} bytes of text without control characters");
            bad_input("name", problem, &expected)
        })?;
        let store = &web(ctx).store;
        if let Some(declared) = store.label_set(&label).await.map_err(internal)? {
            let problem = format!(
                "the configuration calls {address} {:?}, which wins",
                declared.name
            );
            let expected = "an address without a label in the configuration";
            return Err(bad_input("address", problem, expected));
        }
        Ok(LabelRow {
            label,
            origin: vigia_store::LabelOrigin::Database,
        }
        .into())
    }

    /// Removes the label that an address has in the database. For operators.
    async fn remove_label(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] address: String,
    ) -> Result<RemoveLabel> {
        check_operator(ctx)?;
        let address = address_of(&address)?;
        let store = &web(ctx).store;
        let removed = store.label_remove(&address).await.map_err(internal)?;
        let label = store.label_find(&address).await.map_err(internal)?;
        Ok(RemoveLabel {
            removed,
            label: label.map(AddressLabel::from),
        })
    }
}
