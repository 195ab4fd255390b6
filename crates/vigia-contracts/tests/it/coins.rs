//! Coins, case by case: what a transaction did to objects and address balances, the activities that
//! come of it, and the balance effects.

use vigia_core::Status;
use vigia_devnet::{Coin, Packages};

use crate::objects::{Did, did};
use crate::support::{Made, bytes_of, interpreter};
use crate::wallet::{
    ANA, ANA_SAVINGS, BETO, OTHER, SPONSOR, STRANGER, UNWATCHED_SPONSOR, all_activities, book,
    line, name,
};

/// What a transaction has to say: account, kind, direction, amount, coin, message, other party; and
/// what each watched balance moved by.
struct Case {
    name: &'static str,
    did: Did,
    activities: &'static [&'static str],
    effects: &'static [&'static str],
}

fn check(cases: impl IntoIterator<Item = Case>) {
    for case in cases {
        let made = case.did.done();
        let told: Vec<String> = all_activities(&made).iter().map(line).collect();
        assert_eq!(told, case.activities, "{}", case.name);
        assert_eq!(effects(&made), case.effects, "{}", case.name);
    }
}

fn effects(made: &Made) -> Vec<String> {
    let effects = interpreter().balance_effects(&made.0, &book());
    let lines = effects.iter().map(|effect| {
        let coin = effect.coin_type.rsplit("::").next().unwrap_or_default();
        format!("{} {coin} {}", name(effect.address), effect.amount)
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

#[test]
fn splits_and_merges_move_nothing() {
    check([
        Case {
            name: "split",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 600)))
                .coin(Coin::Cusd, None, Some((ANA, 200)))
                .coin(Coin::Cusd, None, Some((ANA, 100))),
            activities: &["1 transaction neutral - - - -"],
            effects: &[],
        },
        Case {
            name: "split of the gas coin",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 900)), Some((ANA, 690)))
                .coin(Coin::Sui, None, Some((ANA, 200)))
                .gas(10, 0),
            activities: &["1 transaction neutral - - - -"],
            effects: &["ana SUI -10"],
        },
        Case {
            name: "merge",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 600)), Some((ANA, 900)))
                .coin(Coin::Cusd, Some((ANA, 200)), None)
                .coin(Coin::Cusd, Some((ANA, 100)), None),
            activities: &["1 transaction neutral - - - -"],
            effects: &[],
        },
        Case {
            name: "merge that gives back more storage than it costs",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 600)), Some((ANA, 700)))
                .coin(Coin::Cusd, Some((ANA, 100)), None)
                .coin(Coin::Sui, Some((ANA, 50)), Some((ANA, 57)))
                .gas(3, 10),
            activities: &["1 transaction neutral - - - -"],
            effects: &["ana SUI 7"],
        },
        Case {
            name: "split and merge of another's coins concern nobody here",
            did: did(STRANGER)
                .coin(Coin::Cusd, Some((STRANGER, 600)), Some((STRANGER, 500)))
                .coin(Coin::Cusd, None, Some((STRANGER, 100))),
            activities: &[],
            effects: &[],
        },
    ]);
}

#[test]
fn several_coins_and_several_recipients() {
    check([
        Case {
            name: "two coins to one",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 600)))
                .coin(Coin::Cusd, None, Some((BETO, 300)))
                .coin(Coin::Confio, Some((ANA, 50)), Some((BETO, 50))),
            activities: &[
                "1 transfer out 50 CONFIO SEND_SENT beto",
                "1 transfer out 300 CUSD SEND_SENT beto",
                "2 transfer in 50 CONFIO SEND_RECEIVED ana",
                "2 transfer in 300 CUSD SEND_RECEIVED ana",
            ],
            effects: &[
                "ana CONFIO -50",
                "ana CUSD -300",
                "beto CONFIO 50",
                "beto CUSD 300",
            ],
        },
        Case {
            name: "several coin objects of one coin are one movement",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 100)), Some((BETO, 100)))
                .coin(Coin::Cusd, Some((ANA, 20)), Some((BETO, 20)))
                .coin(Coin::Cusd, Some((ANA, 3)), None)
                .coin(Coin::Cusd, None, Some((BETO, 3))),
            activities: &[
                "1 transfer out 123 CUSD SEND_SENT beto",
                "2 transfer in 123 CUSD SEND_RECEIVED ana",
            ],
            effects: &["ana CUSD -123", "beto CUSD 123"],
        },
        Case {
            name: "one coin to several, of whom one is watched",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 300)))
                .coin(Coin::Cusd, None, Some((BETO, 100)))
                .coin(Coin::Cusd, None, Some((STRANGER, 200)))
                .coin(Coin::Cusd, None, Some((OTHER, 300))),
            activities: &[
                "1 transfer out 600 CUSD SEND_SENT -",
                "2 transfer in 100 CUSD SEND_RECEIVED ana",
            ],
            effects: &["ana CUSD -600", "beto CUSD 100"],
        },
        Case {
            name: "each coin to another",
            did: did(STRANGER)
                .coin(Coin::Cusd, Some((STRANGER, 900)), Some((ANA, 900)))
                .coin(Coin::Usdc, Some((STRANGER, 5)), Some((BETO, 5))),
            activities: &[
                "1 transfer in 900 CUSD SEND_FROM_EXTERNAL stranger",
                "2 transfer in 5 USDC SEND_FROM_EXTERNAL stranger",
            ],
            effects: &["ana CUSD 900", "beto USDC 5"],
        },
    ]);
}

#[test]
fn self_transfers_go_nowhere() {
    check([
        Case {
            name: "to the same address",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 600)))
                .coin(Coin::Cusd, None, Some((ANA, 300))),
            activities: &["1 transaction neutral - - - -"],
            effects: &[],
        },
        Case {
            name: "to an address of the same account",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 600)))
                .coin(Coin::Cusd, None, Some((ANA_SAVINGS, 300))),
            activities: &["1 transfer neutral 300 CUSD - -"],
            effects: &["ana CUSD -300", "ana-savings CUSD 300"],
        },
        Case {
            name: "of SUI, which pays for gas too",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 900)), Some((ANA, 595)))
                .coin(Coin::Sui, None, Some((ANA_SAVINGS, 300)))
                .gas(5, 0),
            activities: &["1 transfer neutral 300 SUI - -"],
            effects: &["ana SUI -305", "ana-savings SUI 300"],
        },
    ]);
}

#[test]
fn smashed_gas_coins_are_no_movement() {
    check([
        Case {
            name: "smashed, and nothing else",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 100)), Some((ANA, 590)))
                .coin(Coin::Sui, Some((ANA, 200)), None)
                .coin(Coin::Sui, Some((ANA, 300)), None)
                .gas(10, 0),
            activities: &["1 transaction neutral - - - -"],
            effects: &["ana SUI -10"],
        },
        Case {
            name: "smashed, and some of it sent",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 100)), Some((ANA, 90)))
                .coin(Coin::Sui, Some((ANA, 200)), None)
                .coin(Coin::Sui, Some((ANA, 300)), None)
                .coin(Coin::Sui, None, Some((BETO, 500)))
                .gas(10, 0),
            activities: &[
                "1 transfer out 500 SUI SEND_SENT beto",
                "2 transfer in 500 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -510", "beto SUI 500"],
        },
        Case {
            name: "smashed, and all of it handed over with the gas coin",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 100)), Some((BETO, 590)))
                .coin(Coin::Sui, Some((ANA, 200)), None)
                .coin(Coin::Sui, Some((ANA, 300)), None)
                .gas(10, 0),
            activities: &[
                "1 transfer out 590 SUI SEND_SENT beto",
                "2 transfer in 590 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -600", "beto SUI 590"],
        },
        Case {
            name: "smashed by a failure",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 100)), Some((ANA, 290)))
                .coin(Coin::Sui, Some((ANA, 200)), None)
                .gas(10, 0)
                .fails(),
            activities: &["1 transaction neutral - - - -"],
            effects: &["ana SUI -10"],
        },
    ]);
}

#[test]
fn who_sponsors_pays_gas_and_sends_nothing() {
    let send = |payer| {
        did(ANA)
            .sponsored_by(payer)
            .coin(Coin::Sui, Some((payer, 100)), Some((payer, 90)))
            .coin(Coin::Cusd, Some((ANA, 7)), Some((BETO, 7)))
            .gas(10, 0)
    };
    let cusd = &[
        "1 transfer out 7 CUSD SEND_SENT beto",
        "2 transfer in 7 CUSD SEND_RECEIVED ana",
    ];
    check([
        Case {
            name: "a watched sponsor",
            did: send(SPONSOR),
            activities: cusd,
            effects: &["ana CUSD -7", "beto CUSD 7", "sponsor SUI -10"],
        },
        Case {
            name: "a sponsor whom nobody watches",
            did: send(UNWATCHED_SPONSOR),
            activities: cusd,
            effects: &["ana CUSD -7", "beto CUSD 7"],
        },
        Case {
            name: "a watched sponsor of a stranger",
            did: did(STRANGER)
                .sponsored_by(SPONSOR)
                .coin(Coin::Sui, Some((SPONSOR, 100)), Some((SPONSOR, 90)))
                .gas(10, 0),
            activities: &[],
            effects: &["sponsor SUI -10"],
        },
        Case {
            name: "the sender sends SUI of their own",
            did: did(ANA)
                .sponsored_by(SPONSOR)
                .coin(Coin::Sui, Some((SPONSOR, 100)), Some((SPONSOR, 90)))
                .coin(Coin::Sui, Some((ANA, 500)), Some((BETO, 500)))
                .gas(10, 0),
            activities: &[
                "1 transfer out 500 SUI SEND_SENT beto",
                "2 transfer in 500 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -500", "beto SUI 500", "sponsor SUI -10"],
        },
        Case {
            name: "the sponsor is sent less than the gas costs",
            did: did(ANA)
                .sponsored_by(SPONSOR)
                .coin(Coin::Sui, Some((SPONSOR, 100)), Some((SPONSOR, 90)))
                .coin(Coin::Sui, Some((ANA, 4)), Some((SPONSOR, 4)))
                .gas(10, 0),
            activities: &[
                "1 transfer out 4 SUI SEND_SENT sponsor",
                "3 transfer in 4 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -4", "sponsor SUI -6"],
        },
        Case {
            name: "the sponsor is sent just what the gas costs",
            did: did(ANA)
                .sponsored_by(SPONSOR)
                .coin(Coin::Sui, Some((SPONSOR, 100)), Some((SPONSOR, 90)))
                .coin(Coin::Sui, Some((ANA, 10)), Some((SPONSOR, 10)))
                .gas(10, 0),
            activities: &[
                "1 transfer out 10 SUI SEND_SENT sponsor",
                "3 transfer in 10 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -10"],
        },
        Case {
            name: "the sender takes some of the sponsor's gas coin",
            did: did(ANA)
                .sponsored_by(SPONSOR)
                .coin(Coin::Sui, Some((SPONSOR, 100)), Some((SPONSOR, 60)))
                .coin(Coin::Sui, None, Some((ANA, 30)))
                .gas(10, 0),
            activities: &[
                "1 transfer in 30 SUI SEND_RECEIVED sponsor",
                "3 transfer out 30 SUI SEND_SENT ana",
            ],
            effects: &["ana SUI 30", "sponsor SUI -40"],
        },
        Case {
            name: "a sponsor of the same account",
            did: send(ANA_SAVINGS),
            activities: cusd,
            effects: &["ana CUSD -7", "ana-savings SUI -10", "beto CUSD 7"],
        },
    ]);
}

#[test]
fn the_payer_sends_sui_and_the_fee_is_not_part_of_it() {
    check([
        Case {
            name: "split off the gas coin",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 900)), Some((ANA, 390)))
                .coin(Coin::Sui, None, Some((BETO, 500)))
                .gas(10, 0),
            activities: &[
                "1 transfer out 500 SUI SEND_SENT beto",
                "2 transfer in 500 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -510", "beto SUI 500"],
        },
        Case {
            name: "a fee paid out of an address balance",
            did: did(ANA)
                .balance(ANA, Coin::Sui, -10)
                .coin(Coin::Sui, Some((ANA, 500)), Some((BETO, 500)))
                .gas(10, 0),
            activities: &[
                "1 transfer out 500 SUI SEND_SENT beto",
                "2 transfer in 500 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -510", "beto SUI 500"],
        },
        Case {
            name: "a contract pays out more than the fee",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 900)), Some((ANA, 890)))
                .coin(Coin::Sui, None, Some((ANA, 25)))
                .gas(10, 0),
            activities: &["1 transfer in 25 SUI - -"],
            effects: &["ana SUI 15"],
        },
    ]);
}

#[test]
fn only_gas_moves_in_a_failed_transaction() {
    let failed = |payer| {
        did(ANA)
            .sponsored_by(payer)
            .coin(Coin::Sui, Some((payer, 100)), Some((payer, 90)))
            .gas(10, 0)
            .fails()
    };
    check([
        Case {
            name: "of a watched sender",
            did: failed(ANA),
            activities: &["1 transaction neutral - - - -"],
            effects: &["ana SUI -10"],
        },
        Case {
            name: "of a watched sender with a watched sponsor",
            did: failed(SPONSOR),
            activities: &["1 transaction neutral - - - -"],
            effects: &["sponsor SUI -10"],
        },
        Case {
            name: "of a watched sender with another sponsor",
            did: failed(UNWATCHED_SPONSOR),
            activities: &["1 transaction neutral - - - -"],
            effects: &[],
        },
        Case {
            name: "of a stranger with a watched sponsor",
            did: did(STRANGER)
                .sponsored_by(SPONSOR)
                .coin(Coin::Sui, Some((SPONSOR, 100)), Some((SPONSOR, 90)))
                .gas(10, 0)
                .fails(),
            activities: &[],
            effects: &["sponsor SUI -10"],
        },
    ]);
    let told = all_activities(&failed(ANA).done());
    assert_eq!(told[0].status, Status::Failed);
    let error = told[0].details["error"].as_str().unwrap_or_default();
    assert!(error.contains("InsufficientCoinBalance"), "{error}");
}

#[test]
fn coins_are_minted_and_burned() {
    let cusd = Packages::declared().cusd;
    let minted = |to| bytes_of(&(700u64, to, STRANGER));
    let burned = bytes_of(&(700u64, STRANGER));
    check([
        Case {
            name: "minted, with the contract's event",
            did: did(STRANGER)
                .coin(Coin::Cusd, None, Some((ANA, 700)))
                .emits(cusd, ("cusd", "CUSDMinted"), minted(ANA)),
            activities: &["1 mint in 700 CUSD USDC_DEPOSIT_COMPLETED -"],
            effects: &["ana CUSD 700"],
        },
        Case {
            name: "minted by who is watched, for another",
            did: did(BETO).coin(Coin::Cusd, None, Some((ANA, 700))).emits(
                cusd,
                ("cusd", "CUSDMinted"),
                minted(ANA),
            ),
            activities: &["1 mint in 700 CUSD USDC_DEPOSIT_COMPLETED -"],
            effects: &["ana CUSD 700"],
        },
        Case {
            name: "burned, with the contract's event",
            did: did(ANA)
                .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 200)))
                .emits(cusd, ("cusd", "CUSDBurned"), burned),
            activities: &["1 burn out 700 CUSD USDC_WITHDRAWAL_COMPLETED -"],
            effects: &["ana CUSD -700"],
        },
        Case {
            name: "minted, a coin whose contract nobody declared",
            did: did(STRANGER).coin(Coin::Usdc, None, Some((ANA, 700))),
            activities: &["1 transfer in 700 USDC SEND_FROM_EXTERNAL stranger"],
            effects: &["ana USDC 700"],
        },
        Case {
            name: "burned, a coin whose contract nobody declared",
            did: did(ANA).coin(Coin::Usdc, Some((ANA, 700)), None),
            activities: &["1 transfer out 700 USDC SEND_SENT -"],
            effects: &["ana USDC -700"],
        },
    ]);
}

#[test]
fn stake_goes_and_comes_back_with_its_reward() {
    check([
        Case {
            name: "staked: the stake is no coin any more",
            did: did(ANA)
                .coin(Coin::Sui, Some((ANA, 2_000)), Some((ANA, 990)))
                .stakes(ANA, 1_000)
                .gas(10, 0),
            activities: &["1 transfer out 1000 SUI SEND_SENT -"],
            effects: &["ana SUI -1010"],
        },
        Case {
            name: "withdrawn: principal and reward arrive, from nobody",
            did: did(ANA)
                .unstakes(ANA, 1_000)
                .coin(Coin::Sui, Some((ANA, 50)), Some((ANA, 40)))
                .coin(Coin::Sui, None, Some((ANA, 1_045)))
                .gas(10, 0),
            activities: &["1 transfer in 1045 SUI - -"],
            effects: &["ana SUI 1035"],
        },
        Case {
            name: "withdrawn into an address balance",
            did: did(ANA)
                .unstakes(ANA, 1_000)
                .coin(Coin::Sui, Some((ANA, 50)), Some((ANA, 40)))
                .balance(ANA, Coin::Sui, 1_045)
                .gas(10, 0),
            activities: &["1 transfer in 1045 SUI - -"],
            effects: &["ana SUI 1035"],
        },
        Case {
            name: "stake handed to somebody else is no coin",
            did: did(STRANGER).stakes(ANA, 1_000),
            activities: &[],
            effects: &[],
        },
    ]);
}

#[test]
fn address_balances_and_coin_objects_both_count() {
    check([
        Case {
            name: "between address balances",
            did: did(ANA)
                .balance(ANA, Coin::Cusd, -300)
                .balance(BETO, Coin::Cusd, 300),
            activities: &[
                "1 transfer out 300 CUSD SEND_SENT beto",
                "2 transfer in 300 CUSD SEND_RECEIVED ana",
            ],
            effects: &["ana CUSD -300", "beto CUSD 300"],
        },
        Case {
            name: "out of an address balance and a coin object, into both",
            did: did(ANA)
                .balance(ANA, Coin::Cusd, -300)
                .coin(Coin::Cusd, Some((ANA, 50)), Some((BETO, 50)))
                .balance(BETO, Coin::Cusd, 300),
            activities: &[
                "1 transfer out 350 CUSD SEND_SENT beto",
                "2 transfer in 350 CUSD SEND_RECEIVED ana",
            ],
            effects: &["ana CUSD -350", "beto CUSD 350"],
        },
        Case {
            name: "one's own balance made a coin object",
            did: did(ANA)
                .balance(ANA, Coin::Cusd, -300)
                .coin(Coin::Cusd, None, Some((ANA, 300))),
            activities: &["1 transaction neutral - - - -"],
            effects: &[],
        },
        Case {
            name: "several writes to one balance",
            did: did(STRANGER)
                .coin(Coin::Cusd, Some((STRANGER, 30)), None)
                .balance(ANA, Coin::Cusd, 10)
                .balance(ANA, Coin::Cusd, 20),
            activities: &["1 transfer in 30 CUSD SEND_FROM_EXTERNAL stranger"],
            effects: &["ana CUSD 30"],
        },
        Case {
            name: "the sponsor pays gas out of an address balance",
            did: did(ANA)
                .sponsored_by(SPONSOR)
                .balance(SPONSOR, Coin::Sui, -10)
                .balance(ANA, Coin::Sui, -5)
                .balance(BETO, Coin::Sui, 5)
                .gas(10, 0),
            activities: &[
                "1 transfer out 5 SUI SEND_SENT beto",
                "2 transfer in 5 SUI SEND_RECEIVED ana",
            ],
            effects: &["ana SUI -5", "beto SUI 5", "sponsor SUI -10"],
        },
    ]);
}
