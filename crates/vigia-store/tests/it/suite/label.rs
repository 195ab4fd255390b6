//! Labels of addresses: kept, listed, under those of the settings, and shown with activities.

use vigia_core::{Label, LabelKind, Labels, Scope};
use vigia_store::{ActivityRow, InboxStore, LabelOrigin, LabelRow, LabelStore, ReadStore};

use crate::sample::{address, transfer};
use crate::suite::{Db, Fixture};

fn label(n: u64, name: &str, kind: LabelKind) -> Label {
    Label::new(address(n), name, kind).unwrap()
}

fn declared(labels: &[Label]) -> Labels {
    let by_address = labels.iter().map(|label| (label.address, label.clone()));
    by_address.collect()
}

/// Rows in the table, for copies.
pub(crate) async fn fill(store: &dyn LabelStore) {
    let label = label(77, "Bolsa \"X\"", LabelKind::Exchange);
    assert_eq!(store.label_set(&label).await.unwrap(), None);
}

pub(crate) async fn a_label_is_replaced_and_removed<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    assert_eq!(store.label_find(&address(7)).await.unwrap(), None);
    for label in [
        label(7, "Binance", LabelKind::Other),
        label(7, "Binance 2", LabelKind::Exchange),
    ] {
        assert_eq!(store.label_set(&label).await.unwrap(), None);
        let row = LabelRow {
            label,
            origin: LabelOrigin::Database,
        };
        assert_eq!(
            store.label_find(&address(7)).await.unwrap(),
            Some(row.clone())
        );
        assert_eq!(store.label_list(None, 9).await.unwrap(), [row]);
    }
    assert!(store.label_remove(&address(7)).await.unwrap());
    assert!(!store.label_remove(&address(7)).await.unwrap());
    assert_eq!(store.label_list(None, 9).await.unwrap(), []);
}

pub(crate) async fn labels_of_the_settings_win<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    let (kept, set) = (
        label(7, "Kept", LabelKind::Escrow),
        label(7, "Set", LabelKind::Exchange),
    );
    store.label_set(&kept).await.unwrap();
    store.set_labels(declared(std::slice::from_ref(&set)));
    let found = store.label_find(&address(7)).await.unwrap().unwrap();
    assert_eq!(
        (found.label, found.origin),
        (set.clone(), LabelOrigin::Configuration)
    );
    let other = label(7, "Other", LabelKind::Other);
    let refused = store.label_set(&other).await.unwrap();
    assert_eq!(refused, Some(set), "nothing is kept that would not be seen");
    // Once the settings name it no longer, the table's is there again as it was.
    store.set_labels(Labels::new());
    let found = store.label_find(&address(7)).await.unwrap().unwrap();
    assert_eq!((found.label, found.origin), (kept, LabelOrigin::Database));
}

pub(crate) async fn pages_of_labels_lose_and_repeat_nothing<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    for n in [1, 2, 3, 5, 8, 9] {
        store
            .label_set(&label(n, "table", LabelKind::Other))
            .await
            .unwrap();
    }
    let set: Vec<Label> = [2, 3, 4, 5, 6]
        .map(|n| label(n, "set", LabelKind::Other))
        .into();
    store.set_labels(declared(&set));
    let expected: Vec<_> = [1, 2, 3, 4, 5, 6, 8, 9]
        .map(|n| {
            (
                address(n),
                if (2..=6).contains(&n) { "set" } else { "table" }.to_owned(),
            )
        })
        .into();
    for limit in 1..=9 {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.label_list(after, limit).await.unwrap();
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = Some(last.label.address);
            seen.extend(
                page.into_iter()
                    .map(|row| (row.label.address, row.label.name)),
            );
        }
        assert_eq!(seen, expected, "by {limit}");
    }
}

/// Activities of Ana's with Beto, with an address that has a label, and with one that has none.
async fn with_counterparties<F: Fixture>(db: &Db<F>) -> Vec<ActivityRow> {
    let ana = db.account(1).await;
    for (checkpoint, other) in [(0, 2), (1, 70), (2, 71)] {
        let mut commit = transfer(checkpoint, &[ana]);
        commit.activities[0].counterparty = Some(address(other));
        db.apply(&commit).await;
    }
    db.apply(&transfer(3, &[ana])).await;
    db.store.activity_since(&Scope::All, 0, 9).await.unwrap()
}

pub(crate) async fn an_account_has_its_name_and_others_their_label<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    for n in [2, 70] {
        let label = label(n, "Exchange", LabelKind::Exchange);
        db.store.label_set(&label).await.unwrap();
    }
    let rows = with_counterparties(&db).await;
    let shown = |row: &ActivityRow| {
        let label = row.counterparty_label.as_ref().map(|label| label.kind);
        let name = row.counterparty_name().map(ToOwned::to_owned);
        (name, label, row.counterparty_is_external())
    };
    let exchange = Some(LabelKind::Exchange);
    let expected = [
        (Some("Account beto".to_owned()), exchange, Some(false)),
        (Some("Exchange".to_owned()), exchange, Some(true)),
        (None, None, Some(true)),
        (None, None, None),
    ];
    assert_eq!(rows.iter().map(shown).collect::<Vec<_>>(), expected);
    // Notifications name the same.
    let told = db
        .store
        .notification_page(&crate::suite::inbox_of(&Scope::All), None, 9)
        .await
        .unwrap();
    let told = told
        .iter()
        .rev()
        .map(|row| shown(row.about.as_ref().unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), expected);

    db.store
        .set_labels(declared(&[label(70, "Ours", LabelKind::Escrow)]));
    let rows = db.store.activity_since(&Scope::All, 0, 9).await.unwrap();
    let expected = (Some("Ours".to_owned()), Some(LabelKind::Escrow), Some(true));
    assert_eq!(shown(&rows[1]), expected);
    // Who is called nothing has the label.
    let mut row = rows[0].clone();
    row.counterparty_account = Some(String::new());
    assert_eq!(row.counterparty_name(), Some("Exchange"));
    assert_eq!(row.counterparty_is_external(), Some(false));
}
