//! Rust counterparts of the contracts' events and objects, for encoding. Field order is the order
//! in `layouts`; a test decodes what a chain emits by those tables.

use serde::Serialize;
use sui_sdk_types::Address;

/// An event of a wallet contract: its module, its name, its fields.
pub(crate) trait ContractEvent: Serialize {
    const MODULE: &'static str;
    const NAME: &'static str;
}

macro_rules! contract_events {
    ($($module:literal $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        #[derive(Serialize)]
        pub(crate) struct $name { $(pub(crate) $field: $type),* }

        impl ContractEvent for $name {
            const MODULE: &'static str = $module;
            const NAME: &'static str = stringify!($name);
        }
    )*};
}

contract_events! {
    "cusd" CUSDMinted { amount: u64, recipient: Address, deposit_address: Address }
    "cusd" CUSDBurned { amount: u64, deposit_address: Address }
    "cusd" AddressFrozen { address: Address }
    "cusd" AddressUnfrozen { address: Address }
    "cusd" Paused { dummy_field: bool }
    "cusd" Unpaused { dummy_field: bool }

    "pay" PaymentMade {
        payer: Address,
        recipient: Address,
        amount: u64,
        fee_amount: u64,
        net_amount: u64,
        token_type: Vec<u8>,
        payment_id: Vec<u8>,
        timestamp: u64,
    }
    "pay" FeesWithdrawn {
        admin: Address,
        recipient: Address,
        cusd_amount: u64,
        confio_amount: u64,
        timestamp: u64,
    }
    "pay" FeeRecipientUpdated {
        old_recipient: Address,
        new_recipient: Address,
        timestamp: u64,
    }
    "pay" SystemPaused { timestamp: u64 }
    "pay" SystemUnpaused { timestamp: u64 }

    "p2p_trade" TradeCreated {
        trade_id: Vec<u8>,
        seller: Address,
        amount: u64,
        token_type: Vec<u8>,
        fiat_amount: u64,
        fiat_currency: Vec<u8>,
        expires_at: u64,
        timestamp: u64,
    }
    "p2p_trade" TradeAccepted { trade_id: Vec<u8>, buyer: Address, timestamp: u64 }
    "p2p_trade" TradeCompleted {
        trade_id: Vec<u8>,
        seller: Address,
        buyer: Address,
        amount: u64,
        token_type: Vec<u8>,
        timestamp: u64,
    }
    "p2p_trade" TradeCancelled {
        trade_id: Vec<u8>,
        cancelled_by: Address,
        reason: Vec<u8>,
        timestamp: u64,
    }
    "p2p_trade" DisputeOpened {
        trade_id: Vec<u8>,
        opened_by: Address,
        reason: Vec<u8>,
        timestamp: u64,
    }
    "p2p_trade" DisputeResolved {
        trade_id: Vec<u8>,
        resolved_by: Address,
        winner: Address,
        timestamp: u64,
    }
    "p2p_trade" TradeExpired { trade_id: Vec<u8>, timestamp: u64 }

    "invite_send" InvitationCreated {
        invitation_id: Vec<u8>,
        sender: Address,
        amount: u64,
        token_type: Vec<u8>,
        expires_at: u64,
        message: Vec<u8>,
        timestamp: u64,
    }
    "invite_send" InvitationClaimed {
        invitation_id: Vec<u8>,
        sender: Address,
        recipient: Address,
        amount: u64,
        token_type: Vec<u8>,
        timestamp: u64,
    }
    "invite_send" InvitationReclaimed {
        invitation_id: Vec<u8>,
        sender: Address,
        amount: u64,
        token_type: Vec<u8>,
        timestamp: u64,
    }

    "dex" Swapped { trader: Address, sui: u64, usdc: u64, bought_usdc: bool }
}

/// `pay::FeeCollector` after its id.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct FeeCollector {
    pub(crate) cusd_fees: u64,
    pub(crate) confio_fees: u64,
    pub(crate) fee_recipient: Address,
    pub(crate) paused: bool,
}

/// `p2p_trade::TradeEscrow` after its id.
#[derive(Serialize)]
pub(crate) struct TradeEscrow<'a> {
    pub(crate) trade_id: &'a [u8],
    pub(crate) seller: Address,
    pub(crate) buyer: Option<Address>,
    pub(crate) escrow: u64,
}

/// `invite_send::InvitationEscrow` after its id.
#[derive(Serialize)]
pub(crate) struct InvitationEscrow<'a> {
    pub(crate) invitation_id: &'a [u8],
    pub(crate) sender: Address,
    pub(crate) escrow: u64,
}

/// The exchange's pool after its id.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Pool {
    pub(crate) sui: u64,
    pub(crate) usdc: u64,
}
