"""A meter makes of events what others have published; nobody here wrote the figures."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import metering, pricing
from core.kernel.period import Period
from core.metering import operations
from tests.core.metering.shop import USD, Shop, use
from tests.world import OPERATOR, PROJECT, START

pytestmark = pytest.mark.anyio

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)
TODAY = Period(START.replace(hour=0), START.replace(hour=23))
AS_OPERATOR: dict[str, Any] = {"caller": OPERATOR, "project_id": PROJECT}


async def made(shop: Shop, aggregation: str, **more: Any) -> None:
    about = {"key": "asked", "name": "Asked", "unit": "unit", "price": "0", "asset": "USD/2"}
    await shop.ask(
        operations.create_meter, caller=OPERATOR, **about, aggregation=aggregation, **more
    )


async def units(shop: Shop, period: Period = TODAY) -> Decimal:
    async with shop.world.database.read(OPERATOR) as work:
        return await metering.aggregate(work, PROJECT, "asked", period)


async def accepted(shop: Shop, *events: dict[str, Any]) -> None:
    told = await shop.record(*events, **AS_OPERATOR)
    assert told == [("accepted", None)] * len(events)


def clock(told: str) -> str:
    return f"2026-11-20T{told}:00Z"


async def check_aggregation(shop: Shop, given: Case, expected: Case) -> None:
    if "values" in given:
        await made(shop, given["aggregation"])
        values = enumerate(given["values"])
        await accepted(shop, *(use(f"e{n}", "asked", quantity=value) for n, value in values))
    elif "duplicate_policy" in given:
        await check_corrected(shop, given, expected)
    else:
        field = {} if given["aggregation"] == "count" else {"property": given["field"]}
        await made(shop, given["aggregation"], **field)
        told = [(each["id"], each["value"]) for each in given["events"]]
        await accepted(shop, *(use(key, "asked", properties={"value": v}) for key, v in told))
    assert await units(shop) == Decimal(expected["units"])


async def check_corrected(shop: Shop, given: Case, expected: Case) -> None:
    """The first stands here, and what it should have been is told by what takes back the rest."""
    shop.world.clock.instant = datetime(2026, 11, 20, 12, tzinfo=UTC)
    await made(shop, "sum")
    *first, again = [
        use(each["id"], "asked", quantity=each["value"], occurred_at=clock(each["t"]))
        for each in given["events"]
    ]
    assert given["duplicate_policy"] == "keep_latest"
    await accepted(shop, *first)
    assert await shop.record(again, **AS_OPERATOR) == [("refused", "event_conflict")]
    wrong = next(each for each in first if each["event_id"] == again["event_id"])
    less = str(Decimal(again["quantity"]) - Decimal(wrong["quantity"]))
    corrects = f"{again['event_id']}-corrected"
    occurred_at = again["occurred_at"]
    await accepted(shop, use(corrects, "asked", quantity=less, occurred_at=occurred_at))
    price = pricing.read_price({"model": "per_unit", "unit": given["multiplier"]})
    rated = pricing.rate(price, await units(shop), USD)
    assert rated.exact == Decimal(expected["amount"])


async def check_bucketed_max(shop: Shop, given: Case, expected: Case) -> None:
    shop.world.clock.instant = datetime(2026, 11, 20, 12, tzinfo=UTC)
    await made(shop, "bucketed_max", per_window=given["bucket"])
    told = [(each["t"], each["v"]) for each in given["events"]]
    await accepted(shop, *(use(t, "asked", quantity=v, occurred_at=clock(t)) for t, v in told))
    assert await units(shop) == Decimal(expected["units"])
    graduated = pricing.read_price({"model": "graduated", "tiers": given["tiers"]})
    assert pricing.rate(graduated, await units(shop), USD).exact == Decimal(expected["amount"])


async def check_weighted_sum(shop: Shop, given: Case, expected: Case) -> None:
    start, end = (datetime.fromisoformat(each) for each in given["period"])
    shop.world.clock.instant = end
    await made(shop, "weighted_sum")
    assert given["carry_in"] == "0"
    told = [(each["t"], each["delta"]) for each in given["events"]]
    await accepted(shop, *(use(t, "asked", quantity=v, occurred_at=t) for t, v in told))
    whole = await units(shop, Period(start, end))
    # Which is told to more decimals than are published.
    published = Decimal(expected["units"])
    assert whole.quantize(published) == published
    if "unit_price" in given:
        price = pricing.read_price({"model": "per_unit", "unit": given["unit_price"]})
        assert pricing.rate(price, whole, USD).total.amount == expected["amount_cents"]


CHECKS: dict[str, Callable[[Shop, Case, Case], Awaitable[None]]] = {
    "aggregation": check_aggregation,
    "aggregation_bucketed_max": check_bucketed_max,
    "aggregation_weighted_sum": check_weighted_sum,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
async def test_a_meter_makes_of_events_what_is_published(shop: Shop, case: Case) -> None:
    await CHECKS[case["kind"]](shop, case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 7
