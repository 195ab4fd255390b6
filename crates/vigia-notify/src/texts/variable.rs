//! What messages may show: each message with the variables that it has.

use Sort::{Choice, Count, Text, Time};

/// The texts that are made of nothing else and that no kind is named after.
pub(super) const GENERIC: &str = "generic";
/// See [`GENERIC`]: where money came.
pub(super) const GENERIC_IN: &str = "generic-in";
/// See [`GENERIC`]: where money went.
pub(super) const GENERIC_OUT: &str = "generic-out";
/// What stands for an amount that is not known or not shown.
pub(super) const AN_AMOUNT: &str = "an-amount";

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Somebody's words, shown as they are.
    Text,
    /// One of these words, to choose by.
    Choice(&'static [&'static str]),
    /// A number, to choose singular and plural by too.
    Count,
    /// A moment.
    Time,
}

impl Sort {
    /// What it is, for people.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Text => "a text",
            Choice(_) => "a word to choose by",
            Count => "a count",
            Time => "a time",
        }
    }
}

/// Something that a message may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) sort: Sort,
}

/// A message that vigia knows.
pub(super) struct Known {
    pub(super) id: &'static str,
    /// When people are told it.
    pub(super) about: &'static str,
    /// What it shows beside [`COMMON`].
    own: &'static [Variable],
}

const fn variable(name: &'static str, sort: Sort) -> Variable {
    Variable { name, sort }
}

const YES_NO: Sort = Choice(&["yes", "no"]);
const MONEY: Variable = variable("money", Text);
const HAS_MONEY: Variable = variable("has-money", YES_NO);
const COUNT: Variable = variable("count", Count);
const TIME: Variable = variable("time", Time);
const ENDPOINT: Variable = variable("endpoint", Text);

/// Of every message.
const COMMON: &[Variable] = &[variable("account", Text), variable("has-account", YES_NO)];
/// Of messages about an activity, those of kinds that only contract files know too.
const ACTIVITY: &[Variable] = &[
    MONEY,
    HAS_MONEY,
    variable("who", Text),
    variable("has-who", YES_NO),
    variable("id", Text),
    variable("has-id", YES_NO),
    variable("direction", Choice(&["in", "out", "neutral"])),
];

const fn known(id: &'static str, about: &'static str, own: &'static [Variable]) -> Known {
    Known { id, about, own }
}

/// All messages of the built-in files, in the order of `vigia notifications kinds`.
pub(super) const KNOWN: &[Known] = &[
    known("send-received", "money from another account came", ACTIVITY),
    known(
        "send-from-external",
        "money from nobody's account came",
        ACTIVITY,
    ),
    known("send-sent", "money was sent", ACTIVITY),
    known("payment-received", "a payment came", ACTIVITY),
    known("payment-sent", "a payment was made", ACTIVITY),
    known(
        "invoice-paid",
        "an invoice was paid",
        &[MONEY, HAS_MONEY, variable("business", Text)],
    ),
    known("usdc-deposit-completed", "a deposit is there", ACTIVITY),
    known(
        "usdc-withdrawal-completed",
        "a withdrawal is done",
        ACTIVITY,
    ),
    known(
        "send-invitation-sent",
        "an invitation with money was sent",
        ACTIVITY,
    ),
    known(
        "send-invitation-claimed",
        "somebody took an invitation's money",
        ACTIVITY,
    ),
    known(
        "send-invitation-expired",
        "nobody took an invitation's money",
        ACTIVITY,
    ),
    known("p2p-trade-started", "a trade began", ACTIVITY),
    known("p2p-offer-accepted", "an offer was accepted", ACTIVITY),
    known("p2p-crypto-released", "a trade's money came", ACTIVITY),
    known("p2p-trade-completed", "a trade is complete", ACTIVITY),
    known("p2p-trade-cancelled", "a trade was cancelled", ACTIVITY),
    known("p2p-trade-disputed", "a trade is in dispute", ACTIVITY),
    known(
        "digest-received",
        "several deposits, told as one",
        &[COUNT, MONEY, HAS_MONEY],
    ),
    known("digest", "several news, told as one", &[COUNT]),
    known("summary", "news that came late, told as one", &[COUNT]),
    known(
        "security-alert",
        "something about the account's security",
        ACTIVITY,
    ),
    known(
        "new-sign-in",
        "somebody signed in",
        &[variable("client", Text), TIME],
    ),
    known("password-changed", "the password was changed", &[TIME]),
    known(
        "new-device",
        "a device was added",
        &[variable("platform", Text), TIME],
    ),
    known(
        "webhook-disabled",
        "a webhook is called no more",
        &[ENDPOINT, variable("reason", Text)],
    ),
    known("webhook-enabled", "a webhook is called again", &[ENDPOINT]),
    known("endpoint-test", "somebody tries a receiver", &[]),
    known(GENERIC, "a kind without a text, without money", ACTIVITY),
    known(GENERIC_IN, "a kind without a text, money came", ACTIVITY),
    known(GENERIC_OUT, "a kind without a text, money went", ACTIVITY),
    known(
        AN_AMOUNT,
        "stands for $money that is not known or not shown",
        &[],
    ),
];

/// The message of this id, where vigia knows it.
pub(super) fn find(id: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.id == id)
}

/// Whether no kind can be named so, since the message is part of others.
pub(super) fn is_helper(id: &str) -> bool {
    [GENERIC, GENERIC_IN, GENERIC_OUT, AN_AMOUNT].contains(&id)
}

/// What the message of this id may show; one that vigia does not know is about an activity, since contract
/// files may name any kind.
pub(super) fn variables(id: &str) -> impl Iterator<Item = Variable> + Clone {
    let own = find(id).map_or(ACTIVITY, |known| known.own);
    // Part of other messages: whose account it is says nothing.
    let common: &[Variable] = if id == AN_AMOUNT { &[] } else { COMMON };
    own.iter().chain(common).copied()
}

/// The id of a kind's message: `SEND_RECEIVED` is `send-received`.
pub(super) fn id_of(kind: &str) -> String {
    kind.to_ascii_lowercase().replace('_', "-")
}

/// The kind that a message is named after.
pub(super) fn kind_of(id: &str) -> String {
    id.to_ascii_uppercase().replace('-', "_")
}
