"""Clients hear that a wallet they may read has changed, and of no other."""

import asyncio

import mcp_types as types
import pytest
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import ResourceUpdated, ServerEvent

from core import ledger
from core.kernel.ids import compose
from mcp_server.resources import wallet_uri
from mcp_server.wallet_feed import WalletFeed
from mcp_server.wallet_watch import WalletWatch
from tests.core.ledger.books import ADA, charge, open_wallet, unit
from tests.transports.mcp.serving import Served, modern_headers, request
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

WALLET = compose("wal", 1)
OTHER = compose("wal", 2)
URI = wallet_uri(PROJECT, WALLET)


async def test_a_listener_hears_of_the_wallet_it_asked_for(served: Served) -> None:
    async with (
        served.client("ada") as client,
        client.listen(resource_subscriptions=[URI, "bursar://meters"]) as heard,
    ):
        assert heard.honored.resource_subscriptions == [URI]
        served.mcp.feed.notify(PROJECT, OTHER)
        served.mcp.feed.notify(PROJECT, WALLET)
        async with asyncio.timeout(5):
            event = await anext(aiter(heard))

    assert event == ResourceUpdated(URI)


async def test_a_change_that_another_process_committed_is_heard_of(
    served: Served, small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.wallet_watch.LOOK_SECONDS", 0.05)
    await open_wallet(small, ADA, "10")
    uri = wallet_uri(PROJECT, ADA)
    async with (
        served.client("ada") as client,
        client.listen(resource_subscriptions=[uri]) as heard,
        asyncio.timeout(5),
    ):
        async with unit(small) as work:
            await ledger.post(work, charge(work, "1", "c:1"))
        event = await anext(aiter(heard))

    assert event == ResourceUpdated(uri)


async def test_a_database_that_was_busy_is_asked_again(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.wallet_watch.LOOK_SECONDS", 0.01)
    feed, heard = WalletFeed(), asyncio.Queue[ServerEvent]()
    feed.subscribe(heard.put_nowait)
    watch = WalletWatch(small.database, feed)
    await open_wallet(small, ADA, "10")
    with watch.listening([(PROJECT, ADA)]):
        await watch.look()
        async with unit(small) as work:
            await ledger.post(work, charge(work, "1", "c:1"))
        looks = iter([TimeoutError, None])
        look = watch.look

        async def look_or_fail() -> None:
            if error := next(looks, None):
                raise error
            await look()

        monkeypatch.setattr(watch, "look", look_or_fail)
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(5):
            event = await heard.get()
        running.cancel()

    assert event == ResourceUpdated(wallet_uri(PROJECT, ADA))


async def test_nobody_takes_the_places_of_all_others(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.subscriptions.PER_CALLER_MAX", 1)
    async with (
        served.client("ada") as client,
        served.client("bob") as other,
        client.listen(resource_subscriptions=[URI]),
    ):
        with pytest.raises(MCPError):
            async with client.listen(resource_subscriptions=[URI]):
                pass
        async with other.listen(resource_subscriptions=[URI]) as heard:
            assert heard.honored.resource_subscriptions == [URI]


async def test_a_wallet_that_cannot_be_read_is_not_listened_to(served: Served) -> None:
    unreadable = wallet_uri(PROJECT, "wal_nonsense")
    async with (
        served.client("ada") as client,
        client.listen(resource_subscriptions=[unreadable]) as heard,
    ):
        assert not heard.honored.resource_subscriptions


async def test_listening_needs_the_scope_to_read(served: Served) -> None:
    wanted = {"notifications": {"resourceSubscriptions": [URI]}}

    response = await served.post(
        request("subscriptions/listen", wanted),
        who="key",
        headers=modern_headers("subscriptions/listen"),
    )

    assert response.status_code == 403
    assert 'scope="wallets:read"' in response.headers["www-authenticate"]


async def test_a_stream_ends_after_the_life_of_a_token(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.subscriptions.LISTENED_SECONDS_MAX", 0.05)
    async with (
        served.client("ada") as client,
        client.listen(resource_subscriptions=[URI]) as heard,
        asyncio.timeout(5),
    ):
        events = [each async for each in heard]

    assert events == []


async def subscribed(client: Client, uri: str) -> None:
    with pytest.warns(Warning, match="removed as of 2026-07-28"):
        await client.subscribe_resource(uri)


async def test_a_session_hears_of_the_wallet_it_subscribed_to(served: Served) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def note(message: IncomingMessage) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            heard.put_nowait(str(message.params.uri))

    async with served.client("ada", mode="legacy", message_handler=note) as client:
        await subscribed(client, URI)
        async with asyncio.timeout(5):
            # The stream that carries notices is opened by the client in its own time.
            while heard.empty():
                served.mcp.feed.notify(PROJECT, OTHER)
                served.mcp.feed.notify(PROJECT, WALLET)
                await asyncio.sleep(0.02)
        with pytest.warns(Warning, match="removed as of 2026-07-28"):
            await client.unsubscribe_resource(URI)
        await asyncio.sleep(0.2)  # what was sent before may still be on its way
        while not heard.empty():
            assert heard.get_nowait() == URI
        served.mcp.feed.notify(PROJECT, WALLET)
        await asyncio.sleep(0.1)

    assert heard.empty()


async def test_what_cannot_be_read_cannot_be_subscribed_to(served: Served) -> None:
    async with served.client("ada", mode="legacy") as client:
        with pytest.raises(MCPError):
            await subscribed(client, wallet_uri(PROJECT, "wal_nonsense"))
