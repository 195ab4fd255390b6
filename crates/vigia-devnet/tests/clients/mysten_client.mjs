// Reads a node with @mysten/sui over gRPC-Web and prints what it saw as JSON.
//
// Usage: mysten_client.mjs URL CHECKPOINT TRANSACTION OWNER COIN_TYPE

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The package is installed elsewhere, under NODE_MODULES.
const resolve = createRequire(pathToFileURL(`${process.env.NODE_MODULES}/`));
const { SuiGrpcClient } = await import(pathToFileURL(resolve.resolve('@mysten/sui/grpc')));

const [baseUrl, number, digest, owner, coinType] = process.argv.slice(2);
const client = new SuiGrpcClient({ network: 'devnet', baseUrl });

const info = await client.ledgerService.getServiceInfo({}).response;
const { checkpoint } = await client.ledgerService.getCheckpoint({
	checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber: BigInt(number) },
	readMask: { paths: ['sequence_number', 'digest', 'transactions.digest'] },
}).response;
const raw = await client.ledgerService.getTransaction({
	digest,
	readMask: { paths: ['digest', 'checkpoint', 'transaction.sender'] },
}).response;
const parsed = await client.core.getTransaction({
	digest,
	include: { transaction: true, effects: true, events: true, balanceChanges: true },
});
const transaction = parsed.Transaction ?? parsed.FailedTransaction;
const { balances } = await client.core.listBalances({ owner });
const { coinMetadata } = await client.core.getCoinMetadata({ coinType });

const streamed = [];
const call = client.subscriptionService.subscribeCheckpoints({
	readMask: { paths: ['sequence_number'] },
});
for await (const frame of call.responses) {
	streamed.push(Number(frame.checkpoint.sequenceNumber));
	if (streamed.length === 3) break;
}

console.log(
	JSON.stringify({
		chain_id: info.chainId,
		checkpoint: {
			sequence_number: Number(checkpoint.sequenceNumber),
			digest: checkpoint.digest,
			transactions: checkpoint.transactions.map((t) => t.digest),
		},
		transaction: {
			digest: transaction.digest,
			checkpoint: Number(raw.transaction.checkpoint),
			sender: raw.transaction.transaction.sender,
			success: transaction.status.success,
			events: transaction.events.length,
		},
		balances: Object.fromEntries(balances.map((b) => [b.coinType, b.balance])),
		coin: {
			decimals: coinMetadata.decimals,
			symbol: coinMetadata.symbol,
			name: coinMetadata.name,
		},
		streamed,
	}),
);
process.exit(0);
