"""Meters belong to the platform: operators make them, everyone reads them."""

import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest

from core.kernel.caller import Caller, Role
from core.metering import MeterKeyTaken, operations
from core.operations import NotAllowed
from tests.core.metering.shop import METERS, Shop
from tests.world import AUDITOR, OPERATOR, PROJECT, agent

pytestmark = pytest.mark.anyio

GPU: dict[str, Any] = {
    "key": "gpu.seconds",
    "name": "GPU seconds",
    "aggregation": "sum",
    "unit": "second",
    "property": "seconds",
    "price": "0.000000000120",
    "asset": "CREDIT/6",
}


async def test_a_meter_is_answered_as_it_was_made(shop: Shop) -> None:
    made = await shop.ask(operations.create_meter, caller=OPERATOR, **GPU)

    assert made["id"].startswith("mtr_")
    assert made == GPU | {
        "id": made["id"],
        "created_at": "2026-11-20T09:00:00Z",
        "archived_at": None,
        "per_window": None,
    }
    assert made in (await shop.ask(operations.list_meters))["items"]


async def test_a_key_names_one_meter(shop: Shop) -> None:
    await shop.ask(operations.create_meter, caller=OPERATOR, **GPU)

    outcome = await shop.perform(operations.create_meter, caller=OPERATOR, **GPU | {"price": "1"})

    assert isinstance(outcome.error, MeterKeyTaken)


BOUND = replace(OPERATOR, project_id=PROJECT)


@pytest.mark.parametrize("caller", [AUDITOR, agent(Role.OWNER), BOUND])
async def test_only_operators_make_meters(shop: Shop, caller: Caller) -> None:
    outcome = await shop.perform(operations.create_meter, caller=caller, **GPU)

    assert isinstance(outcome.error, NotAllowed)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"aggregation": "count"}, "property"),
        ({"aggregation": "unique", "property": None}, "property"),
        ({"aggregation": "median"}, "aggregation"),
        ({"price": "-1"}, "price"),
        ({"price": "1e-9"}, "price"),
        ({"price": "0.0000000000001"}, "price"),
        ({"price": 1}, "price"),
        ({"asset": "usd"}, "asset"),
        ({"key": "Tokens"}, "key"),
        ({"unit": ""}, "unit"),
        ({"property": 'a"b'}, "property"),
    ],
)
async def test_a_meter_that_makes_no_sense_is_refused_by_its_field(
    shop: Shop, wrong: dict[str, Any], field: str
) -> None:
    outcome = await shop.perform(operations.create_meter, caller=OPERATOR, **GPU | wrong)

    assert outcome.error
    assert outcome.error.facts["problems"][0]["field"] == field


async def test_everyone_lists_every_meter_page_by_page_in_the_order_of_keys(shop: Shop) -> None:
    viewer = agent(Role.VIEWER)

    first = await shop.ask(operations.list_meters, caller=viewer, limit=4)
    rest = await shop.ask(operations.list_meters, caller=viewer, cursor=first["next_cursor"])

    keys = [each["key"] for each in first["items"] + rest["items"]]
    assert keys == sorted(METERS)
    assert rest["next_cursor"] is None


async def test_a_cursor_that_no_database_can_hold_is_refused(shop: Shop) -> None:
    cursor = base64.urlsafe_b64encode(orjson.dumps(["\x00"])).decode()

    outcome = await shop.perform(operations.list_meters, cursor=cursor)

    assert outcome.error
    assert outcome.error.code == "invalid_cursor"
