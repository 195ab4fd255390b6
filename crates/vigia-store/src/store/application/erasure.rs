//! Whoever is erased leaves nothing but what the chain says.

use serde_json::Value as Json;

use super::Batch;
use crate::Result;
use crate::application::ApplicationChange;
use crate::db::{Tx, query};
use crate::sql::{Sql, sql};

/// Removes users that are to be erased, and all that is theirs alone.
pub(super) async fn erase(tx: &mut Tx, batch: &Batch<'_>, now_ms: i64) -> Result<()> {
    const ROWS: [Sql; 11] = [
        sql!("user_erase_attempts"),
        sql!("user_erase_pushes"),
        sql!("user_erase_devices"),
        sql!("user_erase_notifications"),
        sql!("user_erase_read"),
        sql!("user_erase_preference"),
        sql!("user_erase_sessions"),
        sql!("user_erase_tokens"),
        sql!("user_erase_challenges"),
        sql!("user_erase_login"),
        sql!("user_erase_members"),
    ];
    for (_, change) in batch.taken() {
        let ApplicationChange::UserErased { user } = change else {
            continue;
        };
        if let Some(id) = batch.users.get(user) {
            for rows in ROWS {
                query(rows).bind(*id).execute(tx).await?;
            }
            let nobody = format!("erased/{id}/{now_ms}");
            query(sql!("user_erase"))
                .bind(*id)
                .bind(nobody.clone())
                .bind(now_ms)
                .execute(tx)
                .await?;
            forget_name(tx, user, &nobody).await?;
            for (account, name) in batch.alone.get(id).into_iter().flatten() {
                erase_account(tx, *account, name, now_ms).await?;
            }
        }
    }
    Ok(())
}

/// Takes names out of an account that has ended, and what people wrote and were told of it. What the chain says stays.
async fn erase_account(tx: &mut Tx, account: i64, name: &str, now_ms: i64) -> Result<()> {
    const ROWS: [Sql; 6] = [
        sql!("account_erase_notifications"),
        sql!("account_erase_announcements"),
        sql!("account_erase_invoices"),
        sql!("account_erase_attempts"),
        sql!("account_erase_endpoints"),
        sql!("account_erase_labels"),
    ];
    for rows in ROWS {
        query(rows).bind(account).execute(tx).await?;
    }
    let nobody = format!("erased/account/{account}/{now_ms}");
    query(sql!("account_erase"))
        .bind(account)
        .bind(nobody.clone())
        .execute(tx)
        .await?;
    forget_name(tx, name, &nobody).await
}

/// Takes a name out of what was written down of it.
async fn forget_name(tx: &mut Tx, name: &str, nobody: &str) -> Result<()> {
    let quoted = |text: &str| Json::from(text).to_string();
    query(sql!("erase_from_actions"))
        .bind(name)
        .bind(nobody)
        .bind(quoted(name))
        .bind(quoted(nobody))
        .execute(tx)
        .await?;
    query(sql!("erase_from_refusals"))
        .bind(name)
        .execute(tx)
        .await?;
    Ok(())
}
