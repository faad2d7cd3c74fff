"""Whatever raises and lowers a level, and whenever it is told, its average is what lasted."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count, pairwise
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
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
_numbers = count(10)

changes = st.lists(
    st.tuples(st.integers(0, 30 * 86_400), st.integers(-(10**7), 10**7)), min_size=1, max_size=30
)
spans = st.tuples(st.integers(1, 31 * 86_400), st.integers(0, 31 * 86_400))


def lasted(told: list[tuple[datetime, Fraction]], start: datetime, end: datetime) -> Fraction:
    """Walk from change to change, without any of the code under test."""
    steps = sorted({start, end, *(at for at, _ in told if start < at < end)})
    total = sum(
        (
            Fraction((after - at) // timedelta(seconds=1))
            * sum((amount for since, amount in told if since <= at), Fraction(0))
            for at, after in pairwise(steps)
        ),
        Fraction(0),
    )
    return total / Fraction((end - start) // timedelta(seconds=1))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=changes,
    span=spans,
    zone_name=st.sampled_from(ZONES),
    window=st.sampled_from(["none", "day", "month"]),
)
async def test_a_weighted_sum_is_what_lasted(
    shop: Shop,
    sent: list[tuple[int, int]],
    span: tuple[int, int],
    zone_name: str,
    window: str,
) -> None:
    shop.world.clock.instant = NOW
    number = next(_numbers)
    project_id = await shop.project(compose("prj", number), time_zone=zone_name)
    customer = agent(project_id=project_id)
    told = [(NOW - timedelta(seconds=ago), Fraction(amount, 1000)) for ago, amount in sent]
    events = [
        use(
            f"e{n}",
            "disk",
            quantity=f"{'-' * (amount < 0)}{abs(amount) // 1000}.{abs(amount) % 1000:03}",
            occurred_at=(NOW - timedelta(seconds=ago)).isoformat(),
        )
        for n, (ago, amount) in enumerate(sent)
    ]
    await shop.record(*events, caller=customer)
    start, end = (NOW - timedelta(seconds=each) for each in (max(span) + 1, min(span)))

    rows = await shop.summary(
        "disk",
        caller=customer,
        window=window,
        start_at=start.isoformat(),
        end_at=end.isoformat(),
    )

    zone = ZoneInfo(zone_name)
    for start_at, _, value in rows:
        begins = datetime.fromisoformat(start_at)
        local = begins.astimezone(zone)
        ends = {
            "none": end,
            "day": _midnight(local + timedelta(days=1), zone),
            "month": _midnight((local.replace(day=1) + timedelta(days=32)).replace(day=1), zone),
        }[window]
        exact = lasted(told, begins, min(ends, end))
        assert abs(Fraction(value) - exact) <= Fraction(1, 2 * 10**12)


def _midnight(local: datetime, zone: ZoneInfo) -> datetime:
    return datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)
