//! Server-side filters: a disjunction of conjunctions over transactions or events.

use std::collections::BTreeSet;

use sui_rpc::proto::sui::rpc::v2::{
    self as proto, event_literal::Predicate as EventPredicate,
    transaction_literal::Predicate as TransactionPredicate,
};
use sui_sdk_types::{
    Address, CheckpointTransaction, Command, Event, MoveCall, ObjectOut, Owner, StructTag,
    TransactionEffects, TransactionKind,
};
use tonic::Status;

/// What a real node takes per request.
const LITERALS_MAX: usize = 10;

/// A checked filter: any term may match, of which all literals must.
pub(crate) struct Filter {
    terms: Vec<Vec<Literal>>,
}

struct Literal {
    negated: bool,
    predicate: Predicate,
}

enum Predicate {
    Sender(Address),
    AffectedAddress(Address),
    AffectedObject(Address),
    MoveCall(MovePath),
    EmitModule(MovePath),
    EventType(EventType),
    PackageWrite,
    /// Authenticated event streams do not exist on this chain.
    Never,
}

/// `package[::module[::function]]`
struct MovePath {
    package: Address,
    rest: Vec<String>,
}

/// A type name at any depth, or one exact instantiation.
enum EventType {
    Path(MovePath),
    Exact(Box<StructTag>),
}

impl Filter {
    pub(crate) fn transactions(filter: proto::TransactionFilter) -> Result<Self, Status> {
        let terms = filter.terms.into_iter().map(|term| {
            let literals = term.literals.into_iter();
            literals.map(transaction_literal).collect()
        });
        Self::checked(terms.collect::<Result<_, _>>()?)
    }

    pub(crate) fn events(filter: proto::EventFilter) -> Result<Self, Status> {
        let terms = filter.terms.into_iter().map(|term| {
            let literals = term.literals.into_iter();
            literals.map(event_literal).collect()
        });
        Self::checked(terms.collect::<Result<_, _>>()?)
    }

    fn checked(terms: Vec<Vec<Literal>>) -> Result<Self, Status> {
        let literals: usize = terms.iter().map(Vec::len).sum();
        if terms.is_empty() || terms.iter().any(Vec::is_empty) {
            return Err(Status::invalid_argument("filter has an empty term"));
        }
        if literals > LITERALS_MAX {
            return Err(Status::invalid_argument(format!(
                "filter has {literals} literals, at most {LITERALS_MAX} are allowed"
            )));
        }
        Ok(Self { terms })
    }

    pub(crate) fn matches(&self, executed: &CheckpointTransaction) -> bool {
        self.any_term(|predicate| predicate.matches(executed))
    }

    pub(crate) fn matches_event(&self, executed: &CheckpointTransaction, event: &Event) -> bool {
        self.any_term(|predicate| match predicate {
            Predicate::EmitModule(path) => path.names_emitter(event),
            Predicate::EventType(wanted) => wanted.matches(event),
            of_transaction => of_transaction.matches(executed),
        })
    }

    fn any_term(&self, holds: impl Fn(&Predicate) -> bool) -> bool {
        self.terms.iter().any(|literals| {
            let mut literals = literals.iter();
            literals.all(|literal| holds(&literal.predicate) != literal.negated)
        })
    }
}

fn transaction_literal(literal: proto::TransactionLiteral) -> Result<Literal, Status> {
    let predicate = match literal.predicate.ok_or_else(missing_predicate)? {
        TransactionPredicate::Sender(f) => Predicate::Sender(address(f.address)?),
        TransactionPredicate::AffectedAddress(f) => Predicate::AffectedAddress(address(f.address)?),
        TransactionPredicate::AffectedObject(f) => Predicate::AffectedObject(address(f.object_id)?),
        TransactionPredicate::MoveCall(f) => Predicate::MoveCall(MovePath::parse(f.function, 3)?),
        TransactionPredicate::EmitModule(f) => Predicate::EmitModule(MovePath::parse(f.module, 2)?),
        TransactionPredicate::EventType(f) => Predicate::EventType(EventType::parse(f.event_type)?),
        TransactionPredicate::PackageWrite(_) => Predicate::PackageWrite,
        TransactionPredicate::EventStreamHead(_) => Predicate::Never,
        _ => return Err(missing_predicate()),
    };
    Ok(Literal {
        negated: literal.negated,
        predicate,
    })
}

fn event_literal(literal: proto::EventLiteral) -> Result<Literal, Status> {
    let predicate = match literal.predicate.ok_or_else(missing_predicate)? {
        EventPredicate::Sender(f) => Predicate::Sender(address(f.address)?),
        EventPredicate::EmitModule(f) => Predicate::EmitModule(MovePath::parse(f.module, 2)?),
        EventPredicate::EventType(f) => Predicate::EventType(EventType::parse(f.event_type)?),
        EventPredicate::EventStreamHead(_) => Predicate::Never,
        _ => return Err(missing_predicate()),
    };
    Ok(Literal {
        negated: literal.negated,
        predicate,
    })
}

fn missing_predicate() -> Status {
    Status::invalid_argument("filter literal has no known predicate")
}

fn address(text: Option<String>) -> Result<Address, Status> {
    let text = text.ok_or_else(|| Status::invalid_argument("filter names no address"))?;
    parse_address(&text)
}

/// Addresses may be short on input.
pub(crate) fn parse_address(text: &str) -> Result<Address, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("invalid address {text:?}: {error}")))
}

impl Predicate {
    fn matches(&self, executed: &CheckpointTransaction) -> bool {
        match self {
            Self::Sender(address) => executed.transaction.transaction.sender == *address,
            Self::AffectedAddress(address) => affected_addresses(executed).contains(address),
            Self::AffectedObject(id) => {
                let mut changes = executed.effects.object_changes();
                changes.any(|change| change.object_id() == id)
            }
            Self::MoveCall(path) => move_calls(executed).any(|call| path.names_call(call)),
            Self::EmitModule(path) => events(executed).any(|event| path.names_emitter(event)),
            Self::EventType(wanted) => events(executed).any(|event| wanted.matches(event)),
            Self::PackageWrite => {
                let mut outputs = executed.output_objects.iter();
                outputs.any(|object| object.as_struct().is_none())
            }
            Self::Never => false,
        }
    }
}

impl MovePath {
    fn parse(text: Option<String>, depth_max: usize) -> Result<Self, Status> {
        let text = text.ok_or_else(|| Status::invalid_argument("filter names no Move path"))?;
        let mut parts = text.split("::");
        let package = parse_address(parts.next().unwrap_or_default())?;
        let rest: Vec<_> = parts.map(str::to_owned).collect();
        if rest.len() >= depth_max || rest.iter().any(String::is_empty) {
            return Err(Status::invalid_argument(format!("invalid path {text:?}")));
        }
        Ok(Self { package, rest })
    }

    fn names(&self, package: Address, rest: [&str; 2]) -> bool {
        self.package == package
            && self
                .rest
                .iter()
                .zip(rest)
                .all(|(wanted, part)| wanted == part)
    }

    fn names_call(&self, call: &MoveCall) -> bool {
        self.names(call.package, [call.module.as_str(), call.function.as_str()])
    }

    fn names_emitter(&self, event: &Event) -> bool {
        self.names(event.package_id, [event.module.as_str(), ""])
    }
}

impl EventType {
    fn parse(text: Option<String>) -> Result<Self, Status> {
        let text = text.unwrap_or_default();
        if !text.contains('<') {
            return MovePath::parse(Some(text), 3).map(Self::Path);
        }
        text.parse()
            .map(|tag| Self::Exact(Box::new(tag)))
            .map_err(|error| Status::invalid_argument(format!("invalid type {text:?}: {error}")))
    }

    fn matches(&self, event: &Event) -> bool {
        let tag = &event.type_;
        match self {
            Self::Path(path) => {
                path.names(*tag.address(), [tag.module().as_str(), tag.name().as_str()])
            }
            Self::Exact(wanted) => **wanted == *tag,
        }
    }
}

fn events(executed: &CheckpointTransaction) -> impl Iterator<Item = &Event> {
    executed.events.iter().flat_map(|events| &events.0)
}

fn move_calls(executed: &CheckpointTransaction) -> impl Iterator<Item = &MoveCall> {
    let commands = match &executed.transaction.transaction.kind {
        TransactionKind::ProgrammableTransaction(ptb) => &ptb.commands[..],
        _ => &[],
    };
    commands.iter().filter_map(|command| match command {
        Command::MoveCall(call) => Some(call),
        _ => None,
    })
}

/// Sender, gas payer, owners of changed objects before and after, owners of address balances.
fn affected_addresses(executed: &CheckpointTransaction) -> BTreeSet<Address> {
    let transaction = &executed.transaction.transaction;
    let mut affected = BTreeSet::from([transaction.sender, transaction.gas_payment.owner]);
    let objects = executed
        .input_objects
        .iter()
        .chain(&executed.output_objects);
    for object in objects {
        if let Owner::Address(owner) | Owner::ConsensusAddress { owner, .. } = object.owner() {
            affected.insert(*owner);
        }
    }
    if let TransactionEffects::V2(effects) = &executed.effects {
        for change in &effects.changed_objects {
            if let ObjectOut::AccumulatorWrite(write) = &change.output_state {
                affected.insert(*write.address());
            }
        }
    }
    affected
}
