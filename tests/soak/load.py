"""Clients that ask until they are answered, and write down every answer that they got.

A call whose answer was lost, or that was told Busy, is asked again as it was, under its same key.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.soak.books import Journal
from tests.soak.ground import Ground
from tests.soak.script import Op
from tests.soak.wire import Answer, Connection, Gone


@dataclass(slots=True)
class Tally:
    """A count that can be waited for."""

    count: int = 0
    _waiting: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    def add(self, n: int = 1) -> None:
        self.count += n
        for wanted, reached in self._waiting:
            if self.count >= wanted:
                reached.set()
        self._waiting = [each for each in self._waiting if not each[1].is_set()]

    async def reaches(self, wanted: int) -> None:
        if self.count < wanted:
            reached = asyncio.Event()
            self._waiting.append((wanted, reached))
            await reached.wait()


@dataclass(slots=True)
class Load:
    """Some clients of one server, and what became of what they asked."""

    ground: Ground
    url: str
    script: Iterator[Op]
    journal: Journal
    acknowledged: Tally = field(default_factory=Tally)
    answered: Tally = field(default_factory=Tally)
    """Calls that were acknowledged, each of which counts as one operation or as hundreds."""
    busy: Tally = field(default_factory=Tally)
    gone: Tally = field(default_factory=Tally)
    served: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether there is a server to ask, and behind it a database."""
    stored: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.served.set()
        self.stored.set()

    async def run(self, clients: int) -> None:
        """Ask for everything in the script."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(clients):
                tasks.create_task(self._ask_on())

    async def _ask_on(self) -> None:
        async with Connection(self.url) as connection:
            for first in self.script:
                op: Op | None = first
                while op:
                    answer = await self.until_acknowledged(connection, op)
                    self.journal.note(op, answer)
                    self.acknowledged.add(op.worth)
                    self.answered.add()
                    op = op.then(answer.body) if op.then else None

    async def until_acknowledged(self, connection: Connection, op: Op) -> Answer:
        token = self.ground.operator if op.by_operator else self.ground.member
        while True:
            try:
                answer = await connection.ask(op.name, op.make(), token=token, key=op.key)
            except Gone:
                self.gone.add()
                await self.served.wait()
                continue
            if answer.status != 503:
                return answer
            self._check_busy(answer)
            await self._wait(answer.retry_after or 0)

    def _check_busy(self, answer: Answer) -> None:
        """Busy is told in full: a code for programs, and when to come again."""
        assert answer.body["code"] == "busy", answer
        assert answer.retry_after == answer.body["retry_after"], answer
        assert answer.body["retry_after"] >= 1, answer
        self.busy.add()

    async def _wait(self, seconds: float) -> None:
        """Come again when it was said, or as soon as the database is known to be back."""
        try:
            async with asyncio.timeout(seconds):
                if self.stored.is_set():
                    await asyncio.sleep(seconds)
                await self.stored.wait()
        except TimeoutError:
            return
