"""How requests are asked: one after the other over each connection, or at a constant rate."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.client import ANSWER_SECONDS, Answer, Connection, Lane
from benchmarks.sample import Sample

Check = Callable[[Answer], str]
"""Says what is wrong with an answer, or nothing."""
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked over which connections, and how an answer is judged."""

    lanes: Sequence[Lane]
    check: Check
    worth: int = 1
    """How many of what is counted one request carries."""
    prepare: Callable[[float], None] = lambda seconds: None
    """Makes bodies for about so many seconds, before anything is measured."""

    async def __call__(self, seconds: float) -> Sample:
        """Ask for so many seconds; each connection goes on when its last request is answered."""
        self.prepare(seconds)
        async with self._connections() as connections:
            until = time.perf_counter() + seconds
            return await self._closed(connections, lambda now: now < until)

    async def times(self, count: int) -> Sample:
        """Ask so many times in all."""
        left = iter(range(count))
        async with self._connections() as connections:
            return await self._closed(connections, lambda now: next(left, None) is not None)

    async def at_rate(self, rate: float, seconds: float) -> Sample:
        """Ask at this constant rate, whether or not earlier requests are answered.

        A latency begins when the request was due, not when a connection was free for it.
        """
        async with self._connections() as connections:
            talks = [
                Talk(lane, connection)
                for lane, connection in zip(self.lanes, connections, strict=True)
            ]
            arrivals = Arrivals(rate, seconds, talks, self.judge)
            await _finished(arrivals.run(), arrivals.sample)
            return arrivals.sample

    def judge(self, sample: Sample, answer: Answer) -> None:
        if problem := self.check(answer):
            sample.fail(problem)
        else:
            sample.count += self.worth

    @asynccontextmanager
    async def _connections(self) -> AsyncIterator[list[Connection]]:
        """Connect before anything is measured."""
        opened: list[tuple[Lane, Connection]] = []
        try:
            for lane in self.lanes:
                opened.append((lane, await lane.open()))  # noqa: PERF401 - those before one that fails are closed
            yield [connection for _, connection in opened]
        finally:
            for lane, connection in opened:
                await lane.close(connection)

    async def _closed(
        self, connections: Sequence[Connection], more: Callable[[float], bool]
    ) -> Sample:
        sample, start = Sample(), time.perf_counter()
        turns = [
            _Turns(self, Talk(lane, connection), sample, more)
            for lane, connection in zip(self.lanes, connections, strict=True)
        ]
        for turn in turns:
            turn.begin()
        await _finished(asyncio.gather(*(turn.done for turn in turns)), sample)
        sample.seconds = time.perf_counter() - start
        return sample


async def _finished(work: Awaitable[object], sample: Sample) -> None:
    """Wait for the end, but not for a server that has stopped answering."""
    quiet = asyncio.ensure_future(work)
    done = -1
    while not quiet.done() and len(sample.latencies) > done:
        done = len(sample.latencies)
        await asyncio.wait([quiet], timeout=ANSWER_SECONDS)
    if not quiet.done():
        sample.fail(f"no answer for {ANSWER_SECONDS:g} seconds")
        quiet.cancel()
    await asyncio.wait([quiet])
    if not quiet.cancelled() and (error := quiet.exception()):
        raise error


@dataclass(slots=True)
class Talk:
    """A lane with the connection that it has for now."""

    lane: Lane
    connection: Connection

    def ask(self, answered: Callable[[Answer], None], lost: Callable[[str], None]) -> None:
        self.connection.answered, self.connection.lost = answered, lost
        self.connection.ask(self.lane.request())


class _Turns:
    """One connection that asks again whenever it is answered."""

    def __init__(
        self, load: Load, talk: Talk, sample: Sample, more: Callable[[float], bool]
    ) -> None:
        self._load, self._sample, self._more = load, sample, more
        self._lane, self._connection = talk.lane, talk.connection
        self._asked_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        self._connection.answered, self._connection.lost = self._answered, self._lost
        self._next(time.perf_counter())

    def _next(self, now: float) -> None:
        if self._more(now):
            self._asked_at = now
            self._connection.ask(self._lane.request())
        else:
            self._end()

    def _answered(self, answer: Answer) -> None:
        now = time.perf_counter()
        self._sample.latencies.append(now - self._asked_at)
        self._load.judge(self._sample, answer)
        self._next(now)

    def _lost(self, why: str) -> None:
        if not self.done.done():
            self._sample.fail(why)
            self._end()

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


@dataclass(slots=True)
class Arrivals:
    """Requests that fall due at a constant rate, and the connections that are free for them.

    What finds none free waits for one, and its waiting counts: that is what a caller would feel,
    and what a client that asks only when it was answered leaves out.
    """

    rate: float
    seconds: float
    free: list[Talk]
    judge: Callable[[Sample, Answer], None]
    clock: Clock = time.perf_counter
    sample: Sample = field(default_factory=Sample)
    _due: deque[float] = field(default_factory=deque)
    _scheduled: int = 0
    _under_way: int = 0
    _is_lost: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        start = self.clock()
        while (upcoming := self.send_due(start)) is not None and not self._is_lost:  # noqa: ASYNC110 - it waits for an instant
            await asyncio.sleep(max(0.0, upcoming - self.clock()))
        while (self._due or self._under_way) and not self._is_lost:
            self._changed.clear()
            await self._changed.wait()
        self.sample.seconds = self.clock() - start

    def send_due(self, start: float) -> float | None:
        """Send whatever is due by now, and return when the next one is, or None after the last."""
        now = self.clock()
        while (at := self._scheduled / self.rate) < self.seconds and start + at <= now:
            self._due.append(start + at)
            self._scheduled += 1
        self._send()
        return start + at if at < self.seconds else None

    def _send(self) -> None:
        while self._due and self.free:
            self._ask(self.free.pop(), self._due.popleft())

    def _ask(self, talk: Talk, due_at: float) -> None:
        def answered(answer: Answer) -> None:
            self.sample.latencies.append(self.clock() - due_at)
            self.judge(self.sample, answer)
            self._under_way -= 1
            self.free.append(talk)
            self._send()
            self._changed.set()

        self._under_way += 1
        talk.ask(answered, self._lost)

    def _lost(self, why: str) -> None:
        self.sample.fail(why)
        self._is_lost = True
        self._changed.set()
