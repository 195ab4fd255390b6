//! What people do: picks the next transaction by weight, as steps of stories that span several.
//!
//! Every step settles exactly one transaction. Money only moves through drafts, and each draft
//! states in postings what it means, for the books.

mod admin;
mod invitations;
mod pay;
mod sends;
mod strangers;
mod trades;

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha12Rng;
use sui_sdk_types::{Address, CheckpointTransaction, EpochId, Event, Identifier, Input};

use super::{
    actors::{ActorId, Cast},
    books::Books,
    coins::Coin,
    contracts::{ContractEvent, FeeCollector, Pool},
    draft::Draft,
    execute::{Executed, execute},
    ledger::Ledger,
    packages::{Packages, struct_tag},
};
use invitations::Invitation;
use trades::Trade;

pub(crate) use admin::upgrade_cap_contents;

/// A cent of a coin with six decimals.
const CENT: u64 = 10_000;
/// Below this much SUI somebody is refilled before acting.
const GAS_RESERVE: u64 = 1_000_000_000;

/// Everything the story knows.
pub(crate) struct World {
    pub(crate) cast: Cast,
    pub(crate) ledger: Ledger,
    pub(crate) books: Books,
    pub(crate) packages: Packages,
    pub(crate) clock: Clock,
    pub(crate) collector: FeeCollector,
    pub(crate) pool: Pool,
    rng: ChaCha12Rng,
    /// The package that payments call now.
    pay: Address,
    trades: Vec<Trade>,
    invitations: Vec<Invitation>,
    chores: usize,
    /// How many bytes transactions carry that mean nothing.
    pub(crate) padding: u64,
    /// Numbers trades, payments and invitations.
    names_given: u64,
}

/// When the checkpoint under construction happens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    pub(crate) epoch: EpochId,
    pub(crate) epoch_start_ms: u64,
    pub(crate) now_ms: u64,
}

type Step = fn(&mut World) -> CheckpointTransaction;

/// What users of the wallet do, by weight.
const WALLET_STEPS: &[(u32, Step)] = &[
    (34, World::send),
    (4, World::send_whole_coin),
    (7, World::send_in),
    (5, World::send_out),
    (3, World::deposit_funds),
    (2, World::send_funds),
    (21, World::pay),
    (13, World::trade),
    (7, World::invite),
    (3, World::mint_or_burn),
    (2, World::chore),
    (2, World::scam),
];

impl World {
    pub(crate) fn new(
        seed: u64,
        cast: Cast,
        ledger: Ledger,
        books: Books,
        (collector, pool): (FeeCollector, Pool),
    ) -> Self {
        let packages = Packages::declared();
        Self {
            cast,
            ledger,
            books,
            packages,
            clock: Clock::default(),
            collector,
            pool,
            rng: ChaCha12Rng::seed_from_u64(seed),
            pay: packages.pay,
            trades: vec![],
            invitations: vec![],
            chores: 0,
            padding: 0,
            names_given: 0,
        }
    }

    /// Something between people who do not use the wallet, or something they do.
    pub(crate) fn step(&mut self, relevant_per_mille: u32) -> CheckpointTransaction {
        if self.chance_per_mille(relevant_per_mille) {
            self.wallet_step()
        } else {
            self.stranger_step()
        }
    }

    /// One transaction of a wallet user.
    pub(crate) fn wallet_step(&mut self) -> CheckpointTransaction {
        let total = WALLET_STEPS.iter().map(|(weight, _)| weight).sum();
        let mut ticket = self.rng.random_range(0..total);
        for (weight, step) in WALLET_STEPS {
            if ticket < *weight {
                return step(self);
            }
            ticket -= weight;
        }
        unreachable!("a ticket is below the sum of the weights")
    }

    // Choosing.

    fn chance_per_mille(&mut self, per_mille: u32) -> bool {
        self.rng.random_range(0..1_000) < per_mille
    }

    /// A user who can send.
    fn some_user(&mut self) -> ActorId {
        self.rng.random_range(self.cast.funded_users())
    }

    fn some_stranger(&mut self) -> ActorId {
        self.rng.random_range(self.cast.strangers())
    }

    /// Another user than `other`, where there is one.
    fn somebody_but(&mut self, other: ActorId) -> ActorId {
        let users = self.cast.users();
        let pick = self.rng.random_range(users.clone());
        if pick != other {
            return pick;
        }
        users.start + (pick - users.start + 1) % users.len()
    }

    /// An amount in whole cents that leaves the owner plenty, or none if there is too little.
    fn some_amount(&mut self, owner: ActorId, coin: Coin, cents: u64) -> Option<u64> {
        let owned = self.ledger.coins_total(self.cast.address(owner), coin);
        let (unit, reserve) = match coin {
            Coin::Sui => (CENT * 1_000, GAS_RESERVE),
            _ => (CENT, 0),
        };
        let cents_max = (owned.saturating_sub(reserve) / 4 / unit).min(cents);
        (cents_max > 0).then(|| self.rng.random_range(1..=cents_max) * unit)
    }

    /// One of the wallet's own coins, mostly dollars.
    fn some_wallet_coin(&mut self) -> Coin {
        if self.chance_per_mille(800) {
            Coin::Cusd
        } else {
            Coin::Confio
        }
    }

    /// A readable name that is never given twice.
    fn new_name(&mut self, prefix: &str) -> Vec<u8> {
        self.names_given += 1;
        format!("{prefix}-{:06}", self.names_given).into_bytes()
    }

    // Settling.

    /// Settles a draft whose sender pays.
    fn settle(&mut self, mut draft: Draft) -> Executed {
        self.pad(&mut draft);
        execute(
            draft,
            self.clock.epoch,
            &self.cast,
            &mut self.ledger,
            &mut self.books,
        )
    }

    /// Adds inputs that no command uses. They do not compress.
    fn pad(&mut self, draft: &mut Draft) {
        /// A chain takes no larger one.
        const INPUT_MAX: u64 = 16_000;
        let mut left = self.padding;
        while left > 0 {
            let length = left.min(INPUT_MAX);
            let mut bytes = vec![0; usize::try_from(length).expect("a small number")];
            self.rng.fill_bytes(&mut bytes);
            draft.ptb.inputs.push(Input::Pure(bytes));
            left -= length;
        }
    }

    /// Settles a user's draft; now and then the wallet's sponsor pays for the gas.
    fn settle_for_user(&mut self, mut draft: Draft) -> Executed {
        if draft.from_gas == 0 && self.chance_per_mille(250) {
            draft.payer = Cast::SPONSOR;
        }
        self.settle(draft)
    }

    /// A refill for somebody who runs low on SUI, to do instead of what they wanted to.
    fn refill(&mut self, who: ActorId) -> Option<CheckpointTransaction> {
        let owned = self.ledger.coins_total(self.cast.address(who), Coin::Sui);
        (owned < GAS_RESERVE).then(|| {
            let amount = 20 * GAS_RESERVE;
            self.plain_send(Cast::EXCHANGE, who, Coin::Sui, amount)
        })
    }

    /// Records an event. `called` is the package of the call, `origin` the one that defined the type.
    fn emit<E: ContractEvent>(
        &self,
        draft: &mut Draft,
        (called, origin): (Address, Address),
        event: &E,
    ) {
        draft.events.push(Event {
            package_id: called,
            module: Identifier::from_static(E::MODULE),
            sender: self.cast.address(draft.sender),
            type_: struct_tag(origin, E::MODULE, E::NAME, vec![]),
            contents: bcs::to_bytes(event).expect("plain values encode"),
        });
    }
}
