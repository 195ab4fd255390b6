//! What exists from the start: packages, shared objects, and everybody's first coins.

use std::collections::BTreeMap;

use sui_sdk_types::{
    Address, GenesisObject, GenesisTransaction, Identifier, MovePackage, Object, ObjectData, Owner,
    StructTag, TransactionKind, TypeOrigin, UpgradeInfo,
};

use super::{
    actors::Cast,
    books::{Books, Party, Posting},
    coins::Coin,
    contracts::{FeeCollector, Pool},
    draft::Draft,
    execute::{system_signature, system_transaction},
    layouts::declared_modules,
    ledger::{Ledger, coin_contents, object_contents, package_data, struct_data},
    packages::{Packages, named_id, struct_tag},
    story::upgrade_cap_contents,
    system::{CLOCK, SYSTEM_STATE},
};

const VERSION: u64 = 1;
const SUI: u64 = 1_000_000_000;
const USD: u64 = 1_000_000;

/// Ids of the shared objects that calls name.
pub(crate) struct SharedIds {
    pub(crate) clock: Address,
    pub(crate) collector: Address,
    pub(crate) cusd_state: Address,
    pub(crate) trade_state: Address,
    pub(crate) invite_state: Address,
    pub(crate) pool: Address,
}

pub(crate) fn shared_ids() -> SharedIds {
    SharedIds {
        clock: CLOCK,
        collector: named_id("fee collector"),
        cusd_state: named_id("cusd state"),
        trade_state: named_id("trade state"),
        invite_state: named_id("invite state"),
        pool: named_id("pool"),
    }
}

pub(crate) fn upgrade_cap_id() -> Address {
    named_id("upgrade cap of pay")
}

/// The first state, as the transaction that creates it.
pub(crate) struct Genesis {
    pub(crate) kind: TransactionKind,
    pub(crate) objects: Vec<(ObjectData, Owner)>,
    pub(crate) postings: Vec<Posting>,
    pub(crate) collector: FeeCollector,
    pub(crate) pool: Pool,
}

impl Genesis {
    pub(crate) fn new(cast: &Cast, start_ms: u64) -> Self {
        let collector = FeeCollector {
            cusd_fees: 0,
            confio_fees: 0,
            fee_recipient: cast.address(Cast::ADMIN),
            paused: false,
        };
        let pool = Pool {
            sui: 500_000 * SUI,
            usdc: 1_500_000 * USD,
        };
        let mut coins = Endowment::default();
        coins.endow(cast);
        coins.contract("dex", Coin::Sui, pool.sui);
        coins.contract("dex", Coin::Usdc, pool.usdc);

        let mut objects = packages();
        objects.extend(shared_objects(&collector, &pool, start_ms));
        objects.extend(caps_and_metadata(cast.address(Cast::ADMIN), &coins));
        objects.extend(coins.objects);
        let genesis_objects = objects
            .iter()
            .map(|(data, owner)| GenesisObject::new(data.clone(), *owner))
            .collect();
        Self {
            kind: TransactionKind::Genesis(GenesisTransaction {
                objects: genesis_objects,
            }),
            objects,
            postings: coins.postings,
            collector,
            pool,
        }
    }
}

/// Everybody's first coins, and how much of each there is.
#[derive(Default)]
struct Endowment {
    objects: Vec<(ObjectData, Owner)>,
    postings: Vec<Posting>,
    supply: BTreeMap<Coin, u64>,
}

impl Endowment {
    fn endow(&mut self, cast: &Cast) {
        let exchange = cast.address(Cast::EXCHANGE);
        self.coin(exchange, Coin::Sui, 1_000_000_000 * SUI);
        for coin in [Coin::Cusd, Coin::Confio, Coin::Usdc, Coin::Scam] {
            self.coin(exchange, coin, 1_000_000_000 * USD);
        }
        self.coin(cast.address(Cast::ADMIN), Coin::Sui, 10_000_000 * SUI);
        self.coin(cast.address(Cast::SPONSOR), Coin::Sui, 100_000_000 * SUI);
        for (index, user) in cast.funded_users().enumerate() {
            let (user, spread) = (cast.address(user), index as u64 % 9);
            self.coin(user, Coin::Sui, 50 * SUI);
            self.coin(user, Coin::Cusd, (80 + 45 * spread) * USD);
            self.coin(user, Coin::Confio, (30 + 10 * spread) * USD);
        }
        for stranger in cast.strangers() {
            self.coin(cast.address(stranger), Coin::Sui, 100 * SUI);
            self.coin(cast.address(stranger), Coin::Usdc, 1_000 * USD);
        }
    }

    fn coin(&mut self, owner: Address, coin: Coin, amount: u64) {
        let id = named_id(&format!("first {coin} of {owner}"));
        let object_type = StructTag::coin(coin.type_tag());
        let data = struct_data(object_type, VERSION, true, coin_contents(id, amount));
        self.objects.push((data, Owner::Address(owner)));
        self.issue(coin, Party::Address(owner), amount);
    }

    fn contract(&mut self, name: &'static str, coin: Coin, amount: u64) {
        self.issue(coin, Party::Contract(name), amount);
    }

    fn issue(&mut self, coin: Coin, to: Party, amount: u64) {
        *self.supply.entry(coin).or_default() += amount;
        self.postings.push(Posting {
            coin,
            from: Party::Issuer,
            to,
            amount: i128::from(amount),
        });
    }
}

/// The genesis transaction's draft: everything is created, nothing changed.
pub(crate) fn genesis_effects(
    genesis: &Genesis,
    ledger: &mut Ledger,
    books: &mut Books,
) -> super::execute::Executed {
    let transaction = system_transaction(genesis.kind.clone());
    let digest = transaction.digest();
    for posting in &genesis.postings {
        books.post(*posting);
    }
    let objects = genesis.objects.iter();
    let objects: Vec<_> = objects
        .map(|(data, owner)| Object::new(data.clone(), *owner, digest, 0))
        .collect();
    for object in &objects {
        ledger.insert(object.clone());
    }
    super::execute::created_by_genesis(transaction, vec![system_signature()], objects)
}

fn packages() -> Vec<(ObjectData, Owner)> {
    let ids = Packages::declared();
    [
        (Address::from_static("0x1"), "std"),
        (Address::TWO, "sui"),
        (Address::THREE, "sui_system"),
        (ids.cusd, "cusd"),
        (ids.confio, "confio"),
        (ids.pay, "pay"),
        (ids.p2p_trade, "p2p_trade"),
        (ids.invite_send, "invite_send"),
        (ids.usdc, "usdc"),
        (ids.scam, "scam"),
        (ids.dex, "dex"),
    ]
    .into_iter()
    .map(|(id, module)| {
        let package = move_package(id, id, module, VERSION);
        (package_data(package), Owner::Immutable)
    })
    .collect()
}

/// A package of one module. Its bytecode is a placeholder: there is no compiler here.
pub(crate) fn move_package(
    id: Address,
    original: Address,
    module: &'static str,
    version: u64,
) -> MovePackage {
    let bytecode = format!("vigia-devnet placeholder for module {module}, version {version}");
    let module_name = Identifier::from_static(module);
    let structs = declared_modules().iter().find(|m| m.name == module);
    let structs = structs.map_or(&[][..], |declared| declared.structs);
    MovePackage {
        id,
        version,
        modules: BTreeMap::from([(module_name.clone(), bytecode.into_bytes())]),
        type_origin_table: structs
            .iter()
            .map(|declared| TypeOrigin {
                module_name: module_name.clone(),
                struct_name: Identifier::from_static(declared.name),
                package: original,
            })
            .collect(),
        linkage_table: linkage(module),
    }
}

/// The framework, and for contracts that move the wallet's coins, those.
fn linkage(module: &str) -> BTreeMap<Address, UpgradeInfo> {
    let ids = Packages::declared();
    let mut dependencies = match module {
        "std" => vec![],
        "sui" => vec![Address::from_static("0x1")],
        _ => vec![Address::from_static("0x1"), Address::TWO],
    };
    if matches!(module, "pay" | "p2p_trade" | "invite_send") {
        dependencies.extend([ids.cusd, ids.confio]);
    }
    let link = |id| {
        let info = UpgradeInfo {
            upgraded_id: id,
            upgraded_version: VERSION,
        };
        (id, info)
    };
    dependencies.into_iter().map(link).collect()
}

fn shared_objects(
    collector: &FeeCollector,
    pool: &Pool,
    start_ms: u64,
) -> Vec<(ObjectData, Owner)> {
    let (ids, shared) = (Packages::declared(), shared_ids());
    let state = |package, module, name, contents| {
        let object_type = struct_tag(package, module, name, vec![]);
        let data = struct_data(object_type, VERSION, false, contents);
        (data, Owner::Shared(VERSION))
    };
    let unpaused = |id| object_contents(id, &false);
    vec![
        state(
            Address::TWO,
            "clock",
            "Clock",
            object_contents(CLOCK, &start_ms),
        ),
        state(
            Address::THREE,
            "sui_system",
            "SuiSystemState",
            object_contents(SYSTEM_STATE, &2_u64),
        ),
        state(
            ids.pay,
            "pay",
            "FeeCollector",
            object_contents(shared.collector, collector),
        ),
        state(ids.cusd, "cusd", "CusdState", unpaused(shared.cusd_state)),
        state(
            ids.p2p_trade,
            "p2p_trade",
            "TradeState",
            unpaused(shared.trade_state),
        ),
        state(
            ids.invite_send,
            "invite_send",
            "InviteState",
            unpaused(shared.invite_state),
        ),
        state(ids.dex, "dex", "Pool", object_contents(shared.pool, pool)),
    ]
}

fn caps_and_metadata(admin: Address, coins: &Endowment) -> Vec<(ObjectData, Owner)> {
    let framework = |module, name, parameters| struct_tag(Address::TWO, module, name, parameters);
    let mut objects = vec![(
        struct_data(
            framework("package", "UpgradeCap", vec![]),
            VERSION,
            true,
            upgrade_cap_contents(Packages::declared().pay, VERSION),
        ),
        Owner::Address(admin),
    )];
    for coin in Coin::ALL {
        let parameter = || vec![coin.type_tag()];
        let metadata = struct_data(
            framework("coin", "CoinMetadata", parameter()),
            VERSION,
            true,
            object_contents(coin.metadata_id(), &metadata_fields(coin)),
        );
        objects.push((metadata, Owner::Immutable));
        let supply = coins.supply.get(&coin).copied().unwrap_or_default();
        let treasury = struct_data(
            framework("coin", "TreasuryCap", parameter()),
            VERSION,
            true,
            object_contents(coin.treasury_id(), &supply),
        );
        objects.push((treasury, Owner::Address(admin)));
    }
    objects
}

/// Decimals, name, symbol, description, icon.
fn metadata_fields(coin: Coin) -> (u8, &'static str, &'static str, String, Option<&'static str>) {
    let decimals = u8::try_from(coin.decimals()).expect("decimals are few");
    let description = format!("{} on a simulated chain", coin.name());
    (decimals, coin.name(), coin.symbol(), description, None)
}

/// A draft that only changes one shared system object.
pub(crate) fn system_draft(id: Address, contents: Vec<u8>) -> Draft {
    let mut draft = Draft::new(Cast::ADMIN);
    draft.set_contents(id, contents);
    draft
}
