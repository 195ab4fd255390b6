//! What every backend promises, by subject.

pub(crate) mod activity;
pub(crate) mod announcement;
pub(crate) mod application;
pub(crate) mod backfill;
pub(crate) mod balance;
pub(crate) mod balance_history;
pub(crate) mod broadcast;
pub(crate) mod business;
pub(crate) mod chain;
pub(crate) mod commit;
pub(crate) mod committee;
pub(crate) mod contract;
pub(crate) mod correction;
pub(crate) mod delivery;
pub(crate) mod directory;
pub(crate) mod endpoint;
pub(crate) mod epoch;
pub(crate) mod failed;
pub(crate) mod inbox;
pub(crate) mod invoice;
pub(crate) mod label;
pub(crate) mod lease;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod paging;
pub(crate) mod process;
pub(crate) mod processes;
pub(crate) mod provider;
pub(crate) mod push;
pub(crate) mod ranges;
pub(crate) mod retention;
pub(crate) mod schedule;
pub(crate) mod scope;
pub(crate) mod search;
pub(crate) mod shard;
pub(crate) mod sign_in;
pub(crate) mod source;
pub(crate) mod stats;
pub(crate) mod wallet;
pub(crate) mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use vigia_core::{
    AccountId, BusinessFolder, Commit, CommitOutcome, ManualClock, Scope, WatchTarget,
};
use vigia_store::{InboxQuery, IngestStore, ReadStore, SqlStore, WatchReceipt, WatchStore};

use crate::sample;

/// A backend under test: one empty database, which any number of stores can be opened on.
pub(crate) trait Fixture: Sized {
    /// Whether raw transactions are in parts that can be dropped.
    const HAS_PARTS: bool;

    /// A new, empty database.
    async fn create() -> Self;

    /// Whether the backend is at hand; where it is not, says so.
    fn is_at_hand() -> bool;

    /// Opens the database as another process would.
    async fn open(&self, clock: Arc<ManualClock>) -> SqlStore;
}

/// When everything in a test is written.
pub(crate) const NOW_MS: u64 = 1_700_000_000_000;

/// A database with one store open on it.
pub(crate) struct Db<F: Fixture> {
    pub(crate) fixture: F,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<SqlStore>,
}

impl<F: Fixture> Db<F> {
    /// An empty database.
    pub(crate) async fn empty() -> Self {
        let fixture = F::create().await;
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let store = Arc::new(fixture.open(clock.clone()).await);
        Self {
            fixture,
            clock,
            store,
        }
    }

    /// A database whose live lane begins at checkpoint 0 and which watches `sample::address(1)` for
    /// account and user `ana`, and `sample::address(2)` for `beto`.
    pub(crate) async fn with_people() -> Self {
        let db = Self::empty().await;
        db.store.live_begin(0).await.unwrap();
        let receipt = db
            .store
            .watch_add(&[sample::entry(1, "ana"), sample::entry(2, "beto")])
            .await
            .unwrap();
        assert_eq!((receipt.changed, receipt.effective_from), (2, 0));
        db
    }

    /// The account that holds `sample::address(n)`.
    pub(crate) async fn account(&self, n: u64) -> AccountId {
        let address = sample::address(n);
        let book = self.store.address_book(&[address], &[]).await.unwrap();
        book.account_at(&address, u64::MAX).unwrap()
    }

    /// What user `external_id` may read.
    pub(crate) async fn scope(&self, external_id: &str) -> Scope {
        let user = self.store.user_find(external_id).await.unwrap().unwrap();
        Scope::MemberOf(user.id)
    }

    /// Applies a commit without business objects; it has to be taken.
    pub(crate) async fn apply(&self, commit: &Commit) -> Applied {
        self.apply_folding(commit, &sample::NoObjects).await
    }

    /// Applies a commit; it has to be taken.
    pub(crate) async fn apply_folding(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Applied {
        match self.store.commit_apply(commit, folder).await.unwrap() {
            CommitOutcome::Applied {
                raw_transactions_new,
                activities_new,
                notifications_new,
            } => Applied(raw_transactions_new, activities_new, notifications_new),
            stale => panic!("refused: {stale:?}"),
        }
    }

    /// Watches `sample::address(n)` for an account.
    pub(crate) async fn watch(&self, n: u64, account: &str) -> WatchReceipt {
        let entries = [sample::entry(n, account)];
        self.store.watch_add(&entries).await.unwrap()
    }

    /// Ends the watch of `sample::address(n)`.
    pub(crate) async fn unwatch(&self, n: u64) -> WatchReceipt {
        let targets = [WatchTarget::Address(sample::address(n))];
        self.store.watch_remove(&targets).await.unwrap()
    }

    /// The checkpoint of the watermark.
    pub(crate) async fn watermark(&self) -> Option<u64> {
        let watermark = self.store.watermark().await.unwrap();
        watermark.map(|watermark| watermark.checkpoint)
    }

    /// All rows.
    pub(crate) async fn dump(&self) -> Vec<String> {
        self.store.dump_rows().await.unwrap()
    }

    /// All rows of one kind.
    pub(crate) async fn dump_of(&self, kind: &str) -> Vec<String> {
        let prefix = format!("{kind} ");
        let mut rows = self.dump().await;
        rows.retain(|row| row.starts_with(&prefix));
        rows
    }
}

/// The inbox of whoever may read this.
pub(crate) fn inbox_of(scope: &Scope) -> InboxQuery {
    InboxQuery {
        scope: scope.clone(),
        reader: match scope {
            Scope::MemberOf(user) => Some(*user),
            Scope::All => None,
        },
        not_before_ms: 0,
    }
}

/// New raw transactions, activities and notifications of a commit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Applied(pub(crate) u64, pub(crate) u64, pub(crate) u64);

/// Every order of `0..count`.
pub(crate) fn permutations(count: usize) -> Vec<Vec<usize>> {
    fn extend(order: &mut Vec<usize>, left: &BTreeSet<usize>, all: &mut Vec<Vec<usize>>) {
        if left.is_empty() {
            all.push(order.clone());
        }
        for next in left {
            order.push(*next);
            let mut rest = left.clone();
            rest.remove(next);
            extend(order, &rest, all);
            order.pop();
        }
    }
    let mut all = Vec::new();
    extend(&mut Vec::new(), &(0..count).collect(), &mut all);
    all
}

/// Stamps the suite on a backend.
macro_rules! store_conformance_suite {
    ($fixture:ty) => {
        $crate::suite::store_conformance_suite!(@stamp $fixture,
            activity: [
                rows_carry_what_is_shown, counterparty_is_named_by_who_held_it_then,
                coins_are_unknown_until_told, status_counts, provider_report_is_replaced,
                first_of_two_with_one_key_stays, wait_returns_for_a_new_activity,
            ],
            announcement: [
                it_is_there_until_it_lands, only_the_end_of_its_epoch_is_evidence,
                announcements_are_ones_own, an_account_waits_for_so_many, what_was_never_seen_is_pruned,
                its_note_stays_with_the_activity,
            ],
            balance: [
                new_addresses_are_enlisted_once, what_came_after_the_baseline_counts,
                history_below_the_baseline_never_counts, an_answer_that_was_overtaken_is_no_baseline,
                what_nodes_say_again_differs, it_agrees_again, adjustments_are_rows_of_their_own,
                a_sample_goes_round, watched_again_it_begins_anew, balances_are_ones_own,
                amounts_beyond_an_i128_are_refused, requests_of_a_day_add_up,
                any_order_of_commits_gives_the_same,
                folding_changes_no_balance,
                nodes_may_be_behind_what_is_folded,
                what_comes_late_counts_once,
            ],
            balance_history: [
                hours_add_up_what_moved, history_that_comes_late_is_in_its_hour_once,
                a_history_is_of_who_holds_the_address, a_history_has_a_number_of_hours,
            ],
            broadcast: [
                each_of_a_segment_is_told_once, never_faster_than_its_rate, stopped_it_tells_nobody_more,
            ],
            business: [
                order_of_arrival_does_not_matter, becomes_attributable_once,
                replayed_events_change_nothing, objects_of_one_batch_stay_apart,
            ],
            chain: [
                bound_once, begins_once, no_watermark_is_not_zero, watermark_names_its_checkpoint,
            ],
            commit: [
                replay_changes_nothing, overlap_adds_only_what_is_missing,
                evidence_is_kept_as_it_came, failed_transactions_are_counted_once,
                late_meaning_finds_its_transaction, meaning_without_transaction_is_refused,
                refused_commit_moves_no_watermark, dropped_commit_is_whole_or_absent,
                thousands_of_rows, many_rows_leave_what_few_do,
            ],
            committee: [
                they_are_listed_from_an_epoch_on, added_again_they_stay,
                another_for_the_same_epoch_is_refused, two_that_add_at_once_agree,
                a_page_has_a_limit,
            ],
            contract: [
                stored_events_want_their_layouts, what_is_told_stays_told,
                who_was_asked_in_vain_is_asked_later, versions_are_kept_by_lineage,
                the_newest_events_are_read,
            ],
            correction: [
                a_trial_writes_nothing, corrections_have_revisions_and_tell_nobody,
                objects_are_folded_again, evidence_comes_in_pages,
                redecoded_fields_move_the_state_alone,
            ],
            delivery: [
                each_endpoint_is_told_once_in_order, many_that_sequence_make_each_once,
                a_delivery_is_one_workers_at_a_time, a_clock_that_jumps_loses_nothing,
                what_came_of_it_is_kept,
                operators_send_again_and_cancel, an_endpoint_that_fails_for_long_is_disabled,
                each_endpoint_has_its_share, history_says_so, what_is_withdrawn_is_told_to_nobody,
                counts_and_pages_lose_nothing,
            ],
            directory: [
                people_are_in_pages, members_and_addresses_of_many, who_is_concerned,
                coins_and_events_of_many, attempts_of_many,
            ],
            endpoint: [
                an_accounts_endpoint_is_told_of_it_alone, whoever_may_manages_and_is_told,
                what_is_sent_again_stands_behind, a_throttle_holds_across_workers,
                corrections_and_tests_are_events,
            ],
            epoch: [the_newest_comes_first, what_is_known_stays_known, numbers_have_63_bits],
            failed: [
                listed_in_chain_order, a_retry_writes_what_was_missed, a_retry_may_fail_again,
                a_retry_that_cannot_be_stored_changes_nothing, discarded_counts_no_longer,
                many_retries_resolve_once,
            ],
            inbox: [
                read_is_each_members_own, what_no_transaction_caused_is_told_once, muted_categories_are_left_out,
                whoever_may_not_read_sees_no_amounts, what_is_old_has_expired, late_commits_are_never_skipped,
                preferences_come_back,
            ],
            invoice: [
                an_invoice_is_created_once, invoices_are_ones_own, payments_settle_whichever_comes_first,
                pages_of_invoices_lose_and_repeat_nothing, objects_are_listed_for_those_who_take_part,
                an_object_is_read_with_its_events, what_contracts_hold_is_pending_and_incoming,
                who_may_ask_may_cancel,
            ],
            label: [
                a_label_is_replaced_and_removed, labels_of_the_settings_win,
                pages_of_labels_lose_and_repeat_nothing,
                an_account_has_its_name_and_others_their_label,
            ],
            lease: [
                random_steps_agree_with_the_model, one_of_many_claims, claims_go_on_after_the_end,
                lists_by_prefix, what_ran_out_long_ago_is_pruned,
            ],
            limits: [
                numbers_beyond_63_bits_are_refused, numbers_of_63_bits_are_kept,
                amounts_at_the_limits_come_back,
            ],
            message: [blobs_are_kept_until_their_age, unreadable_messages_are_kept],
            notification: [
                one_per_new_activity_that_asks, id_is_made_of_its_cause,
                imports_tell_nobody_then_or_later,
                an_address_added_later_tells_nothing_older, imports_that_a_live_event_explains_tell_nobody,
                live_events_explained_late_are_told,
            ],
            paging: [
                pages_lose_and_repeat_nothing, page_of_an_address, page_of_a_transaction,
                news_does_not_shift_older_pages, since_goes_on_from_an_id, inbox_pages,
                page_of_nothing,
            ],
            processes: [
                writers_take_turns, writers_of_one_file_never_fail, waits_see_other_processes,
                reads_go_on_while_writing,
            ],
            backfill: [
                added_addresses_wait, what_the_live_lane_brings_is_not_begun,
                a_batch_goes_on_where_it_was, what_is_postponed_lets_others_go_first,
                what_failed_can_wait_again, ended_watches_have_no_work,
                what_is_live_from_the_beginning_has_no_history, what_began_at_the_tip_has_a_history,
                who_holds_it_again_has_no_history_to_fetch, members_see_their_addresses,
                ranges_are_remembered_until_they_end, what_is_under_way_is_listed, nobody_works_without_the_lease,
            ],
            process: [what_a_process_says_anew_replaces, alerts_stay_until_they_are_over],
            provider: [
                what_is_said_anew_replaces, usage_adds_up_by_day, what_is_old_is_pruned,
            ],
            push: [
                members_are_told_on_their_devices, a_message_is_one_workers_at_a_time,
                ten_in_a_minute_lose_none, dead_devices_are_told_nothing_more,
                five_refusals_are_enough, a_token_may_be_of_several_users, muted_and_quiet_are_respected,
                what_is_late_comes_together, a_device_is_told_of_nothing_before_it,
                whoever_left_is_told_nothing, bulk_waits_for_live, a_user_has_so_many_devices,
                operators_push_again_and_cancel,
            ],
            ranges: [
                gap_holds_the_watermark, ranges_are_listed_in_order, gaps_are_what_is_missing, any_order_merges_to_one, overlaps_merge,
                imports_move_no_watermark, begins_inside_a_range, ends_at_the_largest_height,
            ],
            retention: [
                the_horizon_follows_the_age, only_evidence_goes, what_comes_again_adds_only_meaning,
                below_the_horizon_only_failures_are_stored, whole_parts_go, commits_go_on_meanwhile,
                what_stays_is_found_by_digest, remains_are_for_those_they_concern,
            ],
            schedule: [
                declared_again_keeps_its_tick, a_tick_fires_once, paused_does_not_fire,
                a_spent_fence_records_nothing, a_left_out_tick_is_not_unfinished,
            ],
            source: [
                once_followed_nothing_is_left_to_do, the_past_stays_when_an_address_moves,
                who_is_gone_sees_nothing_any_more, the_operators_word_is_kept,
                names_follow_the_source, far_fewer_change_nothing, a_lost_lease_writes_nothing,
                a_report_says_since_when_it_fails, an_address_begins_above_what_is_committed,
            ],
            stats: [
                endpoints_have_shares_and_percentiles, deliveries_come_with_their_last_attempts,
                platforms_have_them_too,
            ],
            scope: [
                feed_is_ones_own, inbox_is_ones_own, transaction_is_for_those_it_concerns,
                others_balances_and_reasons_stay_hidden,
                balances_stay_with_who_held_the_address, members_share_an_account,
                users_are_found_by_external_id,
            ],
            search: [
                objects_are_found_by_id_of_any_contract, invoices_are_found_by_their_id,
                accounts_and_users_are_found_by_how_they_begin, labels_are_found_by_name,
            ],
            shard: [
                each_has_its_position, one_that_nobody_polls_is_seen,
                when_all_pollers_died_their_shards_are_seen,
            ],
            application: [
                whatever_its_order_a_batch_is_so, what_is_wrong_is_refused_by_itself,
                disabled_users_are_out_until_they_are_enabled, an_erased_user_leaves_nothing,
                what_is_a_users_alone_is_erased_with_them,
                an_account_ends_and_its_past_stays, what_was_done_is_remembered,
            ],
            sign_in: [
                a_user_has_a_role_and_a_password, a_role_is_given_and_taken, two_admins_leave_one,
                names_that_nobody_can_have_are_refused,
                a_session_lasts_while_it_is_used, a_new_password_ends_sessions,
                users_end_sessions_of_their_own_alone,
                the_session_used_longest_ago_makes_room, a_token_is_no_more_than_its_user,
                a_token_ends_when_it_is_taken_back, tokens_have_a_number,
                what_expired_is_removed, many_sign_in_at_once,
            ],
            wallet: [
                a_challenge_is_taken_once, a_challenge_ends, challenges_have_a_number,
                an_address_is_of_who_holds_it_alone,
            ],
            watch: [
                first_version_holds_from_genesis, holds_above_everything_committed,
                imports_do_not_raise_it, same_again_changes_nothing, address_needs_an_account,
                address_of_another_is_refused_by_name, of_many_that_claim_an_address_one_gets_it,
                request_is_checked_against_itself,
                names_are_filled_in_not_replaced, member_joins_later, removal_ends_it,
                removal_of_the_unwatched_is_refused, address_moves_after_removal,
                handed_over_without_a_checkpoint_between, past_is_never_attributed_anew,
                contracts_have_many_observers, pages_and_changes_agree, filtered_pages_lose_and_repeat_nothing, long_names_are_refused,
                stale_list_is_refused_at_the_boundary, stale_commit_writes_nothing,
                waits_for_a_change, last_reconciliation_of_each_stays,
                reconciliations_of_the_gone_are_pruned,
            ],
        );
    };
    (@stamp $fixture:ty, $($subject:ident: [$($name:ident),* $(,)?],)*) => {
        $(mod $subject {
            #[allow(unused_imports, reason = "a fixture may be a path")]
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if <$fixture>::is_at_hand() {
                    $crate::suite::$subject::$name::<$fixture>().await;
                }
            })*
        })*
    };
}
pub(crate) use store_conformance_suite;
