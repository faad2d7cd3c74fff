"""Calls that come at the same time share units: in order, bounded, and each answered alone."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field

import pytest

from core.kernel.errors import Busy
from core.operations import gathering
from core.operations.gathering import Queue, Waiting, answer, begun, finish_begun, next_batch

pytestmark = pytest.mark.anyio

WHO: ContextVar[str] = ContextVar("who", default="nobody")


def waiting(name: str, *names: str) -> Waiting[str]:
    loop = asyncio.get_running_loop()
    return Waiting(name, frozenset(names), copy_context(), loop.create_future())


def split(*calls: Waiting[str]) -> tuple[str, str]:
    chosen, later = next_batch(calls)
    return "".join(each.call for each in chosen), "".join(each.call for each in later)


@dataclass
class Line:
    """A queue whose units wait to be let go, and note who shared them."""

    queue: Queue[str] = field(default_factory=Queue)
    units: list[str] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def share(self, batch: Sequence[Waiting[str]]) -> None:
        self.units.append("".join(each.call for each in batch))
        await self.open.wait()
        for each in batch:
            answer(each, ZeroDivisionError() if each.call == "x" else None)

    def join(self, call: str, *names: str) -> "asyncio.Task[None]":
        return asyncio.create_task(self.queue.join(call, frozenset(names), self.share))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_shares_no_name_shares_a_unit_in_order_of_arrival() -> None:
    assert split(waiting("a", "1"), waiting("b"), waiting("c", "2")) == ("abc", "")


async def test_who_shares_a_name_waits_and_so_does_whoever_shares_one_with_him() -> None:
    calls = waiting("a", "1"), waiting("b", "1", "2"), waiting("c", "2"), waiting("d", "3")

    assert split(*calls) == ("ad", "bc")


async def test_a_unit_has_only_so_many_calls_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "CALLS_MAX", 2)
    assert split(waiting("a"), waiting("b"), waiting("c")) == ("ab", "c")

    monkeypatch.setattr(gathering, "WEIGHT_MAX", 3)
    heavy = waiting("a", *"1234"), waiting("b", "5"), waiting("c", "6")
    assert split(*heavy) == ("a", "bc")
    assert split(*heavy[1:]) == ("bc", "")


async def test_only_so_many_names_are_looked_at_to_choose_a_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "LOOKED_AT_MAX", 2)

    assert split(waiting("a", "1"), waiting("b", "1"), waiting("c", "2")) == ("a", "bc")
    assert split(waiting("a", "1"), waiting("b"), waiting("c", "2")) == ("abc", "")


async def test_whoever_is_alone_waits_for_nobody() -> None:
    line = Line()
    task = line.join("a")
    await settle()

    assert line.units == ["a"]
    line.open.set()
    await task


async def test_who_comes_while_a_unit_is_under_way_shares_the_next_one() -> None:
    line = Line()
    tasks = [line.join("a")]
    await settle()
    tasks += [line.join(name) for name in "bcd"]
    await settle()

    line.open.set()
    await asyncio.gather(*tasks)
    assert line.units == ["a", "bcd"]


async def test_a_line_begins_anew_after_it_was_empty() -> None:
    line = Line()
    line.open.set()
    await line.join("a")
    await line.join("b")

    assert line.units == ["a", "b"]


async def test_a_line_that_is_full_says_so_at_once_and_takes_more_when_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "WAITING_MAX", 2)
    line = Line()
    tasks = [line.join("a")]
    await settle()
    tasks += [line.join("b"), line.join("c")]
    await settle()

    with pytest.raises(Busy) as busy:
        await line.join("d")

    assert busy.value.facts["retry_after"] >= 1
    line.open.set()
    await asyncio.gather(*tasks)
    await line.join("e")
    assert line.units == ["a", "bc", "e"]


async def test_a_line_is_full_of_few_calls_that_name_many_things(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "WAITING_NAMES_MAX", 3)
    line = Line()
    calls = [line.join("a")]
    await settle()
    calls += [line.join("b", "1", "2"), line.join("c", "3", "4")]
    await settle()

    with pytest.raises(Busy):
        await line.join("d")

    line.open.set()
    await asyncio.gather(*calls)
    await line.join("e", "5")
    assert line.units == ["a", "bc", "e"]


async def test_a_caller_who_goes_away_leaves_his_call_and_the_others_in_their_unit() -> None:
    line = Line()
    first = line.join("a")
    await settle()
    gone, other = line.join("b"), line.join("c")
    await settle()
    gone.cancel()
    first.cancel()
    await settle()

    line.open.set()
    await other
    await asyncio.gather(first, gone, return_exceptions=True)
    assert first.cancelled()
    assert gone.cancelled()
    assert line.units == ["a", "bc"]


async def test_each_is_told_his_own_failure() -> None:
    line = Line()
    first = line.join("a")
    await settle()
    tasks = [line.join(name) for name in "xb"]
    await settle()
    line.open.set()

    failed, fine = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(failed, ZeroDivisionError)
    assert fine is None
    await first


async def test_an_answer_is_given_once() -> None:
    call = waiting("a")
    answer(call)
    answer(call, ZeroDivisionError())

    assert call.answered.result() is None


async def test_what_was_begun_is_waited_for_before_the_end() -> None:
    line = Line()
    line.join("a").cancel()
    task = line.join("b")
    await settle()
    assert begun

    asyncio.get_running_loop().call_later(0.01, line.open.set)
    await finish_begun()

    assert line.units == ["b"]
    assert not begun
    await task


async def test_every_call_keeps_the_context_it_came_with() -> None:
    seen = []
    queue: Queue[str] = Queue()

    async def share(batch: Sequence[Waiting[str]]) -> None:
        for each in batch:
            seen.append((each.call, each.context[WHO]))
            answer(each)

    async def join(name: str) -> None:
        WHO.set(f"who sent {name}")
        await queue.join(name, frozenset(), share)

    await asyncio.gather(*map(join, "ab"))

    assert seen == [("a", "who sent a"), ("b", "who sent b")]


async def test_beside_a_heavy_unit_another_one_is_done_and_beside_others_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "HEAVY_MIN", 3)
    line = Line()
    calls = [line.join("a", "1", "2", "3")]
    await settle()
    calls.append(line.join("b"))
    await settle()
    calls.append(line.join("c"))
    await settle()

    assert line.units == ["a", "b"]
    line.open.set()
    await asyncio.gather(*calls)
    assert line.units == ["a", "b", "c"]


async def test_nobody_is_done_beside_one_who_has_a_name_in_common(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "HEAVY_MIN", 3)
    line = Line()
    calls = [line.join("a", "1", "2", "3")]
    await settle()
    calls += [line.join("b", "3"), line.join("c", "4")]
    await settle()

    assert line.units == ["a", "c"]
    line.open.set()
    await asyncio.gather(*calls)
    assert line.units == ["a", "c", "b"]
