//! Money for somebody who has no account yet: created, then claimed by a user or taken back.

use rand::Rng;
use sui_sdk_types::{Address, CheckpointTransaction};

use super::World;
use crate::chain::{
    actors::{ActorId, Cast},
    books::Party,
    coins::Coin,
    contracts::{InvitationClaimed, InvitationCreated, InvitationEscrow, InvitationReclaimed},
    draft::{Creation, Draft, NewOwner},
    genesis::shared_ids,
    packages::struct_tag,
};

const MODULE: &str = "invite_send";
const OPEN_MAX: usize = 8;
const LIFE_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// An invitation that nobody has answered.
pub(super) struct Invitation {
    id: Vec<u8>,
    escrow: Address,
    sender: ActorId,
    coin: Coin,
    amount: u64,
}

impl World {
    /// Opens an invitation or ends one.
    pub(super) fn invite(&mut self) -> CheckpointTransaction {
        let open = self.invitations.len();
        if open == 0 || (open < OPEN_MAX && self.chance_per_mille(500)) {
            return self.create_invitation();
        }
        let index = self.rng.random_range(0..open);
        if self.chance_per_mille(700) {
            self.claim_invitation(index)
        } else {
            self.reclaim_invitation(index)
        }
    }

    fn create_invitation(&mut self) -> CheckpointTransaction {
        let sender = self.some_user();
        if let Some(refill) = self.refill(sender) {
            return refill;
        }
        let coin = self.some_wallet_coin();
        let Some(amount) = self.some_amount(sender, coin, 1_500) else {
            return self.plain_send(Cast::EXCHANGE, sender, coin, 250_000_000);
        };
        let invitation = Invitation {
            id: self.new_name("INVITE"),
            escrow: Address::ZERO,
            sender,
            coin,
            amount,
        };
        let draft = self.draft_invitation(&invitation);
        let executed = self.settle_for_user(draft);
        let escrow = executed.created[0];
        self.invitations.push(Invitation {
            escrow,
            ..invitation
        });
        executed.transaction
    }

    fn draft_invitation(&mut self, invitation: &Invitation) -> Draft {
        let Invitation { coin, amount, .. } = *invitation;
        let sender = self.cast.address(invitation.sender);
        let message = "¡Bienvenida a Confío!".as_bytes();
        let expires_at = self.clock.now_ms + LIFE_MS;
        let function = match coin {
            Coin::Confio => "create_confio_invitation",
            _ => "create_cusd_invitation",
        };
        let mut draft = Draft::new(invitation.sender);
        let part = draft.take(&self.ledger, sender, coin, amount);
        let arguments = vec![
            draft.shared(&self.ledger, shared_ids().invite_state, false),
            part,
            draft.pure(&invitation.id),
            draft.pure(message),
            draft.shared(&self.ledger, shared_ids().clock, false),
        ];
        let package = self.packages.invite_send;
        draft.call((package, MODULE, function), vec![], arguments);
        let escrow = InvitationEscrow {
            invitation_id: &invitation.id,
            sender,
            escrow: amount,
        };
        draft.creations.push(Creation {
            owner: NewOwner::Shared,
            object_type: struct_tag(package, MODULE, "InvitationEscrow", vec![coin.type_tag()]),
            public_transfer: false,
            fields: bcs::to_bytes(&escrow).expect("plain values encode"),
        });
        let from = Party::Address(sender);
        draft.post(coin, from, Party::Contract(MODULE), amount);
        let event = InvitationCreated {
            invitation_id: invitation.id.clone(),
            sender,
            amount,
            token_type: coin.token_type(),
            expires_at,
            message: message.to_vec(),
            timestamp: self.clock.epoch_start_ms,
        };
        self.emit(&mut draft, (package, package), &event);
        draft
    }

    fn claim_invitation(&mut self, index: usize) -> CheckpointTransaction {
        let claimer = self.some_user();
        if let Some(refill) = self.refill(claimer) {
            return refill;
        }
        let invitation = self.invitations.swap_remove(index);
        let recipient = self.cast.address(claimer);
        let event = InvitationClaimed {
            invitation_id: invitation.id.clone(),
            sender: self.cast.address(invitation.sender),
            recipient,
            amount: invitation.amount,
            token_type: invitation.coin.token_type(),
            timestamp: self.clock.epoch_start_ms,
        };
        let mut draft = self.empty_invitation(&invitation, claimer, "claim_invitation");
        self.emit_of_invitation(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    fn reclaim_invitation(&mut self, index: usize) -> CheckpointTransaction {
        let sender = self.invitations[index].sender;
        if let Some(refill) = self.refill(sender) {
            return refill;
        }
        let invitation = self.invitations.swap_remove(index);
        let event = InvitationReclaimed {
            invitation_id: invitation.id.clone(),
            sender: self.cast.address(sender),
            amount: invitation.amount,
            token_type: invitation.coin.token_type(),
            timestamp: self.clock.epoch_start_ms,
        };
        let mut draft = self.empty_invitation(&invitation, sender, "reclaim_invitation");
        self.emit_of_invitation(&mut draft, &event);
        self.settle_for_user(draft).transaction
    }

    /// Pays the escrow to who calls, and deletes it.
    fn empty_invitation(
        &mut self,
        invitation: &Invitation,
        caller: ActorId,
        function: &'static str,
    ) -> Draft {
        let Invitation { coin, amount, .. } = *invitation;
        let to = self.cast.address(caller);
        let mut draft = Draft::new(caller);
        let escrow = draft.shared(&self.ledger, invitation.escrow, true);
        draft.call(
            (self.packages.invite_send, MODULE, function),
            vec![coin.type_tag()],
            vec![escrow],
        );
        draft.delete(invitation.escrow);
        draft.create_coin(to, coin, amount);
        draft.post(coin, Party::Contract(MODULE), Party::Address(to), amount);
        draft
    }

    fn emit_of_invitation<E: crate::chain::contracts::ContractEvent>(
        &self,
        draft: &mut Draft,
        event: &E,
    ) {
        let package = self.packages.invite_send;
        self.emit(draft, (package, package), event);
    }
}
