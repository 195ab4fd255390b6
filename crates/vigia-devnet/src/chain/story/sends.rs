//! Coins from one address to another with no contract in between: much the commonest case.

use rand::Rng;
use sui_sdk_types::{CheckpointTransaction, ExecutionError};

use super::World;
use crate::chain::{
    actors::{ActorId, Cast},
    books::Party,
    coins::Coin,
    draft::Draft,
};

impl World {
    /// From user to user, one in twenty beyond the sender's means.
    pub(super) fn send(&mut self) -> CheckpointTransaction {
        let from = self.some_user();
        if let Some(refill) = self.refill(from) {
            return refill;
        }
        let to = self.somebody_but(from);
        let coin = match self.rng.random_range(0..100) {
            0..70 => Coin::Cusd,
            70..85 => Coin::Confio,
            _ => Coin::Sui,
        };
        let Some(amount) = self.some_amount(from, coin, 6_000) else {
            return self.plain_send(Cast::EXCHANGE, from, coin, 250_000_000);
        };
        if coin != Coin::Sui && self.chance_per_mille(50) {
            return self.overdrawn_send(from, to, coin);
        }
        self.plain_send(from, to, coin, amount)
    }

    /// Splits an amount off and transfers it.
    pub(super) fn plain_send(
        &mut self,
        from: ActorId,
        to: ActorId,
        coin: Coin,
        amount: u64,
    ) -> CheckpointTransaction {
        let (sender, recipient) = (self.cast.address(from), self.cast.address(to));
        let mut draft = Draft::new(from);
        let part = draft.take(&self.ledger, sender, coin, amount);
        draft.transfer(vec![part], recipient);
        draft.create_coin(recipient, coin, amount);
        draft.post(
            coin,
            Party::Address(sender),
            Party::Address(recipient),
            amount,
        );
        if self.cast.users().contains(&from) {
            self.settle_for_user(draft).transaction
        } else {
            self.settle(draft).transaction
        }
    }

    /// Asks for more than there is: the split fails, gas is charged, nothing moves.
    fn overdrawn_send(&mut self, from: ActorId, to: ActorId, coin: Coin) -> CheckpointTransaction {
        let sender = self.cast.address(from);
        let too_much = self.ledger.coins_total(sender, coin) * 10;
        let first = self.ledger.coins(sender, coin)[0];
        let mut draft = Draft::new(from);
        let source = draft.owned(&self.ledger, first);
        let amount = draft.pure(&too_much);
        let split = draft.command(sui_sdk_types::Command::SplitCoins(
            sui_sdk_types::SplitCoins {
                coin: source,
                amounts: vec![amount],
            },
        ));
        let part = split.nested(0).expect("a command's result has parts");
        draft.transfer(vec![part], self.cast.address(to));
        draft.fail(ExecutionError::InsufficientCoinBalance, 0);
        self.settle_for_user(draft).transaction
    }

    /// Hands over a coin object as it is.
    pub(super) fn send_whole_coin(&mut self) -> CheckpointTransaction {
        let from = self.some_user();
        if let Some(refill) = self.refill(from) {
            return refill;
        }
        let sender = self.cast.address(from);
        let [.., last] = *self.ledger.coins(sender, Coin::Cusd) else {
            return self.plain_send(Cast::EXCHANGE, from, Coin::Cusd, 250_000_000);
        };
        let recipient = self.somebody_but(from);
        let recipient = self.cast.address(recipient);
        let amount = self.ledger.coin_balance(&last);
        let mut draft = Draft::new(from);
        let whole = draft.owned(&self.ledger, last);
        draft.transfer(vec![whole], recipient);
        draft.give(last, recipient);
        draft.post(
            Coin::Cusd,
            Party::Address(sender),
            Party::Address(recipient),
            amount,
        );
        self.settle_for_user(draft).transaction
    }

    /// From outside to a user: a deposit of USDC, or some other coin from the exchange.
    pub(super) fn send_in(&mut self) -> CheckpointTransaction {
        let to = self.rng.random_range(self.cast.users());
        let coin = match self.rng.random_range(0..10) {
            0..4 => Coin::Usdc,
            4..7 => Coin::Cusd,
            7..9 => Coin::Sui,
            _ => Coin::Confio,
        };
        let amount = self
            .some_amount(Cast::EXCHANGE, coin, 20_000)
            .expect("the exchange never runs dry");
        self.plain_send(Cast::EXCHANGE, to, coin, amount)
    }

    /// From a user to somebody outside.
    pub(super) fn send_out(&mut self) -> CheckpointTransaction {
        let from = self.some_user();
        if let Some(refill) = self.refill(from) {
            return refill;
        }
        let to = self.some_stranger();
        for coin in [Coin::Usdc, Coin::Cusd, Coin::Sui] {
            if let Some(amount) = self.some_amount(from, coin, 3_000) {
                return self.plain_send(from, to, coin, amount);
            }
        }
        self.plain_send(Cast::EXCHANGE, from, Coin::Cusd, 250_000_000)
    }

    /// Unasked for: the scam coin to three users at once.
    pub(super) fn scam(&mut self) -> CheckpointTransaction {
        let (sender, amount) = (self.cast.address(Cast::EXCHANGE), 777_000_000);
        let mut draft = Draft::new(Cast::EXCHANGE);
        for _ in 0..3 {
            let to = self.rng.random_range(self.cast.users());
            let to = self.cast.address(to);
            let id = self.ledger.coins(sender, Coin::Scam)[0];
            let coin = draft.owned(&self.ledger, id);
            let amount_argument = draft.pure(&amount);
            let split = draft.command(sui_sdk_types::Command::SplitCoins(
                sui_sdk_types::SplitCoins {
                    coin,
                    amounts: vec![amount_argument],
                },
            ));
            let part = split.nested(0).expect("a command's result has parts");
            draft.transfer(vec![part], to);
            draft.create_coin(to, Coin::Scam, amount);
            draft.post(
                Coin::Scam,
                Party::Address(sender),
                Party::Address(to),
                amount,
            );
        }
        let id = self.ledger.coins(sender, Coin::Scam)[0];
        draft.set_coin(id, self.ledger.coin_balance(&id) - 3 * amount);
        self.settle(draft).transaction
    }

    /// Into a user's address balance, from another user's coin.
    pub(super) fn deposit_funds(&mut self) -> CheckpointTransaction {
        let from = self.some_user();
        if let Some(refill) = self.refill(from) {
            return refill;
        }
        let to = self.some_user();
        let Some(amount) = self.some_amount(from, Coin::Cusd, 4_000) else {
            return self.plain_send(Cast::EXCHANGE, from, Coin::Cusd, 250_000_000);
        };
        let (sender, recipient) = (self.cast.address(from), self.cast.address(to));
        let mut draft = Draft::new(from);
        let part = draft.take(&self.ledger, sender, Coin::Cusd, amount);
        let to = draft.pure(&recipient);
        draft.call(
            (sui_sdk_types::Address::TWO, "coin", "send_funds"),
            vec![Coin::Cusd.type_tag()],
            vec![part, to],
        );
        draft
            .funds
            .push((recipient, Coin::Cusd, i128::from(amount)));
        draft.post(
            Coin::Cusd,
            Party::Address(sender),
            Party::Address(recipient),
            amount,
        );
        self.settle_for_user(draft).transaction
    }

    /// From one address balance to another; no coin object is involved.
    pub(super) fn send_funds(&mut self) -> CheckpointTransaction {
        let users = self.cast.funded_users();
        let offset = self.rng.random_range(0..users.len());
        let rich = users
            .clone()
            .map(|id| users.start + (id - users.start + offset) % users.len())
            .find(|id| self.ledger.funds(self.cast.address(*id), Coin::Cusd) >= 4 * super::CENT);
        let Some(from) = rich else {
            return self.deposit_funds();
        };
        if let Some(refill) = self.refill(from) {
            return refill;
        }
        let to = self.somebody_but(from);
        let (sender, recipient) = (self.cast.address(from), self.cast.address(to));
        let amount = self.ledger.funds(sender, Coin::Cusd) / 2;
        let mut draft = Draft::new(from);
        let coin_type = || vec![Coin::Cusd.type_tag()];
        let withdrawal = draft.withdrawal(amount, Coin::Cusd);
        let balance = draft.call(
            (sui_sdk_types::Address::TWO, "balance", "redeem_funds"),
            coin_type(),
            vec![withdrawal],
        );
        let to = draft.pure(&recipient);
        draft.call(
            (sui_sdk_types::Address::TWO, "balance", "send_funds"),
            coin_type(),
            vec![balance, to],
        );
        draft.funds.push((sender, Coin::Cusd, -i128::from(amount)));
        draft
            .funds
            .push((recipient, Coin::Cusd, i128::from(amount)));
        draft.post(
            Coin::Cusd,
            Party::Address(sender),
            Party::Address(recipient),
            amount,
        );
        self.settle_for_user(draft).transaction
    }
}
