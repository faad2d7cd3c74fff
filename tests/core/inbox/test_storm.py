"""Five thousand deliveries of a thousand events leave what one by one would have left."""

from collections.abc import Mapping
from typing import Any

import pytest

from core import inbox, ledger
from core.db.work import Database
from core.inbox import Hearing
from core.inbox.jobs import HANDLERS
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.kernel.money import Money
from tests.core.inbox.office import PAID
from tests.core.inbox.storm import Storm, rage
from tests.core.ledger.books import USD, proof, unit
from tests.effects import leave_mark, marks
from tests.stripe_events import paid, snapshot
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

EVENTS, DELIVERIES = 1_000, 5_000
SPENT = "charge.captured"
OBJECTS = EVENTS // 2


def wallet_of(object_id: str | None) -> str:
    return compose("wal", 1_000 + int((object_id or "").removeprefix("pi_")))


def payloads() -> list[dict[str, Any]]:
    """Of each object two events, in the order in which they happened: paid, and then spent."""
    told = []
    for n in range(OBJECTS):
        told.append(paid(f"evt_{n}_paid", about=f"pi_{n}", seconds=n, amount=1_000 + n))
        spent = {"id": f"pi_{n}", "object": "charge", "amount": 400 + n}
        told.append(snapshot(f"evt_{n}_spent", SPENT, spent, seconds=n + 1))
    return told


async def top_up(hearing: Hearing) -> None:
    await _book(hearing, ledger.flows.TOP_UP, target=wallet_of(hearing.event.object_id))


async def spend(hearing: Hearing) -> None:
    """Spend what was paid in. Before that has been heard there is nothing, and it is refused."""
    await _book(hearing, ledger.flows.CHARGE, source=wallet_of(hearing.event.object_id))


async def _book(
    hearing: Hearing,
    flow: ledger.flows.Flow,
    *,
    source: str | None = None,
    target: str | None = None,
) -> None:
    amount = Money(hearing.event.snapshot["amount"], USD)
    async with hearing.begin() as work:
        work.found_project_id = PROJECT
        reference = f"{flow.kind}:{hearing.event.object_id}"
        await ledger.post(
            work, flow.draw(work, amount, reference=reference, source=source, target=target)
        )
        await leave_mark(work, hearing.event.external_id)
        await hearing.handled(work)


BOOKING = {PAID: top_up, SPENT: spend}


def ports(_database: Database) -> Mapping[str, Any]:
    return {HANDLERS: BOOKING}


async def open_wallets(world: World) -> None:
    async with unit(world) as work:
        for n in range(OBJECTS):
            await ledger.open_wallet_account(work, wallet_of(f"pi_{n}"), USD, 0)


async def held(world: World) -> list[int]:
    """Return what every account holds: the wallets in their order, clearing, and revenue."""
    roles = ledger.AccountRole.CLEARING, ledger.AccountRole.REVENUE
    accounts = [
        *(ledger.wallet_account(wallet_of(f"pi_{n}")) for n in range(OBJECTS)),
        *(ledger.operator_account(PROJECT, role, USD) for role in roles),
    ]
    async with world.database.read(SYSTEM) as work:
        work.found_project_id = PROJECT
        read = await ledger.read_accounts(work, accounts)
    return [abs(read[each].posted) for each in accounts]


async def test_however_it_storms_every_event_has_its_effect_once(world: World) -> None:
    await open_wallets(world)

    storm = Storm(payloads=payloads(), deliveries=DELIVERIES)
    weather = await rage(world, storm, f"{__name__}:ports")

    assert weather.answers == {True: EVENTS, False: DELIVERIES - EVENTS}
    assert weather.kills == storm.kills
    assert sorted(await marks(world)) == sorted(each["id"] for each in storm.payloads)
    async with world.database.read(SYSTEM) as work:
        assert await inbox.backlog(work) == inbox.Backlog(waiting=0, parked=0)
    paid_in, spent = [sum(base + n for n in range(OBJECTS)) for base in (1_000, 400)]
    assert await held(world) == [600] * OBJECTS + [paid_in, spent]
    assert (await proof(world)).clean
