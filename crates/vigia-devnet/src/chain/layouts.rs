//! What the contracts declare: the structs and functions of their modules, in the order of their
//! fields. BCS of events and objects follows these, and so do the answers of the package service.
//!
//! There is no Move compiler here: a module's bytecode on this chain is a placeholder text, and
//! these tables are all there is to know about it.

/// A module and what it declares.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredModule {
    /// Name of the module; its package has the same name.
    pub name: &'static str,
    /// Events and objects.
    pub structs: &'static [DeclaredStruct],
    /// Public functions.
    pub functions: &'static [DeclaredFunction],
}

/// A struct with its fields in order.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredStruct {
    /// Name without package and module.
    pub name: &'static str,
    /// Abilities in the order Move lists them.
    pub abilities: &'static [Ability],
    /// Whether there is one phantom type parameter, the coin.
    pub generic: bool,
    /// Name and type of each field.
    pub fields: &'static [Field],
}

/// Name and type of a field.
pub type Field = (&'static str, FieldType);

/// Abilities of a Move struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// May be copied.
    Copy,
    /// May be dropped.
    Drop,
    /// May be stored inside others.
    Store,
    /// May be an object.
    Key,
}

/// The few types the contracts use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// `address`
    Address,
    /// `bool`
    Bool,
    /// `u64`
    U64,
    /// `vector<u8>`, UTF-8 by convention
    Bytes,
    /// `0x2::object::UID`
    Uid,
    /// `0x2::balance::Balance<T>`
    Balance,
    /// `0x1::option::Option<address>`
    OptionAddress,
}

/// A public function. Its parameters are left out: nothing here checks them.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredFunction {
    /// Name of the function.
    pub name: &'static str,
    /// Whether there is one type parameter, the coin.
    pub generic: bool,
}

/// The wallet's five modules.
pub fn declared_modules() -> &'static [DeclaredModule] {
    &[CUSD, CONFIO, PAY, P2P_TRADE, INVITE_SEND]
}

use FieldType::{Address, Balance, Bool, Bytes, OptionAddress, U64, Uid};

const fn event(name: &'static str, fields: &'static [Field]) -> DeclaredStruct {
    DeclaredStruct {
        name,
        abilities: &[Ability::Copy, Ability::Drop],
        generic: false,
        fields,
    }
}

const fn object(name: &'static str, generic: bool, fields: &'static [Field]) -> DeclaredStruct {
    DeclaredStruct {
        name,
        abilities: &[Ability::Key],
        generic,
        fields,
    }
}

const fn witness(name: &'static str) -> DeclaredStruct {
    DeclaredStruct {
        name,
        abilities: &[Ability::Drop],
        generic: false,
        fields: DUMMY,
    }
}

const fn function(name: &'static str) -> DeclaredFunction {
    DeclaredFunction {
        name,
        generic: false,
    }
}

const fn generic(name: &'static str) -> DeclaredFunction {
    DeclaredFunction {
        name,
        generic: true,
    }
}

/// An empty Move struct has one field, which encodes as a false byte.
const DUMMY: &[Field] = &[("dummy_field", Bool)];
const TIMESTAMP: &[Field] = &[("timestamp", U64)];

const CUSD: DeclaredModule = DeclaredModule {
    name: "cusd",
    structs: &[
        witness("CUSD"),
        event(
            "CUSDMinted",
            &[
                ("amount", U64),
                ("recipient", Address),
                ("deposit_address", Address),
            ],
        ),
        event(
            "CUSDBurned",
            &[("amount", U64), ("deposit_address", Address)],
        ),
        event("AddressFrozen", &[("address", Address)]),
        event("AddressUnfrozen", &[("address", Address)]),
        event("Paused", DUMMY),
        event("Unpaused", DUMMY),
        object("CusdState", false, &[("id", Uid), ("paused", Bool)]),
    ],
    functions: &[
        function("mint_and_transfer"),
        function("transfer_cusd"),
        function("request_burn"),
        function("execute_burn"),
        function("freeze_address"),
        function("unfreeze_address"),
        function("pause"),
        function("unpause"),
        function("add_vault"),
        function("remove_vault"),
    ],
};

const CONFIO: DeclaredModule = DeclaredModule {
    name: "confio",
    structs: &[witness("CONFIO")],
    functions: &[],
};

const PAY: DeclaredModule = DeclaredModule {
    name: "pay",
    structs: &[
        event(
            "PaymentMade",
            &[
                ("payer", Address),
                ("recipient", Address),
                ("amount", U64),
                ("fee_amount", U64),
                ("net_amount", U64),
                ("token_type", Bytes),
                ("payment_id", Bytes),
                ("timestamp", U64),
            ],
        ),
        event(
            "FeesWithdrawn",
            &[
                ("admin", Address),
                ("recipient", Address),
                ("cusd_amount", U64),
                ("confio_amount", U64),
                ("timestamp", U64),
            ],
        ),
        event(
            "FeeRecipientUpdated",
            &[
                ("old_recipient", Address),
                ("new_recipient", Address),
                ("timestamp", U64),
            ],
        ),
        event("SystemPaused", TIMESTAMP),
        event("SystemUnpaused", TIMESTAMP),
        object(
            "FeeCollector",
            false,
            &[
                ("id", Uid),
                ("cusd_fees", Balance),
                ("confio_fees", Balance),
                ("fee_recipient", Address),
                ("paused", Bool),
            ],
        ),
    ],
    functions: &[
        function("pay_with_cusd"),
        function("pay_with_confio"),
        function("withdraw_fees"),
        function("update_fee_recipient"),
        function("pause"),
        function("unpause"),
    ],
};

const P2P_TRADE: DeclaredModule = DeclaredModule {
    name: "p2p_trade",
    structs: &[
        event(
            "TradeCreated",
            &[
                ("trade_id", Bytes),
                ("seller", Address),
                ("amount", U64),
                ("token_type", Bytes),
                ("fiat_amount", U64),
                ("fiat_currency", Bytes),
                ("expires_at", U64),
                ("timestamp", U64),
            ],
        ),
        event(
            "TradeAccepted",
            &[("trade_id", Bytes), ("buyer", Address), ("timestamp", U64)],
        ),
        event(
            "TradeCompleted",
            &[
                ("trade_id", Bytes),
                ("seller", Address),
                ("buyer", Address),
                ("amount", U64),
                ("token_type", Bytes),
                ("timestamp", U64),
            ],
        ),
        event(
            "TradeCancelled",
            &[
                ("trade_id", Bytes),
                ("cancelled_by", Address),
                ("reason", Bytes),
                ("timestamp", U64),
            ],
        ),
        event(
            "DisputeOpened",
            &[
                ("trade_id", Bytes),
                ("opened_by", Address),
                ("reason", Bytes),
                ("timestamp", U64),
            ],
        ),
        event(
            "DisputeResolved",
            &[
                ("trade_id", Bytes),
                ("resolved_by", Address),
                ("winner", Address),
                ("timestamp", U64),
            ],
        ),
        event("TradeExpired", &[("trade_id", Bytes), ("timestamp", U64)]),
        event("SystemPaused", TIMESTAMP),
        event("SystemUnpaused", TIMESTAMP),
        object("TradeState", false, &[("id", Uid), ("paused", Bool)]),
        object(
            "TradeEscrow",
            true,
            &[
                ("id", Uid),
                ("trade_id", Bytes),
                ("seller", Address),
                ("buyer", OptionAddress),
                ("escrow", Balance),
            ],
        ),
    ],
    functions: &[
        function("create_cusd_trade"),
        function("create_confio_trade"),
        generic("accept_trade"),
        generic("confirm_payment_received"),
        generic("cancel_trade"),
        generic("open_dispute"),
        generic("resolve_dispute"),
        function("pause"),
        function("unpause"),
    ],
};

const INVITE_SEND: DeclaredModule = DeclaredModule {
    name: "invite_send",
    structs: &[
        event(
            "InvitationCreated",
            &[
                ("invitation_id", Bytes),
                ("sender", Address),
                ("amount", U64),
                ("token_type", Bytes),
                ("expires_at", U64),
                ("message", Bytes),
                ("timestamp", U64),
            ],
        ),
        event(
            "InvitationClaimed",
            &[
                ("invitation_id", Bytes),
                ("sender", Address),
                ("recipient", Address),
                ("amount", U64),
                ("token_type", Bytes),
                ("timestamp", U64),
            ],
        ),
        event(
            "InvitationReclaimed",
            &[
                ("invitation_id", Bytes),
                ("sender", Address),
                ("amount", U64),
                ("token_type", Bytes),
                ("timestamp", U64),
            ],
        ),
        event("SystemPaused", TIMESTAMP),
        event("SystemUnpaused", TIMESTAMP),
        object("InviteState", false, &[("id", Uid), ("paused", Bool)]),
        object(
            "InvitationEscrow",
            true,
            &[
                ("id", Uid),
                ("invitation_id", Bytes),
                ("sender", Address),
                ("escrow", Balance),
            ],
        ),
    ],
    functions: &[
        function("create_cusd_invitation"),
        function("create_confio_invitation"),
        generic("claim_invitation"),
        generic("reclaim_invitation"),
        function("pause"),
        function("unpause"),
    ],
};
