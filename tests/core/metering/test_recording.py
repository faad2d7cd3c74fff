"""Recording keeps each event once, and says of each what came of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Delete, Update, delete, event, update
from sqlalchemy.exc import DBAPIError

from core.kernel.caller import Role
from core.kernel.ids import compose
from core.metering import operations, tables
from core.operations import NotAllowed
from tests.core.metering.shop import Shop, use
from tests.world import OPERATOR, START, agent

pytestmark = pytest.mark.anyio


async def test_a_batch_is_answered_event_by_event_in_order(shop: Shop) -> None:
    body = await shop.ask(
        operations.record_usage,
        events=[
            use("a"),
            use("b", "no_such_meter"),
            use("c", "tokens", properties={"tokens": 5}),
            use("a"),
        ],
    )

    assert body == {
        "accepted": 2,
        "duplicate": 1,
        "refused": 1,
        "events": [
            {"event_id": "a", "status": "accepted", "code": None, "reason": None},
            {
                "event_id": "b",
                "status": "refused",
                "code": "meter_not_found",
                "reason": "There is no meter no_such_meter. "
                "Call list_meters to see which there are.",
            },
            {"event_id": "c", "status": "accepted", "code": None, "reason": None},
            {"event_id": "a", "status": "duplicate", "code": None, "reason": None},
        ],
    }
    assert await shop.counts() == (2, 0)


async def test_the_same_content_again_is_a_duplicate_however_it_is_written(shop: Shop) -> None:
    await shop.record(use("a", "hours", quantity="2.50", occurred_at="2026-11-20T09:00:00Z"))
    shop.world.clock.advance(minutes=10)

    again = use("a", "hours", quantity="2.5", occurred_at="2026-11-20T10:00:00+01:00")

    assert await shop.record(again) == [("duplicate", None)]
    assert await shop.counts() == (1, 0)


async def test_an_event_without_a_time_may_be_sent_again_later(shop: Shop) -> None:
    await shop.record(use("a"))
    shop.world.clock.advance(days=60)

    assert await shop.record(use("a")) == [("duplicate", None)]


async def test_what_was_recorded_stays_a_duplicate_when_it_has_become_too_old(shop: Shop) -> None:
    sent = use("a", occurred_at=START.isoformat())
    await shop.record(sent)
    shop.world.clock.advance(days=36)

    assert await shop.record(sent) == [("duplicate", None)]


@pytest.mark.parametrize(
    "other",
    [
        use("a", "free"),
        use("a", occurred_at="2026-11-20T08:59:59Z"),
        use("a", properties={"model": "small"}),
    ],
)
async def test_the_same_id_with_other_content_is_a_conflict(
    shop: Shop, other: dict[str, Any]
) -> None:
    await shop.record(use("a", properties={"model": "large"}))

    assert await shop.record(use("b"), other) == [("accepted", None), ("refused", "event_conflict")]


async def test_a_conflict_inside_one_batch_is_named_and_the_first_one_stands(shop: Shop) -> None:
    replies = await shop.record(
        use("a", "hours", quantity="1"), use("a", "hours", quantity="2"), use("a", "hours")
    )

    assert replies == [("accepted", None), ("refused", "event_conflict"), ("duplicate", None)]
    assert (await shop.summary("hours"))[0][2] == "1"


async def test_a_wrong_event_does_not_take_the_id_of_a_right_one_behind_it(shop: Shop) -> None:
    replies = await shop.record(use("a", "tokens"), use("a", "tokens", properties={"tokens": 1}))

    assert replies == [("refused", "property_missing"), ("accepted", None)]


async def test_five_minutes_ahead_and_35_days_ago_are_the_last_instants_taken(shop: Shop) -> None:
    tick = timedelta(microseconds=1)
    latest, earliest = START + timedelta(minutes=5), START - timedelta(days=35)

    replies = await shop.record(
        use("a", occurred_at=latest.isoformat()),
        use("b", occurred_at=(latest + tick).isoformat()),
        use("c", occurred_at=earliest.isoformat()),
        use("d", occurred_at=(earliest - tick).isoformat()),
    )

    assert replies == [
        ("accepted", None),
        ("refused", "event_in_the_future"),
        ("accepted", None),
        ("refused", "event_too_old"),
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (use("a", "tokens"), "property_missing"),
        (use("a", "tokens", properties={"tokens": "many"}), "property_not_numeric"),
        (use("a", "tokens", properties={"tokens": True}), "property_not_numeric"),
        (use("a", "tokens", properties={"tokens": "--1"}), "property_not_numeric"),
        (use("a", "tokens", properties={"tokens": -1}), "quantity_below_zero"),
        (use("a", "hours", quantity="-0.5"), "quantity_below_zero"),
        (use("a", "seats", quantity=-1), "quantity_below_zero"),
        (use("a", "storage", properties={"gb": "-0.5"}), "quantity_below_zero"),
        (use("a", "tokens", properties={"tokens": "0.0000001"}), "quantity_out_of_range"),
        (use("a", "tokens", quantity="2", properties={"tokens": 1}), "quantity_not_read"),
        (use("a", "calls", quantity=2), "quantity_not_read"),
        (use("a", "hours", quantity="1.0000001"), "quantity_out_of_range"),
        (use("a", "hours", quantity="9223372036854.775808"), "quantity_out_of_range"),
        (use("a", properties={f"p{n}": "x" * 256 for n in range(16)}), "properties_too_large"),
    ],
)
async def test_what_a_meter_cannot_read_is_refused_by_name(
    shop: Shop, wrong: dict[str, Any], code: str
) -> None:
    assert await shop.record(wrong, use("b")) == [("refused", code), ("accepted", None)]
    assert await shop.counts() == (1, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 1.5},
        {"quantity": "--1"},
        {"quantity": "1e3"},
        {"quantity": True},
        {"properties": {"x": 0.5}},
        {"properties": {"x": None}},
        {"properties": {"x y": 1}},
        {"properties": {"x": 2**53}},
        {"properties": {f"p{n}": 1 for n in range(21)}},
        {"occurred_at": 1_763_629_200},
        {"occurred_at": "2026-11-20T09:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"event_id": ""},
        {"event_id": "x" * 129},
        {"event_id": "a\u202eb"},
        {"customer": "ada"},
    ],
)
async def test_what_no_schema_allows_refuses_the_whole_request(
    shop: Shop, wrong: dict[str, Any]
) -> None:
    outcome = await shop.perform(operations.record_usage, events=[use("b"), use("a") | wrong])

    assert outcome.error
    assert outcome.error.code == "invalid_request"
    assert await shop.counts() == (0, 0)


async def test_the_largest_and_the_finest_quantity_are_kept_exactly(shop: Shop) -> None:
    await shop.record(
        use("a", "hours", quantity="9223372036854.775807"),
        use("b", "hours", quantity="9223372036854.775807"),
        use("c", "hours", quantity="0.000001"),
    )

    assert (await shop.summary("hours"))[0][2] == "18446744073709.551615"


async def test_an_archived_meter_takes_no_more_usage(shop: Shop) -> None:
    async with shop.world.database.begin(OPERATOR) as work:
        calls = tables.meters.c.key == "calls"
        await work.execute(update(tables.meters).where(calls).values(archived_at=START))

    assert await shop.record(use("a")) == [("refused", "meter_archived")]


async def test_two_projects_may_use_the_same_event_id(shop: Shop) -> None:
    other = await shop.project(compose("prj", 2))

    assert await shop.record(use("a", "hours", quantity=1)) == [("accepted", None)]
    theirs = {"caller": agent(project_id=other)}
    assert await shop.record(use("a", "hours", quantity=2), **theirs) == [("accepted", None)]
    assert (await shop.summary("hours"))[0][2] == "1"
    assert (await shop.summary("hours", **theirs))[0][2] == "2"


@pytest.mark.parametrize(
    "change", [update(tables.events).values(quantity=0), delete(tables.events)]
)
async def test_recorded_usage_cannot_be_changed_even_with_sql(
    shop: Shop, change: Update | Delete
) -> None:
    await shop.record(use("a", "hours", quantity="2"))

    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        async with shop.world.database.begin(OPERATOR) as work:
            await work.execute(change)

    assert (await shop.summary("hours"))[0][2] == "2"


async def test_a_viewer_may_not_record(shop: Shop) -> None:
    outcome = await shop.perform(
        operations.record_usage, caller=agent(Role.VIEWER), events=[use("a")]
    )

    assert isinstance(outcome.error, NotAllowed)
    assert await shop.counts() == (0, 0)


async def test_five_hundred_events_cost_as_many_statements_as_ten(shop: Shop) -> None:
    async def statements(prefix: str, count: int) -> int:
        """Record new events, one repeated and one wrong, and count what the database was asked."""
        await shop.record(use(f"{prefix}-0"))
        batch = [use(f"{prefix}-{n}") for n in range(count - 1)]
        asked: list[str] = []
        engine = shop.world.engines.writer.sync_engine

        def listen(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", listen)
        try:
            replies = await shop.record(*batch, use(f"{prefix}-x", "no_such_meter"))
        finally:
            event.remove(engine, "before_cursor_execute", listen)
        assert replies.count(("accepted", None)) == count - 2
        return len(asked)

    assert await statements("small", 10) == await statements("large", 500)
