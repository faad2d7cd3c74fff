"""Tell clients that a wallet's balance changed: `subscriptions/listen`, and the older subscribe.

A notice carries the wallet's URI and nothing else; what changed is read as ever, with the reader's
own authority. Notices are level triggers: they may be joined together or lost, so a client that
needs every transaction lists them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    SUBSCRIPTION_ID_META_KEY,
    ListenHandler,
    ResourceUpdated,
    ServerEvent,
)

from core.kernel.clock import stopwatch
from core.operations.perform import Gate
from mcp_server.asked import Asked, asked
from mcp_server.resources import WALLET, Resources, not_found
from mcp_server.wallet_feed import Wallet, WalletFeed
from mcp_server.wallet_watch import WalletWatch

LISTENED_SECONDS_MAX = 900
"""A stream ends after the life of an access token, and whoever reopens it is authorized anew."""
SUBSCRIBED_SECONDS_MAX = 3600
TELL_SECONDS_MAX = 1
URIS_MAX = 50
PER_CALLER_MAX = 20
"""Streams and subscriptions of one caller: nobody can take the places of all others."""
SUBSCRIBERS_MAX = 5_000

Context = ServerRequestContext[Any, Any]


@dataclass(slots=True)
class _Subscriber:
    """A handshake session that wants to hear of one wallet."""

    session: ServerSession
    subject: str
    wallet: Wallet
    until: float


class Subscriptions:
    """Serves both eras' ways of listening, each gated by reading the wallet first."""

    def __init__(self, resources: Resources, gate: Gate, feed: WalletFeed) -> None:
        self._resources = resources
        self._gate = gate
        self._listen = ListenHandler(feed)
        self._streams: Counter[str] = Counter()
        self._subscribers: dict[tuple[str, str], _Subscriber] = {}
        self._changed: dict[str, None] = {}
        self._wake = asyncio.Event()
        self.watch = WalletWatch(gate.database, feed)
        feed.subscribe(self._note)

    async def listen(
        self, context: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Answer `subscriptions/listen`, honouring those wallets that the caller may read.

        What is not honoured is missing from the acknowledgement; our lists never change while a
        process runs, so there is nothing to hear about them.
        """
        wanted = params.notifications.resource_subscriptions or []
        request = asked(context)
        with self._counted(request.caller.subject):
            readable = [
                (uri, wallet)
                for uri in wanted[:URIS_MAX]
                if (wallet := await self._readable(request, uri))
            ]
            told = types.SubscriptionFilter(
                resource_subscriptions=[uri for uri, _ in readable] or None
            )
            params = params.model_copy(update={"notifications": told})
            with self.watch.listening([wallet for _, wallet in readable]):
                # What changes from here on is told: the client reads once it is acknowledged.
                await self.watch.look()
                with anyio.move_on_after(LISTENED_SECONDS_MAX):
                    return await self._listen(context, params)
        # The last frame names its stream, as every frame before it did.
        return types.SubscriptionsListenResult(meta={SUBSCRIPTION_ID_META_KEY: context.request_id})

    async def subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Answer `resources/subscribe` of the handshake era."""
        uri, request = str(params.uri), asked(context)
        wallet = await self._readable(request, uri)
        if wallet is None:
            raise not_found(context, uri)
        self._drop(_key(context, uri))
        self._forget_expired()
        subject = request.caller.subject
        own = sum(each.subject == subject for each in self._subscribers.values())
        if own >= URIS_MAX or len(self._subscribers) >= SUBSCRIBERS_MAX:
            raise _too_many()
        until = stopwatch() + SUBSCRIBED_SECONDS_MAX
        subscriber = _Subscriber(context.session, subject, wallet, until)
        self._subscribers[_key(context, uri)] = subscriber
        self.watch.begin([wallet])
        await self.watch.look()
        return types.EmptyResult()

    async def unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Answer `resources/unsubscribe`."""
        self._drop(_key(context, str(params.uri)))
        return types.EmptyResult()

    async def run(self) -> None:
        """Look for changes and tell of them, until cancelled. Runs beside the endpoint."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.watch.run)
            group.start_soon(self._deliver)

    def close(self) -> None:
        """End every stream, telling clients that it is the server that stops."""
        self._listen.close()

    async def _deliver(self) -> None:
        """Tell handshake sessions what changed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, {}
            self._forget_expired()
            for (_, uri), subscriber in tuple(self._subscribers.items()):
                if uri in changed:
                    # A session that is gone, or reads nothing, must not keep the others waiting.
                    with anyio.move_on_after(TELL_SECONDS_MAX):
                        await subscriber.session.send_resource_updated(uri)

    @contextmanager
    def _counted(self, subject: str) -> Iterator[None]:
        if self._streams[subject] >= PER_CALLER_MAX:
            raise _too_many()
        self._streams[subject] += 1
        try:
            yield
        finally:
            self._streams[subject] -= 1
            if not self._streams[subject]:
                del self._streams[subject]

    async def _readable(self, request: Asked, uri: str) -> Wallet | None:
        """Return the wallet that a URI names, if the caller may read it."""
        found, names = self._resources.find(uri), WALLET.match(uri)
        if found is None or names is None:
            return None
        operation, arguments = found
        outcome = await self._gate.perform(operation, request.call(arguments))
        return None if outcome.error else (names["project_id"], names["wallet_id"])

    def _note(self, event: ServerEvent) -> None:
        if isinstance(event, ResourceUpdated) and self._subscribers:
            self._changed[event.uri] = None
            self._wake.set()

    def _forget_expired(self) -> None:
        now = stopwatch()
        self._drop(*[key for key, each in self._subscribers.items() if each.until < now])

    def _drop(self, *keys: tuple[str, str]) -> None:
        gone: Sequence[_Subscriber | None] = [self._subscribers.pop(key, None) for key in keys]
        self.watch.end([each.wallet for each in gone if each])


def _too_many() -> MCPError:
    return MCPError(types.INTERNAL_ERROR, "Subscription limit reached")


def _key(context: Context, uri: str) -> tuple[str, str]:
    assert context.request is not None, "served without the guard in front"
    return context.request.headers.get("mcp-session-id", ""), uri
