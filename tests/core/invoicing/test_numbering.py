"""Numbers have no gap, whoever races for them and whoever dies in between."""

import asyncio
from contextlib import suppress

import pytest

from core import invoicing
from core.invoicing import Invoice
from tests.core.bills.bills import line
from tests.core.invoicing.office import draw_up, found, issue, numbers, open_office, project
from tests.core.ledger.books import unit
from tests.world import World

pytestmark = pytest.mark.anyio


class Killed(Exception):
    """A process that dies between its number and its commit."""


def counted(last: int) -> list[str]:
    return [f"INV-2026-{n:06d}" for n in range(1, last + 1)]


async def finalize(world: World, invoice: Invoice, *, dies: bool = False) -> str | None:
    with suppress(Killed):
        async with unit(world, invoice.project_id) as work:
            issued = await invoicing.finalize(work, invoice.id)
            if dies:
                raise Killed
        return issued.number
    return None


async def test_of_ten_that_race_each_gets_a_number_of_its_own_and_none_is_missing(
    world: World,
) -> None:
    await open_office(world)
    drafts = [
        await draw_up(world, "one", line("seat", "100.00"), project_id=project(n))
        for n in range(10, 20)
    ]

    given = await asyncio.gather(*(finalize(world, each) for each in drafts))

    assert sorted(map(str, given)) == await numbers(world) == counted(10)
    assert await found(world) == []


async def test_who_dies_before_the_commit_leaves_no_gap(world: World) -> None:
    await open_office(world)
    drafts = [
        await draw_up(world, "one", line("seat", "100.00"), project_id=project(n))
        for n in range(10, 20)
    ]

    given = await asyncio.gather(
        *(finalize(world, each, dies=n % 3 == 1) for n, each in enumerate(drafts))
    )

    assert given.count(None) == 3
    assert sorted(filter(None, given)) == await numbers(world) == counted(7)
    # They try again, and go on from there.
    again = [await finalize(world, each) for n, each in enumerate(drafts) if n % 3 == 1]
    assert again == counted(10)[7:]
    assert await found(world) == []


async def test_of_ten_who_issue_one_invoice_exactly_one_does(world: World) -> None:
    await open_office(world)
    draft = await draw_up(world, "one", line("seat", "100.00"))

    async def one() -> str | None:
        try:
            return await finalize(world, draft)
        except invoicing.InvoiceNotInState:
            return None

    given = await asyncio.gather(*(one() for _ in range(10)))

    assert sorted(map(str, given)) == [*counted(1), *["None"] * 9]
    assert await numbers(world) == counted(1)
    assert await found(world) == []


async def test_a_void_invoice_keeps_its_number(world: World) -> None:
    await open_office(world)
    first = await issue(world, "one")
    async with unit(world) as work:
        gone = await invoicing.void(work, first.id)
    second = await issue(world, "two")

    assert (gone.number, second.number) == tuple(counted(2))
    assert await numbers(world) == counted(2)
    assert await found(world) == []
