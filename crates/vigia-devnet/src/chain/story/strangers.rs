//! Traffic that has nothing to do with the wallet, against which the wallet's must be found.

use rand::Rng;
use sui_sdk_types::CheckpointTransaction;

use super::World;
use crate::chain::{
    actors::{ActorId, Cast},
    books::Party,
    coins::Coin,
    contracts::Swapped,
    draft::Draft,
    genesis::shared_ids,
    ledger::object_contents,
};

/// Three dollars for one SUI: 10^9 parts of one against 3 * 10^6 of the other.
const MIST_PER_USDC_PART: u64 = 333;

impl World {
    pub(super) fn stranger_step(&mut self) -> CheckpointTransaction {
        let who = self.some_stranger();
        if let Some(refill) = self.refill(who) {
            return refill;
        }
        match self.rng.random_range(0..100) {
            0..55 => self.stranger_send(who, Coin::Sui),
            55..80 => self.stranger_send(who, Coin::Usdc),
            _ => self.swap(who),
        }
    }

    fn stranger_send(&mut self, from: ActorId, coin: Coin) -> CheckpointTransaction {
        let to = self.some_stranger();
        match self.some_amount(from, coin, 30_000) {
            Some(amount) => self.plain_send(from, to, coin, amount),
            None => self.plain_send(Cast::EXCHANGE, from, coin, 100 * 1_000_000),
        }
    }

    /// SUI against USDC at a fixed price, whichever the pool has more of to spare.
    fn swap(&mut self, who: ActorId) -> CheckpointTransaction {
        let trader = self.cast.address(who);
        let usdc = self.rng.random_range(100..5_000) * super::CENT;
        let sui = usdc * MIST_PER_USDC_PART;
        let owns_usdc = self.ledger.coins_total(trader, Coin::Usdc) >= usdc;
        let owns_sui = self.ledger.coins_total(trader, Coin::Sui) >= sui + super::GAS_RESERVE;
        let buys_usdc = owns_sui && self.pool.usdc >= usdc;
        let buys_sui = owns_usdc && self.pool.sui >= sui;
        if !buys_usdc && !buys_sui {
            return self.stranger_send(who, Coin::Usdc);
        }
        let (paid, received) = if buys_usdc {
            ((Coin::Sui, sui), (Coin::Usdc, usdc))
        } else {
            ((Coin::Usdc, usdc), (Coin::Sui, sui))
        };
        let mut draft = Draft::new(who);
        let part = draft.take(&self.ledger, trader, paid.0, paid.1);
        let pool = draft.shared(&self.ledger, shared_ids().pool, true);
        let dex = self.packages.dex;
        draft.call(
            (dex, "dex", "swap"),
            vec![paid.0.type_tag(), received.0.type_tag()],
            vec![pool, part],
        );
        draft.create_coin(trader, received.0, received.1);
        let (trader_party, pool_party) = (Party::Address(trader), Party::Contract("dex"));
        draft.post(paid.0, trader_party, pool_party, paid.1);
        draft.post(received.0, pool_party, trader_party, received.1);
        if buys_usdc {
            self.pool.sui += sui;
            self.pool.usdc -= usdc;
        } else {
            self.pool.sui -= sui;
            self.pool.usdc += usdc;
        }
        let pool_id = shared_ids().pool;
        draft.set_contents(pool_id, object_contents(pool_id, &self.pool));
        let event = Swapped {
            trader,
            sui,
            usdc,
            bought_usdc: buys_usdc,
        };
        self.emit(&mut draft, (dex, dex), &event);
        self.settle(draft).transaction
    }
}
