//! Rows read back as values.

use vigia_core::{Account, Activity, CoinInfo, Label, Labels, Proof, RawTransaction, User, UserId};

use super::super::codec;
use crate::db::{Row, get, get_opt};
use crate::{ActivityRow, Result};

pub(in crate::store) fn activities(rows: &[Row], labels: &Labels) -> Result<Vec<ActivityRow>> {
    rows.iter().map(|row| activity(row, labels)).collect()
}

/// Declared labels win over those of the row.
pub(super) fn activity(row: &Row, labels: &Labels) -> Result<ActivityRow> {
    let activity = activity_alone(row)?;
    Ok(ActivityRow {
        id: get(row, "id")?,
        coin: activity_coin(row, activity.coin_type.as_deref())?,
        counterparty_label: counterparty_label(row, &activity, labels)?,
        activity,
        digest: get(row, "digest")?,
        timestamp_ms: get(row, "timestamp_ms")?,
        account: account(row)?,
        counterparty_account: get_opt(row, "counterparty_name")?,
        note: get_opt::<String>(row, "note")?.filter(|note| !note.is_empty()),
    })
}

pub(in crate::store) fn account(row: &Row) -> Result<Account> {
    Ok(Account {
        id: get(row, "account_id")?,
        external_id: get(row, "account_external_id")?,
        kind: get(row, "account_kind")?,
        display_name: get(row, "account_display_name")?,
    })
}

fn counterparty_label(row: &Row, activity: &Activity, labels: &Labels) -> Result<Option<Label>> {
    let Some(address) = activity.counterparty else {
        return Ok(None);
    };
    if let Some(declared) = labels.get(&address) {
        return Ok(Some(declared.clone()));
    }
    let Some(name) = get_opt(row, "label_name")? else {
        return Ok(None);
    };
    Ok(Some(Label {
        address,
        name,
        kind: get(row, "label_kind")?,
    }))
}

/// The activity as it was interpreted.
pub(in crate::store) fn activity_alone(row: &Row) -> Result<Activity> {
    Ok(Activity {
        place: codec::place(row)?,
        account: get(row, "account_id")?,
        slot: get(row, "slot")?,
        kind: get(row, "kind")?,
        direction: get(row, "direction")?,
        status: get(row, "status")?,
        address: get_opt(row, "address")?,
        coin_type: get_opt(row, "coin_type")?,
        amount: get_opt(row, "amount")?,
        counterparty: get_opt(row, "counterparty")?,
        contract: get_opt(row, "contract")?,
        business_id: get_opt(row, "business_id")?,
        details: get(row, "details")?,
        notify: None,
        suppressed: get_opt(row, "suppressed")?,
    })
}

fn activity_coin(row: &Row, coin_type: Option<&str>) -> Result<Option<CoinInfo>> {
    let (Some(coin_type), Some(symbol)) = (coin_type, get_opt(row, "coin_symbol")?) else {
        return Ok(None);
    };
    Ok(Some(CoinInfo {
        coin_type: coin_type.to_owned(),
        decimals: get_opt(row, "coin_decimals")?,
        symbol,
        name: get(row, "coin_name")?,
        icon_url: get_opt(row, "coin_icon_url")?,
    }))
}

pub(in crate::store) fn coin(row: &Row) -> Result<CoinInfo> {
    Ok(CoinInfo {
        coin_type: get(row, "coin_type")?,
        decimals: get_opt(row, "decimals")?,
        symbol: get(row, "symbol")?,
        name: get(row, "name")?,
        icon_url: get_opt(row, "icon_url")?,
    })
}

pub(in crate::store) fn user(row: &Row) -> Result<User> {
    Ok(User {
        id: UserId(get(row, "id")?),
        external_id: get(row, "external_id")?,
        display_name: get(row, "display_name")?,
        locale: get(row, "locale")?,
    })
}

pub(in crate::store) fn raw_transaction(row: &Row) -> Result<RawTransaction> {
    Ok(RawTransaction {
        place: codec::place(row)?,
        digest: get(row, "digest")?,
        timestamp_ms: get(row, "timestamp_ms")?,
        epoch: get(row, "epoch")?,
        sender: get(row, "sender")?,
        package: get_opt(row, "package")?,
        module: get_opt(row, "module")?,
        function: get_opt(row, "function")?,
        failure: get_opt(row, "failure")?,
        gas_cost: get(row, "gas_cost")?,
        reasons: get(row, "reasons")?,
        transaction_bcs: get(row, "transaction_bcs")?,
        effects_bcs: get(row, "effects_bcs")?,
        events_bcs: get_opt(row, "events_bcs")?,
        balance_changes: get(row, "balance_changes")?,
        processing_error: get_opt(row, "processing_error")?,
        proof: get_opt(row, "proof")?.unwrap_or(Proof::unasked()),
    })
}
