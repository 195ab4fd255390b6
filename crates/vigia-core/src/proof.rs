//! How far a transaction is proven, as it is stored with it and shown.
//!
//! The text form is canonical: equal proofs have equal texts, and what is not the text of a proof is
//! refused on reading. It says nothing about how a proof is found; that is vigia-sui's `trust`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Longest reason that is kept, in bytes; what is longer is cut.
pub const PROOF_WHY_BYTES_MAX: usize = 300;

/// How far a transaction is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By nothing: a provider said so.
    Claimed {
        /// Why it is not proven.
        why: Why,
    },
    /// The committee of an epoch signed the checkpoint, or a later one that is linked to it.
    Committee {
        /// Whose committee.
        epoch: u64,
        /// What that leaves out.
        unproven: Unproven,
    },
}

/// Something about a transaction that the validators' signatures may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProofPart {
    /// How many coins moved.
    Amounts,
    /// That nothing else of the address was left out of its history.
    Completeness,
    /// Whose objects were changed, where effects do not state it (version 1).
    Owners,
}

impl ProofPart {
    const ALL: [Self; 3] = [Self::Amounts, Self::Completeness, Self::Owners];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amounts => "amounts",
            Self::Completeness => "completeness",
            Self::Owners => "owners",
        }
    }
}

impl fmt::Display for ProofPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reason in one line of bounded length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why(Cow<'static, str>);

impl Why {
    /// A reason that is the same every time, in one line.
    pub const fn of(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Makes a reason of a text: control characters become spaces, and what is too long is cut.
    pub fn new(text: impl AsRef<str>) -> Self {
        let one_line = |letter: char| if letter.is_control() { ' ' } else { letter };
        let mut kept: String = text.as_ref().chars().map(one_line).collect();
        kept.truncate(kept.floor_char_boundary(PROOF_WHY_BYTES_MAX));
        Self(Cow::Owned(kept))
    }

    /// The reason.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parts that are not proven, each once and in order, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unproven(Vec<(ProofPart, Why)>);

impl Unproven {
    /// Adds a part. The reason that was given first stays.
    pub fn add(&mut self, part: ProofPart, why: Why) {
        if let Err(position) = self.0.binary_search_by_key(&part, |(part, _)| *part) {
            self.0.insert(position, (part, why));
        }
    }

    /// Takes a part away, which is proven now.
    fn remove(&mut self, part: ProofPart) {
        self.0.retain(|(unproven, _)| *unproven != part);
    }

    /// Whether all is proven.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why a part is not proven; none where it is.
    pub fn why(&self, part: ProofPart) -> Option<&Why> {
        let found = self.0.iter().find(|(unproven, _)| *unproven == part);
        found.map(|(_, why)| why)
    }

    /// The parts with their reasons.
    pub fn iter(&self) -> impl Iterator<Item = (ProofPart, &Why)> {
        self.0.iter().map(|(part, why)| (*part, why))
    }
}

impl Proof {
    /// All of it, by the committee of an epoch.
    pub fn whole(epoch: u64) -> Self {
        Self::Committee {
            epoch,
            unproven: Unproven::default(),
        }
    }

    /// Nothing of it.
    pub fn claimed(why: impl AsRef<str>) -> Self {
        Self::Claimed { why: Why::new(why) }
    }

    /// Nothing of it, since nobody asked for proof.
    pub const fn unasked() -> Self {
        Self::Claimed {
            why: Why(Cow::Borrowed("trust = \"provider\"")),
        }
    }

    /// Adds a part that is not proven. Of what is only claimed nothing is proven anyway.
    #[must_use]
    pub fn without(mut self, part: ProofPart, why: Why) -> Self {
        if let Self::Committee { unproven, .. } = &mut self {
            unproven.add(part, why);
        }
        self
    }

    /// Takes a part away from what is not proven. What is only claimed stays so.
    #[must_use]
    pub fn with(mut self, part: ProofPart) -> Self {
        if let Self::Committee { unproven, .. } = &mut self {
            unproven.remove(part);
        }
        self
    }

    /// Whether a part is proven.
    pub fn proves(&self, part: ProofPart) -> bool {
        matches!(self, Self::Committee { unproven, .. } if unproven.why(part).is_none())
    }

    /// Whether nothing is left to be believed.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Committee { unproven, .. } if unproven.is_empty())
    }

    /// The form for storage: `claimed:WHY`, or `epoch:NUMBER` followed by `;PART:WHY` for each
    /// part that is not proven. Within a reason `;` is written `\,` and `\` is written `\\`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Claimed { why } => format!("claimed:{}", escape(why)),
            Self::Committee { epoch, unproven } => {
                let mut text = format!("epoch:{epoch}");
                for (part, why) in unproven.iter() {
                    text.push_str(&format!(";{part}:{}", escape(why)));
                }
                text
            }
        }
    }
}

/// As people read it.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed { why } => write!(f, "not proven: {why}"),
            Self::Committee { epoch, unproven } => {
                write!(f, "proven by epoch {epoch}'s committee")?;
                for (index, (part, why)) in unproven.iter().enumerate() {
                    let before = if index == 0 { ", except " } else { "; " };
                    write!(f, "{before}{part} ({why})")?;
                }
                Ok(())
            }
        }
    }
}

/// A text that is no proof's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not the text of a proof: {text:?}")]
pub struct InvalidProof {
    text: String,
}

impl FromStr for Proof {
    type Err = InvalidProof;

    /// Reads what `to_text` wrote, and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
            .filter(|proof| proof.to_text() == text)
            .ok_or_else(|| InvalidProof {
                text: text.to_owned(),
            })
    }
}

fn parse(text: &str) -> Option<Proof> {
    if let Some(why) = text.strip_prefix("claimed:") {
        return Some(Proof::claimed(unescape(why)?));
    }
    let mut parts = text.strip_prefix("epoch:")?.split(';');
    let mut proof = Proof::whole(parts.next()?.parse().ok()?);
    for written in parts {
        let (name, why) = written.split_once(':')?;
        let part = ProofPart::ALL.into_iter().find(|p| p.as_str() == name)?;
        proof = proof.without(part, Why::new(unescape(why)?));
    }
    Some(proof)
}

fn escape(why: &Why) -> String {
    why.0.replace('\\', "\\\\").replace(';', "\\,")
}

fn unescape(written: &str) -> Option<String> {
    let mut letters = written.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next()? {
                ',' => ';',
                '\\' => '\\',
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts() -> impl Strategy<Value = Vec<(ProofPart, String)>> {
        let part = prop::sample::select(ProofPart::ALL.to_vec());
        prop::collection::vec((part, ".{0,40}|[;\\\\,:]{0,9}"), 0..5)
    }

    fn proof() -> impl Strategy<Value = Proof> {
        let committee = (any::<u64>(), parts()).prop_map(|(epoch, parts)| {
            let add =
                |proof: Proof, (part, why): (ProofPart, String)| proof.without(part, Why::new(why));
            parts.into_iter().fold(Proof::whole(epoch), add)
        });
        prop_oneof![".{0,400}".prop_map(Proof::claimed), committee]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(proof in proof()) {
            let text = proof.to_text();
            prop_assert_eq!(text.parse::<Proof>(), Ok(proof));
        }

        #[test]
        fn what_is_read_is_written_the_same(
            text in "(epoch|claimed|amounts|owners|completeness|[0-9]{1,2}|[:;,\\\\ +]){0,9}"
        ) {
            if let Ok(proof) = text.parse::<Proof>() {
                prop_assert_eq!(proof.to_text(), text);
            }
        }
    }

    #[test]
    fn texts_are_these() {
        let whole = Proof::whole(246);
        assert_eq!(whole.to_text(), "epoch:246");
        assert_eq!(whole.to_string(), "proven by epoch 246's committee");
        assert!(whole.is_whole());
        let partly = whole
            .without(ProofPart::Owners, Why::new("a\nb"))
            .without(ProofPart::Amounts, Why::new("object 0x2 is missing; \\"))
            .without(ProofPart::Amounts, Why::new("said later"));
        assert_eq!(
            partly.to_text(),
            "epoch:246;amounts:object 0x2 is missing\\, \\\\;owners:a b"
        );
        assert_eq!(
            partly.to_string(),
            "proven by epoch 246's committee, except amounts (object 0x2 is missing; \\); owners (a b)"
        );
        assert!(!partly.is_whole());
        assert!(!partly.proves(ProofPart::Amounts) && partly.proves(ProofPart::Completeness));
        let more = partly.with(ProofPart::Amounts);
        assert_eq!(more.to_text(), "epoch:246;owners:a b");
        assert!(more.with(ProofPart::Owners).is_whole());
        let claimed = Proof::unasked().with(ProofPart::Amounts);
        assert!(!claimed.proves(ProofPart::Amounts));
        assert_eq!(claimed.to_text(), "claimed:trust = \"provider\"");
        assert_eq!(claimed.to_string(), "not proven: trust = \"provider\"");
        assert!(!claimed.is_whole());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "epoch:",
            "epoch:01",
            "epoch:+1",
            "epoch:1;",
            "epoch:1;amounts",
            "epoch:1;sums:x",
            "epoch:1;owners:a;amounts:b",
            "epoch:1;owners:a;owners:b",
            "epoch:18446744073709551616",
            "claimed:a;b",
            "claimed:a\\",
            "claimed:a\\b",
            "claimed:a\nb",
        ] {
            assert!(text.parse::<Proof>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn reasons_are_cut_between_letters() {
        let why = Why::new("é".repeat(PROOF_WHY_BYTES_MAX));
        assert_eq!(why.as_str().len(), PROOF_WHY_BYTES_MAX);
        let odd = Why::new(format!("x{}", "é".repeat(PROOF_WHY_BYTES_MAX)));
        assert_eq!(odd.as_str().len(), PROOF_WHY_BYTES_MAX - 1);
    }
}
