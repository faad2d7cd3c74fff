"""Whatever is recorded, a summary says what adding it up by hand says."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.ids import compose
from tests.core.metering.shop import Shop, use
from tests.world import agent

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 8, 12, tzinfo=UTC)
"""So that the nights on which clocks go back in Paris and New York lie in the last 35 days."""
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Adelaide", "UTC")
FINE, ZERO = Decimal("1e-12"), Decimal(0)
_numbers = count(10)

Use = tuple[int, int, str]
"""Minutes before now, an amount in thousandths, and a model."""

uses = st.lists(
    st.tuples(st.integers(0, 30 * 24 * 60), st.integers(0, 10**7), st.sampled_from("abc")),
    min_size=1,
    max_size=40,
)


def window_of(at: datetime, window: str, zone: ZoneInfo) -> tuple[int, ...]:
    """Name the window as a wall clock does, without any of the code under test."""
    local = at.astimezone(zone)
    if window == "none":
        return ()
    if window == "month":
        return (local.year, local.month)
    if window == "day":
        return (local.year, local.month, local.day)
    return (local.year, local.month, local.day, local.hour, local.fold)


def by_hand(
    meter_key: str, told: list[tuple[datetime, Use]], window: str, zone: ZoneInfo
) -> dict[Any, Decimal]:
    groups: dict[Any, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for at, (_, amount, model) in told:
        groups[window_of(at, window, zone), model].append((at, Decimal(amount) / 1000))
    value: dict[str, Callable[[list[tuple[datetime, Decimal]]], Any]] = {
        "calls": len,
        "tokens": lambda group: sum(amount for _, amount in group),
        "seats": lambda group: max(amount for _, amount in group),
        "users": lambda group: len({amount for _, amount in group}),
        # Of equal instants the last one sent is the last: max keeps the first of equals.
        "storage": lambda group: max(reversed(group), key=lambda each: each[0])[1],
        "latency": lambda group: (sum((amount for _, amount in group), ZERO) / len(group)).quantize(
            FINE
        ),
        "peaks": lambda group: sum(_largest_of_each_hour(group, zone)),
    }
    return {key: Decimal(value[meter_key](group)) for key, group in groups.items()}


def _average(amounts: list[Decimal]) -> Decimal:
    return (sum(amounts, ZERO) / len(amounts)).quantize(FINE)


def _largest_of_each_hour(group: list[tuple[datetime, Decimal]], zone: ZoneInfo) -> list[Decimal]:
    hours = {window_of(at, "hour", zone) for at, _ in group}
    return [
        max(amount for at, amount in group if window_of(at, "hour", zone) == hour) for hour in hours
    ]


@pytest.mark.parametrize(
    "meter_key", ["calls", "tokens", "seats", "users", "storage", "latency", "peaks"]
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=uses, zone_name=st.sampled_from(ZONES), window=st.sampled_from(["hour", "day", "month"])
)
async def test_a_summary_equals_adding_up_by_hand(
    shop: Shop, meter_key: str, sent: list[Use], zone_name: str, window: str
) -> None:
    shop.world.clock.instant = NOW
    zone = ZoneInfo(zone_name)
    customer = agent(
        project_id=await shop.project(compose("prj", next(_numbers)), time_zone=zone_name)
    )
    told = [(NOW - timedelta(minutes=each[0]), each) for each in sent]
    events = []
    for n, (at, (_, amount, model)) in enumerate(told):
        exact = f"{amount // 1000}.{amount % 1000:03}"
        read = {"tokens": "tokens", "users": "user", "storage": "gb"}.get(meter_key)
        events.append(
            use(
                f"e{n}",
                meter_key,
                occurred_at=at.isoformat(),
                properties={"model": model} | ({read: exact} if read else {}),
                **({"quantity": exact} if meter_key in {"seats", "latency", "peaks"} else {}),
            )
        )
    await shop.record(*events, caller=customer)

    rows = await shop.summary(
        meter_key,
        caller=customer,
        window=window,
        group_by="model",
        start_at=(NOW - timedelta(days=31)).isoformat(),
        end_at=(NOW + timedelta(minutes=1)).isoformat(),
    )

    assert {
        (window_of(datetime.fromisoformat(start_at), window, zone), group): Decimal(value)
        for start_at, group, value in rows
    } == by_hand(meter_key, told, window, zone)
