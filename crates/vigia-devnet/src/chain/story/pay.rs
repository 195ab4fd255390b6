//! Payments through the pay contract, which keeps a fee of 0.9 %.

use sui_sdk_types::{Address, CheckpointTransaction, ExecutionError, Identifier, MoveLocation};

use super::World;
use crate::chain::{
    actors::Cast,
    books::Party,
    coins::Coin,
    contracts::{FeeCollector, FeesWithdrawn, PaymentMade},
    draft::Draft,
    genesis::shared_ids,
    ledger::object_contents,
};

const FEE_PER_10_000: u64 = 90;
const ABORT_PAUSED: u64 = 3;

impl World {
    /// One payment; one in thirty aborts in the contract, and full collectors are emptied.
    pub(super) fn pay(&mut self) -> CheckpointTransaction {
        if self.collector.cusd_fees > 2_000_000 && self.chance_per_mille(60) {
            return self.withdraw_fees();
        }
        let payer = self.some_user();
        if let Some(refill) = self.refill(payer) {
            return refill;
        }
        let coin = self.some_wallet_coin();
        let Some(amount) = self.some_amount(payer, coin, 5_000) else {
            return self.plain_send(Cast::EXCHANGE, payer, coin, 250_000_000);
        };
        let recipient = self.somebody_but(payer);
        let recipient = self.cast.address(recipient);
        let payment_id = self.new_name("PAY");
        let mut draft = Draft::new(payer);
        self.call_pay(&mut draft, recipient, coin, amount, &payment_id);
        if self.chance_per_mille(33) {
            let command = draft.ptb.commands.len() as u64 - 1;
            draft.fail(self.pay_abort(), command);
        } else {
            self.keep_fee(&mut draft, recipient, coin, amount, payment_id);
        }
        self.settle_for_user(draft).transaction
    }

    fn call_pay(
        &mut self,
        draft: &mut Draft,
        recipient: Address,
        coin: Coin,
        amount: u64,
        payment_id: &[u8],
    ) {
        let payer = self.cast.address(draft.sender);
        let function = match coin {
            Coin::Confio => "pay_with_confio",
            _ => "pay_with_cusd",
        };
        let part = draft.take(&self.ledger, payer, coin, amount);
        let collector = draft.shared(&self.ledger, shared_ids().collector, true);
        let clock = draft.shared(&self.ledger, shared_ids().clock, false);
        let to = draft.pure(&recipient);
        let id = draft.pure(payment_id);
        draft.call(
            (self.pay, "pay", function),
            vec![],
            vec![collector, part, to, id, clock],
        );
    }

    fn keep_fee(
        &mut self,
        draft: &mut Draft,
        recipient: Address,
        coin: Coin,
        amount: u64,
        payment_id: Vec<u8>,
    ) {
        let payer = self.cast.address(draft.sender);
        let fee = amount * FEE_PER_10_000 / 10_000;
        match coin {
            Coin::Confio => self.collector.confio_fees += fee,
            _ => self.collector.cusd_fees += fee,
        }
        write_collector(draft, &self.collector);
        draft.create_coin(recipient, coin, amount - fee);
        let from = Party::Address(payer);
        draft.post(coin, from, Party::Contract("pay"), fee);
        draft.post(coin, from, Party::Address(recipient), amount - fee);
        let event = PaymentMade {
            payer,
            recipient,
            amount,
            fee_amount: fee,
            net_amount: amount - fee,
            token_type: coin.token_type(),
            payment_id,
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit(draft, (self.pay, self.packages.pay), &event);
    }

    fn pay_abort(&self) -> ExecutionError {
        ExecutionError::MoveAbort {
            location: MoveLocation {
                package: self.packages.pay,
                module: Identifier::from_static("pay"),
                function: 0,
                instruction: 17,
                function_name: Some(Identifier::from_static("pay_with_cusd")),
            },
            code: ABORT_PAUSED,
        }
    }

    fn withdraw_fees(&mut self) -> CheckpointTransaction {
        let admin = self.cast.address(Cast::ADMIN);
        let FeeCollector {
            cusd_fees,
            confio_fees,
            fee_recipient: recipient,
            ..
        } = self.collector;
        let mut draft = Draft::new(Cast::ADMIN);
        let collector = draft.shared(&self.ledger, shared_ids().collector, true);
        draft.call((self.pay, "pay", "withdraw_fees"), vec![], vec![collector]);
        for (coin, fees) in [(Coin::Cusd, cusd_fees), (Coin::Confio, confio_fees)] {
            if fees > 0 {
                draft.create_coin(recipient, coin, fees);
                let to = Party::Address(recipient);
                draft.post(coin, Party::Contract("pay"), to, fees);
            }
        }
        (self.collector.cusd_fees, self.collector.confio_fees) = (0, 0);
        write_collector(&mut draft, &self.collector);
        let event = FeesWithdrawn {
            admin,
            recipient,
            cusd_amount: cusd_fees,
            confio_amount: confio_fees,
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit(&mut draft, (self.pay, self.packages.pay), &event);
        self.settle(draft).transaction
    }
}

/// Writes the collector's new state into its shared object.
pub(super) fn write_collector(draft: &mut Draft, collector: &FeeCollector) {
    let id = shared_ids().collector;
    draft.set_contents(id, object_contents(id, collector));
}
