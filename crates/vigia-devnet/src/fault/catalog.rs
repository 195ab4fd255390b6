//! All kinds of faults in one table, which feeds the parser, the help and the documentation.

use std::{fmt::Write, time::Duration};

use super::Value;

/// A kind of fault. [`FaultKind::help`] explains them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table below documents each, once")]
pub enum FaultKind {
    Cut,
    Stall,
    HalfOpen,
    Gone,
    SlowDrip,
    Truncate,
    Reorder,
    Duplicate,
    Unavailable,
    RateLimit,
    NoList,
    NotFound,
    Lag,
    ListBehindLive,
    Prune,
    WrongChain,
    OmitTx,
    MisplaceTx,
    ForgeAmount,
    ForgeSignature,
    Flip,
    MissingFields,
    HideMatch,
    Huge,
}

/// What a kind of fault is measured in, and its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Duration(Duration),
    /// Forever, where none is given.
    DurationOrNone,
    Count(u64),
    Bytes(u64),
    Rate(u64, Duration),
}

/// One line of the table.
pub(super) struct Entry {
    pub(super) kind: FaultKind,
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) parts: &'static [&'static str],
    /// One in how many is struck by default.
    pub(super) every: u64,
    pub(super) sees: &'static str,
    pub(super) must: &'static str,
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

macro_rules! table {
    ($($kind:ident $name:literal, $takes:expr, $parts:expr, every $every:literal, $sees:literal, $must:literal;)*) => {
        /// In the order of the enum.
        const TABLE: &[Entry] = &[$(Entry {
            kind: FaultKind::$kind, name: $name, takes: $takes, parts: &$parts, every: $every,
            sees: $sees, must: $must,
        }),*];
    };
}

table! {
    Cut "cut", Takes::Duration(s(30)), ["status", "reset", "connection"], every 1,
        "every stream ends when it is this old: with status Unavailable, by a reset of the stream, or with its connection reset",
        "open it again and fill the gap";
    Stall "stall", Takes::DurationOrNone, [], every 1,
        "a stream falls silent after one to eight frames, for this long or for good; pings are answered",
        "notice missing progress and open it again";
    HalfOpen "half-open", Takes::Duration(s(20)), [], every 1,
        "nothing is read or written on any connection, unary calls and pings included, for this long; neither FIN nor RST",
        "time out, connect again, use another provider";
    Gone "gone", Takes::Duration(s(20)), [], every 1,
        "all connections are reset, and so is every new one, for this long",
        "back off, use another provider";
    SlowDrip "slow-drip", Takes::Bytes(1_000), [], every 1,
        "bytes of answers trickle at this rate per second",
        "judge by whole frames, not by bytes";
    Truncate "truncate", Takes::Nothing, [], every 10,
        "an answer stops in the middle of a frame and is reset",
        "take it for a lost connection, use none of it";
    Reorder "reorder", Takes::Nothing, [], every 5,
        "a frame of a subscription comes after the one that follows it",
        "put them in order or read them again, never skip";
    Duplicate "duplicate", Takes::Nothing, [], every 5,
        "a frame of a subscription comes twice",
        "take it once";
    Unavailable "unavailable", Takes::Duration(s(5)), [], every 1,
        "new calls are answered Unavailable (503 from a bucket) for this long",
        "back off, use another provider";
    RateLimit "rate-limit", Takes::Rate(100, s(30)), [], every 1,
        "past so many requests in a window, ResourceExhausted (429 from a bucket)",
        "slow down; the window passes";
    NoList "no-list", Takes::Nothing, [], every 1,
        "ListCheckpoints, ListTransactions and ListEvents are Unimplemented",
        "repair gaps with GetCheckpoint";
    NotFound "not-found", Takes::Nothing, [], every 10,
        "a Get call (a file of a bucket) that has an answer is NotFound (404)",
        "try again or elsewhere, never take it for an empty answer";
    Lag "lag", Takes::Count(50), [], every 1,
        "the node stands still until it is this many checkpoints behind, then keeps that distance",
        "prefer a provider that is ahead, never go back";
    ListBehindLive "list-behind-live", Takes::Count(10), [], every 1,
        "List and Get calls end this many checkpoints below what the subscription delivers",
        "ask again until both meet";
    Prune "prune", Takes::Count(100), [], every 1,
        "only the last so many checkpoints are available, and lowest_available_checkpoint says so",
        "say what is missing and where else it may be";
    WrongChain "wrong-chain", Takes::Nothing, ["new-id", "keep-id"], every 1,
        "checkpoints of another chain, from `from` on, under its id or under the right one",
        "refuse";
    OmitTx "omit-tx", Takes::Nothing, [], every 10,
        "a checkpoint lacks one transaction, as do lists; its contents name it",
        "compare with the contents (quorum mode)";
    MisplaceTx "misplace-tx", Takes::Nothing, ["swapped", "extra"], every 10,
        "two transactions of a checkpoint have traded places, or it has one more, from the checkpoint before; its contents are honest",
        "compare order and membership with the contents (quorum mode)";
    ForgeAmount "forge-amount", Takes::Nothing, ["both", "balance"], every 10,
        "an amount is altered in the coin object and thereby in balance_changes, or in balance_changes alone; effects are honest",
        "derive amounts from objects whose digests the effects name (quorum mode)";
    ForgeSignature "forge-signature", Takes::Nothing, ["other", "bitmap", "minority", "flip"], every 10,
        "the certificate is one for another checkpoint, names other signers, is by one validator alone, or has a bit flipped",
        "refuse it (quorum mode)";
    Flip "flip", Takes::Nothing, ["summary", "contents", "signature", "transaction", "effects", "events", "object"], every 10,
        "one bit of some BCS is flipped",
        "refuse it by its digest";
    MissingFields "missing-fields", Takes::Nothing,
        ["cursor", "sequence_number", "digest", "summary", "summary.bcs", "signature", "contents", "contents.bcs",
         "transactions.digest", "transactions.transaction", "transactions.transaction.bcs", "transactions.effects",
         "transactions.effects.bcs", "transactions.events", "transactions.balance_changes", "objects"],
        every 10,
        "a number or part that was asked for is absent",
        "refuse it; an absent number is not 0";
    HideMatch "hide-match", Takes::Nothing, ["owner", "balance", "sender", "event", "filter"], every 10,
        "decoded owners, senders, event types and balance_changes name nobody, and filtered lists leave the match out; BCS and digests are honest",
        "match on what digests bind";
    Huge "huge", Takes::Bytes(30_000_000), [], every 50,
        "a checkpoint holds so many bytes of honest, incompressible transactions; part of the chain, so all faces have it",
        "budget memory by bytes, raise the decoding limit";
}

impl FaultKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.kind)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What a client sees.
    pub fn sees(self) -> &'static str {
        self.entry().sees
    }

    /// What a client must do.
    pub fn must(self) -> &'static str {
        self.entry().must
    }

    /// Whether answers are wrong, rather than late, lost or refused. A client that trusts its
    /// provider need not notice.
    pub fn is_lie(self) -> bool {
        use FaultKind::{
            Flip, ForgeAmount, ForgeSignature, HideMatch, MisplaceTx, OmitTx, WrongChain,
        };
        matches!(
            self,
            WrongChain | OmitTx | MisplaceTx | ForgeAmount | ForgeSignature | Flip | HideMatch
        )
    }

    /// Whether it changes what single answers say.
    pub(crate) fn alters_answers(self) -> bool {
        use FaultKind::{
            Flip, ForgeAmount, ForgeSignature, HideMatch, MisplaceTx, MissingFields, OmitTx,
        };
        matches!(
            self,
            OmitTx | MisplaceTx | ForgeAmount | ForgeSignature | Flip | MissingFields | HideMatch
        )
    }

    /// Whether a client gets through although the fault never heals.
    pub(super) fn is_passable(self) -> bool {
        use FaultKind::{Cut, Duplicate, Huge, ListBehindLive, NoList, RateLimit, Reorder};
        matches!(
            self,
            Cut | Duplicate | Huge | ListBehindLive | NoList | RateLimit | Reorder
        )
    }

    /// Whether its measure is how long it lasts.
    pub(super) fn measures_its_end(self) -> bool {
        matches!(self, Self::Gone | Self::HalfOpen | Self::Unavailable)
    }

    /// Whether it is a state that lasts, rather than something done to single answers.
    pub(super) fn is_state(self) -> bool {
        use FaultKind::{Gone, HalfOpen, Lag, ListBehindLive, Prune, WrongChain};
        matches!(
            self,
            Gone | HalfOpen | Lag | ListBehindLive | Prune | WrongChain
        )
    }

    pub(super) fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// The table as text, for `--fault list`.
    pub fn help() -> String {
        let mut text = String::from(
            "NAME[:VALUE][,PART][,every=N][,from=N][,times=N][,after=TIME][,for=TIME][,period=TIME]\n\n\
             every   one in N checkpoints, streams or calls, picked by the seed\n\
             from    the first checkpoint, stream or call that may be struck\n\
             times   healed after so many strikes\n\
             after   begins so long after it was set\n\
             for     over so long after it began\n\
             period  begins again at this interval\n\n",
        );
        for entry in TABLE {
            let Entry { sees, must, .. } = entry;
            writeln!(text, "{}\n    {sees}\n    must: {must}", entry.form())
                .expect("a String takes all");
        }
        text
    }
}

impl Entry {
    /// How it is written, with defaults.
    pub(super) fn form(&self) -> String {
        let mut form = self.name.to_owned();
        match self.takes {
            Takes::Nothing => {}
            Takes::DurationOrNone => form.push_str("[:TIME]"),
            takes => write!(form, ":{}", takes.default_value()).expect("a String takes all"),
        }
        if !self.parts.is_empty() {
            write!(form, "[,{}]", self.parts.join("|")).expect("a String takes all");
        }
        if self.every > 1 {
            write!(form, ",every={}", self.every).expect("a String takes all");
        }
        form
    }
}

impl Takes {
    pub(super) fn default_value(self) -> Value {
        match self {
            Self::Nothing | Self::DurationOrNone => Value::None,
            Self::Duration(duration) => Value::Duration(duration),
            Self::Count(count) => Value::Count(count),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Rate(requests, window) => Value::Rate(requests, window),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, kind) in FaultKind::all().enumerate() {
            assert_eq!(kind as usize, index, "{}", kind.name());
        }
        assert!(FaultKind::help().contains("list-behind-live:10"));
    }
}
