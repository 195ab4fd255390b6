//! Seals checkpoints: gathers transactions, chains summaries, ends epochs, has them signed.

use std::collections::BTreeMap;

use sui_sdk_types::{
    CheckpointContents, CheckpointData, CheckpointSummary, CheckpointTransaction,
    CheckpointTransactionInfo, Digest, EndOfEpochData, GasCostSummary, SignedCheckpointSummary,
    ValidatorCommittee,
};

use super::{
    actors::{Cast, WalletUser},
    books::{Books, Party},
    coins::Coin,
    committee::Committee,
    config::{ChainConfig, Huge},
    genesis::{Genesis, genesis_effects},
    ledger::Ledger,
    story::World,
    system,
};

/// A chain that grows by one checkpoint at a time.
pub struct Chain {
    config: ChainConfig,
    world: World,
    committee: Committee,
    genesis: Option<CheckpointTransaction>,
    sequence_number: u64,
    previous_digest: Option<Digest>,
    /// Transactions since genesis, system ones included.
    total_transactions: u64,
    /// Transactions of the story so far.
    story_transactions: u64,
    /// Thousandths of transactions owed to the rate.
    owed_thousandths: u64,
    epoch_gas: GasCostSummary,
    wallet_next: bool,
}

impl Chain {
    /// A chain before its genesis checkpoint.
    pub fn new(config: ChainConfig) -> Self {
        let cast = Cast::new(config.seed, config.users.max(2));
        let genesis = Genesis::new(&cast, config.start_ms);
        let (mut ledger, mut books) = (Ledger::default(), Books::default());
        let first = genesis_effects(&genesis, &mut ledger, &mut books);
        let state = (genesis.collector, genesis.pool);
        let mut world = World::new(config.seed, cast, ledger, books, state);
        world.clock.epoch_start_ms = config.start_ms;
        Self {
            committee: Committee::of_epoch(config.seed, 0),
            world,
            genesis: Some(first.transaction),
            sequence_number: 0,
            previous_digest: None,
            total_transactions: 0,
            story_transactions: 0,
            owed_thousandths: 0,
            epoch_gas: GasCostSummary::default(),
            wallet_next: true,
            config,
        }
    }

    /// Whether all transactions asked for have been made.
    pub fn is_finished(&self) -> bool {
        let wanted = self.config.transactions;
        wanted.is_some_and(|wanted| self.story_transactions >= wanted && self.sequence_number > 0)
    }

    /// Makes the next transaction of the story one of the wallet, if the wallet takes part at all.
    pub fn wallet_next(&mut self) {
        self.wallet_next = true;
    }

    /// The next checkpoint at the chain's own pace.
    pub fn next_checkpoint(&mut self) -> CheckpointData {
        let now_ms = self.config.start_ms + self.sequence_number * self.config.interval_ms;
        self.next_checkpoint_at(now_ms)
    }

    /// The next checkpoint at a given time, which must not go backwards.
    pub fn next_checkpoint_at(&mut self, now_ms: u64) -> CheckpointData {
        self.world.clock.now_ms = now_ms.max(self.world.clock.now_ms);
        let mut transactions = self.transactions();
        for transaction in &transactions {
            add_gas(&mut self.epoch_gas, transaction.effects.gas_summary());
        }
        let ends_epoch = (self.sequence_number + 1).is_multiple_of(self.config.epoch_checkpoints);
        if ends_epoch {
            transactions.push(system::end_of_epoch(&mut self.world, &self.epoch_gas));
        }
        self.total_transactions += transactions.len() as u64;
        let checkpoint = self.seal(transactions, ends_epoch);
        self.sequence_number += 1;
        self.previous_digest = Some(checkpoint.checkpoint_summary.checkpoint.digest());
        if ends_epoch {
            self.begin_epoch();
        }
        checkpoint
    }

    fn transactions(&mut self) -> Vec<CheckpointTransaction> {
        if let Some(genesis) = self.genesis.take() {
            return vec![genesis];
        }
        let mut transactions = vec![system::prologue(&mut self.world, self.sequence_number)];
        if self.config.upgrade_at == Some(self.sequence_number) {
            transactions.push(self.world.upgrade_pay());
        }
        for _ in 0..self.due() {
            let step = if self.wallet_next && self.config.relevant_per_mille > 0 {
                self.wallet_next = false;
                self.world.wallet_step()
            } else {
                self.world.step(self.config.relevant_per_mille)
            };
            transactions.push(step);
        }
        if let Some(huge) = self.config.huge
            && huge.is_at(self.sequence_number)
        {
            transactions.extend(self.padded(huge.bytes));
        }
        transactions
    }

    /// Transactions of the story whose padding adds up to this many bytes.
    fn padded(&mut self, bytes: u64) -> Vec<CheckpointTransaction> {
        /// With its commands and inputs a transaction stays below 128 KiB.
        const PADDING_MAX: u64 = 120_000;
        let mut left = bytes;
        let mut transactions = vec![];
        while left > 0 {
            let padding = left.min(PADDING_MAX);
            self.world.padding = padding;
            transactions.push(self.world.step(self.config.relevant_per_mille));
            left -= padding;
        }
        self.world.padding = 0;
        transactions
    }

    /// Changes which checkpoints will be very large.
    pub fn set_huge(&mut self, huge: Option<Huge>) {
        self.config.huge = huge;
    }

    /// How many transactions the rate puts into this checkpoint.
    fn due(&mut self) -> u64 {
        self.owed_thousandths += u64::from(self.config.tps) * self.config.interval_ms;
        let wanted = self.config.transactions.unwrap_or(u64::MAX);
        let due = (self.owed_thousandths / 1_000).min(wanted - self.story_transactions);
        self.owed_thousandths %= 1_000;
        self.story_transactions += due;
        due
    }

    fn seal(&self, transactions: Vec<CheckpointTransaction>, ends_epoch: bool) -> CheckpointData {
        let contents = CheckpointContents::new_v1(transactions.iter().map(info).collect());
        let summary = CheckpointSummary {
            epoch: self.world.clock.epoch,
            sequence_number: self.sequence_number,
            network_total_transactions: self.total_transactions,
            content_digest: contents.digest(),
            previous_digest: self.previous_digest,
            epoch_rolling_gas_cost_summary: self.epoch_gas.clone(),
            timestamp_ms: self.world.clock.now_ms,
            checkpoint_commitments: vec![],
            end_of_epoch_data: ends_epoch.then(|| self.end_of_epoch_data()),
            version_specific_data: vec![],
        };
        CheckpointData {
            checkpoint_summary: SignedCheckpointSummary {
                signature: self.committee.sign(&summary),
                checkpoint: summary,
            },
            checkpoint_contents: contents,
            transactions,
        }
    }

    fn end_of_epoch_data(&self) -> EndOfEpochData {
        let next = Committee::of_epoch(self.config.seed, self.world.clock.epoch + 1);
        EndOfEpochData {
            next_epoch_committee: next.public().members,
            next_epoch_protocol_version: system::PROTOCOL_VERSION,
            epoch_commitments: vec![],
        }
    }

    fn begin_epoch(&mut self) {
        self.world.clock.epoch += 1;
        self.world.clock.epoch_start_ms = self.world.clock.now_ms;
        self.epoch_gas = GasCostSummary::default();
        self.committee = Committee::of_epoch(self.config.seed, self.world.clock.epoch);
    }

    /// Settings the chain was made with.
    pub fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// The committee of epoch 0, from which all later ones follow.
    pub fn genesis_committee(&self) -> ValidatorCommittee {
        Committee::of_epoch(self.config.seed, 0).public()
    }

    /// The wallet's users.
    pub fn users(&self) -> Vec<WalletUser> {
        self.world.cast.wallet_users()
    }

    /// What everybody owns by the generator's own books, zeros left out.
    pub fn balances(&self) -> BTreeMap<(Party, Coin), i128> {
        self.world.books.balances()
    }
}

fn info(transaction: &CheckpointTransaction) -> CheckpointTransactionInfo {
    CheckpointTransactionInfo::new(
        *transaction.effects.transaction_digest(),
        transaction.effects.digest(),
        transaction.transaction.signatures.clone(),
    )
}

fn add_gas(sum: &mut GasCostSummary, gas: &GasCostSummary) {
    sum.computation_cost += gas.computation_cost;
    sum.storage_cost += gas.storage_cost;
    sum.storage_rebate += gas.storage_rebate;
    sum.non_refundable_storage_fee += gas.non_refundable_storage_fee;
}
