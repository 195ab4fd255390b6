"""Asks and follows vigia with the library gql: prints what it saw as JSON, and `following` once it is live."""

import asyncio
import json
import sys

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.websockets import WebsocketsTransport

HTTP, SOCKET, TOKEN = sys.argv[1:4]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


async def follow(after, count, is_live):
    """The ids of so many activities after one, over a connection of its own."""
    transport = WebsocketsTransport(url=SOCKET, init_payload=HEADERS, subprotocols=["graphql-transport-ws"])
    seen = []
    query = gql("subscription ($after: ID) { activityAdded(after: $after) { id } }")
    query.variable_values = {"after": after}
    async with Client(transport=transport) as session:
        async for told in session.subscribe(query):
            seen.append(told["activityAdded"]["id"])
            if is_live and len(seen) == 1:
                print("following", flush=True)
            if len(seen) == count:
                return seen


async def main():
    transport = AIOHTTPTransport(url=HTTP, headers=HEADERS)
    async with Client(transport=transport) as session:
        found = await session.execute(gql("{ activities(first: 100) { nodes { id kind } } }"))
        listed = [node["id"] for node in found["activities"]["nodes"]]
    first = await follow("0", 1, False)
    # The connection is gone; the last id is what it goes on from.
    rest = await follow(first[-1], 2, True)
    print(json.dumps({"listed": listed, "followed": first + rest}))


asyncio.run(main())
