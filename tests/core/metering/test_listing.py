"""Recorded usage is listed newest received first, with what it was charged."""

import base64
from typing import Any

import orjson
import pytest

from core.db import paging
from core.kernel.ids import compose
from core.metering import operations
from tests.core.metering.shop import Shop, use
from tests.world import agent

pytestmark = pytest.mark.anyio


async def listed(shop: Shop, **more: Any) -> list[str]:
    body = await shop.ask(operations.list_usage_events, **more)
    return [each["event_id"] for each in body["items"]]


async def test_an_event_is_listed_as_it_was_sent_with_its_charge(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    sent = {"occurred_at": "2026-11-20T10:00:00+02:00", "properties": {"tokens": 500, "ok": True}}
    charged = await shop.charge("a", "tokens", **sent)
    await shop.record(use("b", "hours", quantity="0.50"))

    body = await shop.ask(operations.list_usage_events)

    assert sorted(body["items"], key=lambda each: each["event_id"]) == [
        {
            "event_id": "a",
            "meter_key": "tokens",
            "occurred_at": "2026-11-20T08:00:00Z",
            "received_at": "2026-11-20T09:00:00Z",
            "quantity": "500",
            "properties": {"tokens": 500, "ok": True},
            "charge": {
                "amount": "1.25",
                "asset": "USD/2",
                "wallet_id": wallet,
                "transaction_id": charged["transaction_id"],
            },
        },
        {
            "event_id": "b",
            "meter_key": "hours",
            "occurred_at": "2026-11-20T09:00:00Z",
            "received_at": "2026-11-20T09:00:00Z",
            "quantity": "0.5",
            "properties": {},
            "charge": None,
        },
    ]


async def test_the_newest_received_comes_first_whenever_it_occurred(shop: Shop) -> None:
    await shop.record(use("b"), use("a"), use("c", occurred_at="2026-11-01T00:00:00Z"))
    shop.world.clock.advance(seconds=1)
    await shop.record(use("z", occurred_at="2026-10-20T00:00:00Z"), use("d"))

    assert await listed(shop) == ["d", "z", "c", "a", "b"]


async def test_pages_follow_each_other_without_a_gap_though_more_arrives(shop: Shop) -> None:
    for n in range(3):
        await shop.record(use(f"{n}a"), use(f"{n}b"), use(f"{n}c"))
        shop.world.clock.advance(seconds=1)

    seen: list[str] = []
    page: dict[str, Any] = {}
    while page != {"cursor": None}:
        body = await shop.ask(operations.list_usage_events, limit=2, **page)
        seen += [each["event_id"] for each in body["items"]]
        await shop.record(use(f"late{len(seen)}"))
        page = {"cursor": body["next_cursor"]}

    assert seen == ["2c", "2b", "2a", "1c", "1b", "1a", "0c", "0b", "0a"]


async def test_a_list_can_be_narrowed_by_meter_id_and_period(shop: Shop) -> None:
    await shop.record(
        use("a", "calls", occurred_at="2026-11-19T10:00:00Z"),
        use("b", "free", occurred_at="2026-11-19T11:00:00Z"),
        use("c", "calls", occurred_at="2026-11-19T12:00:00Z"),
    )

    assert await listed(shop, meter_key="calls") == ["c", "a"]
    assert await listed(shop, event_id="b") == ["b"]
    period = {"start_at": "2026-11-19T10:00:00Z", "end_at": "2026-11-19T12:00:00Z"}
    assert await listed(shop, **period) == ["b", "a"]
    assert await listed(shop, **period, meter_key="free") == ["b"]


async def test_another_projects_usage_and_charges_are_not_listed(shop: Shop) -> None:
    other = await shop.project(compose("prj", 2))
    await shop.wallet("10", project_id=other)
    await shop.record(use("a"))
    await shop.charge("a", "calls", caller=agent(project_id=other))

    body = await shop.ask(operations.list_usage_events)

    assert [(each["event_id"], each["charge"]) for each in body["items"]] == [("a", None)]


@pytest.mark.parametrize(
    "place",
    [
        ["2026-11-20T09:00:00+00:00", "x", "a"],
        ["yesterday", "0", "a"],
        ["2026-11-20T09:00:00", "0", "a"],
        ["0001-01-01T00:00:00+14:00", "0", "a"],
        ["2026-11-20T09:00:00+00:00", "99999999999999999999", "a"],
        ["2026-11-20T09:00:00+00:00", "0", "a\x00"],
        ["2026-11-20T09:00:00+00:00", "0"],
    ],
)
async def test_a_cursor_that_is_not_ours_is_refused(shop: Shop, place: list[str]) -> None:
    cursor = base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")

    outcome = await shop.perform(operations.list_usage_events, cursor=cursor)

    assert isinstance(outcome.error, paging.InvalidCursor)
