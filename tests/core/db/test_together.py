"""Calls that share a unit go step by step together, and each is as if it were alone."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import replace
from typing import Any, cast

import pytest

from core.db.together import Order, Step, run_together, take
from core.db.work import Work
from core.kernel.caller import SYSTEM
from core.kernel.errors import Busy
from tests.world import START, CountingIds, FrozenClock

pytestmark = pytest.mark.anyio

ALONE = Work(cast("Any", None), START, CountingIds(FrozenClock()), SYSTEM, b"key")
SHARED = replace(ALONE, is_shared=True)
SAID: ContextVar[str] = ContextVar("said", default="nothing")


class Steps:
    """Steps that note how they were taken, and answer with what they were given, doubled."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, list[Any]]] = []

    def of(self, order: int, *, refused: object = None) -> Step[Any, Any]:
        async def run(items: Sequence[tuple[Work, Any]]) -> list[Any]:
            await asyncio.sleep(0)
            self.taken.append((order, [item for _, item in items]))
            return [Busy() if item == refused else item * 2 for _, item in items]

        return Step(order, run)


async def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    return await run_together([(copy_context(), each) for each in calls])


async def test_a_step_is_taken_once_for_all_in_order_of_arrival() -> None:
    steps = Steps()
    step = steps.of(Order.POST)

    async def call(n: int) -> int:
        return int(await take(step, SHARED, n))

    assert await together(*map(call, range(5))) == [0, 2, 4, 6, 8]
    assert steps.taken == [(Order.POST, [0, 1, 2, 3, 4])]


async def test_steps_are_taken_in_the_order_of_their_numbers_whoever_comes_first() -> None:
    steps = Steps()
    look, post, keep = steps.of(Order.LOOK), steps.of(Order.POST), steps.of(Order.KEEP)

    async def short() -> None:
        await take(keep, SHARED, "short")

    async def long() -> None:
        await take(look, SHARED, "long")
        await take(post, SHARED, "long")
        await take(keep, SHARED, "long")

    await together(short(), long())

    assert steps.taken == [
        (Order.LOOK, ["long"]),
        (Order.POST, ["long"]),
        (Order.KEEP, ["short", "long"]),
    ]


async def test_two_steps_of_one_number_are_not_mixed() -> None:
    steps = Steps()
    one, other = steps.of(Order.LOOK), steps.of(Order.LOOK)

    async def call(step: Step[Any, Any], item: int) -> int:
        return int(await take(step, SHARED, item))

    assert await together(call(one, 1), call(other, 2), call(one, 3)) == [2, 4, 6]
    assert sorted(steps.taken) == [(Order.LOOK, [1, 3]), (Order.LOOK, [2])]


async def test_whoever_shares_with_nobody_takes_a_step_alone() -> None:
    steps = Steps()

    assert await take(steps.of(Order.POST), ALONE, 4) == 8
    with pytest.raises(Busy):
        await take(steps.of(Order.POST, refused=4), ALONE, 4)


async def test_a_refusal_is_raised_in_the_call_it_belongs_to_and_in_no_other() -> None:
    steps = Steps()
    step, last = steps.of(Order.POST, refused=1), steps.of(Order.AUDIT)

    async def call(n: int) -> object:
        try:
            told: object = await take(step, SHARED, n)
        except Busy:
            told = "busy"
        await take(last, SHARED, n)
        return told

    assert await together(*map(call, range(3))) == [0, "busy", 4]
    assert steps.taken[-1] == (Order.AUDIT, [0, 1, 2])


async def test_a_call_may_await_other_things_between_its_steps() -> None:
    steps = Steps()
    step = steps.of(Order.POST)
    gate = asyncio.Event()

    async def call(n: int) -> int:
        await asyncio.sleep(0.001)
        if n == 0:
            gate.set()
        await gate.wait()
        told = int(await take(step, SHARED, n))
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        return told

    assert await together(call(0), call(1)) == [0, 2]
    assert steps.taken == [(Order.POST, [0, 1])]


async def test_what_an_awaited_thing_raises_is_raised_in_the_call() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError

    async def call() -> str:
        try:
            await asyncio.create_task(failing())
        except LookupError:
            return "told"
        return "nothing"

    assert await together(call(), call()) == ["told", "told"]


async def test_what_a_call_raises_ends_all_of_them() -> None:
    steps, closed = Steps(), []
    step = steps.of(Order.POST)

    async def failing() -> None:
        await take(step, SHARED, 1)
        raise ZeroDivisionError

    async def waiting() -> None:
        try:
            await take(step, SHARED, 2)
            await take(steps.of(Order.AUDIT), SHARED, 2)
        finally:
            closed.append("closed")

    with pytest.raises(ZeroDivisionError):
        await together(waiting(), failing())
    assert closed == ["closed"]


async def test_what_a_step_raises_ends_all_of_them() -> None:
    async def run(_: Sequence[tuple[Work, Any]]) -> list[Any]:
        raise ZeroDivisionError

    closed = []

    async def call(n: int) -> None:
        try:
            await take(Step(Order.POST, run), SHARED, n)
        finally:
            closed.append(n)

    with pytest.raises(ZeroDivisionError):
        await together(call(1), call(2))
    assert sorted(closed) == [1, 2]


async def test_a_step_that_answers_too_few_is_a_bug() -> None:
    async def run(items: Sequence[tuple[Work, Any]]) -> list[Any]:
        return [None for _ in items[1:]]

    step = Step(Order.POST, run)

    async def call() -> None:
        await take(step, SHARED, 1)

    with pytest.raises(ValueError, match="shorter"):
        await together(call(), call())


async def test_cancelling_the_unit_cancels_what_a_call_waits_for() -> None:
    seen, begun = [], asyncio.Event()

    async def call() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def other() -> None:
        await take(Steps().of(Order.POST), SHARED, 1)

    task = asyncio.create_task(together(other(), call()))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]


async def test_each_call_has_its_own_context_throughout() -> None:
    step = Steps().of(Order.POST)

    async def call(n: int) -> str:
        before = SAID.get()
        SAID.set(f"{before} and {n}")
        await asyncio.sleep(0)
        await take(step, SHARED, n)
        return SAID.get()

    calls = []
    for n in range(3):
        SAID.set(f"call {n}")
        calls.append((copy_context(), call(n)))
    SAID.set("the unit's")

    assert await run_together(calls) == ["call 0 and 0", "call 1 and 1", "call 2 and 2"]
    assert SAID.get() == "the unit's"


async def test_nobody_at_all_is_done_at_once() -> None:
    assert await together() == []
