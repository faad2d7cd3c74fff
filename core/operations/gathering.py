"""Gather calls that come at the same time, so that they share one unit of work (group commit).

There is no timer. The first call of an idle process is taken at once and waits for nobody; while
its unit is being committed the next calls gather, so a batch grows with the load and not with the
patience of callers. Beside a unit that is heavy another one is done, so that this process works
while the database does. Waiting room is bounded: beyond it a call is told that the engine is busy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from core.db.together import Collided
from core.kernel.errors import Busy, caught

CALLS_MAX = 200
"""In one unit. More gain nothing and make the last of them wait longer."""
WEIGHT_MAX = 2_000
"""Names in one unit, a batch of usage having one for each of its events."""
HEAVY_MIN = 400
"""Names from which a unit is heavy: long under way, and worth no more if more shared it."""
WAITING_MAX = 20 * CALLS_MAX
WAITING_NAMES_MAX = 100_000
"""However few the calls are that have so many: each waits with all that was sent."""
LOOKED_AT_MAX = 10 * WEIGHT_MAX
"""Names that are looked at to choose a unit. Whoever is behind them waits: to look through a whole
line of large batches for each unit would stop the process for longer than doing one."""

T = TypeVar("T")
begun: set[asyncio.Task[object]] = set()
"""What is under way in this process. The event loop alone would let go of it."""


async def finish_begun() -> None:
    """Wait for everything under way, before what it stands on is closed."""
    while begun:
        await asyncio.gather(*begun, return_exceptions=True)


def begin(task: "asyncio.Task[object]") -> None:
    begun.add(task)
    task.add_done_callback(_ended)


async def shielded(doing: Coroutine[Any, Any, T]) -> T:
    """Do it to its end, also if whoever waits for it goes away."""
    task = asyncio.create_task(doing)
    begin(task)
    return await asyncio.shield(task)


def _ended(task: "asyncio.Task[object]") -> None:
    begun.discard(task)
    if not task.cancelled():
        task.exception()  # nobody may be left to hear of it; the trail has it


@dataclass(slots=True)
class Waiting(Generic[T]):
    """A call that waits for its unit, and whatever came of it."""

    call: T
    names: frozenset[str]
    """What it alone may do in its unit: two calls that share one never share a unit."""
    context: Context
    answered: asyncio.Future[None]


Share = Callable[[Sequence[Waiting[T]]], Awaitable[None]]
"""Do these in one unit, and answer every one of them."""


@dataclass(slots=True)
class Queue(Generic[T]):
    """One line of calls, done unit after unit by tasks that live while there is a line."""

    _waiting: list[Waiting[T]] = field(default_factory=list)
    _under_way: list[Sequence[Waiting[T]]] = field(default_factory=list)
    _names: int = 0
    _is_beginning: bool = False
    """A task was made, and has not come to take a batch."""

    async def join(self, call: T, names: frozenset[str], share: Share[T]) -> None:
        """Wait in line and return when the call is done. Raises what it failed with, or Busy.

        A caller who goes away leaves the call in its unit: the others must not lose theirs.
        """
        if len(self._waiting) >= WAITING_MAX or self._names > WAITING_NAMES_MAX:
            raise Busy
        self._names += len(names)
        answered = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(call, names, copy_context(), answered))
        if not self._is_beginning and self._has_room():
            self._is_beginning = True
            begin(asyncio.create_task(self._flush(share)))
        await answered

    async def _flush(self, share: Share[T]) -> None:
        while batch := self._next():
            self._under_way.append(batch)
            try:
                await share(batch)
            except BaseException:
                # Nobody waits for ever on a process that is being torn down.
                left, self._waiting, self._names = self._waiting, [], 0
                for each in left:
                    answer(each, Busy())
                raise
            finally:
                self._under_way = [each for each in self._under_way if each is not batch]
                for each in batch:
                    answer(each, Busy())

    def _has_room(self) -> bool:
        """Tell whether one more unit may be done: the only one, or beside one that is heavy."""
        beside = self._under_way
        return not beside or (len(beside) == 1 and _weight(beside[0]) >= HEAVY_MIN)

    def _next(self) -> list[Waiting[T]]:
        """Take those who share the next unit out of the line; none if it must not begin yet."""
        self._is_beginning = False
        if not self._has_room():
            return []
        taken = {name for batch in self._under_way for each in batch for name in each.names}
        batch, self._waiting = next_batch(self._waiting, taken)
        self._names = sum(len(each.names) for each in self._waiting)
        return batch


def _weight(batch: Sequence[Waiting[T]]) -> int:
    return sum(len(each.names) for each in batch)


def next_batch(
    waiting: Sequence[Waiting[T]], under_way: Iterable[str] = ()
) -> tuple[list[Waiting[T]], list[Waiting[T]]]:
    """Choose who shares the next unit, in order of arrival, and who waits for a later one.

    Whoever has a name in common with one before, or with one who is under way, waits, so that it
    finds what that one did.
    """
    chosen: list[Waiting[T]] = []
    later: list[Waiting[T]] = []
    taken = set(under_way)
    weight = looked_at = 0
    for n, each in enumerate(waiting):
        if len(chosen) >= CALLS_MAX or looked_at >= LOOKED_AT_MAX:
            later += waiting[n:]
            break
        looked_at += len(each.names)
        full = chosen and weight + len(each.names) > WEIGHT_MAX
        if full or not taken.isdisjoint(each.names):
            later.append(each)
        else:
            chosen.append(each)
            weight += len(each.names)
        taken |= each.names
    return chosen, later


async def divided(
    batch: Sequence[Waiting[T]], commit: Callable[[Sequence[Waiting[T]]], Awaitable[None]]
) -> None:
    """Commit these in one unit, and tell each of them what came of it.

    Where the unit fails for a reason other than a busy database, its halves are run apart, and
    theirs, until whatever cannot be done is alone: it must not take the others with it.
    """
    error = await caught(commit(batch))
    if error is not None and len(batch) > 1 and not isinstance(error, Busy):
        middle = len(batch) // 2
        await divided(batch[:middle], commit)
        await divided(batch[middle:], commit)
        return
    for each in batch:
        # One error for each: what is raised takes on the traceback of who raised it.
        answer(each, Busy() if isinstance(error, Busy | Collided) else error)


def answer(waiting: Waiting[T], error: BaseException | None = None) -> None:
    """Tell who waits that the call is done, or failed."""
    if waiting.answered.done():
        return
    if error is None:
        waiting.answered.set_result(None)
    else:
        waiting.answered.set_exception(error)
        waiting.answered.exception()  # a caller who went away must not be warned about
