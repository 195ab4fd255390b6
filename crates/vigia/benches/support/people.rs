//! People with accounts, tokens and a past: what the bench of the web process asks about.

use std::sync::Arc;

use vigia_core::{AccountId, AccountKind, Address, CoinInfo, Locale, SystemClock, WatchTarget};
use vigia_store::{
    AccountSpec, IngestStore, ReadStore, SignInStore, SqlStore, TokenScope, TokenSpec, UserSpec,
    WatchEntry, WatchStore,
};
use vigia_web::{Secret, TOKEN_PREFIX};

use super::deployment::Database;
use super::telling::{COIN, NoObjects, commit};

/// Activities of one commit of the past.
const COMMITTED_AT_ONCE: u64 = 1_000;
/// Members that one entry of the watch list may name.
const NAMED_AT_ONCE: u64 = 100;
/// The account that everybody is a member of.
const EVERYBODY: &str = "everybody";

/// A database with people in it.
pub(crate) struct People {
    pub(crate) store: SqlStore,
    /// A token of each.
    pub(crate) tokens: Vec<Arc<str>>,
    /// The account whose activities all of them may read.
    pub(crate) everybody: AccountId,
    next: u64,
}

impl People {
    /// So many people, of whom the first have an account each, with so many activities altogether.
    pub(crate) async fn new(
        database: &Database,
        people: u64,
        owners: u64,
        activities: u64,
    ) -> Self {
        let store = SqlStore::open(database.options(), Arc::new(SystemClock)).await;
        let store = store.expect("a database");
        store.live_begin(0).await.expect("a beginning");
        let coin = CoinInfo {
            coin_type: COIN.to_owned(),
            decimals: Some(6),
            symbol: "cUSD".to_owned(),
            name: "Confío Dollar".to_owned(),
            icon_url: None,
        };
        store.coin_upsert(&[coin]).await.expect("a coin");
        let own = (0..owners).map(|n| {
            let name = user_name(n);
            entry(n, &name, AccountKind::Personal, n..n + 1)
        });
        let groups = (0..people.div_ceil(NAMED_AT_ONCE)).map(|group| {
            let first = group * NAMED_AT_ONCE;
            let members = first..(first + NAMED_AT_ONCE).min(people);
            entry(owners + group, EVERYBODY, AccountKind::Business, members)
        });
        let entries: Vec<WatchEntry> = own.chain(groups).collect();
        store.watch_add(&entries).await.expect("a watch list");

        let addresses: Vec<Address> = (0..=owners).map(address).collect();
        let book = store.address_book(&addresses, &[]).await.expect("holders");
        let account = |address| book.account_at(address, u64::MAX).expect("it is held");
        let accounts: Vec<AccountId> = addresses.iter().map(account).collect();
        let (everybody, own) = accounts.split_last().expect("one at least");
        let mut people_of_it = Self {
            tokens: Vec::new(),
            everybody: *everybody,
            next: 0,
            store,
        };
        for _ in 0..activities / COMMITTED_AT_ONCE {
            let of: Vec<AccountId> = own.iter().cycle().copied().take(1_000).collect();
            people_of_it.commit(&of).await;
        }
        for n in 0..people {
            let token = people_of_it.token(n).await;
            people_of_it.tokens.push(token);
        }
        people_of_it
    }

    /// Commits a checkpoint with an activity of each.
    pub(crate) async fn commit(&mut self, accounts: &[AccountId]) {
        let commit = commit(self.next, accounts);
        self.next += 1;
        let applied = self.store.commit_apply(&commit, &NoObjects).await;
        applied.expect("it is committed");
    }

    async fn token(&self, n: u64) -> Arc<str> {
        let user = self.store.user_find(&user_name(n)).await;
        let secret = Secret::generate(TOKEN_PREFIX).expect("a secret");
        let spec = TokenSpec {
            secret_hash: secret.hash(),
            user: user.expect("it is read").expect("it is there").id,
            name: "bench".to_owned(),
            scope: TokenScope::Full,
            expires_at_ms: None,
        };
        let made = self.store.token_create(&spec).await.expect("it is written");
        made.expect("there is room");
        secret.expose().into()
    }
}

fn user_name(n: u64) -> String {
    format!("user-{n}")
}

fn address(n: u64) -> Address {
    super::watched_address(n, &[])
}

fn entry(n: u64, account: &str, kind: AccountKind, members: std::ops::Range<u64>) -> WatchEntry {
    let member = |n| UserSpec {
        external_id: user_name(n),
        display_name: user_name(n),
        locale: Locale::Es,
    };
    WatchEntry {
        target: WatchTarget::Address(address(n)),
        account: Some(AccountSpec {
            external_id: account.to_owned(),
            kind,
            display_name: account.to_owned(),
            members: members.map(member).collect(),
        }),
    }
}
