//! Who was found to be signed in a moment ago: an application asks several things at once, and whoever asks each is a trip to the
//! server's database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sign_in::{SecretHash, SignedIn};

/// How long that is believed. What ends a sign-in in this process ends it here at once; in others it does after so long.
pub(crate) const KNOWN_FOR_MS: u64 = 2_000;
/// How many are remembered.
const KNOWN_MAX: usize = 10_000;

/// Those who are known.
#[derive(Default)]
pub(in crate::store) struct KnownSignIns(Mutex<Known>);

#[derive(Default)]
struct Known {
    entries: HashMap<SecretHash, Entry>,
    /// Rises when all are forgotten: what was read before that is not remembered after.
    generation: u64,
}

struct Entry {
    signed_in: SignedIn,
    found_at_ms: u64,
    expires_at_ms: Option<u64>,
}

impl Entry {
    fn is_good(&self, now_ms: u64) -> bool {
        let is_new = now_ms
            .checked_sub(self.found_at_ms)
            .is_some_and(|age_ms| age_ms < KNOWN_FOR_MS);
        is_new && self.expires_at_ms.is_none_or(|at_ms| now_ms < at_ms)
    }
}

impl KnownSignIns {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who it is, where that is known; else what to remember them by when they are found.
    pub(in crate::store) fn find(&self, hash: &SecretHash, now_ms: u64) -> Result<SignedIn, u64> {
        let known = self.lock();
        let entry = known.entries.get(hash);
        let entry = entry.filter(|entry| entry.is_good(now_ms));
        entry.map_or(Err(known.generation), |entry| Ok(entry.signed_in.clone()))
    }

    /// Remembers who was found, unless something has ended since they were looked for.
    pub(in crate::store) fn remember(
        &self,
        hash: &SecretHash,
        generation: u64,
        signed_in: &SignedIn,
        expires_at_ms: Option<u64>,
        now_ms: u64,
    ) {
        let mut known = self.lock();
        if known.generation != generation {
            return;
        }
        if known.entries.len() >= KNOWN_MAX {
            known.entries.retain(|_, entry| entry.is_good(now_ms));
        }
        if known.entries.len() < KNOWN_MAX {
            let entry = Entry {
                signed_in: signed_in.clone(),
                found_at_ms: now_ms,
                expires_at_ms,
            };
            known.entries.insert(*hash, entry);
        }
    }

    /// Forgets all: somebody may do less than they did.
    pub(in crate::store) fn forget(&self) {
        let mut known = self.lock();
        known.entries.clear();
        known.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use vigia_core::{Locale, User, UserId, UserRole};

    use super::*;
    use crate::sign_in::ApplicationScopes;

    fn ana() -> SignedIn {
        SignedIn {
            user: User {
                id: UserId(1),
                external_id: "ana".to_owned(),
                display_name: "Ana".to_owned(),
                locale: Locale::Es,
            },
            role: UserRole::User,
            may_write: true,
            application: ApplicationScopes::default(),
        }
    }

    #[test]
    fn who_is_known_is_so_for_a_moment() {
        let known = KnownSignIns::default();
        let generation = known.find(&[1; 32], 1_000).unwrap_err();
        known.remember(&[1; 32], generation, &ana(), Some(2_500), 1_000);
        assert_eq!(known.find(&[1; 32], 2_499).ok(), Some(ana()));
        assert!(known.find(&[1; 32], 2_500).is_err(), "it has expired");
        assert!(known.find(&[1; 32], 999).is_err(), "the clock was set back");
        assert!(known.find(&[2; 32], 1_000).is_err());
        known.remember(&[1; 32], generation, &ana(), None, 1_000);
        assert!(known.find(&[1; 32], 1_000 + KNOWN_FOR_MS - 1).is_ok());
        assert!(known.find(&[1; 32], 1_000 + KNOWN_FOR_MS).is_err());
    }

    #[test]
    fn what_has_ended_is_not_remembered() {
        let known = KnownSignIns::default();
        let before = known.find(&[1; 32], 0).unwrap_err();
        known.remember(&[1; 32], before, &ana(), None, 0);
        known.forget();
        assert!(known.find(&[1; 32], 0).is_err());
        known.remember(&[1; 32], before, &ana(), None, 0);
        assert!(known.find(&[1; 32], 0).is_err(), "it was read before");
    }

    #[test]
    fn no_more_are_remembered_than_fit() {
        let known = KnownSignIns::default();
        let generation = known.find(&[0; 32], 0).unwrap_err();
        let hash = |n: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            hash
        };
        for n in 0..=KNOWN_MAX {
            known.remember(&hash(n), generation, &ana(), None, 0);
        }
        assert!(known.find(&hash(KNOWN_MAX - 1), 0).is_ok());
        assert!(known.find(&hash(KNOWN_MAX), 0).is_err());
        // Those of before make room.
        known.remember(&hash(KNOWN_MAX), generation, &ana(), None, KNOWN_FOR_MS);
        assert!(known.find(&hash(KNOWN_MAX), KNOWN_FOR_MS).is_ok());
    }
}
