//! Whether the parts of a checkpoint belong together, by the digests that bind them.
//!
//! Digests are blake2b-256 over a type's name, `::` and its BCS bytes (sui-types `Signable`), and are
//! made over the bytes that came, never over what was decoded from them. This says nothing about who
//! made a checkpoint: that takes the validators' signature (`trust`).

use serde::Deserialize;
use sui_sdk_types::{CheckpointContents, CheckpointSummary, hash::Hasher};
use vigia_core::{Digest, Evidence, TransactionEffects};

/// Digest of `bytes`, the BCS of a value of the type named.
pub(crate) fn digest_of(type_name: &str, bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(type_name);
    hasher.update("::");
    hasher.update(bytes);
    hasher.finalize()
}

/// The digests of transactions and their effects that the contents of a checkpoint list, in order.
pub(crate) struct Contents {
    listed: Vec<(Digest, Digest)>,
}

/// `CheckpointContents` with users' signatures left as bytes: they are not looked at here, and kinds of
/// them that are not known yet do not stop anything.
#[derive(Deserialize)]
enum Encoded<'a> {
    V1(Vec<(Digest, Digest)>, #[serde(borrow)] Vec<Vec<&'a [u8]>>),
    V2(#[serde(borrow)] Vec<ListedV2<'a>>),
}

/// Digests, and each signature with the version of the address aliases it was checked with.
type ListedV2<'a> = ((Digest, Digest), Vec<(&'a [u8], Option<u64>)>);

impl Contents {
    /// Decodes contents, which have to be those that the summary names.
    pub(crate) fn decode(bytes: &[u8], summary: &CheckpointSummary) -> Result<Self, String> {
        check_contents(digest_of("CheckpointContents", bytes), summary)?;
        let decoded = bcs::from_bytes::<Encoded<'_>>(bytes);
        match decoded.map_err(|error| format!("its contents cannot be decoded: {error}"))? {
            Encoded::V1(listed, signatures) if listed.len() == signatures.len() => {
                Ok(Self { listed })
            }
            Encoded::V1(..) => {
                Err("its contents list more or fewer signatures than transactions".to_owned())
            }
            Encoded::V2(transactions) => {
                let listed = transactions.into_iter().map(|(digests, _)| digests);
                Ok(Self {
                    listed: listed.collect(),
                })
            }
        }
    }

    /// Takes decoded contents, which have to be those that the summary names.
    pub(crate) fn of(
        contents: &CheckpointContents,
        summary: &CheckpointSummary,
    ) -> Result<Self, String> {
        check_contents(contents.digest(), summary)?;
        let listed = contents.transactions().iter();
        let listed = listed.map(|info| (*info.transaction(), *info.effects()));
        Ok(Self {
            listed: listed.collect(),
        })
    }

    /// Checks that so many transactions are all that there are.
    pub(crate) fn check_count(&self, present: usize) -> Result<(), String> {
        let listed = self.listed.len();
        if listed != present {
            return Err(format!(
                "its contents list {listed} transactions, {present} are present"
            ));
        }
        Ok(())
    }

    /// Checks that the transaction at an index and its effects are those that are listed.
    pub(crate) fn check(&self, index: u32, evidence: &Evidence) -> Result<(), String> {
        let position = usize::try_from(index).ok();
        let listed = position.and_then(|position| self.listed.get(position));
        let Some((transaction, effects)) = listed else {
            return Err(format!("its contents list no transaction {index}"));
        };
        let found = digest_of("TransactionData", &evidence.transaction);
        check_same("transaction", index, found, transaction)?;
        let found = digest_of("TransactionEffects", &evidence.effects);
        check_same("effects", index, found, effects)
    }
}

/// Checks that the events are those that the effects name.
pub(crate) fn check_events(
    index: u32,
    effects: &TransactionEffects,
    evidence: &Evidence,
) -> Result<(), String> {
    match (effects.events_digest(), &evidence.events) {
        (Some(expected), Some(events)) => {
            let found = digest_of("TransactionEvents", events);
            check_same("events", index, found, expected)
        }
        (None, None) => Ok(()),
        (Some(_), None) => Err(format!("the events of transaction {index} are missing")),
        (None, Some(_)) => Err(format!("transaction {index} has events it did not emit")),
    }
}

fn check_contents(digest: Digest, summary: &CheckpointSummary) -> Result<(), String> {
    if digest != summary.content_digest {
        return Err("its contents are not those its summary names".to_owned());
    }
    Ok(())
}

fn check_same(what: &str, index: u32, found: Digest, expected: &Digest) -> Result<(), String> {
    if found != *expected {
        return Err(format!(
            "{what} {index} has digest {found}, expected {expected}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use vigia_devnet::{ChainConfig, generate};

    use super::*;

    #[test]
    fn contents_are_read_as_the_sdk_reads_them() {
        for data in generate(ChainConfig::default()).take(5) {
            let summary = &data.checkpoint_summary.checkpoint;
            let typed = Contents::of(&data.checkpoint_contents, summary).unwrap();
            let bytes = bcs::to_bytes(&data.checkpoint_contents).unwrap();
            let read = Contents::decode(&bytes, summary).unwrap();
            assert_eq!(read.listed, typed.listed);
            let info = data.checkpoint_contents.transactions().iter();
            let info = info.map(|info| {
                let signatures = info.signatures().cloned().map(|s| (s, Some(7)));
                sui_sdk_types::CheckpointTransactionInfo::new_with_address_aliases_versions(
                    *info.transaction(),
                    *info.effects(),
                    signatures.collect(),
                )
            });
            let second = CheckpointContents::new_v2(info.collect());
            let mut summary = summary.clone();
            summary.content_digest = second.digest();
            let bytes = bcs::to_bytes(&second).unwrap();
            let read = Contents::decode(&bytes, &summary).unwrap();
            assert_eq!(read.listed, typed.listed);
        }
    }
}
