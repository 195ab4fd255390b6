//! `WalletStore`: a challenge is a row that is removed by who takes it.

use async_trait::async_trait;
use vigia_core::{Address, UserId};

use super::SqlStore;
use super::codec::int;
use super::sign_in::login;
use crate::db::{Row, get, get_opt, query};
use crate::sql::sql;
use crate::wallet::{CHALLENGES_MAX, ChallengePurpose, WalletChallenge, WalletStore};
use crate::{Login, Result, SecretHash};

#[async_trait]
impl WalletStore for SqlStore {
    async fn challenge_begin(
        &self,
        nonce_hash: &SecretHash,
        challenge: &WalletChallenge,
    ) -> Result<bool> {
        let mut tx = self.database.write().await?;
        query(sql!("challenge_prune"))
            .bind(self.now()?)
            .execute(&mut tx)
            .await?;
        let open = query(sql!("challenge_count")).fetch_one(&mut tx).await?;
        if get::<u64>(&open, "challenges")? >= u64::from(CHALLENGES_MAX) {
            tx.commit().await?;
            return Ok(false);
        }
        let (user, account) = match &challenge.purpose {
            ChallengePurpose::SignIn => (None, None),
            ChallengePurpose::Link { user, account } => (Some(user.0), Some(account.clone())),
        };
        query(sql!("challenge_begin"))
            .bind(nonce_hash.to_vec())
            .bind(challenge.address.as_bytes().to_vec())
            .bind(&*challenge.domain)
            .bind(&*challenge.chain)
            .bind(user)
            .bind(account)
            .bind(int("time", challenge.issued_at_ms)?)
            .bind(int("time", challenge.expires_at_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn challenge_take(&self, nonce_hash: &SecretHash) -> Result<Option<WalletChallenge>> {
        let mut tx = self.database.write().await?;
        let taken = query(sql!("challenge_take"))
            .bind(nonce_hash.to_vec())
            .bind(self.now()?)
            .fetch_optional(&mut tx)
            .await?;
        tx.commit().await?;
        taken.as_ref().map(challenge).transpose()
    }

    async fn wallet_user(&self, address: &Address) -> Result<Option<Login>> {
        let rows = query(sql!("wallet_user"))
            .bind(address.as_bytes().to_vec())
            .fetch_all(&mut self.database.read().await?)
            .await?;
        match &rows[..] {
            [only] => login(only).map(Some),
            _ => Ok(None),
        }
    }

    async fn wallet_account_list(&self, user: UserId, limit: u32) -> Result<Vec<(String, String)>> {
        let rows = query(sql!("wallet_account_list"))
            .bind(user.0)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let account = |row: &Row| Ok((get(row, "external_id")?, get(row, "display_name")?));
        rows.iter().map(account).collect()
    }

    async fn wallet_account(&self, user: UserId, account: &str) -> Result<bool> {
        let found = query(sql!("wallet_account"))
            .bind(user.0)
            .bind(account)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        Ok(found.is_some())
    }
}

fn challenge(row: &Row) -> Result<WalletChallenge> {
    let user: Option<i64> = get_opt(row, "user_id")?;
    let account: Option<String> = get_opt(row, "account")?;
    Ok(WalletChallenge {
        address: get(row, "address")?,
        domain: get(row, "domain")?,
        chain: get(row, "chain")?,
        purpose: match user.zip(account) {
            Some((user, account)) => ChallengePurpose::Link {
                user: UserId(user),
                account,
            },
            None => ChallengePurpose::SignIn,
        },
        issued_at_ms: get(row, "issued_at_ms")?,
        expires_at_ms: get(row, "expires_at_ms")?,
    })
}
