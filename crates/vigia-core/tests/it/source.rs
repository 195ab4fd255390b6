//! Following a source, held to a plain account of what has to come out.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;
use vigia_core::{
    AccountKind, Address, Locale, Permissions, SourceBuilder, SourceChange, SourceDifference,
    SourceLimits, SourcePlan, SourceSnapshot,
};

/// Not as an address is written: its row is refused.
const MALFORMED: u8 = 9;

/// A row as an application may have it, from a few of everything so that rows collide.
#[derive(Clone, Debug)]
struct Row {
    address: u8,
    account: u8,
    account_name: u8,
    user: Option<u8>,
    user_name: u8,
    permissions: u8,
}

fn address(n: u8) -> Address {
    Address::new([n; 32])
}

impl Row {
    fn json(&self) -> String {
        let address = match self.address {
            MALFORMED => "0xnot".to_owned(),
            n => address(n).to_string(),
        };
        let words = ["read", "none", "read notify"][self.permissions as usize];
        json!({
            "address": address,
            "account_id": i64::from(self.account),
            "account_kind": null,
            "account_name": format!("account {}", self.account_name),
            "user_id": self.user.map(|user| format!("u{user}")),
            "user_name": format!("user {}", self.user_name),
            "permissions": words,
        })
        .to_string()
    }
}

fn row() -> impl Strategy<Value = Row> {
    // Mostly the name that everybody has: else nearly everything would be in doubt.
    let name = || prop_oneof![9 => Just(0u8), 1 => Just(1u8)];
    let address = prop_oneof![12 => 1..6u8, 1 => Just(MALFORMED)];
    (
        address,
        0..4u8,
        name(),
        proptest::option::of(0..3u8),
        name(),
        0..3u8,
    )
        .prop_map(
            |(address, account, account_name, user, user_name, permissions)| Row {
                address,
                account,
                account_name,
                user,
                user_name,
                permissions,
            },
        )
}

fn snapshot(rows: &[Row]) -> SourceSnapshot {
    let mut builder = SourceBuilder::default();
    for row in rows {
        builder.push(&row.json()).expect("the shape is right");
    }
    builder.finish()
}

/// What is there: who holds what, and who belongs to whom, each because of the source or not.
#[derive(Clone, Debug, Default, PartialEq)]
struct There {
    accounts: BTreeMap<String, (AccountKind, String)>,
    users: BTreeMap<String, (String, Locale)>,
    holders: BTreeMap<Address, (String, bool)>,
    members: BTreeMap<(String, String), (String, bool)>,
}

impl There {
    fn plan<'s>(&self, snapshot: &'s SourceSnapshot) -> SourcePlan<'s> {
        let mut difference = SourceDifference::new(snapshot);
        for (key, (kind, name)) in &self.accounts {
            difference.account(key, *kind, name);
        }
        for (key, (name, locale)) in &self.users {
            difference.user(key, name, *locale);
        }
        for (address, (account, by_source)) in &self.holders {
            difference.address(*address, account, *by_source);
        }
        for ((account, user), (permissions, by_source)) in &self.members {
            let permissions: Permissions = permissions.parse().expect("it was written so");
            difference.member(account, user, &permissions, *by_source);
        }
        difference.finish(None).expect("no limits")
    }

    /// Applies a part of a plan by the rules of the store.
    fn apply(&mut self, plan: &SourceChange) {
        for account in &plan.accounts {
            let value = (account.kind, account.display_name.clone());
            self.accounts.insert(account.external_id.clone(), value);
        }
        for user in &plan.users {
            let value = (user.display_name.clone(), user.locale);
            self.users.insert(user.external_id.clone(), value);
        }
        for pair in &plan.members_gone {
            let gone = self.members.remove(pair).expect("only what is there");
            assert!(gone.1, "the operator's stay");
        }
        for (address, account) in &plan.addresses {
            let operators = matches!(self.holders.get(address), Some((_, false)));
            match account {
                None => assert!(self.holders.remove(address).expect("it is there").1),
                Some(account) if operators && self.holders[address].0 != *account => {}
                Some(account) => {
                    assert!(self.accounts.contains_key(account), "made before");
                    self.holders.insert(*address, (account.clone(), true));
                }
            }
        }
        for member in &plan.members {
            assert!(self.users.contains_key(&member.user), "made before");
            let pair = (member.account.clone(), member.user.clone());
            let value = (member.permissions.to_string(), true);
            self.members.insert(pair, value);
        }
    }
}

/// Rows about one thing agree where there is one way to say it.
fn agreed<'r, K: Ord, V: Ord>(
    rows: &'r [Row],
    of: impl Fn(&'r Row) -> Option<(K, V)>,
) -> BTreeMap<K, Option<V>> {
    let mut said: BTreeMap<K, BTreeSet<V>> = BTreeMap::new();
    for (key, value) in rows.iter().filter_map(of) {
        said.entry(key).or_default().insert(value);
    }
    said.into_iter()
        .map(|(key, mut values)| {
            let one = values.pop_first();
            (key, one.filter(|_| values.is_empty()))
        })
        .collect()
}

/// What has to be there afterwards, said without looking at how it is done.
fn expected(before: &There, rows: &[Row]) -> There {
    let names = agreed(rows, |row| {
        Some((row.account.to_string(), row.account_name))
    });
    let people = agreed(rows, |row| {
        row.user.map(|user| (format!("u{user}"), row.user_name))
    });
    let claims = agreed(rows, |row| {
        (row.address != MALFORMED).then(|| (address(row.address), row.account.to_string()))
    });
    let pairs = agreed(rows, |row| {
        let words = ["read", "none", "notify read"][row.permissions as usize];
        row.user
            .map(|user| ((row.account.to_string(), format!("u{user}")), words))
    });
    let is_good = |account: &String| names.get(account).is_some_and(Option::is_some);
    let unreadable: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.address == MALFORMED)
        .map(|row| row.account.to_string())
        .collect();
    let holder_stays = |account: &String| {
        unreadable.contains(account) || (names.contains_key(account) && !is_good(account))
    };

    let mut after = before.clone();
    for (account, name) in &names {
        if let Some(name) = name {
            let value = (AccountKind::Personal, format!("account {name}"));
            after.accounts.insert(account.clone(), value);
        }
    }
    for (user, name) in &people {
        if let Some(name) = name {
            let value = (format!("user {name}"), Locale::Es);
            after.users.insert(user.clone(), value);
        }
    }
    // Who is not named any more goes; what is in doubt stays.
    after.holders.retain(|address, (account, by_source)| {
        !*by_source || claims.contains_key(address) || holder_stays(account)
    });
    for (address, account) in &claims {
        let Some(account) = account.as_ref().filter(|account| is_good(account)) else {
            continue;
        };
        match before.holders.get(address) {
            Some((other, false)) if other != account => {}
            Some((other, true)) if other != account && holder_stays(other) => {}
            _ => {
                after.holders.insert(*address, (account.clone(), true));
            }
        }
    }
    let user_in_doubt = |user: &String| people.get(user).is_some_and(Option::is_none);
    let account_in_doubt = |account: &String| names.get(account).is_some_and(Option::is_none);
    after.members.retain(|pair, (_, by_source)| {
        !*by_source
            || pairs.contains_key(pair)
            || account_in_doubt(&pair.0)
            || user_in_doubt(&pair.1)
    });
    for ((account, user), words) in &pairs {
        let settled = is_good(account) && people.get(user).is_some_and(Option::is_some);
        if let (true, Some(words)) = (settled, words) {
            let pair = (account.clone(), user.clone());
            after.members.insert(pair, ((*words).to_owned(), true));
        }
    }
    after
}

fn operators() -> impl Strategy<Value = There> {
    let holders = proptest::collection::btree_map(1..6u8, 0..4u8, 0..3);
    let members = proptest::collection::btree_set((0..4u8, 0..3u8), 0..3);
    (holders, members).prop_map(|(holders, members)| There {
        holders: holders
            .into_iter()
            .map(|(n, account)| (address(n), (account.to_string(), false)))
            .collect(),
        members: members
            .into_iter()
            .map(|(account, user)| {
                let pair = (account.to_string(), format!("u{user}"));
                (pair, (Permissions::all().to_string(), false))
            })
            .collect(),
        ..There::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_there_becomes_what_the_source_says(
        start in operators(),
        refreshes in proptest::collection::vec(proptest::collection::vec(row(), 0..14), 1..4),
    ) {
        let mut there = start;
        for rows in &refreshes {
            let expected = expected(&there, rows);
            let snapshot = snapshot(rows);
            let plan = there.plan(&snapshot);
            for part in plan.parts(2) {
                there.apply(&part);
            }
            prop_assert_eq!(&there, &expected);
            // Once followed, there is nothing left to do but what the operator has in the way.
            let again = there.plan(&snapshot);
            for part in again.parts(100) {
                there.apply(&part);
            }
            prop_assert_eq!(&there, &expected);
            prop_assert_eq!((again.members_set(), again.members_gone()), (0, 0));
            prop_assert_eq!((again.accounts(), again.users()), (0, 0));
        }
    }

    #[test]
    fn order_decides_nothing(rows in proptest::collection::vec(row(), 0..14), seed: usize) {
        let mut shuffled = rows.clone();
        let length = shuffled.len();
        for n in 0..length {
            let other = seed.wrapping_mul(n + 7) % length;
            shuffled.swap(n, other);
        }
        let (one, other) = (snapshot(&rows), snapshot(&shuffled));
        prop_assert_eq!(one.fingerprint(), other.fingerprint());
        prop_assert_eq!(one.refused(), other.refused());
        let parts = |snapshot| There::default().plan(snapshot).parts(3).collect::<Vec<_>>();
        prop_assert_eq!(parts(&one), parts(&other));
    }
}

fn of(rows: &[serde_json::Value]) -> SourceSnapshot {
    let mut builder = SourceBuilder::default();
    for row in rows {
        builder.push(&row.to_string()).expect("the shape is right");
    }
    builder.finish()
}

#[test]
fn refusals_say_what_is_wrong() {
    let (one, two) = (address(1), address(2));
    let snapshot = of(&[
        json!({"address": one.to_string(), "account_id": 7}),
        json!({"address": one.to_string(), "account_id": "8"}),
        json!({"address": "abc", "account_id": "9"}),
        json!({"address": null, "account_id": "10"}),
        json!({"address": two.to_string(), "account_id": null}),
        json!({"address": two.to_string(), "account_id": "11", "account_kind": "shop"}),
        json!({"address": address(3).to_string(), "account_id": "12", "user_id": "ana",
            "permissions": ["näh"]}),
    ]);
    let refused: Vec<String> = snapshot
        .refused()
        .iter()
        .map(|refusal| format!("{}: {}", refusal.subject, refusal.reason))
        .collect();
    let expected = [
        format!("{one}: it belongs to 2 accounts at once: 7, 8; an address has one"),
        format!("{two}: a row names no account for it"),
        "10: a row has no address for it".to_owned(),
        "11: \"shop\" is not a kind of account (personal, business)".to_owned(),
        "abc: \"abc\" is not a Sui address: it does not start with 0x; expected 0x and 1 to 64 \
         hexadecimal digits"
            .to_owned(),
        "ana: \"näh\" is not a permission: expected up to 64 letters, digits and _ - . :"
            .to_owned(),
        "ana: its permissions in account 12 cannot be read, or rows disagree".to_owned(),
    ];
    assert_eq!(refused, expected);
    assert_eq!((snapshot.rows, snapshot.addresses()), (7, 1));
}

#[test]
fn a_query_with_other_columns_is_an_error() {
    for (row, problem) in [
        (json!({"address": "0x1"}), "missing field `account_id`"),
        (
            json!({"address": "0x1", "account_id": 1, "acount_name": "x"}),
            "unknown field `acount_name`",
        ),
        (
            json!({"address": true, "account_id": 1}),
            "invalid type: boolean `true`, expected a text or a number",
        ),
    ] {
        let error = SourceBuilder::default().push(&row.to_string()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(problem), "{text}");
        assert!(
            text.contains("row 1 ") && text.contains("permissions"),
            "{text}"
        );
        assert!(!text.contains("line 1"), "{text}");
    }
}

#[test]
fn far_fewer_are_refused_at_the_edge() {
    let limits = SourceLimits {
        gone_percent_max: 10,
        gone_min: 3,
    };
    let refused = |known: u8, found: u8| {
        let snapshot = of(&(0..found)
            .map(|n| json!({"address": address(n).to_string(), "account_id": n}))
            .collect::<Vec<_>>());
        let mut difference = SourceDifference::new(&snapshot);
        for n in 0..known {
            difference.address(address(n), &n.to_string(), true);
        }
        difference.finish(Some(&limits)).err()
    };
    assert_eq!(refused(100, 90), None, "a tenth may go");
    let error = refused(100, 89).expect("a tenth and one");
    assert_eq!((error.gone, error.allowed), (11, 10));
    assert!(
        error
            .to_string()
            .contains("names 89 addresses where there were 100")
    );
    assert_eq!(refused(5, 2), None, "a few may always go");
    assert!(refused(5, 1).is_some());
    assert!(refused(2, 0).is_some(), "but not all");
    assert_eq!(refused(0, 0), None);
}
