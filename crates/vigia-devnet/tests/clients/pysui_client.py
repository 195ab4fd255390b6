"""Reads a node with pysui over native gRPC and prints what it saw as JSON.

Usage: pysui_client.py URL CHECKPOINT TRANSACTION OWNER COIN_TYPE
"""

import asyncio
import json
import sys
from types import SimpleNamespace
from urllib.parse import urlparse

from grpclib.client import Channel
from pysui.sui.sui_grpc import pgrpc_requests as requests
from pysui.sui.sui_grpc.pgrpc_clients import GrpcProtocolClient


def connect(url: str) -> GrpcProtocolClient:
    profile = SimpleNamespace(url=url)
    config = SimpleNamespace(
        active_group=SimpleNamespace(active_profile=profile), active_profile="devnet"
    )
    client = GrpcProtocolClient(pysui_config=config)
    # pysui always speaks TLS; the simulated node has none.
    client._channel.close()
    client._channel = Channel(host=urlparse(url).hostname, port=urlparse(url).port)
    return client


async def ask(client: GrpcProtocolClient, request):
    result = await client.execute_grpc_request(request=request)
    if not result.is_ok():
        sys.exit(f"{type(request).__name__}: {result.result_string}")
    return result.result_data


async def first_streamed(client: GrpcProtocolClient, count: int) -> list[int]:
    stream = await ask(
        client, requests.SubscribeCheckpoints(field_mask=["sequence_number"])
    )
    numbers = []
    async for frame in stream:
        numbers.append(frame.checkpoint.sequence_number)
        if len(numbers) == count:
            break
    await stream.aclose()
    return numbers


async def read(url: str, number: int, digest: str, owner: str, coin_type: str) -> dict:
    client = connect(url)
    info = await ask(client, requests.GetServiceInfo())
    checkpoint = await ask(
        client,
        requests.GetCheckpointBySequence(
            sequence_number=number,
            field_mask=["sequence_number", "digest", "transactions.digest"],
        ),
    )
    checkpoint = checkpoint.checkpoint
    transaction = await ask(
        client,
        requests.GetTransaction(
            digest=digest,
            field_mask=["digest", "checkpoint", "transaction.sender", "effects.status", "events"],
        ),
    )
    transaction = transaction.transaction
    balances = await ask(client, requests.GetAddressCoinBalances(owner=owner))
    coin = await ask(client, requests.GetCoinMetaData(coin_type=coin_type))
    seen = {
        "chain_id": info.chain_id,
        "checkpoint": {
            "sequence_number": checkpoint.sequence_number,
            "digest": checkpoint.digest,
            "transactions": [t.digest for t in checkpoint.transactions],
        },
        "transaction": {
            "digest": transaction.digest,
            "checkpoint": transaction.checkpoint,
            "sender": transaction.transaction.sender,
            "success": transaction.effects.status.success,
            "events": len(transaction.events.events) if transaction.events else 0,
        },
        "balances": {b.coin_type: str(b.balance) for b in balances.balances},
        "coin": {
            "decimals": coin.metadata.decimals,
            "symbol": coin.metadata.symbol,
            "name": coin.metadata.name,
        },
        "streamed": await first_streamed(client, 3),
    }
    await client.close()
    return seen


if __name__ == "__main__":
    url, number, *rest = sys.argv[1:]
    print(json.dumps(asyncio.run(read(url, int(number), *rest))))
