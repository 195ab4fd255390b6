//! The rule of the roster, case by case and at random.

use proptest::prelude::*;
use vigia_core::Digest;

use super::*;

const LIVE: ProviderRoles = ProviderRoles {
    live: true,
    history: true,
    archive: false,
};
const ARCHIVE: ProviderRoles = ProviderRoles {
    live: false,
    history: false,
    archive: true,
};
const POLICY: RosterPolicy = RosterPolicy {
    lag_max: 10,
    return_after_ms: 1_000,
    rest_first_ms: 100,
    rest_max_ms: 800,
};

fn chain(byte: u8) -> ChainId {
    ChainId(Digest::new([byte; 32]))
}

fn roster(roles: &[ProviderRoles]) -> Roster {
    let mut roster = Roster::new(roles.to_vec(), POLICY);
    roster.bind(chain(1));
    roster
}

fn answers(roster: &mut Roster, index: usize, now_ms: u64, range: (u64, u64)) {
    roster.answered(index, now_ms, chain(1), range, 20);
}

fn live(roster: &Roster, now_ms: u64, current: Option<usize>) -> Choice {
    roster.choose(now_ms, Need::Live(Some(100)), current)
}

#[test]
fn the_first_is_used_until_it_fails_and_again_when_it_was_well_for_a_while() {
    let mut roster = roster(&[LIVE, LIVE]);
    assert_eq!(live(&roster, 0, None), Choice::Use(0));
    answers(&mut roster, 0, 0, (0, 100));
    answers(&mut roster, 1, 0, (0, 100));
    roster.failed(0, 50, "reset".to_owned());
    assert_eq!(live(&roster, 50, Some(0)), Choice::Use(1));
    // Its rest is over, but it has shown nothing.
    assert_eq!(live(&roster, 5_000, Some(1)), Choice::Use(1));
    answers(&mut roster, 0, 5_000, (0, 101));
    assert_eq!(live(&roster, 5_999, Some(1)), Choice::Use(1));
    assert_eq!(
        roster.standing(0, 5_500),
        Standing::Returning { in_ms: 500 }
    );
    assert_eq!(live(&roster, 6_000, Some(1)), Choice::Use(0));
    // A failure on the way back begins it anew.
    roster.failed(0, 5_900, "reset".to_owned());
    answers(&mut roster, 0, 7_000, (0, 101));
    assert_eq!(live(&roster, 7_900, Some(1)), Choice::Use(1));
}

#[test]
fn rests_grow_up_to_the_longest_and_end_where_the_clock_is_set_back() {
    let mut roster = roster(&[LIVE]);
    let mut now_ms = 1_000_000;
    for rest in [100, 200, 400, 800, 800] {
        roster.failed(0, now_ms, "refused".to_owned());
        assert_eq!(live(&roster, now_ms, Some(0)), Choice::Wait(rest));
        assert_eq!(live(&roster, now_ms + rest - 1, Some(0)), Choice::Wait(1));
        now_ms += rest;
        assert_eq!(live(&roster, now_ms, Some(0)), Choice::Use(0));
    }
    roster.failed(0, now_ms, "refused".to_owned());
    assert_eq!(live(&roster, now_ms - 900_000, None), Choice::Use(0));
    // What it brings ends the row of failures.
    roster.brought(0, now_ms + 800, 101);
    roster.failed(0, now_ms + 900, "refused".to_owned());
    assert_eq!(live(&roster, now_ms + 900, Some(0)), Choice::Wait(100));
}

#[test]
fn what_fails_during_a_rest_makes_it_no_longer() {
    let mut roster = roster(&[LIVE]);
    for now_ms in 0..5 {
        roster.failed(0, now_ms, format!("refused at {now_ms}"));
    }
    assert_eq!(live(&roster, 5, Some(0)), Choice::Wait(95));
    let standing = roster.standing(0, 5).to_string();
    assert_eq!(standing, "refused at 4", "the last is told, once counted");
    roster.failed(0, 100, "refused".to_owned());
    assert_eq!(live(&roster, 100, Some(0)), Choice::Wait(200));
}

#[test]
fn who_is_behind_is_set_aside_until_it_has_half_caught_up() {
    let mut roster = roster(&[LIVE, LIVE]);
    answers(&mut roster, 0, 0, (0, 90));
    answers(&mut roster, 1, 0, (0, 100));
    assert_eq!(
        live(&roster, 0, None),
        Choice::Use(0),
        "by as much as it may be"
    );
    answers(&mut roster, 1, 0, (0, 101));
    assert_eq!(live(&roster, 0, Some(0)), Choice::Use(1));
    assert_eq!(roster.standing(0, 0), Standing::Behind { by: 11 });
    let history = roster.choose(0, Need::History(Some(50)), None);
    assert_eq!(history, Choice::Use(0), "what it has it can still list");
    answers(&mut roster, 0, 1_000, (0, 95));
    assert_eq!(live(&roster, 9_000, Some(1)), Choice::Use(1));
    answers(&mut roster, 0, 2_000, (0, 96));
    assert_eq!(live(&roster, 9_000, Some(1)), Choice::Use(0));
}

#[test]
fn another_chain_is_never_used_and_counts_for_nothing() {
    let mut roster = roster(&[LIVE, LIVE]);
    roster.answered(0, 0, chain(2), (0, 1_000_000), 5);
    answers(&mut roster, 1, 0, (0, 100));
    assert_eq!(live(&roster, 0, Some(0)), Choice::Use(1));
    assert_eq!(roster.tip(), Some(100));
    let found = chain(2);
    assert_eq!(roster.standing(0, 0), Standing::WrongChain { found });
    assert_eq!(roster.standing(1, 0), Standing::Well);
    answers(&mut roster, 0, 10, (0, 100));
    assert_eq!(roster.standing(0, 10), Standing::Well);
}

#[test]
fn one_past_its_budget_comes_last_and_is_used_where_no_other_can_be() {
    let mut roster = roster(&[LIVE, LIVE]);
    answers(&mut roster, 0, 0, (0, 100));
    answers(&mut roster, 1, 0, (0, 100));
    roster.set_left(0, Left::Nothing);
    let history = |roster: &Roster| roster.choose(0, Need::History(Some(5)), Some(0));
    assert_eq!(live(&roster, 0, Some(0)), Choice::Use(1), "left at once");
    assert_eq!(history(&roster), Choice::Use(1));
    let spent = Standing::Spent { is_stopped: false };
    assert_eq!(roster.standing(0, 0), spent);
    assert!(spent.is_usable());
    // Until the other fails, or is past its own.
    roster.failed(1, 10, "reset".to_owned());
    assert_eq!(live(&roster, 10, Some(1)), Choice::Use(0));
    answers(&mut roster, 1, 200, (0, 100));
    assert_eq!(
        live(&roster, 200, Some(0)),
        Choice::Use(1),
        "well or not long"
    );
    roster.set_left(1, Left::Nothing);
    assert_eq!(
        live(&roster, 200, Some(1)),
        Choice::Use(1),
        "equals do not alternate"
    );
    // At midnight there is enough of both.
    roster.set_left(0, Left::Some);
    roster.set_left(1, Left::Some);
    assert_eq!(live(&roster, 5_000, Some(1)), Choice::Use(0));
}

#[test]
fn one_that_is_to_stop_at_its_budget_is_not_used_at_all() {
    let mut roster = roster(&[LIVE, LIVE]);
    answers(&mut roster, 0, 0, (0, 100));
    roster.set_left(0, Left::Stopped);
    assert_eq!(live(&roster, 0, Some(0)), Choice::Use(1));
    roster.failed(1, 0, "reset".to_owned());
    assert_eq!(
        live(&roster, 0, Some(0)),
        Choice::Wait(100),
        "for the other"
    );
    roster.set_left(1, Left::Stopped);
    assert_eq!(live(&roster, 0, Some(0)), Choice::Spent);
    assert!(!roster.standing(0, 0).is_usable());
}

#[test]
fn archives_are_for_what_the_others_have_no_more() {
    let mut roster = roster(&[ARCHIVE, LIVE]);
    let history = |roster: &Roster, n| roster.choose(0, Need::History(Some(n)), None);
    assert_eq!(live(&roster, 0, None), Choice::Use(1));
    assert_eq!(history(&roster, 5), Choice::Use(1), "as far as is known");
    answers(&mut roster, 1, 0, (50, 100));
    assert_eq!(history(&roster, 50), Choice::Use(1));
    assert_eq!(history(&roster, 49), Choice::Use(0));
    answers(&mut roster, 0, 0, (10, 100));
    assert_eq!(history(&roster, 10), Choice::Use(0));
    assert_eq!(history(&roster, 9), Choice::Pruned(10));
    let behind = roster.choose(0, Need::Live(Some(20)), None);
    assert_eq!(behind, Choice::Pruned(50), "an archive streams nothing");
}

proptest! {
    /// Whatever happens, somebody is usable again once all is quiet, and nobody of another chain.
    #[test]
    fn nobody_is_given_up_for_good(
        steps in prop::collection::vec((0..3usize, 0..5u8, 0..2_000u64), 0..60)
    ) {
        let mut roster = roster(&[LIVE, LIVE, LIVE]);
        let mut now_ms = 0;
        let mut current = None;
        for (index, what, later) in steps {
            now_ms += later;
            match what {
                0 => roster.failed(index, now_ms, "x".to_owned()),
                1 => roster.brought(index, now_ms, 100 + now_ms / 100),
                2 => roster.answered(index, now_ms, chain(2), (0, 9_999_999), 1),
                _ => answers(&mut roster, index, now_ms, (0, 100 + now_ms / 100)),
            }
            if let Choice::Use(index) = live(&roster, now_ms, current) {
                let elsewhere = matches!(
                    roster.standing(index, now_ms),
                    Standing::WrongChain { .. } | Standing::Behind { .. }
                );
                prop_assert!(!elsewhere);
                current = Some(index);
            }
        }
        now_ms += POLICY.rest_max_ms;
        let tip = 100 + now_ms / 100;
        for index in 0..3 {
            answers(&mut roster, index, now_ms, (0, tip));
        }
        let chosen = live(&roster, now_ms, current);
        prop_assert!(matches!(chosen, Choice::Use(_)), "{chosen:?}");
        prop_assert_eq!(live(&roster, now_ms + POLICY.return_after_ms, current), Choice::Use(0));
    }
}
