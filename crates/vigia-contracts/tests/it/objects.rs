//! Transactions by hand, written as what they did to objects and address balances: the balance
//! changes follow from those by the node's own rule, as they do on a real chain.

use sui_sdk_types::{
    AccumulatorOperation, AccumulatorValue, AccumulatorWrite, ChangedObject, ExecutionError,
    ExecutionStatus, GasCostSummary, IdOperation, MoveStruct, Object, ObjectData, ObjectIn,
    ObjectOut, Owner, TransactionEffects,
};
use vigia_core::{Address, Digest, Identifier, StructTag, TypeTag, derive_balance_changes};
use vigia_devnet::Coin;

use crate::support::{Made, made};

/// An owner and what of a coin object is theirs.
pub(crate) type Held = (Address, u64);

/// A transaction in the making.
pub(crate) struct Did {
    made: Made,
    gas: GasCostSummary,
    status: ExecutionStatus,
    changed: Vec<ChangedObject>,
    before: Vec<Object>,
    after: Vec<Object>,
}

/// A transaction of `sender` that did nothing yet and cost no gas.
pub(crate) fn did(sender: Address) -> Did {
    Did {
        made: made(sender),
        gas: GasCostSummary::new(0, 0, 0, 0),
        status: ExecutionStatus::Success,
        changed: vec![],
        before: vec![],
        after: vec![],
    }
}

impl Did {
    /// A coin object before and after; none where it was created or deleted.
    pub(crate) fn coin(self, coin: Coin, before: Option<Held>, after: Option<Held>) -> Self {
        let object_type = StructTag::coin(coin.type_tag());
        let object = |id: Address, held: Option<Held>, version| {
            let (owner, balance) = held?;
            let contents = [id.as_bytes(), &balance.to_le_bytes()].concat();
            Some(object(
                &object_type,
                Owner::Address(owner),
                contents,
                version,
            ))
        };
        let id = self.next_id();
        let (before, after) = (object(id, before, 1), object(id, after, 2));
        self.object(id, before, after)
    }

    /// Stake that `owner` had, taken out: worth its principal, which is no coin.
    pub(crate) fn unstakes(self, owner: Address, principal: u64) -> Self {
        let id = self.next_id();
        let staked = staked(id, owner, principal);
        self.object(id, Some(staked), None)
    }

    /// Stake that `owner` has from now on.
    pub(crate) fn stakes(self, owner: Address, principal: u64) -> Self {
        let id = self.next_id();
        let staked = staked(id, owner, principal);
        self.object(id, None, Some(staked))
    }

    /// A write to an address balance.
    pub(crate) fn balance(mut self, address: Address, coin: Coin, amount: i64) -> Self {
        let balance: TypeTag = StructTag::new(
            Address::TWO,
            Identifier::from_static("balance"),
            Identifier::from_static("Balance"),
            vec![coin.type_tag()],
        )
        .into();
        let operation = match amount {
            ..0 => AccumulatorOperation::Split,
            _ => AccumulatorOperation::Merge,
        };
        let value = AccumulatorValue::Integer(amount.unsigned_abs());
        let write = AccumulatorWrite::new(address, balance, operation, value);
        self.changed.push(ChangedObject {
            object_id: self.next_id(),
            input_state: ObjectIn::NotExist,
            output_state: ObjectOut::AccumulatorWrite(write),
            id_operation: IdOperation::None,
        });
        self
    }

    /// What computation and storage cost, and what storage gave back.
    pub(crate) fn gas(mut self, cost: u64, rebate: u64) -> Self {
        self.gas = GasCostSummary::new(cost, 0, rebate, 0);
        self
    }

    pub(crate) fn sponsored_by(mut self, payer: Address) -> Self {
        self.made = self.made.sponsored_by(payer);
        self
    }

    pub(crate) fn fails(mut self) -> Self {
        self.status = ExecutionStatus::Failure {
            error: ExecutionError::InsufficientCoinBalance,
            command: Some(0),
        };
        self
    }

    pub(crate) fn emits(
        mut self,
        package: Address,
        module_and_name: (&str, &str),
        contents: Vec<u8>,
    ) -> Self {
        self.made = self.made.emits(package, module_and_name, contents);
        self
    }

    pub(crate) fn done(self) -> Made {
        let mut made = self.made;
        let TransactionEffects::V2(effects) = &mut made.0.effects else {
            panic!("the devnet writes version 2 effects")
        };
        effects.changed_objects = self.changed;
        effects.gas_used = self.gas;
        effects.status = self.status;
        made.0.balance_changes = derive_balance_changes(&made.0.effects, &self.before, &self.after);
        made
    }

    fn next_id(&self) -> Address {
        let number = u8::try_from(self.changed.len() + 1).expect("few objects");
        let mut id = [0xc0; 32];
        id[31] = number;
        Address::new(id)
    }

    fn object(mut self, id: Address, before: Option<Object>, after: Option<Object>) -> Self {
        self.changed.push(ChangedObject {
            object_id: id,
            input_state: before
                .as_ref()
                .map_or(ObjectIn::NotExist, |object| ObjectIn::Exist {
                    version: object.version(),
                    digest: object.digest(),
                    owner: *object.owner(),
                }),
            output_state: after.as_ref().map_or(ObjectOut::NotExist, |object| {
                ObjectOut::ObjectWrite {
                    digest: object.digest(),
                    owner: *object.owner(),
                }
            }),
            id_operation: match (&before, &after) {
                (None, _) => IdOperation::Created,
                (_, None) => IdOperation::Deleted,
                _ => IdOperation::None,
            },
        });
        self.before.extend(before);
        self.after.extend(after);
        self
    }
}

fn staked(id: Address, owner: Address, principal: u64) -> Object {
    let pool = Address::new([0x99; 32]);
    let epoch = 7u64.to_le_bytes();
    let contents = [
        id.as_bytes(),
        pool.as_bytes(),
        &epoch,
        &principal.to_le_bytes(),
    ]
    .concat();
    object(&StructTag::staked_sui(), Owner::Address(owner), contents, 1)
}

fn object(object_type: &StructTag, owner: Owner, contents: Vec<u8>, version: u64) -> Object {
    let data = MoveStruct::new(object_type.clone(), true, version, contents);
    let data = ObjectData::Struct(data.expect("contents begin with the id"));
    Object::new(data, owner, Digest::ZERO, 0)
}
