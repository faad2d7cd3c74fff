"""Webhook deliveries: signed, sent, and sent again with growing patience until they are taken."""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from mcp_server.sandbox.resources import events
from mcp_server.sandbox.sandbox import Sandbox
from mcp_server.sandbox.signing import signature_header
from mcp_server.sandbox.work import Json, Work, public

log = logging.getLogger(__name__)
ATTEMPTS_MAX = 16
FIRST_RETRY_SECONDS = 2.0
RETRY_SECONDS_MAX = 3600.0
LEASE_SECONDS = 60.0
TIMEOUT_SECONDS = 20.0
TOGETHER_MAX = 8
BATCH = 64
IDLE_SECONDS = 1.0
SAID_MAX = 200
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks; simulated by the Bursar sandbox)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt: everything that is needed to make it with no unit open."""

    seq: int
    event: str
    url: str
    body: bytes
    signature: str
    attempt: int


@dataclass(slots=True)
class Deliverer:
    """Delivers what is due. Several may run: each delivery is leased to one of them."""

    sandbox: Sandbox
    client: httpx2.AsyncClient
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Deliver for ever, and let the clock's due things happen in between."""
        self.sandbox.woken = self._wake.set
        try:
            while True:
                self._wake.clear()
                try:
                    self.sandbox.do_due()
                    busy = await self.deliver_due()
                except Exception:
                    log.exception("the sandbox could not deliver")
                    busy = 0
                if not busy:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(IDLE_SECONDS):
                            await self._wake.wait()
        finally:
            self.sandbox.woken = lambda: None

    async def deliver_due(self) -> int:
        """Make every attempt that is due now. Returns how many were made."""
        deliveries = self._claim()
        turns = asyncio.Semaphore(TOGETHER_MAX)

        async def one(delivery: Delivery) -> None:
            async with turns:
                status, said = await self._send(delivery)
                self._record(delivery, status, said)

        await asyncio.gather(*map(one, deliveries))
        return len(deliveries)

    async def deliver_all(self, *, rounds_max: int = 100) -> None:
        """Deliver until nothing is due any more: for tests, which do not wait."""
        for _ in range(rounds_max):
            if not await self.deliver_due():
                return

    def _claim(self) -> list[Delivery]:
        with self.sandbox.unit() as work:
            if work.switches.webhooks_held:
                return []
            query = (
                "update deliveries set lease_until = ?, attempt = attempt + 1 where seq in "
                "(select seq from deliveries where due_at <= ? and lease_until <= ? "
                "order by due_at, seq limit ?) returning *"
            )
            now = work.outside_now
            rows = work.db.execute(query, (now + LEASE_SECONDS, now, now, BATCH)).fetchall()
            rows.sort(key=lambda row: (row["due_at"], row["seq"]))
            return [made for row in rows if (made := _prepared(work, row))]

    async def _send(self, delivery: Delivery) -> tuple[int, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": delivery.signature,
            "User-Agent": USER_AGENT,
        }
        try:
            answer = await self.client.post(
                delivery.url, content=delivery.body, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except httpx2.HTTPError as error:
            return 0, type(error).__name__
        return answer.status_code, answer.text[:SAID_MAX]

    def _record(self, delivery: Delivery, status: int, said: str) -> None:
        """Note how it went. Whatever is no 2xx is tried again; in the end it is given up."""
        with self.sandbox.unit() as work:
            again: float | None = None
            if not 200 <= status < 300 and delivery.attempt < ATTEMPTS_MAX:
                wait = FIRST_RETRY_SECONDS * 2 ** (delivery.attempt - 1)
                again = work.outside_now + min(wait, RETRY_SECONDS_MAX)
            work.db.execute(
                "update deliveries set due_at = ?, lease_until = 0, status = ?, said = ? "
                "where seq = ?",
                (again, status, said, delivery.seq),
            )
            events.delivered(work, delivery.event)


def _prepared(work: Work, row: Any) -> Delivery | None:
    endpoint, event = work.any(row["endpoint"]), work.any(row["event"])
    if endpoint is None or endpoint.get("deleted") or event is None:
        work.db.execute("delete from deliveries where seq = ?", (row["seq"],))
        return None
    body = json.dumps(_shown(event), indent=2).encode()
    signature = signature_header(body, endpoint["_secrets"], int(work.outside_now))
    every = work.switches.corrupt_every
    if every and row["seq"] % every == 0 and row["attempt"] == 1:
        body = flipped(body)
    return Delivery(
        seq=row["seq"],
        event=event["id"],
        url=endpoint["url"],
        body=body,
        signature=signature,
        attempt=row["attempt"],
    )


def _shown(event: Json) -> Json:
    """A notification of the second kind says what happened to what, and nothing about it."""
    if event["object"] == "event":
        return public(event)
    return {name: value for name, value in event.items() if name not in {"data", "changes"}}


def flipped(body: bytes) -> bytes:
    """Flip one bit in the middle, as a bad wire would."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def resend(work: Work, event: str, copies: int = 1) -> None:
    """Deliver an event again to everybody who has had it."""
    had = "select distinct endpoint from deliveries where event = ?"
    endpoints: Sequence[Any] = work.db.execute(had, (event,)).fetchall()
    for row in endpoints:
        for _ in range(copies):
            work.db.execute(
                "insert into deliveries (event, endpoint, due_at) values (?, ?, ?)",
                (event, row["endpoint"], work.outside_now),
            )
