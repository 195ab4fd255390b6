//! Whose the rows of each table are: what an export of a user holds.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::SqlStore;
use super::register;
use super::tables::{Kind, Table, tables};
use crate::Result;
use crate::db::{Row, query};
use crate::sql::Sql;

/// Accounts of which the user is the only member.
macro_rules! alone {
    () => {
        "(SELECT m.account_id FROM account_member m WHERE m.user_id = $1 AND NOT EXISTS (SELECT 1 FROM \
         account_member o WHERE o.account_id = m.account_id AND o.user_id <> $1))"
    };
}
/// Addresses that those hold or held.
macro_rules! addresses {
    () => {
        concat!(
            "(SELECT target FROM watch WHERE kind = 'address' AND account_id IN ",
            alone!(),
            ")"
        )
    };
}

/// Whose the rows of a table are.
enum Whose {
    /// No user's.
    Nobodys,
    /// Those are a user's ($1) for which this holds; without what is secret.
    Users {
        condition: &'static str,
        secret: &'static [&'static str],
    },
}

const fn users(condition: &'static str) -> Whose {
    Whose::Users {
        condition,
        secret: &[],
    }
}

const fn users_without(condition: &'static str, secret: &'static [&'static str]) -> Whose {
    Whose::Users { condition, secret }
}

/// Whose the rows of the table are; none: nobody has said so yet, which a test sees.
fn whose(table: &str) -> Option<Whose> {
    Some(match table {
        // What is on the chain, which anybody may read, and what is of the database or its operators.
        "backfill" | "backfill_range" | "backfill_usage" | "balance_adjustment"
        | "balance_effect" | "balance_hour" | "balance_progress" | "balance_usage"
        | "broadcast" | "business_event" | "business_object" | "chain" | "coin" | "committee"
        | "counter" | "datatype" | "delivery_progress" | "epoch" | "ingest_range"
        | "job_schedule" | "lease" | "message_blob" | "message_set_aside" | "package_version"
        | "provider_report" | "provider_usage" | "raw_transaction" | "watch_log" => Whose::Nobodys,
        "app_user" => users("id = $1"),
        "user_login" => users_without("user_id = $1", &["password_hash"]),
        "session" => users_without("user_id = $1", &["secret_hash"]),
        "api_token" => users_without("user_id = $1", &["secret_hash"]),
        "user_preference" | "notification_read" | "account_member" => users("user_id = $1"),
        "device" => users_without("user_id = $1", &["token", "token_hash"]),
        "push" => users("device_id IN (SELECT id FROM device WHERE user_id = $1)"),
        "push_attempt" => users(
            "push_id IN (SELECT p.id FROM push p JOIN device d ON d.id = p.device_id WHERE d.user_id = $1)",
        ),
        "account" => users("id IN (SELECT account_id FROM account_member WHERE user_id = $1)"),
        "notification" => users(concat!(
            "(user_id = $1 OR (user_id IS NULL AND account_id IN ",
            alone!(),
            "))"
        )),
        "watch" | "activity" | "activity_revision" | "announcement" | "invoice"
        | "business_party" => users(concat!("account_id IN ", alone!())),
        "endpoint" => users_without(concat!("account_id IN ", alone!()), &["secrets"]),
        "delivery" => users(concat!(
            "endpoint_id IN (SELECT id FROM endpoint WHERE account_id IN ",
            alone!(),
            ")"
        )),
        "delivery_attempt" => users(concat!(
            "delivery_id IN (SELECT d.id FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id WHERE \
             e.account_id IN ",
            alone!(),
            ")"
        )),
        "label" | "balance_address" | "balance_amount" => {
            users(concat!("address IN ", addresses!()))
        }
        "action_log" => users("actor = (SELECT external_id FROM app_user WHERE id = $1)"),
        _ => return None,
    })
}

/// What is read of a table.
struct Part {
    table: &'static Table,
    text: String,
    columns: Vec<(&'static str, Kind)>,
}

/// The statements, made once a process.
fn parts() -> &'static [Part] {
    static PARTS: std::sync::LazyLock<Vec<Part>> =
        std::sync::LazyLock::new(|| tables().filter_map(part).collect());
    &PARTS
}

fn part(table: &'static Table) -> Option<Part> {
    let Some(Whose::Users { condition, secret }) = whose(table.name) else {
        return None;
    };
    let columns = table.columns.iter().copied();
    let columns: Vec<_> = columns.filter(|(name, _)| !secret.contains(name)).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    Some(Part {
        table,
        text: format!(
            "SELECT {} FROM {} WHERE {condition} ORDER BY {}",
            names.join(", "),
            table.name,
            table.key.join(", ")
        ),
        columns,
    })
}

impl SqlStore {
    /// Hands over all that is kept of a user, table by table and row by row, as of one moment: what is theirs, and what is of the
    /// accounts of which they are the only member. Amounts are texts in units, bytes hexadecimal with 0x, times in milliseconds
    /// since 1970. Keys, tokens and passwords are left out. Ends where `take` says so; false where there is no such user.
    pub async fn user_export(
        &self,
        external_id: &str,
        take: &mut (dyn FnMut(&'static str, Value) -> ControlFlow<()> + Send),
    ) -> Result<bool> {
        let mut tx = self.database.read().await?;
        let found = register::user_ids(&mut tx, std::iter::once(external_id)).await?;
        let Some(user) = found.get(external_id).copied() else {
            return Ok(false);
        };
        for part in parts() {
            let sql = Sql {
                sqlite: &part.text,
                postgres: &part.text,
            };
            let mut flow = ControlFlow::Continue(());
            let reading = query(sql).bind(user).fetch_while(&mut tx, |row| {
                flow = take(part.table.name, row_json(part, &row)?);
                Ok(flow.is_continue())
            });
            reading.await?;
            if flow.is_break() {
                break;
            }
        }
        Ok(true)
    }
}

fn row_json(part: &Part, row: &Row) -> Result<Value> {
    let mut object = Map::new();
    for (name, kind) in &part.columns {
        let value = match kind {
            Kind::Int => json!(row.column::<i64>(name)?),
            Kind::Text => json!(row.column::<String>(name)?),
            Kind::Bytes => {
                let bytes: Option<Vec<u8>> = row.column(name)?;
                json!(bytes.map(|bytes| format!("0x{}", hex::encode(bytes))))
            }
            Kind::Money => {
                let money: Option<crate::db::Money> = row.column(name)?;
                json!(money.map(|money| money.0.to_string()))
            }
        };
        object.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_table_it_is_said_whose_its_rows_are() {
        for table in tables() {
            assert!(
                whose(table.name).is_some(),
                "{}: whose are its rows?",
                table.name
            );
        }
    }

    #[test]
    fn the_document_says_of_each_table_how_long_it_is_kept() {
        let document = include_str!("../../../../docs/operations/data-protection.md");
        let rows = document.lines().filter(|line| line.starts_with("| `"));
        let named = rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','));
        let mut named: Vec<&str> = named.map(|name| name.trim().trim_matches('`')).collect();
        named.sort_unstable();
        let mut there: Vec<&str> = tables().map(|table| table.name).collect();
        there.extend(super::super::tables::NOT_COPIED);
        there.sort_unstable();
        assert_eq!(named, there);
    }

    #[test]
    fn nothing_secret_is_exported() {
        for part in parts() {
            for (column, _) in &part.columns {
                let is_secret = ["secret", "password", "token"]
                    .iter()
                    .any(|word| column.contains(word));
                assert!(!is_secret, "{}.{column}", part.table.name);
            }
        }
    }
}
