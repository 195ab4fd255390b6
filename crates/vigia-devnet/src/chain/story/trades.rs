//! Trades between people: created, accepted, then completed, cancelled, disputed or expired. The
//! seller's coins wait in an escrow object of the trade.

use rand::Rng;
use sui_sdk_types::{Address, CheckpointTransaction};

use super::World;
use crate::chain::{
    actors::{ActorId, Cast},
    books::Party,
    coins::Coin,
    contracts::{
        DisputeOpened, DisputeResolved, TradeAccepted, TradeCancelled, TradeCompleted,
        TradeCreated, TradeEscrow, TradeExpired,
    },
    draft::{Creation, Draft, NewOwner},
    genesis::shared_ids,
    ledger::object_contents,
    packages::struct_tag,
};

const MODULE: &str = "p2p_trade";
const CURRENCIES: [&str; 5] = ["VES", "ARS", "BOB", "PEN", "COP"];
/// Open trades above this number are moved along rather than joined by new ones.
const OPEN_MAX: usize = 12;

/// An open trade.
pub(super) struct Trade {
    id: Vec<u8>,
    escrow: Address,
    seller: ActorId,
    buyer: Option<ActorId>,
    coin: Coin,
    amount: u64,
    expires_at_ms: u64,
    disputed: bool,
}

/// How a trade's escrow is emptied.
struct Release {
    function: &'static str,
    sender: ActorId,
    to: ActorId,
}

impl World {
    /// Opens a trade or moves one along.
    pub(super) fn trade(&mut self) -> CheckpointTransaction {
        let open = self.trades.len();
        if open == 0 || (open < OPEN_MAX && self.chance_per_mille(330)) {
            return self.create_trade();
        }
        let trade = self.rng.random_range(0..open);
        self.advance_trade(trade)
    }

    fn advance_trade(&mut self, index: usize) -> CheckpointTransaction {
        let trade = &self.trades[index];
        let sender = trade.buyer.unwrap_or(trade.seller);
        let overdue = trade.expires_at_ms <= self.clock.now_ms;
        let (accepted, disputed) = (trade.buyer.is_some(), trade.disputed);
        for party in [self.trades[index].seller, sender] {
            if let Some(refill) = self.refill(party) {
                return refill;
            }
        }
        let roll = self.rng.random_range(0..100);
        match (accepted, disputed, roll) {
            (_, true, _) => self.resolve_dispute(index),
            (true, false, 0..75) => self.complete_trade(index),
            (true, false, 75..90) => self.open_dispute(index),
            (true, false, _) => self.cancel_trade(index),
            (false, ..) if overdue => self.expire_trade(index),
            (false, _, 0..80) => self.accept_trade(index),
            (false, ..) => self.cancel_trade(index),
        }
    }

    fn create_trade(&mut self) -> CheckpointTransaction {
        let seller = self.some_user();
        if let Some(refill) = self.refill(seller) {
            return refill;
        }
        let coin = self.some_wallet_coin();
        let Some(amount) = self.some_amount(seller, coin, 8_000) else {
            return self.plain_send(Cast::EXCHANGE, seller, coin, 250_000_000);
        };
        // Some offers are short enough to expire while people watch.
        let life_ms = if self.chance_per_mille(200) {
            2_000
        } else {
            900_000
        };
        let trade = Trade {
            id: self.new_name("TRADE"),
            escrow: Address::ZERO,
            seller,
            buyer: None,
            coin,
            amount,
            expires_at_ms: self.clock.now_ms + life_ms,
            disputed: false,
        };
        let draft = self.draft_trade(&trade);
        let executed = self.settle_for_user(draft);
        let escrow = executed.created[0];
        self.trades.push(Trade { escrow, ..trade });
        executed.transaction
    }

    fn draft_trade(&mut self, trade: &Trade) -> Draft {
        let (coin, amount) = (trade.coin, trade.amount);
        let seller = self.cast.address(trade.seller);
        let currency = CURRENCIES[self.rng.random_range(0..CURRENCIES.len())];
        let fiat_amount = amount / super::CENT * self.rng.random_range(36..41);
        let function = match coin {
            Coin::Confio => "create_confio_trade",
            _ => "create_cusd_trade",
        };
        let mut draft = Draft::new(trade.seller);
        let part = draft.take(&self.ledger, seller, coin, amount);
        let state = draft.shared(&self.ledger, shared_ids().trade_state, false);
        let arguments = vec![
            state,
            part,
            draft.pure(&trade.id),
            draft.pure(&fiat_amount),
            draft.pure(currency),
            draft.pure(&trade.expires_at_ms),
            draft.shared(&self.ledger, shared_ids().clock, false),
        ];
        let package = self.packages.p2p_trade;
        draft.call((package, MODULE, function), vec![], arguments);
        draft.creations.push(Creation {
            owner: NewOwner::Shared,
            object_type: struct_tag(package, MODULE, "TradeEscrow", vec![coin.type_tag()]),
            public_transfer: false,
            fields: bcs::to_bytes(&self.escrow_of(trade)).expect("plain values encode"),
        });
        let from = Party::Address(seller);
        draft.post(coin, from, Party::Contract(MODULE), amount);
        let event = TradeCreated {
            trade_id: trade.id.clone(),
            seller,
            amount,
            token_type: coin.token_type(),
            fiat_amount,
            fiat_currency: currency.into(),
            expires_at: trade.expires_at_ms,
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit(&mut draft, (package, package), &event);
        draft
    }

    fn escrow_of<'a>(&self, trade: &'a Trade) -> TradeEscrow<'a> {
        TradeEscrow {
            trade_id: &trade.id,
            seller: self.cast.address(trade.seller),
            buyer: trade.buyer.map(|buyer| self.cast.address(buyer)),
            escrow: trade.amount,
        }
    }

    fn accept_trade(&mut self, index: usize) -> CheckpointTransaction {
        let buyer = self.some_user();
        let seller = self.trades[index].seller;
        let buyer = if buyer == seller {
            self.somebody_but(seller)
        } else {
            buyer
        };
        if let Some(refill) = self.refill(buyer) {
            return refill;
        }
        self.trades[index].buyer = Some(buyer);
        let mut draft = self.call_on_escrow(index, buyer, "accept_trade", None);
        let event = TradeAccepted {
            trade_id: self.trades[index].id.clone(),
            buyer: self.cast.address(buyer),
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit_of_trade(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    fn open_dispute(&mut self, index: usize) -> CheckpointTransaction {
        let reason = b"no llego el pago";
        self.trades[index].disputed = true;
        let trade = &self.trades[index];
        let opener = trade.buyer.unwrap_or(trade.seller);
        let mut draft = self.call_on_escrow(index, opener, "open_dispute", Some(reason));
        let event = DisputeOpened {
            trade_id: self.trades[index].id.clone(),
            opened_by: self.cast.address(opener),
            reason: reason.to_vec(),
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit_of_trade(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    /// A call that leaves the money where it is.
    fn call_on_escrow(
        &mut self,
        index: usize,
        sender: ActorId,
        function: &'static str,
        reason: Option<&[u8]>,
    ) -> Draft {
        let trade = &self.trades[index];
        let mut draft = Draft::new(sender);
        let mut arguments = vec![draft.shared(&self.ledger, trade.escrow, true)];
        arguments.extend(reason.map(|reason| draft.pure(reason)));
        draft.call(
            (self.packages.p2p_trade, MODULE, function),
            vec![trade.coin.type_tag()],
            arguments,
        );
        let contents = object_contents(trade.escrow, &self.escrow_of(trade));
        draft.set_contents(trade.escrow, contents);
        draft
    }

    fn complete_trade(&mut self, index: usize) -> CheckpointTransaction {
        let trade = self.trades.swap_remove(index);
        let buyer = trade.buyer.expect("an accepted trade has a buyer");
        let event = TradeCompleted {
            trade_id: trade.id.clone(),
            seller: self.cast.address(trade.seller),
            buyer: self.cast.address(buyer),
            amount: trade.amount,
            token_type: trade.coin.token_type(),
            timestamp: self.clock.epoch_start_ms,
        };
        let release = Release {
            function: "confirm_payment_received",
            sender: trade.seller,
            to: buyer,
        };
        let mut draft = self.release(&trade, &release);
        self.emit_of_trade(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    fn cancel_trade(&mut self, index: usize) -> CheckpointTransaction {
        let trade = self.trades.swap_remove(index);
        let event = TradeCancelled {
            trade_id: trade.id.clone(),
            cancelled_by: self.cast.address(trade.seller),
            reason: b"cambio de planes".to_vec(),
            timestamp: self.clock.epoch_start_ms,
        };
        let mut draft = self.back_to_seller(&trade);
        self.emit_of_trade(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    /// Cancelling after the deadline is how an offer expires.
    fn expire_trade(&mut self, index: usize) -> CheckpointTransaction {
        let trade = self.trades.swap_remove(index);
        let event = TradeExpired {
            trade_id: trade.id.clone(),
            timestamp: self.clock.epoch_start_ms,
        };
        let mut draft = self.back_to_seller(&trade);
        self.emit_of_trade(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    fn back_to_seller(&mut self, trade: &Trade) -> Draft {
        let release = Release {
            function: "cancel_trade",
            sender: trade.seller,
            to: trade.seller,
        };
        self.release(trade, &release)
    }

    fn resolve_dispute(&mut self, index: usize) -> CheckpointTransaction {
        let trade = self.trades.swap_remove(index);
        let to_buyer = self.chance_per_mille(500);
        let winner = trade.buyer.filter(|_| to_buyer).unwrap_or(trade.seller);
        let event = DisputeResolved {
            trade_id: trade.id.clone(),
            resolved_by: self.cast.address(Cast::ADMIN),
            winner: self.cast.address(winner),
            timestamp: self.clock.epoch_start_ms,
        };
        let release = Release {
            function: "resolve_dispute",
            sender: Cast::ADMIN,
            to: winner,
        };
        let mut draft = self.release(&trade, &release);
        self.emit_of_trade(&mut draft, &event);
        self.settle(draft).transaction
    }

    /// Pays the escrow out and deletes it.
    fn release(&mut self, trade: &Trade, release: &Release) -> Draft {
        let to = self.cast.address(release.to);
        let mut draft = Draft::new(release.sender);
        let escrow = draft.shared(&self.ledger, trade.escrow, true);
        draft.call(
            (self.packages.p2p_trade, MODULE, release.function),
            vec![trade.coin.type_tag()],
            vec![escrow],
        );
        draft.delete(trade.escrow);
        draft.create_coin(to, trade.coin, trade.amount);
        let from = Party::Contract(MODULE);
        draft.post(trade.coin, from, Party::Address(to), trade.amount);
        draft
    }

    fn emit_of_trade<E: crate::chain::contracts::ContractEvent>(
        &self,
        draft: &mut Draft,
        event: &E,
    ) {
        let package = self.packages.p2p_trade;
        self.emit(draft, (package, package), event);
    }
}
