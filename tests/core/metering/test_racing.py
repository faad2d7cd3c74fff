"""Whatever races, usage is recorded once, charged once, and never below the floor."""

import asyncio
from collections import Counter

import pytest

from core import ledger, metering
from core.db.together import Collided
from core.metering import operations, recording
from core.usage import read
from tests.core.metering.shop import Shop, use
from tests.world import OPERATOR, PROJECT

pytestmark = pytest.mark.anyio


async def test_ten_charges_of_one_event_at_once_are_one_transaction(shop: Shop) -> None:
    wallet = await shop.wallet("10")

    charged = await asyncio.gather(*(shop.charge("a", "calls") for _ in range(10)))

    assert Counter(each["duplicate"] for each in charged) == {True: 9, False: 1}
    assert len({each["transaction_id"] for each in charged}) == 1
    assert (await shop.counts(), await shop.available(wallet)) == ((1, 1), "9.90")


async def test_ten_charges_of_one_recorded_event_at_once_are_one_transaction(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    await shop.record(use("a"))

    charged = await asyncio.gather(*(shop.charge("a", "calls") for _ in range(10)))

    assert Counter(each["duplicate"] for each in charged) == {True: 9, False: 1}
    assert (await shop.counts(), await shop.available(wallet)) == ((1, 1), "9.90")


async def test_of_ten_racing_for_the_last_credit_exactly_one_gets_it(shop: Shop) -> None:
    wallet = await shop.wallet("0.10")

    outcomes = await asyncio.gather(
        *(shop.perform(operations.charge_usage, **use(f"e{n}")) for n in range(10))
    )

    errors = Counter(type(each.error) for each in outcomes)
    assert errors == {ledger.InsufficientFunds: 9, type(None): 1}
    assert (await shop.counts(), await shop.available(wallet)) == ((1, 1), "0.00")


async def test_ten_batches_that_share_their_events_record_each_once(shop: Shop) -> None:
    names = [f"e{n:02}" for n in range(40)]
    batches = [names[n:] + names[:n] for n in range(0, 40, 4)]

    replies = await asyncio.gather(*(shop.record(*map(use, batch)) for batch in batches))

    told = Counter(reply for batch in replies for reply in batch)
    assert told == {("accepted", None): 40, ("duplicate", None): 360}
    assert await shop.counts() == (40, 0)


async def test_batches_in_opposite_orders_wait_for_each_other_and_never_in_a_ring(
    shop: Shop,
) -> None:
    """Both are stopped half-way by a third, and outside the gate, which would run a ring again."""
    events = [
        metering.Event(
            event_id=f"e{n}", meter_key="calls", occurred_at=None, quantity="1", properties={}
        )
        for n in range(9)
    ]

    async def record(batch: list[metering.Event]) -> int:
        async with shop.world.database.begin(OPERATOR) as work:
            work.found_project_id = PROJECT
            verdicts = await metering.record(work, batch)
        return sum(each.status is metering.Status.ACCEPTED for each in verdicts)

    async with shop.world.database.begin(OPERATOR) as work:
        work.found_project_id = PROJECT
        await metering.record(work, events[4:5])
        racing = [asyncio.create_task(record(batch)) for batch in (events, events[::-1])]
        await asyncio.sleep(0.3)
        await work.connection.rollback()

    assert sorted(await asyncio.gather(*racing)) == [0, 9]


async def test_an_event_that_was_looked_up_in_vain_and_is_there_after_all_ends_its_unit(
    shop: Shop,
) -> None:
    """Its unit is shared: it is run again, and then finds what the other one wrote."""
    told = metering.Event(
        event_id="a", meter_key="calls", occurred_at=None, quantity="1", properties={}
    )

    async def write_as_new() -> None:
        async with shop.world.database.begin(OPERATOR) as work:
            work.found_project_id = PROJECT
            meter = await metering.find_meter(work, "calls")
            await work.together(recording.WRITE, read(told, meter, work.now))

    await write_as_new()
    with pytest.raises(Collided):
        await write_as_new()

    assert await shop.counts() == (1, 0)


async def test_one_id_charged_with_ten_contents_at_once_is_one_charge_and_nine_conflicts(
    shop: Shop,
) -> None:
    wallet = await shop.wallet("1000")

    outcomes = await asyncio.gather(
        *(
            shop.perform(operations.charge_usage, **use("a", "hours", quantity=2 * n))
            for n in range(1, 11)
        )
    )

    charged = [each.body for each in outcomes if not each.error]
    errors = [type(each.error) for each in outcomes if each.error]
    assert (len(charged), errors) == (1, [metering.EventConflict] * 9)
    assert await shop.available(wallet) == charged[0]["available"]


async def test_one_id_with_ten_contents_at_once_is_one_event_and_nine_conflicts(
    shop: Shop,
) -> None:
    replies = await asyncio.gather(
        *(shop.record(use("a", "hours", quantity=n)) for n in range(1, 11))
    )

    told = Counter(reply for batch in replies for reply in batch)
    assert told == {("accepted", None): 1, ("refused", "event_conflict"): 9}
    assert await shop.counts() == (1, 0)


async def test_usage_recorded_and_charged_at_once_is_charged_once(shop: Shop) -> None:
    wallet = await shop.wallet("10")

    await asyncio.gather(
        *(shop.record(use("b"), use("a")) for _ in range(5)),
        *(shop.charge("a", "calls") for _ in range(5)),
    )

    assert (await shop.counts(), await shop.available(wallet)) == ((2, 1), "9.90")
