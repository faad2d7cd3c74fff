"""What has happened at Stripe: its events, and its objects by when they were made."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from core.payments import Checkout, Dispute, Payment, ProviderEvent, Refund, Seen, Window
from mcp_server.adapters.stripe.calling import PAGE_SIZE, Part, Told, given

List = Callable[[Told], Awaitable[Any]]


class HistoryAtStripe(Part):
    async def read_event(self, event_id: str) -> ProviderEvent:
        told = await self._calls.ask(
            "read an event", lambda: self._v1.events.retrieve_async(event_id)
        )
        return self._read.event(told)

    async def read_thin_event(self, event_id: str) -> ProviderEvent:
        # Not by the SDK's `fetch_event_async`: release 16.1.0 adds parameters of its own to it.
        events = self._calls.sdk.v2.core.events
        told = await self._calls.ask("read a thin event", lambda: events.retrieve_async(event_id))
        return self._read.event(told)

    async def events_since(
        self, after: str | None, *, since: datetime | None = None, types: Sequence[str] = ()
    ) -> AsyncIterator[ProviderEvent]:
        wanted = given(types=list(types) or None, created=_from(since))
        if after is None:
            # Lists begin with the newest, so the oldest is looked for first.
            oldest = None
            async for told in self._calls.pages("look for events", self._events(wanted)):
                oldest = told
            if oldest is None:
                return
            yield self._read.event(oldest)
            after = oldest["id"]
        while True:
            page = {**wanted, "ending_before": after, "limit": PAGE_SIZE}
            told = await self._calls.ask("list events", partial(self._list, page))
            for each in reversed(told["data"]):
                yield self._read.event(each)
            if not told.get("has_more") or not told["data"]:
                return
            after = told["data"][0]["id"]

    def _events(self, wanted: Told) -> List:
        return lambda place: self._list({**wanted, **place})

    def _list(self, fields: Told) -> Awaitable[Any]:
        listed: Awaitable[Any] = self._v1.events.list_async(fields)
        return listed

    async def checkouts_in(self, window: Window) -> AsyncIterator[Checkout]:
        listed, made = self._v1.checkout.sessions.list_async, within(window)
        async for told in self._calls.pages("list checkouts", lambda at: listed({**made, **at})):
            yield self._read.checkout(told)

    async def payments_in(self, window: Window) -> AsyncIterator[Payment]:
        listed, made = self._v1.payment_intents.list_async, within(window)
        whole = {**made, "expand": ["data.latest_charge"]}
        async for told in self._calls.pages("list payments", lambda at: listed({**whole, **at})):
            yield self._read.payment(told)

    async def refunds_in(self, window: Window) -> AsyncIterator[Refund]:
        listed, made = self._v1.refunds.list_async, within(window)
        async for told in self._calls.pages("list refunds", lambda at: listed({**made, **at})):
            yield self._read.refund(told)

    async def disputes_in(self, window: Window) -> AsyncIterator[Dispute]:
        listed, made = self._v1.disputes.list_async, within(window)
        async for told in self._calls.pages("list disputes", lambda at: listed({**made, **at})):
            yield self._read.dispute(told)

    def seen(self, snapshot: Mapping[str, Any]) -> Seen | None:
        return self._read.seen(snapshot)


def _from(since: datetime | None) -> Told | None:
    return {"gte": math.ceil(since.timestamp())} if since else None


def within(window: Window) -> Told:
    """Select whole seconds: what was made at 10 is before 10.5, and at 11 is not."""
    start, end = window.start.timestamp(), window.end.timestamp()
    return {"created": {"gte": math.ceil(start), "lt": math.ceil(end)}}
