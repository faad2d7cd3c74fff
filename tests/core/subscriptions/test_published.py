"""Subscriptions are billed as others have published that they are; nobody here wrote the figures.

Each is lived from day to day by the worker, in one database of each kind.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import catalog
from core.kernel.errors import EngineError
from core.lifecycles import Subscription
from tests.core.subscriptions.counter import SETUP, Counter, day, fee
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)
Check = Callable[[Counter, Case, Case], Awaitable[None]]


async def by_day(counter: Counter, one: Subscription) -> dict[str, Decimal]:
    """Say how much was billed for what begins on each day."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for _, on, total in await counter.told(one):
        sums[on] += Decimal(total)
    return dict(sums)


async def check_in_advance(counter: Counter, given: Case, expected: Case) -> None:
    assert (given["period"], given["mode"]) == ("monthly", "in_advance")
    await counter.plan("plan", given["price"])
    one = await counter.subscribe("plan")
    await counter.run(until=day(given["bill_dates"][-1]))

    assert [
        {
            "on": f"{each.period_start_at:%Y-%m-%d}",
            "amount": each.total.decimal,
            "covers": [f"{at:%Y-%m-%d}" for at in (each.period_start_at, each.period_end_at)],
        }
        for each in await counter.bills(one)
    ] == expected["invoices"]


async def check_fixed(counter: Counter, given: Case, expected: Case) -> None:
    once = {"usd": {"model": "flat", "amount": given["fixed"]}}
    await counter.plan("plan", items=[fee(given["recurring"]), SETUP | {"prices": once}])
    one = await counter.subscribe("plan")
    await counter.run(until=day(expected["invoices"][-1]["on"]))

    told = [{"on": on, "amount": total} for _, on, total in await counter.told(one)]
    assert told == expected["invoices"]


async def check_ends(counter: Counter, given: Case, expected: Case) -> None:
    await counter.plan("base", given["base"])
    await counter.plan("addon", given["addon"], product="mail")
    base, addon = await counter.subscribe("base"), await counter.subscribe("addon")
    counter.world.clock.instant = day(given["cancel_on"])
    base = await counter.cancel(base)
    addon = await counter.cancel(addon, at_once=True, credit=True)

    credits = [
        -sum(each.total.amount for each in await counter.bills(one) if each.total.amount < 0)
        for one in (base, addon)
    ]
    assert (base.state, addon.state) == ("active", "canceled")
    assert credits == [
        int(Decimal(expected[name]) * 100) for name in ("base_credit", "addon_credit")
    ]


async def check_upgrade(counter: Counter, given: Case, expected: Case) -> None:
    await counter.plan("small", given["from"])
    await counter.plan("large", given["to"])
    one = await counter.subscribe("small")
    counter.world.clock.instant = day(given["change_on"])
    one = await counter.change(one, "large")
    await counter.run(until=one.period_end_at)

    _, changed, following = await counter.told(one)
    assert Decimal(changed[2]) == Decimal(expected["change_invoice"])
    assert Decimal(following[2]) == Decimal(expected["next_invoice"])


async def check_grandfathered(counter: Counter, given: Case, expected: Case) -> None:
    counter.world.clock.instant = day(given["v1"]["effective"])
    await counter.plan("plan", given["v1"]["price"])
    counter.world.clock.instant = day(given["sub_a_start"])
    first = await counter.subscribe("plan")
    counter.world.clock.instant = day(given["v2"]["effective"])
    await counter.house.next_version("plan", fee=given["v2"]["price"])
    await counter.run(until=day(given["sub_b_start"]))
    other = await counter.house.project("prj_00000000000000000000000002")
    second = await counter.subscribe("plan", project_id=other)

    for one, name in ((first, "sub_a"), (second, "sub_b")):
        told = {on: Decimal(total) for on, total in expected[name].items()}
        assert await by_day(counter, one) == told


async def check_retired(counter: Counter, given: Case, expected: Case) -> None:
    counter.world.clock.instant = day(given["existing_start"])
    await counter.plan("plan", given["price"])
    one = await counter.subscribe("plan")
    counter.world.clock.instant = day(given["retired_on"])
    async with counter.world.database.begin(OPERATOR) as work:
        await catalog.archive_plan(work, "plan")
    await counter.run(until=day(given["new_start"]))

    billed = await by_day(counter, one)
    assert billed[given["new_start"]] == Decimal(expected[f"existing_{given['new_start']}"])
    other = await counter.house.project("prj_00000000000000000000000002")
    with pytest.raises(EngineError) as refused:
        await counter.subscribe("plan", project_id=other)
    assert (refused.value.code, expected["new"]) == ("plan_archived", "rejected")


CHECKS: dict[str, Check] = {
    "kb-life-01": check_in_advance,
    "kb-life-05": check_fixed,
    "kb-life-11": check_ends,
    "kb-life-13": check_upgrade,
    "kb-catalog-01": check_grandfathered,
    "kb-catalog-03": check_retired,
}


def begins(given: Case) -> datetime:
    told = given.get("start") or given.get("existing_start") or given["v1"]["effective"]
    return day(told)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
async def test_a_life_is_billed_as_published(world: World, case: Case) -> None:
    counter = await Counter.open(world, at=begins(case["input"]))

    await CHECKS[case["id"]](counter, case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert {case["id"] for case in CASES} == CHECKS.keys()
    assert len(CASES) == len(CHECKS) == 6
