"""What depends on when usage was: levels that last, and the largest of each hour, day or month.

The database adds up each quarter hour, and the rest is done here, so that windows of any zone and
seconds of any night come out the same on both databases.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Subquery, func, select

from core import projects
from core.db.work import Work
from core.kernel.period import Period, window_start
from core.kernel.quantity import as_text, fraction_text
from core.metering.choosing import GroupBy, begin, chosen, summed
from core.metering.rollups import SPLIT
from core.usage import BUCKET_SECONDS, Aggregation, LevelForgotten, Meter, SummaryTooLarge

QUARTERS_MAX = 100_000
"""Some three years of quarter hours. Their groups count among them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Found(NamedTuple):
    """What a meter made of one window, by its number, and of one group."""

    part: int
    group: str | None
    value: str
    event_count: int


async def add_up_largest(
    work: Work, meter: Meter, parts: Sequence[Period], group_by: GroupBy
) -> list[Found]:
    """Add up, for each part, what was largest in each window; one that is cut is two windows."""
    assert meter.per_window, "a meter whose maxima are added up says of which windows"
    zone = await projects.time_zone_of(work, work.project_id)
    usage = chosen(work, meter, parts, group_by) if group_by else summed(work, meter, parts)
    largest: dict[tuple[int, str | None], dict[datetime, int]] = defaultdict(dict)
    counts = Counter[tuple[int, str | None]]()
    for row in await _quarters(work, usage, func.max(usage.c.max_quantity).label("largest")):
        key = row.part, row.group
        window = window_start(begin(row.bucket), meter.per_window, zone)
        largest[key][window] = max(row.largest, largest[key].get(window, 0))
        counts[key] += int(row.event_count)
    return [Found(*key, as_text(sum(each.values())), counts[key]) for key, each in largest.items()]


async def weigh(
    work: Work, meter: Meter, parts: Sequence[Period], group_by: GroupBy
) -> list[Found]:
    """Average the level over each part, by the seconds for which it lasted.

    An event changes the level from the second in which it occurred. What it is at the end of what
    is known it stays. Raises LevelForgotten where events of the period were taken away.
    """
    kept = await _count(work, summed(work, meter, parts))
    c = (usage := chosen(work, meter, parts, group_by)).c
    measures = {
        "high": func.sum(c.high),
        "low": func.sum(c.low),
        "late_high": func.sum(c.high * c.second),
        "late_low": func.sum(c.low * c.second),
    }
    told = [measure.label(name) for name, measure in measures.items()]
    quarters: dict[tuple[int, str | None], list[Any]] = defaultdict(list)
    for row in await _quarters(work, usage, *told):
        quarters[row.part, row.group].append(row)
    # Sums first: an event that comes in between must not look as if another one were missing.
    if sum(int(row.event_count) for rows in quarters.values() for row in rows) < kept:
        raise LevelForgotten(meter.key, parts[0].start_at)
    levels = await _levels_before(work, meter, parts[0].start_at, group_by)
    groups = {group for _, group in quarters} | levels.keys()
    return [
        found
        for group in groups
        for found in _weighed(parts, group, levels.get(group, 0), quarters)
    ]


def _weighed(
    parts: Sequence[Period],
    group: str | None,
    level: int,
    quarters: Mapping[tuple[int, str | None], Sequence[Any]],
) -> list[Found]:
    found = []
    for n, part in enumerate(parts):
        rows, end = quarters.get((n, group), ()), _second(part.end_at)
        seconds = end - _second(part.start_at)
        lasted = level * seconds
        for row in rows:
            change, late = (
                int(high) * SPLIT + int(low)
                for high, low in ((row.high, row.low), (row.late_high, row.late_low))
            )
            lasted += change * (end - row.bucket * BUCKET_SECONDS) - late
            level += change
        # Of less than a second, it is what it was in the end.
        value = Fraction(lasted, seconds) if seconds else Fraction(level)
        if rows or value:
            count = sum(int(row.event_count) for row in rows)
            found.append(Found(n, group, fraction_text(value), count))
    return found


async def _levels_before(
    work: Work, meter: Meter, at: datetime, group_by: GroupBy
) -> dict[str | None, int]:
    """Return the level that each group had. Sums are kept longer than the events they sum up."""
    past = [Period(_EPOCH, max(at, _EPOCH))]
    [whole] = (await _sums(work, summed(work, meter, past))).values() or [0]
    if group_by is None:
        return {None: whole}
    levels = await _sums(work, chosen(work, meter, past, group_by))
    if sum(levels.values()) != whole:
        raise LevelForgotten(meter.key, at)
    return levels


async def _count(work: Work, usage: Subquery) -> int:
    query = select(func.sum(usage.c.event_count))
    return int((await work.execute(query)).scalar_one() or 0)


async def _sums(work: Work, usage: Subquery) -> dict[str | None, int]:
    c = usage.c
    query = select(c.group, func.sum(c.high).label("high"), func.sum(c.low).label("low"))
    return {
        row.group: int(row.high) * SPLIT + int(row.low)
        for row in await work.execute(query.group_by(c.group))
    }


async def _quarters(work: Work, usage: Subquery, *measures: Any) -> list[Any]:
    by = usage.c.part, usage.c.bucket, usage.c.group
    count = func.sum(usage.c.event_count).label("event_count")
    query = select(*by, count, *measures).group_by(*by).limit(QUARTERS_MAX + 1)
    found = list(await work.execute(query))
    if len(found) > QUARTERS_MAX:
        raise SummaryTooLarge(QUARTERS_MAX)
    return found


def _second(instant: datetime) -> int:
    """Count the seconds since 1970 to the one in which the instant lies."""
    return int(instant.timestamp() // 1)


Tell = Callable[[Work, Meter, Sequence[Period], GroupBy], Awaitable[list[Found]]]
TOLD: Mapping[Aggregation, Tell] = {
    Aggregation.BUCKETED_MAX: add_up_largest,
    Aggregation.WEIGHTED_SUM: weigh,
}
