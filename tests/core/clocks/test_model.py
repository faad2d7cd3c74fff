"""How far later a clock is advanced, by the calendar of its project."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.clocks.model import By, later

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "by", "ends"),
    [
        ("2027-01-31T12:00", By(months=1), "2027-02-28T12:00"),
        ("2027-12-15T12:00", By(months=14), "2029-02-15T12:00"),
        # Noon in Berlin is an hour earlier in UTC once summer time has begun.
        ("2027-03-27T11:00", By(days=1), "2027-03-28T10:00"),
        ("2027-03-27T11:00", By(hours=24), "2027-03-28T11:00"),
        # 2:30 is skipped that night: half past three comes half an hour after the jump.
        ("2027-02-28T01:30", By(months=1), "2027-03-28T01:30"),
        ("2027-01-31T11:00", By(months=1, days=1, hours=2), "2027-03-01T13:00"),
    ],
)
def test_later_is_by_the_wall_clocks_of_the_project(begins: str, by: By, ends: str) -> None:
    assert later(at(begins), by, BERLIN) == at(ends)
