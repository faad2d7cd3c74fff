"""What was acknowledged, and the question whether the engine's books say exactly that."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.kernel.clock import SystemClock
from tests.soak.ground import METER, Ground
from tests.soak.script import Op, millionths_of
from tests.soak.wire import Answer, Connection

log = logging.getLogger("soak")
PAGE = 200
SAMPLED, SAMPLED_BATCHES = 50, 5
"""Of acknowledged calls one of so many is repeated in the end; of batches, one of so many."""
REPEATING = 8


@dataclass(slots=True)
class Journal:
    """Every acknowledged answer: what it moved, under which transaction, and who was told."""

    ground: Ground
    moved: dict[str, dict[str, int]] = field(default_factory=dict)
    """By wallet: each transaction, and by how much it changed the wallet."""
    tokens: dict[str, int] = field(default_factory=dict)
    """What each event used."""
    batches: list[Op] = field(default_factory=list)
    sample: list[tuple[Op, Mapping[str, Any]]] = field(default_factory=list)
    calls: int = 0
    asked_again: int = 0

    async def begin(self, url: str) -> None:
        """Write down what the wallets' statements say before anything is asked."""
        async with Connection(url) as connection:
            for wallet in self.ground.wallets:
                self.moved[wallet] = await statement(self.ground, connection, wallet)

    def note(self, op: Op, answer: Answer) -> None:
        """Write an answer down, and see that it answers what was asked."""
        body, sent = answer.must(), op.make()
        self.calls += 1
        if op.name == "record_usage":
            self._note_batch(op, sent, body)
            return
        if op.name == "charge_usage":
            assert body["event_id"] == sent["event_id"], body
            self.tokens[sent["event_id"]] = sent["properties"]["tokens"]
        if op.moves:
            told = body["captured" if op.name == "capture_hold" else "amount"]
            assert millionths_of(told) == max(map(abs, op.moves.values())), (sent, body)
        for wallet, amount in op.moves.items():
            lines = self.moved[wallet]
            assert body["transaction_id"] not in lines, "a transaction answers one call"
            lines[body["transaction_id"]] = amount
        if self.calls % SAMPLED == 0:
            self.sample.append((op, body))

    def _note_batch(self, op: Op, sent: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        told = Counter(each["status"] for each in body["events"])
        assert told.keys() <= {"accepted", "duplicate"}, body
        assert told.total() == len(sent["events"]), body
        assert (body["accepted"], body["duplicate"]) == (told["accepted"], told["duplicate"])
        self.tokens.update(
            (each["event_id"], each["properties"]["tokens"]) for each in sent["events"]
        )
        self.batches.append(op)

    async def compare(self, url: str) -> None:
        """See that everything acknowledged is there once, as it was told, and nothing else is."""
        async with Connection(url) as connection:
            for wallet in self.ground.wallets:
                await self._compare_wallet(connection, wallet)
            await self._compare_usage(connection)
        log.info("the statements say what was acknowledged")
        await self._repeat(url)
        log.info("asked again, %d calls were answered as before", self.asked_again)
        proof = await self.ground.prove()
        log.info("proved: %s", dict(proof.looked_at))
        assert proof.differences == []
        assert proof.looked_at["transactions"] >= len(set().union(*self.moved.values()))

    async def _compare_wallet(self, connection: Connection, wallet: str) -> None:
        found, noted = await statement(self.ground, connection, wallet), self.moved[wallet]
        lost = {name: amount for name, amount in noted.items() if found.get(name) != amount}
        unasked = {name: amount for name, amount in found.items() if name not in noted}
        assert (lost, unasked) == ({}, {})
        asked = {"project_id": self.ground.project, "wallet_id": wallet}
        balance = await connection.ask("check_balance", asked, token=self.ground.operator)
        told = {name: millionths_of(balance.must()[name]) for name in ("posted", "held")}
        assert told == {"posted": sum(noted.values()), "held": 0}

    async def _compare_usage(self, connection: Connection) -> None:
        today = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
        asked = {
            "project_id": self.ground.project,
            "meter_key": METER,
            "start_at": (today - timedelta(days=3)).isoformat(),
            "end_at": (today + timedelta(days=3)).isoformat(),
        }
        answer = await connection.ask("summarize_usage", asked, token=self.ground.operator)
        told = [(row["event_count"], row["value"]) for row in answer.must()["rows"]]
        assert told == [(len(self.tokens), str(sum(self.tokens.values())))]

    async def _repeat(self, url: str) -> None:
        """Ask again for a sample of what moved credits, and of the batches of events."""
        calls = iter([*self.sample, *((op, None) for op in self.batches[::SAMPLED_BATCHES])])

        async def ask_on() -> None:
            async with Connection(url) as connection:
                for op, before in calls:
                    await self._ask_again(connection, op, before)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(REPEATING):
                tasks.create_task(ask_on())

    async def _ask_again(
        self, connection: Connection, op: Op, before: Mapping[str, Any] | None
    ) -> None:
        token = self.ground.operator if op.by_operator else self.ground.member
        answer = await connection.ask(op.name, op.make(), token=token, key=op.key)
        body = answer.must()
        self.asked_again += 1
        if before is None:
            assert (body["accepted"], body["refused"]) == (0, 0), "a recorded event was lost"
        elif op.key:
            assert body == before, "a key answers with its first result"
        else:
            assert body["duplicate"]
            assert body["transaction_id"] == before["transaction_id"]
            assert body["amount"] == before["amount"]


async def statement(ground: Ground, connection: Connection, wallet: str) -> dict[str, int]:
    """Read a wallet's whole statement: each transaction, and by how much it changed the wallet."""
    lines: dict[str, int] = {}
    async for each in _pages(ground, connection, wallet):
        assert each["id"] not in lines, "a transaction is on a statement once"
        lines[each["id"]] = millionths_of(each["amount"])
    return lines


async def _pages(
    ground: Ground, connection: Connection, wallet: str
) -> AsyncIterator[Mapping[str, Any]]:
    asked: dict[str, Any] = {"project_id": ground.project, "wallet_id": wallet, "limit": PAGE}
    while True:
        page = (await connection.ask("list_transactions", asked, token=ground.operator)).must()
        for each in page["items"]:
            yield each
        if page["next_cursor"] is None:
            return
        asked["cursor"] = page["next_cursor"]
