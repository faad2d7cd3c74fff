"""Group commit: calls that come at the same time share one unit of work, step by step.

Every call of such a unit runs as if it were alone. Where it comes to a `Step`, it waits until all
the others have come as far or have ended; then the step is done once for all of them, in as few
statements as for one, and each goes on with its own result. Steps are taken in the order of their
numbers, so that every unit takes its locks in one order.

A call that is refused leaves the unit without having written anything, because the unit is not its
own. So a use-case does all its looking-up and deciding in earlier steps, and writes last. A write
that finds out that another unit was faster raises `Collided`, and the whole unit is run again.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextvars import Context
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from core.kernel.errors import EngineError

if TYPE_CHECKING:
    from core.db.work import Work

Item = TypeVar("Item")
Out = TypeVar("Out")
T = TypeVar("T")


class Order(IntEnum):
    """In which order a shared unit takes its steps, and with them its locks."""

    PROJECT = 10
    KEY = 20
    LOOK = 30
    POST = 50
    WRITE = 60
    TELL = 80
    KEEP = 90
    AUDIT = 95


class Collided(Exception):
    """Another unit wrote one of our keys in the meantime: nothing was done, run the unit again."""


@dataclass(frozen=True, slots=True, eq=False)
class Step(Generic[Item, Out]):
    """One thing that many calls do at once.

    `run` gets each call's own `Work` with what it asked for, in the order of arrival, all on one
    connection; it returns as many results in that order. An EngineError among them is raised in
    the call that it belongs to, and in no other.
    """

    order: int
    run: "Callable[[Sequence[tuple[Work, Item]]], Awaitable[Sequence[Out | EngineError]]]"


@dataclass(slots=True)
class Reached:
    """A call has come to a step. Awaiting it hands it to `run_together`, which drives the call."""

    step: Step[Any, Any]
    work: "Work"
    item: Any

    def __await__(self) -> "Generator[Reached, Any, Any]":
        return (yield self)


async def take(step: Step[Item, Out], work: "Work", item: Item) -> Out:
    """Take the step, with all the calls of a shared unit or, in any other unit, alone."""
    result: Out | EngineError
    if work.is_shared:
        result = await Reached(step, work, item)
    else:
        [result] = await step.run([(work, item)])
    if isinstance(result, EngineError):
        raise result
    return result


Call = tuple[Context, Coroutine[Any, Any, T]]


async def run_together(calls: Sequence[Call[T]]) -> list[T]:
    """Run these calls in one unit to their ends, and return what each returned.

    Each runs in its own context. What a call raises ends all of them: a call that may be refused
    catches its own refusal.
    """
    results: dict[int, T] = {}
    waiting: dict[int, Reached] = {}
    going_on: list[tuple[int, Any]] = [(n, None) for n in range(len(calls))]
    try:
        while going_on:
            for n, result in going_on:
                came_to = await _Advance(calls[n], result)
                if isinstance(came_to, Reached):
                    waiting[n] = came_to
                else:
                    results[n] = came_to.value
            going_on = await _take_next(waiting)
    finally:
        for _, call in calls:
            call.close()
    return [results[n] for n in range(len(calls))]


async def _take_next(waiting: dict[int, Reached]) -> list[tuple[int, Any]]:
    """Take the lowest step that anybody waits for, once for all who do, in order of arrival."""
    if not waiting:
        return []
    step = min((each.step for each in waiting.values()), key=lambda step: step.order)
    ours = sorted(n for n, each in waiting.items() if each.step is step)
    reached = [waiting.pop(n) for n in ours]
    outs = await step.run([(each.work, each.item) for each in reached])
    return list(zip(ours, outs, strict=True))


@dataclass(slots=True)
class _Ended(Generic[T]):
    value: T


@dataclass(slots=True)
class _Advance(Generic[T]):
    """Awaiting it runs one call, in its own context, up to its next step or its end."""

    call: Call[T]
    result: Any

    def __await__(self) -> "Generator[Any, Any, Reached | _Ended[T]]":
        context, coroutine = self.call
        forward = _sending(coroutine, self.result)
        while True:
            try:
                yielded = context.run(forward)
            except StopIteration as end:
                return _Ended(end.value)
            if isinstance(yielded, Reached):
                return yielded
            # The call waits for something that is no step: for that, the event loop is asked.
            try:
                answer = yield yielded
            except BaseException as error:  # noqa: BLE001 - thrown on, into the call that waits
                # Whatever the loop throws in, cancellation too, is meant for that call alone.
                forward = _throwing(coroutine, error)
            else:
                forward = _sending(coroutine, answer)


def _sending(coroutine: Coroutine[Any, Any, Any], answer: Any) -> Callable[[], Any]:
    return lambda: coroutine.send(answer)


def _throwing(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)
