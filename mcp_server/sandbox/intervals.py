"""When periods begin and end: counted from their anchor, so a short month moves no later one."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from mcp_server.sandbox.work import Json

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}
SECONDS_LEAST = 86_400


def boundary(anchor: int, recurring: Json, number: int) -> int:
    """Return the instant at which so many periods after the anchor begin."""
    start, count = datetime.fromtimestamp(anchor, UTC), recurring["interval_count"] * number
    if days := DAYS.get(recurring["interval"]):
        return int((start + timedelta(days=days * count)).timestamp())
    month = start.month - 1 + MONTHS[recurring["interval"]] * count
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def next_boundary(anchor: int, recurring: Json, after: int) -> int:
    """Return the first one that is later than this instant."""
    # No period is shorter than a day, and an anchor may lie ahead, as that of a trial does.
    number = min(0, (after - anchor) // SECONDS_LEAST) if after < anchor else 0
    while (found := boundary(anchor, recurring, number)) <= after:
        number += 1
    return found
