//! What the people who run the contracts do: mint and burn dollars, pause and unpause, upgrade.

use sui_sdk_types::{Address, CheckpointTransaction, Command, Upgrade};

use super::{World, pay::write_collector};
use crate::chain::{
    actors::Cast,
    books::Party,
    coins::Coin,
    contracts::{
        AddressFrozen, AddressUnfrozen, CUSDBurned, CUSDMinted, FeeRecipientUpdated, Paused,
        SystemPaused, SystemUnpaused, Unpaused,
    },
    draft::Draft,
    genesis::{move_package, shared_ids, upgrade_cap_id},
    ledger::object_contents,
    packages::{Packages, named_id},
};

const POLICY_COMPATIBLE: u8 = 0;

impl World {
    /// New dollars for a user, or dollars of a user on their way out of existence.
    pub(super) fn mint_or_burn(&mut self) -> CheckpointTransaction {
        let admin = self.cast.address(Cast::ADMIN);
        if !self.ledger.coins(admin, Coin::Cusd).is_empty() && self.chance_per_mille(300) {
            return self.execute_burn();
        }
        let user = self.some_user();
        if let Some(refill) = self.refill(user) {
            return refill;
        }
        match self.some_amount(user, Coin::Cusd, 10_000) {
            Some(amount) if self.chance_per_mille(350) => self.request_burn(user, amount),
            _ => self.mint(user),
        }
    }

    fn mint(&mut self, user: usize) -> CheckpointTransaction {
        let (amount, recipient) = (125_000_000, self.cast.address(user));
        let deposit_address = named_id("bank deposits");
        let mut draft = Draft::new(Cast::ADMIN);
        let arguments = vec![
            self.change_supply(&mut draft, i128::from(amount)),
            draft.shared(&self.ledger, shared_ids().cusd_state, false),
            draft.pure(&amount),
            draft.pure(&deposit_address),
            draft.pure(&recipient),
        ];
        let package = self.packages.cusd;
        draft.call((package, "cusd", "mint_and_transfer"), vec![], arguments);
        draft.create_coin(recipient, Coin::Cusd, amount);
        let to = Party::Address(recipient);
        draft.post(Coin::Cusd, Party::Issuer, to, amount);
        let event = CUSDMinted {
            amount,
            recipient,
            deposit_address,
        };
        self.emit(&mut draft, (package, package), &event);
        self.settle(draft).transaction
    }

    /// Hands dollars to the admin, to be burnt later.
    fn request_burn(&mut self, user: usize, amount: u64) -> CheckpointTransaction {
        let (sender, vault) = (self.cast.address(user), self.cast.address(Cast::ADMIN));
        let mut draft = Draft::new(user);
        let part = draft.take(&self.ledger, sender, Coin::Cusd, amount);
        let state = draft.shared(&self.ledger, shared_ids().cusd_state, false);
        draft.call(
            (self.packages.cusd, "cusd", "request_burn"),
            vec![],
            vec![state, part],
        );
        draft.create_coin(vault, Coin::Cusd, amount);
        let to = Party::Address(vault);
        draft.post(Coin::Cusd, Party::Address(sender), to, amount);
        self.settle_for_user(draft).transaction
    }

    fn execute_burn(&mut self) -> CheckpointTransaction {
        let vault = self.cast.address(Cast::ADMIN);
        let id = self.ledger.coins(vault, Coin::Cusd)[0];
        let amount = self.ledger.coin_balance(&id);
        let mut draft = Draft::new(Cast::ADMIN);
        let arguments = vec![
            self.change_supply(&mut draft, -i128::from(amount)),
            draft.owned(&self.ledger, id),
        ];
        let package = self.packages.cusd;
        draft.call((package, "cusd", "execute_burn"), vec![], arguments);
        draft.delete(id);
        draft.post(Coin::Cusd, Party::Address(vault), Party::Issuer, amount);
        let event = CUSDBurned {
            amount,
            deposit_address: vault,
        };
        self.emit(&mut draft, (package, package), &event);
        self.settle(draft).transaction
    }

    /// The treasury cap as an input, with its supply changed.
    fn change_supply(&self, draft: &mut Draft, by: i128) -> sui_sdk_types::Argument {
        let id = Coin::Cusd.treasury_id();
        let cap = self.ledger.object(&id).as_struct();
        let contents = cap.expect("a treasury cap is a struct").contents();
        let supply: u64 = bcs::from_bytes(&contents[Address::LENGTH..]).expect("id, then supply");
        let supply = i128::from(supply) + by;
        let supply = u64::try_from(supply).expect("burns only what was minted");
        let argument = draft.owned(&self.ledger, id);
        draft.set_contents(id, object_contents(id, &supply));
        argument
    }

    /// The next of a round of rare calls.
    pub(super) fn chore(&mut self) -> CheckpointTransaction {
        let round = self.chores;
        self.chores += 1;
        let timestamp = self.clock.epoch_start_ms;
        let address = named_id("frozen by mistake");
        let Packages {
            cusd,
            p2p_trade,
            invite_send,
            ..
        } = self.packages;
        let pay = (self.pay, self.packages.pay);
        let (mut draft, state) = (Draft::new(Cast::ADMIN), shared_ids());
        match round % 9 {
            0 => {
                self.call_admin(
                    &mut draft,
                    (cusd, "cusd", "freeze_address"),
                    state.cusd_state,
                );
                self.emit(&mut draft, (cusd, cusd), &AddressFrozen { address });
            }
            1 => {
                let function = (cusd, "cusd", "unfreeze_address");
                self.call_admin(&mut draft, function, state.cusd_state);
                self.emit(&mut draft, (cusd, cusd), &AddressUnfrozen { address });
            }
            2 => {
                self.call_admin(&mut draft, (cusd, "cusd", "pause"), state.cusd_state);
                let event = Paused { dummy_field: false };
                self.emit(&mut draft, (cusd, cusd), &event);
            }
            3 => {
                self.call_admin(&mut draft, (cusd, "cusd", "unpause"), state.cusd_state);
                let event = Unpaused { dummy_field: false };
                self.emit(&mut draft, (cusd, cusd), &event);
            }
            4 => {
                self.call_admin(&mut draft, (self.pay, "pay", "pause"), state.collector);
                self.collector.paused = true;
                write_collector(&mut draft, &self.collector);
                self.emit(&mut draft, pay, &SystemPaused { timestamp });
            }
            5 => {
                self.call_admin(&mut draft, (self.pay, "pay", "unpause"), state.collector);
                self.collector.paused = false;
                write_collector(&mut draft, &self.collector);
                self.emit(&mut draft, pay, &SystemUnpaused { timestamp });
            }
            6 => self.move_fee_recipient(&mut draft),
            7 => {
                let function = (p2p_trade, "p2p_trade", "unpause");
                self.call_admin(&mut draft, function, state.trade_state);
            }
            _ => {
                let function = (invite_send, "invite_send", "unpause");
                self.call_admin(&mut draft, function, state.invite_state);
            }
        }
        self.settle(draft).transaction
    }

    fn call_admin(
        &self,
        draft: &mut Draft,
        function: (Address, &'static str, &'static str),
        state: Address,
    ) {
        let state = draft.shared(&self.ledger, state, true);
        draft.call(function, vec![], vec![state]);
    }

    /// Fees go to the admin and the exchange by turns.
    fn move_fee_recipient(&mut self, draft: &mut Draft) {
        let candidates = [Cast::ADMIN, Cast::EXCHANGE].map(|id| self.cast.address(id));
        let old_recipient = self.collector.fee_recipient;
        let new_recipient = if old_recipient == candidates[0] {
            candidates[1]
        } else {
            candidates[0]
        };
        let function = (self.pay, "pay", "update_fee_recipient");
        let collector = draft.shared(&self.ledger, shared_ids().collector, true);
        let to = draft.pure(&new_recipient);
        draft.call(function, vec![], vec![collector, to]);
        self.collector.fee_recipient = new_recipient;
        write_collector(draft, &self.collector);
        let event = FeeRecipientUpdated {
            old_recipient,
            new_recipient,
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit(draft, (self.pay, self.packages.pay), &event);
    }

    /// Upgrades the payment contract; later payments call the new package.
    pub(crate) fn upgrade_pay(&mut self) -> CheckpointTransaction {
        let Packages {
            pay, pay_upgraded, ..
        } = self.packages;
        let package = move_package(pay_upgraded, pay, "pay", 2);
        let cap_id = upgrade_cap_id();
        let mut draft = Draft::new(Cast::ADMIN);
        let cap = draft.owned(&self.ledger, cap_id);
        let policy = draft.pure(&POLICY_COMPATIBLE);
        let digest = draft.pure(&vec![0xd1_u8; 32]);
        let ticket = draft.call(
            (Address::TWO, "package", "authorize_upgrade"),
            vec![],
            vec![cap, policy, digest],
        );
        let receipt = draft.command(Command::Upgrade(Upgrade {
            modules: package.modules.values().cloned().collect(),
            dependencies: package.linkage_table.keys().copied().collect(),
            package: pay,
            ticket,
        }));
        draft.call(
            (Address::TWO, "package", "commit_upgrade"),
            vec![],
            vec![cap, receipt],
        );
        draft.set_contents(cap_id, upgrade_cap_contents(pay_upgraded, 2));
        draft.package = Some(package);
        self.pay = pay_upgraded;
        self.settle(draft).transaction
    }
}

/// `0x2::package::UpgradeCap` of the payment contract.
pub(crate) fn upgrade_cap_contents(package: Address, version: u64) -> Vec<u8> {
    object_contents(upgrade_cap_id(), &(package, version, POLICY_COMPATIBLE))
}
