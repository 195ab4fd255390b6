//! One transaction while the story writes it: the commands a wallet would send, and beside them
//! what they are meant to do. `execute` turns both into a settled transaction.

use std::collections::BTreeMap;

use serde::Serialize;
use sui_sdk_types::{
    Address, Argument, Command, Event, ExecutionError, FundsWithdrawal, Identifier, Input,
    MergeCoins, MoveCall, MovePackage, Owner, ProgrammableTransaction, SharedInput, SplitCoins,
    StructTag, TransferObjects, TypeTag, WithdrawFrom,
};

use super::{
    actors::ActorId,
    books::{Party, Posting},
    coins::Coin,
    ledger::Ledger,
};

/// The transaction being written.
pub(crate) struct Draft {
    pub(crate) sender: ActorId,
    /// Who pays for gas; differs from the sender when somebody sponsors.
    pub(crate) payer: ActorId,
    pub(crate) ptb: ProgrammableTransaction,
    /// Coins and objects that already exist: what becomes of them.
    pub(crate) changes: BTreeMap<Address, Change>,
    /// New objects, in the order in which their ids are derived.
    pub(crate) creations: Vec<Creation>,
    /// A package written under a fixed id.
    pub(crate) package: Option<MovePackage>,
    /// Signed writes to address balances.
    pub(crate) funds: Vec<(Address, Coin, i128)>,
    /// What is taken from the gas coin beyond the price of gas.
    pub(crate) from_gas: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) failure: Option<(ExecutionError, Option<u64>)>,
    pub(crate) postings: Vec<Posting>,
}

/// What becomes of an existing object. Fields left out stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) contents: Option<Vec<u8>>,
    pub(crate) owner: Option<Address>,
    pub(crate) delete: bool,
}

/// A new object without its id.
pub(crate) struct Creation {
    pub(crate) owner: NewOwner,
    pub(crate) object_type: StructTag,
    pub(crate) public_transfer: bool,
    /// What follows the id.
    pub(crate) fields: Vec<u8>,
}

/// Owner of a new object.
#[derive(Clone, Copy)]
pub(crate) enum NewOwner {
    Address(Address),
    /// Shared from the version it is created at.
    Shared,
}

impl Draft {
    pub(crate) fn new(sender: ActorId) -> Self {
        Self {
            sender,
            payer: sender,
            ptb: ProgrammableTransaction {
                inputs: vec![],
                commands: vec![],
            },
            changes: BTreeMap::new(),
            creations: vec![],
            package: None,
            funds: vec![],
            from_gas: 0,
            events: vec![],
            failure: None,
            postings: vec![],
        }
    }

    // Inputs.

    pub(crate) fn pure<T: Serialize + ?Sized>(&mut self, value: &T) -> Argument {
        let bytes = bcs::to_bytes(value).expect("plain values encode");
        self.input(Input::Pure(bytes))
    }

    pub(crate) fn owned(&mut self, ledger: &Ledger, id: Address) -> Argument {
        self.changes.entry(id).or_default();
        self.input(Input::ImmutableOrOwned(ledger.reference(&id)))
    }

    pub(crate) fn shared(&mut self, ledger: &Ledger, id: Address, mutable: bool) -> Argument {
        let Owner::Shared(start) = ledger.object(&id).owner() else {
            unreachable!("the story names shared objects as shared");
        };
        if mutable {
            self.changes.entry(id).or_default();
        }
        self.input(Input::Shared(SharedInput::new(id, *start, mutable)))
    }

    pub(crate) fn withdrawal(&mut self, amount: u64, coin: Coin) -> Argument {
        let withdrawal = FundsWithdrawal::new(amount, coin.type_tag(), WithdrawFrom::Sender);
        self.input(Input::FundsWithdrawal(withdrawal))
    }

    fn input(&mut self, input: Input) -> Argument {
        // The same object or value is one input, however often it is used.
        let known = self.ptb.inputs.iter().position(|i| *i == input);
        let index = known.unwrap_or_else(|| {
            self.ptb.inputs.push(input);
            self.ptb.inputs.len() - 1
        });
        Argument::Input(index_u16(index))
    }

    // Commands.

    pub(crate) fn command(&mut self, command: Command) -> Argument {
        self.ptb.commands.push(command);
        Argument::Result(index_u16(self.ptb.commands.len() - 1))
    }

    pub(crate) fn call(
        &mut self,
        (package, module, function): (Address, &'static str, &'static str),
        type_arguments: Vec<TypeTag>,
        arguments: Vec<Argument>,
    ) -> Argument {
        self.command(Command::MoveCall(MoveCall {
            package,
            module: Identifier::from_static(module),
            function: Identifier::from_static(function),
            type_arguments,
            arguments,
        }))
    }

    pub(crate) fn transfer(&mut self, objects: Vec<Argument>, to: Address) {
        let address = self.pure(&to);
        self.command(Command::TransferObjects(TransferObjects {
            objects,
            address,
        }));
    }

    /// Takes `amount` out of what the sender owns and leaves it as the result of a split.
    ///
    /// Coins are merged first where one alone is not enough, or where too many have piled up. The
    /// caller says where the split part goes. SUI comes out of the gas coin, so its sender pays.
    pub(crate) fn take(
        &mut self,
        ledger: &Ledger,
        owner: Address,
        coin: Coin,
        amount: u64,
    ) -> Argument {
        let amount_argument = self.pure(&amount);
        let source = if coin == Coin::Sui {
            self.from_gas += amount;
            Argument::Gas
        } else {
            self.merged(ledger, owner, coin, amount)
        };
        let split = self.command(Command::SplitCoins(SplitCoins {
            coin: source,
            amounts: vec![amount_argument],
        }));
        split.nested(0).expect("a command's result has parts")
    }

    /// One coin that holds at least `amount`, with `amount` already gone from its balance.
    fn merged(&mut self, ledger: &Ledger, owner: Address, coin: Coin, amount: u64) -> Argument {
        const COINS_KEPT: usize = 3;
        let ids = ledger.coins(owner, coin).to_vec();
        let first = *ids.first().expect("the story checks balances");
        let mut balance = ledger.coin_balance(&first);
        let primary = self.owned(ledger, first);
        if balance < amount || ids.len() > COINS_KEPT {
            let mut coins_to_merge = vec![];
            for id in &ids[1..] {
                coins_to_merge.push(self.owned(ledger, *id));
                self.delete(*id);
                balance += ledger.coin_balance(id);
            }
            self.command(Command::MergeCoins(MergeCoins {
                coin: primary,
                coins_to_merge,
            }));
        }
        let left = balance
            .checked_sub(amount)
            .expect("the story checks balances");
        self.set_coin(first, left);
        primary
    }

    // Meaning.

    pub(crate) fn set_coin(&mut self, id: Address, balance: u64) {
        self.set_contents(id, super::ledger::coin_contents(id, balance));
    }

    pub(crate) fn set_contents(&mut self, id: Address, contents: Vec<u8>) {
        self.changes.entry(id).or_default().contents = Some(contents);
    }

    pub(crate) fn give(&mut self, id: Address, to: Address) {
        self.changes.entry(id).or_default().owner = Some(to);
    }

    pub(crate) fn delete(&mut self, id: Address) {
        self.changes.entry(id).or_default().delete = true;
    }

    pub(crate) fn create_coin(&mut self, owner: Address, coin: Coin, amount: u64) {
        self.creations.push(Creation {
            owner: NewOwner::Address(owner),
            object_type: StructTag::coin(coin.type_tag()),
            public_transfer: true,
            fields: amount.to_le_bytes().to_vec(),
        });
    }

    pub(crate) fn post(&mut self, coin: Coin, from: Party, to: Party, amount: u64) {
        self.postings.push(Posting {
            coin,
            from,
            to,
            amount: i128::from(amount),
        });
    }

    pub(crate) fn fail(&mut self, error: ExecutionError, command: u64) {
        self.failure = Some((error, Some(command)));
    }
}

fn index_u16(index: usize) -> u16 {
    u16::try_from(index).expect("a transaction has few inputs and commands")
}
