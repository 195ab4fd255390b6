//! Following a log in memory, of which each row is for one user.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;

use super::*;

/// A row: its position, and whose it is.
type Entry = (i64, UserId);

/// Rows that anybody can add to.
#[derive(Clone)]
struct Book {
    entries: watch::Sender<Vec<Entry>>,
    is_broken: Arc<AtomicBool>,
    reads: Arc<AtomicUsize>,
}

impl Book {
    fn new() -> Self {
        Self {
            entries: watch::Sender::new(Vec::new()),
            is_broken: Arc::default(),
            reads: Arc::default(),
        }
    }

    fn add(&self, user: i64) {
        self.entries.send_modify(|entries| {
            let next = i64::try_from(entries.len()).unwrap() + 1;
            entries.push((next, UserId(user)));
        });
    }

    fn above(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged {
                what: "log",
                problem: "it is broken".to_owned(),
            });
        }
        let entries = self.entries.borrow();
        let above = entries.iter().filter(|(position, _)| *position > after);
        Ok(above
            .take(usize::try_from(limit).unwrap())
            .copied()
            .collect())
    }
}

#[async_trait]
impl Log for Book {
    type Row = Entry;

    async fn last(&self) -> Result<i64, StoreError> {
        let all = self.above(0, u32::MAX)?;
        tokio::task::yield_now().await;
        Ok(all.last().map_or(0, |(position, _)| *position))
    }

    async fn wait(&self, seen: i64) -> Result<i64, StoreError> {
        let mut entries = self.entries.subscribe();
        let seen = usize::try_from(seen).unwrap();
        let found = entries.wait_for(|entries| entries.len() > seen).await;
        Ok(i64::try_from(found.unwrap().len()).unwrap())
    }

    async fn news(
        &self,
        after: i64,
        known: i64,
        with_users: bool,
    ) -> Result<News<Entry>, StoreError> {
        tokio::task::yield_now().await;
        let mut rows = self.above(after, HANDED_AT_ONCE.into())?;
        rows.retain(|(position, _)| *position <= known);
        let position = rows.last().map_or(after, |(position, _)| *position);
        let told = rows.into_iter().map(|entry| {
            let users = with_users.then_some(entry.1).into_iter().collect();
            let (position, row) = (entry.0, Some(entry));
            (Told { position, row }, users)
        });
        let told = told.collect();
        Ok(News { told, position })
    }
}

struct OwnBook(Book, Scope);

#[async_trait]
impl Own for OwnBook {
    type Row = Entry;

    async fn since(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        let all = self.0.above(after, u32::MAX)?;
        let own = all.into_iter().filter(|(_, user)| is_for(&self.1, *user));
        let own = own.take(usize::try_from(limit).unwrap()).collect();
        tokio::task::yield_now().await;
        Ok(own)
    }

    fn position(row: &Entry) -> i64 {
        row.0
    }
}

fn is_for(scope: &Scope, user: UserId) -> bool {
    match scope {
        Scope::All => true,
        Scope::MemberOf(reader) => *reader == user,
    }
}

fn follow(
    hub: &Arc<Hub<Book>>,
    book: &Book,
    scope: &Scope,
    after: i64,
) -> impl Stream<Item = Result<Entry, StoreError>> + Unpin + use<> {
    let own = OwnBook(book.clone(), scope.clone());
    Box::pin(followed(Arc::clone(hub), scope.clone(), own, after))
}

fn member(user: i64) -> Scope {
    Scope::MemberOf(UserId(user))
}

async fn is_told<S: Stream<Item = Result<Entry, StoreError>> + Unpin>(rows: &mut S, entry: Entry) {
    let next = tokio::time::timeout(Duration::from_secs(5), rows.next()).await;
    assert_eq!(next.expect("in time").unwrap().unwrap(), entry);
}

#[tokio::test(start_paused = true)]
async fn each_is_told_what_concerns_them() {
    let book = Book::new();
    let hub = Arc::new(Hub::new(book.clone()));
    book.add(1);
    let mut ana = follow(&hub, &book, &member(1), 0);
    let mut beto = follow(&hub, &book, &member(2), 0);
    let mut all = follow(&hub, &book, &Scope::All, 1);
    is_told(&mut ana, (1, UserId(1))).await;
    assert!(beto.next().now_or_never().is_none());
    assert!(all.next().now_or_never().is_none());
    book.add(2);
    book.add(1);
    is_told(&mut beto, (2, UserId(2))).await;
    is_told(&mut ana, (3, UserId(1))).await;
    is_told(&mut all, (2, UserId(2))).await;
    is_told(&mut all, (3, UserId(1))).await;
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_loses_the_seat_and_nothing_else() {
    let book = Book::new();
    let hub = Arc::new(Hub::new(book.clone()));
    let mut slow = follow(&hub, &book, &member(1), 0);
    let mut quick = follow(&hub, &book, &member(1), 0);
    assert!(slow.next().now_or_never().is_none());
    for n in 1..=500 {
        book.add(1);
        is_told(&mut quick, (n, UserId(1))).await;
    }
    for n in 1..=500 {
        is_told(&mut slow, (n, UserId(1))).await;
    }
    book.add(1);
    is_told(&mut slow, (501, UserId(1))).await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_followers_read_once_each() {
    let book = Book::new();
    let hub = Arc::new(Hub::new(book.clone()));
    let mut followers: Vec<_> = (0..1_000)
        .map(|_| follow(&hub, &book, &member(1), 0))
        .collect();
    for n in 1..=20 {
        book.add(1);
        for follower in &mut followers {
            is_told(follower, (n, UserId(1))).await;
        }
    }
    // When they came, and again where that brought something.
    let reads = book.reads.load(Ordering::Relaxed);
    assert!(reads <= 2_000, "{reads}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_ends_it_and_another_begins() {
    let book = Book::new();
    let hub = Arc::new(Hub::new(book.clone()));
    let mut ana = follow(&hub, &book, &member(1), 0);
    book.add(1);
    is_told(&mut ana, (1, UserId(1))).await;
    assert!(ana.next().now_or_never().is_none());
    book.is_broken.store(true, Ordering::Relaxed);
    book.add(1);
    assert!(ana.next().await.unwrap().is_err());
    assert!(ana.next().await.is_none());
    book.is_broken.store(false, Ordering::Relaxed);
    let mut again = follow(&hub, &book, &member(1), 1);
    is_told(&mut again, (2, UserId(1))).await;
}

/// Followers come and go while rows are added: none is missed, none told twice, whatever the order of things.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_or_repeated_however_they_come_and_go() {
    const ROWS: i64 = 3_000;
    let book = Book::new();
    let hub = Arc::new(Hub::new(book.clone()));
    let writing = {
        let book = book.clone();
        tokio::spawn(async move {
            for n in 0..ROWS {
                book.add(n % 3);
                if n % 7 == 0 {
                    tokio::task::yield_now().await;
                }
                // Now and then everybody catches up.
                for _ in 0..if n % 101 == 0 { 200 } else { 0 } {
                    tokio::task::yield_now().await;
                }
            }
            for user in 0..3 {
                book.add(user);
            }
        })
    };
    let readers = (0..24_i64).map(|reader| {
        let (book, hub) = (book.clone(), Arc::clone(&hub));
        let scope = match reader % 4 {
            3 => Scope::All,
            user => member(user),
        };
        tokio::spawn(async move {
            let (mut after, mut seen) = (0, Vec::new());
            // The last that it may read is one of the last three.
            let last = match &scope {
                Scope::All => ROWS + 3,
                Scope::MemberOf(user) => ROWS + 1 + user.0,
            };
            while after < last {
                let mut rows = follow(&hub, &book, &scope, after);
                for _ in 0..=(reader * 13) {
                    let row = rows.next().await.unwrap().unwrap();
                    after = row.0;
                    seen.push(row);
                    if after == last {
                        break;
                    }
                }
            }
            (scope, seen)
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        let read = tokio::time::timeout(Duration::from_secs(60), reader).await;
        let (scope, seen) = read.expect("in time").unwrap();
        let all = book.entries.borrow().clone();
        let own: Vec<_> = all
            .into_iter()
            .filter(|row| is_for(&scope, row.1))
            .collect();
        assert_eq!(seen, own);
    }
    writing.await.unwrap();
}

/// Whoever comes while something is read of which it was not asked whom it concerns misses nothing of it.
#[tokio::test(start_paused = true)]
async fn who_comes_between_asking_and_reading_misses_nothing() {
    let book = Book::new();
    let hub = Arc::new(Hub::new(book.clone()));
    let mut all = follow(&hub, &book, &Scope::All, 0);
    assert!(all.next().now_or_never().is_none());
    for n in 1..200 {
        book.add(2);
        // The hub is somewhere between the two.
        for _ in 0..(n % 5) {
            tokio::task::yield_now().await;
        }
        let mut ana = follow(&hub, &book, &member(1), 2 * n - 2);
        assert!(ana.next().now_or_never().is_none());
        for _ in 0..(n % 3) {
            tokio::task::yield_now().await;
        }
        assert!(ana.next().now_or_never().is_none());
        book.add(1);
        is_told(&mut ana, (2 * n, UserId(1))).await;
    }
}
