//! `SignInStore`: a row for each way in, gone when it expires.

mod known;

use async_trait::async_trait;
use serde_json::json;
use vigia_core::{NotificationKind, UserId, UserRole};

pub(super) use self::known::KnownSignIns;
use super::SqlStore;
use super::codec::int;
use super::inbox::tell;
use super::read::row;
use super::register::user_upsert;
use crate::db::{Database, Row, Tx, get, get_opt, parsed, query};
use crate::sign_in::{
    ApplicationScopes, CREDENTIALS_MAX, Login, RoleOutcome, SecretHash, SessionRow, SessionSpec,
    SignInStore, SignedIn, TokenRow, TokenScope, TokenSpec, USED_WITHIN_MS,
};
use crate::sql::sql;
use crate::{Notice, Result, UserSpec};

#[async_trait]
impl SignInStore for SqlStore {
    async fn login_set(
        &self,
        user: &UserSpec,
        role: UserRole,
        password_hash: Option<&str>,
    ) -> Result<UserId> {
        let now_ms = self.now()?;
        let mut tx = self.database.write().await?;
        let known = query(sql!("login_find"))
            .bind(&*user.external_id)
            .fetch_optional(&mut tx)
            .await?;
        let known = known.as_ref().map(login).transpose()?;
        let known = known.filter(|login| login.password_hash.is_some());
        let id = user_upsert(&mut tx, user, now_ms).await?;
        query(sql!("login_set"))
            .bind(id)
            .bind(role.as_str())
            .bind(password_hash.map(str::to_owned))
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        let mut newest = 0;
        if password_hash.is_some() {
            query(sql!("session_end_all"))
                .bind(id)
                .execute(&mut tx)
                .await?;
            if known.is_some() {
                let notice = Notice {
                    user: UserId(id),
                    kind: NotificationKind::new("PASSWORD_CHANGED"),
                    cause: format!("password/{now_ms}"),
                    details: json!({ "time_ms": now_ms }),
                };
                newest = self.notice(&mut tx, notice).await?;
            }
        }
        tx.commit().await?;
        self.known_sign_ins.forget();
        self.signals.notification.raise(newest);
        Ok(UserId(id))
    }

    async fn role_set(&self, external_id: &str, role: UserRole) -> Result<RoleOutcome> {
        let mut tx = self.database.write().await?;
        // Before the user is read: whoever waits here sees what the one before did.
        let admins = query(sql!(dialects "admin_list"))
            .fetch_all(&mut tx)
            .await?;
        let found = query(sql!("login_find"))
            .bind(external_id)
            .fetch_optional(&mut tx)
            .await?;
        let Some(found) = found.as_ref().map(login).transpose()? else {
            return Ok(RoleOutcome::NoUser);
        };
        if found.role == role {
            return Ok(RoleOutcome::Set(role));
        }
        if found.role == UserRole::Admin && admins.len() <= 1 {
            return Ok(RoleOutcome::LastAdmin);
        }
        query(sql!("role_set"))
            .bind(found.user.id.0)
            .bind(role.as_str())
            .bind(self.now()?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.known_sign_ins.forget();
        Ok(RoleOutcome::Set(found.role))
    }

    async fn login_find(&self, external_id: &str) -> Result<Option<Login>> {
        let row = query(sql!("login_find"))
            .bind(external_id)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.as_ref().map(login).transpose()
    }

    async fn login_list(&self, after: &str, limit: u32) -> Result<Vec<Login>> {
        let rows = query(sql!("login_list"))
            .bind(after)
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(login).collect()
    }

    async fn session_begin(&self, spec: &SessionSpec) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("session_make_room"))
            .bind(spec.user.0)
            .bind(CREDENTIALS_MAX - 1)
            .execute(&mut tx)
            .await?;
        query(sql!("session_begin"))
            .bind(spec.secret_hash.to_vec())
            .bind(spec.user.0)
            .bind(&*spec.client)
            .bind(self.now()?)
            .bind(int("time", spec.expires_at_ms)?)
            .execute(&mut tx)
            .await?;
        let notice = Notice {
            user: spec.user,
            kind: NotificationKind::new("NEW_SIGN_IN"),
            cause: format!("session/{:?}", spec.secret_hash),
            details: json!({ "client": spec.client, "time_ms": self.now()? }),
        };
        let newest = self.notice(&mut tx, notice).await?;
        tx.commit().await?;
        self.signals.notification.raise(newest);
        Ok(())
    }

    async fn session_use(
        &self,
        secret_hash: &SecretHash,
        lifetime_ms: u64,
    ) -> Result<Option<SignedIn>> {
        let now_ms = self.clock.now_ms();
        let generation = match self.known(secret_hash, now_ms) {
            Ok(signed_in) => return Ok(Some(signed_in)),
            Err(generation) => generation,
        };
        let found = query(sql!("session_find"))
            .bind(secret_hash.to_vec())
            .bind(int("time", now_ms)?)
            .fetch_alone(&self.database)
            .await?;
        let Some(found) = found.into_iter().next() else {
            return Ok(None);
        };
        let used_at_ms: u64 = get(&found, "used_at_ms")?;
        if now_ms.saturating_sub(used_at_ms) >= USED_WITHIN_MS {
            let mut tx = self.database.write().await?;
            query(sql!("session_used"))
                .bind(secret_hash.to_vec())
                .bind(int("time", now_ms)?)
                .bind(int("time", now_ms.saturating_add(lifetime_ms))?)
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
        }
        let signed_in = SignedIn {
            user: row::user(&found)?,
            role: role(&found)?,
            may_write: true,
            application: ApplicationScopes::default(),
        };
        let expires_at_ms = get_opt(&found, "expires_at_ms")?;
        self.known_sign_ins
            .remember(secret_hash, generation, &signed_in, expires_at_ms, now_ms);
        Ok(Some(signed_in))
    }

    async fn session_end(&self, secret_hash: &SecretHash) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("session_end"))
            .bind(secret_hash.to_vec())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.known_sign_ins.forget();
        Ok(())
    }

    async fn session_end_all(&self, user: UserId) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let ended = query(sql!("session_end_all"))
            .bind(user.0)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.known_sign_ins.forget();
        Ok(ended)
    }

    async fn session_key(&self, secret_hash: &SecretHash) -> Result<Option<i64>> {
        let found = query(sql!("session_key"))
            .bind(secret_hash.to_vec())
            .bind(self.now()?)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        found.map(|row| get(&row, "id")).transpose()
    }

    async fn session_end_one(&self, user: UserId, id: i64) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let ended = query(sql!("session_end_one"))
            .bind(user.0)
            .bind(id)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.known_sign_ins.forget();
        Ok(ended > 0)
    }

    async fn session_end_others(&self, user: UserId, id: i64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let ended = query(sql!("session_end_others"))
            .bind(user.0)
            .bind(id)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.known_sign_ins.forget();
        Ok(ended)
    }

    async fn session_list(&self, user: Option<UserId>) -> Result<Vec<SessionRow>> {
        let rows = query(sql!("session_list"))
            .bind(user.map(|user| user.0))
            .bind(self.now()?)
            .bind(CREDENTIALS_MAX)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(session).collect()
    }

    async fn token_create(&self, spec: &TokenSpec) -> Result<Option<i64>> {
        let now_ms = self.now()?;
        let mut tx = self.database.write().await?;
        let there = query(sql!("token_count"))
            .bind(spec.user.0)
            .bind(now_ms)
            .fetch_one(&mut tx)
            .await?;
        if get::<u64>(&there, "tokens")? >= u64::from(CREDENTIALS_MAX) {
            return Ok(None);
        }
        let expires_at_ms = spec.expires_at_ms.map(|at| int("time", at)).transpose()?;
        let made = query(sql!("token_create"))
            .bind(spec.secret_hash.to_vec())
            .bind(spec.user.0)
            .bind(&*spec.name)
            .bind(spec.scope.to_string())
            .bind(now_ms)
            .bind(expires_at_ms)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        get(&made, "id").map(Some)
    }

    async fn token_use(&self, secret_hash: &SecretHash) -> Result<Option<SignedIn>> {
        let now_ms = self.clock.now_ms();
        let generation = match self.known(secret_hash, now_ms) {
            Ok(signed_in) => return Ok(Some(signed_in)),
            Err(generation) => generation,
        };
        let found = query(sql!("token_find"))
            .bind(secret_hash.to_vec())
            .bind(int("time", now_ms)?)
            .fetch_alone(&self.database)
            .await?;
        let Some(found) = found.into_iter().next() else {
            return Ok(None);
        };
        let used_at_ms: Option<u64> = get_opt(&found, "used_at_ms")?;
        if used_at_ms.is_none_or(|used| now_ms.saturating_sub(used) >= USED_WITHIN_MS) {
            let mut tx = self.database.write().await?;
            query(sql!("token_used"))
                .bind(secret_hash.to_vec())
                .bind(int("time", now_ms)?)
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
        }
        let signed_in = SignedIn {
            user: row::user(&found)?,
            role: scope(&found)?.limit(role(&found)?),
            may_write: scope(&found)? == TokenScope::Full,
            application: scope(&found)?.application(),
        };
        let expires_at_ms = get_opt(&found, "expires_at_ms")?;
        self.known_sign_ins
            .remember(secret_hash, generation, &signed_in, expires_at_ms, now_ms);
        Ok(Some(signed_in))
    }

    async fn token_revoke(&self, id: i64) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let revoked = query(sql!("token_revoke"))
            .bind(id)
            .bind(self.now()?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.known_sign_ins.forget();
        Ok(revoked > 0)
    }

    async fn token_list(&self, user: Option<UserId>) -> Result<Vec<TokenRow>> {
        let rows = query(sql!("token_list"))
            .bind(user.map(|user| user.0))
            .bind(self.now()?)
            .bind(CREDENTIALS_MAX)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(token).collect()
    }

    async fn sign_in_prune(&self, before_ms: u64) -> Result<(u64, u64)> {
        let before_ms = int("time", before_ms)?;
        let mut tx = self.database.write().await?;
        let sessions = query(sql!("session_prune"))
            .bind(before_ms)
            .execute(&mut tx)
            .await?;
        let tokens = query(sql!("token_prune"))
            .bind(before_ms)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok((sessions, tokens))
    }
}

impl SqlStore {
    /// Who was found a moment ago. A file's own process finds them as fast.
    fn known(&self, secret_hash: &SecretHash, now_ms: u64) -> std::result::Result<SignedIn, u64> {
        match self.database {
            Database::Sqlite(_) => Err(u64::MAX),
            Database::Postgres(_) => self.known_sign_ins.find(secret_hash, now_ms),
        }
    }

    /// Writes a notice with its cause; returns its position.
    async fn notice(&self, tx: &mut Tx, notice: Notice) -> Result<i64> {
        let (_, newest) = tell(tx, &[notice], self.clock.now_ms()).await?;
        super::notify(tx, "notification", newest).await?;
        Ok(newest)
    }

    pub(super) fn now(&self) -> Result<i64> {
        int("time", self.clock.now_ms())
    }
}

/// Who has no row of their own is a user.
pub(super) fn role(row: &Row) -> Result<UserRole> {
    let role: Option<String> = get_opt(row, "role")?;
    role.map_or(Ok(UserRole::User), |role| parsed("role", role.parse()))
}

fn scope(row: &Row) -> Result<TokenScope> {
    parsed("scope", get::<String>(row, "scope")?.parse())
}

pub(super) fn login(row: &Row) -> Result<Login> {
    Ok(Login {
        user: row::user(row)?,
        role: role(row)?,
        password_hash: get_opt(row, "password_hash")?,
    })
}

fn session(row: &Row) -> Result<SessionRow> {
    Ok(SessionRow {
        id: get(row, "id")?,
        user: get(row, "external_id")?,
        client: get(row, "client")?,
        created_at_ms: get(row, "created_at_ms")?,
        used_at_ms: get(row, "used_at_ms")?,
        expires_at_ms: get(row, "expires_at_ms")?,
    })
}

fn token(row: &Row) -> Result<TokenRow> {
    Ok(TokenRow {
        id: get(row, "id")?,
        user: get(row, "external_id")?,
        name: get(row, "name")?,
        scope: scope(row)?,
        created_at_ms: get(row, "created_at_ms")?,
        used_at_ms: get_opt(row, "used_at_ms")?,
        expires_at_ms: get_opt(row, "expires_at_ms")?,
    })
}
