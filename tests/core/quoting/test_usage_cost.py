"""What a project's real past usage would cost by a plan."""

from decimal import Decimal
from typing import Any

import pytest

from core.arrears import reading
from core.kernel.caller import Role
from core.kernel.money import Asset
from core.pricing import Group, Usage, rate, read_price
from core.quoting import plan_operations
from tests.core.quoting.stage import CALLS, FEE, OCTOBER, SETUP, Stage, priced
from tests.world import PROJECT, World, agent

pytestmark = pytest.mark.anyio

COST = plan_operations.preview_usage_cost
TIERS = [{"up_to": "3", "unit": "0.50"}, {"unit": "0.20", "flat": "1"}]
USD = Asset("USD", 2)


@pytest.fixture
async def stage(world: World) -> Stage:
    return await Stage.open(world)


async def test_usage_is_rated_item_by_item_and_tier_by_tier(stage: Stage) -> None:
    await stage.project(1, calls=5)
    await stage.plan(
        priced(FEE, model="flat", amount="20"),
        priced(CALLS, model="graduated", tiers=TIERS),
        priced(SETUP, model="flat", amount="99"),
    )

    told = await stage.cost()

    usage = {each["item_key"]: each for each in told["items"]}
    assert [each["path"] for each in usage["calls"]["lines"]] == ["tiers.0", "tiers.1"]
    assert {
        name: (each["kind"], each["quantity"], each["event_count"], each["amount"])
        for name, each in usage.items()
    } == {
        "fee": ("recurring", "1", None, "20.00"),
        "calls": ("usage", "5", 5, "2.90"),
        "setup": ("one_time", "1", None, "99.00"),
    }
    assert {name: told[name] for name in told.keys() - {"items"}} == {
        "plan_key": "pro",
        "version": 1,
        "draft": False,
        "price_book": "usd",
        "currency": "USD/2",
        **OCTOBER,
        "time_zone": "UTC",
        "recurring": "20.00",
        "usage": "2.90",
        "one_time": "99.00",
        "total": "121.90",
    }


PRICES: dict[str, dict[str, Any]] = {
    "percentage": {"model": "percentage", "percent": "10", "free_events": 1, "minimum": "0.15"},
    "plain percentage": {"model": "percentage", "percent": "10", "fixed": "0.30"},
    "matrix": {
        "model": "matrix",
        "properties": ["region"],
        "cells": [{"when": {"region": "eu"}, "price": {"model": "per_unit", "unit": "2"}}],
        "otherwise": {"model": "per_unit", "unit": "3"},
    },
    "matrix of two": {
        "model": "matrix",
        "properties": ["region", "fast"],
        "cells": [
            {
                "when": {"region": "eu", "fast": "true"},
                "price": {"model": "percentage", "percent": "50", "free_events": 1},
            }
        ],
        "otherwise": {"model": "flat", "amount": "7"},
    },
    "by window": {"model": "per_unit", "unit": "1", "minimum_spend": "5", "per": "window"},
    "credits": {
        "model": "credits",
        "per_credit": "0.5",
        "price": {"model": "percentage", "percent": "100", "free_volume": "2"},
    },
}
EVENTS: list[dict[str, Any]] = [
    {"quantity": "1", "properties": {"region": "eu", "fast": True}},
    {"quantity": "2.5", "properties": {"region": "us", "fast": True}},
    {"quantity": "4", "properties": {"region": "eu", "fast": True}},
    {"quantity": "3", "properties": {}},
]
AMOUNTS = [Decimal(each["quantity"]) for each in EVENTS]
ALL = Usage(Decimal("10.5"), 4)
USAGES = {
    "percentage": Usage.of_transactions(AMOUNTS),
    "plain percentage": ALL,
    "matrix": Usage.of_groups(
        [
            Group({"region": "eu"}, Usage(Decimal(5), 2)),
            Group({"region": "us"}, Usage(Decimal("2.5"))),
            Group({}, Usage(Decimal(3))),
        ]
    ),
    "matrix of two": Usage.of_groups(
        [
            Group({"region": "eu", "fast": "true"}, Usage.of_transactions(AMOUNTS[::2])),
            Group({"region": "us", "fast": "true"}, Usage.of_transactions(AMOUNTS[1:2])),
            Group({}, Usage.of_transactions(AMOUNTS[3:])),
        ]
    ),
    # The last of October and the first of November are two months: usage is in the second alone.
    "by window": Usage.of_windows([Usage(Decimal(0), 0), ALL]),
    "credits": Usage.of_transactions(AMOUNTS),
}


@pytest.mark.parametrize("name", PRICES)
async def test_a_preview_is_what_rating_gives_for_the_same_usage(stage: Stage, name: str) -> None:
    await stage.use(PROJECT, "tokens", *EVENTS)
    await stage.plan(priced({**CALLS, "meter_key": "tokens"}, **PRICES[name]))
    rated = rate(read_price(PRICES[name]), USAGES[name], USD)

    told = await stage.cost()

    assert [line["amount"] for line in told["items"][0]["lines"]] == [
        f"{Decimal(line.amount) / 100:.2f}" for line in rated.lines
    ]
    assert told["total"] == told["items"][0]["amount"] == rated.total.decimal


async def test_a_meter_is_read_as_it_aggregates(stage: Stage) -> None:
    await stage.use(PROJECT, "peak", {"quantity": "3"}, {"quantity": "7"}, {"quantity": "5"})
    each = {"model": "per_unit", "unit": "1"}
    by_kind = {**PRICES["matrix of two"], "cells": [], "otherwise": each}
    await stage.plan(
        priced({**CALLS, "meter_key": "peak"}, **each),
        priced({**CALLS, "key": "other", "meter_key": "peak"}, **by_kind),
    )

    told = await stage.cost()

    assert [item["quantity"] for item in told["items"]] == ["7", "7"]


async def test_every_interval_of_the_plan_is_billed_by_itself(stage: Stage) -> None:
    await stage.project(1, calls=4)
    await stage.plan(
        priced(FEE, model="flat", amount="20"),
        priced(SETUP, model="flat", amount="99"),
        priced(CALLS, model="per_unit", unit="1", minimum_spend="3"),
    )

    told = await stage.cost(start_at="2026-09-20T00:00:00Z", end_at="2026-12-01T00:00:00Z")

    assert [
        (each["item_key"], each["start_at"][5:10], each["amount"]) for each in told["items"]
    ] == [
        ("fee", "09-20", "20.00"),
        ("setup", "09-20", "99.00"),
        ("calls", "09-20", "3.00"),
        ("fee", "10-20", "20.00"),
        ("calls", "10-20", "4.00"),
        # It is not over: the least that is paid for it is not due yet.
        ("fee", "11-20", "20.00"),
        ("calls", "11-20", "0.00"),
    ]
    assert told["items"][-1]["end_at"] == "2026-12-01T00:00:00Z"
    assert (told["recurring"], told["usage"], told["one_time"]) == ("60.00", "7.00", "99.00")


async def test_left_out_the_period_is_the_last_whole_month_of_the_project(stage: Stage) -> None:
    here = await stage.usage.project("prj_00000000000000000000000009", time_zone="Asia/Tokyo")
    await stage.plan(priced(FEE, model="flat", amount="20"))

    told = (await stage.perform(COST, project_id=here, plan_key="pro")).unwrap()

    assert (told["start_at"], told["end_at"], told["time_zone"], len(told["items"])) == (
        *("2026-09-30T15:00:00Z", "2026-10-31T15:00:00Z", "Asia/Tokyo"),
        1,
    )


async def test_seats_of_a_fee_are_counted_as_told(stage: Stage) -> None:
    await stage.plan(
        priced(FEE, model="seats", included=1, price={"model": "per_unit", "unit": "10"})
    )

    assert (await stage.cost(seats={"fee": 4}))["total"] == "30.00"
    assert (await stage.cost())["total"] == "0.00"


async def test_the_draft_is_quoted_to_staff_and_does_not_exist_for_projects(stage: Stage) -> None:
    await stage.plan(priced(FEE, model="flat", amount="20"))
    await stage.draft(priced(FEE, model="flat", amount="25"))
    viewer = agent(Role.VIEWER)

    told = await stage.cost(draft=True)

    assert (told["version"], told["draft"], told["total"]) == (2, True, "25.00")
    assert (await stage.cost(version=1, caller=viewer))["total"] == "20.00"
    asked = {"caller": viewer, "plan_key": "pro"}
    assert await stage.refusal(COST, **asked, draft=True) == "plan_version_not_found"
    assert await stage.refusal(COST, **asked, version=2) == "plan_version_not_found"


async def test_what_cannot_be_quoted_is_refused_by_its_path(stage: Stage) -> None:
    await stage.project(1, calls=3)
    both = {"usd": {"model": "flat", "amount": "1"}, "eur": {"model": "flat", "amount": "2"}}
    await stage.plan({**FEE, "prices": both})
    most = {"model": "capacity", "tiers": [{"up_to": "2", "price": "1"}]}
    await stage.plan(priced(CALLS, **most), key="small")
    about: dict[str, Any] = {"project_id": PROJECT, "plan_key": "pro", "currency": "USD/2"}
    about |= OCTOBER
    wrong: dict[str, dict[str, Any]] = {
        "invalid_request currency": {"currency": None},
        "no_price_in_currency": {"currency": "JPY/0"},
        "price_book_not_found": {"price_book": "yen"},
        "invalid_request price_book": {"plan_key": "small", "price_book": "eur"},
        "plan_not_found": {"plan_key": "none"},
        "invalid_request version": {"draft": True, "version": 1},
        "invalid_request end_at": {"end_at": OCTOBER["start_at"]},
        "invalid_request start_at": {"start_at": None},
        "invalid_request seats.calls": {"seats": {"calls": 3}},
        "quantity_too_large items.calls.quantity": {"plan_key": "small"},
    }
    for told, sent in wrong.items():
        arguments = {k: v for k, v in (about | sent).items() if v is not None}
        assert await stage.refusal(COST, **arguments) == told
    far = about | {"start_at": "2020-01-01T00:00:00Z"}
    assert await stage.refusal(COST, **far) == "invalid_request end_at"
    euros = about | {"price_book": "eur"}
    assert await stage.refusal(COST, **euros) == "invalid_request currency"
    del euros["currency"]
    assert (await stage.cost(**euros))["total"] == "2.00"


async def test_more_events_than_can_be_looked_at_are_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.use(PROJECT, "tokens", *EVENTS)
    await stage.plan(priced({**CALLS, "meter_key": "tokens"}, **PRICES["percentage"]))
    monkeypatch.setattr(reading, "EVENTS_MAX", len(EVENTS))
    assert (await stage.cost())["items"][0]["event_count"] == len(EVENTS)

    monkeypatch.setattr(reading, "EVENTS_MAX", len(EVENTS) - 1)

    assert await stage.refusal(COST, project_id=PROJECT, plan_key="pro", **OCTOBER) == (
        "too_many_transactions"
    )


@pytest.mark.parametrize("name", ["percentage", "matrix", "matrix of two", "by window"])
async def test_another_projects_usage_costs_us_nothing(stage: Stage, name: str) -> None:
    theirs = await stage.project(2)
    await stage.use(theirs, "tokens", *EVENTS)
    await stage.plan(priced({**CALLS, "meter_key": "tokens"}, **PRICES[name]))

    [ours] = (await stage.cost(caller=agent(Role.VIEWER)))["items"]

    assert (ours["quantity"], ours["event_count"]) == ("0", 0)
    refused = await stage.refusal(COST, caller=agent(Role.OWNER), project_id=theirs, plan_key="pro")
    assert refused == "project_not_found"
