"""Say how much was used of what a project was given: each quota in its own window.

Usage is metering's: its sums are added to in the unit that writes an event, and are never behind.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core import metering, projects
from core.catalog import Feature
from core.db.work import Work
from core.entitlements import resolving
from core.entitlements.deciding import Question, Standing
from core.entitlements.model import Grant, millionths
from core.entitlements.windows import Window, window_of
from core.kernel.period import Period

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Nothing is used later."""


async def question(work: Work, feature: Feature, quantity: int | None) -> Question:
    """Ask about the feature, as its meter counts."""
    asked = Question(feature_key=feature.key, kind=feature.kind, quantity=quantity)
    if feature.meter_key is None:
        return asked
    meter = await resolving.meter(work, feature.meter_key)
    return Question(
        feature_key=feature.key,
        kind=feature.kind,
        quantity=quantity,
        aggregation=meter.aggregation,
    )


async def standings(work: Work, feature: Feature, grants: Sequence[Grant]) -> list[Standing]:
    """Say how much was used of what is given; of a quota, each in its own window."""
    if feature.meter_key is None:
        return [Standing(each) for each in grants]
    meter = await resolving.meter(work, feature.meter_key)
    zone: ZoneInfo | None = None
    used: dict[Window, int] = {}
    found = []
    for each in grants:
        per = each.allowance.per
        if per is None:
            found.append(Standing(each))
            continue
        zone = zone or await projects.time_zone_of(work, work.project_id)
        window = window_of(per, work.now, zone, each.cycle)
        if window not in used:
            used[window] = await _used(work, meter, window)
        found.append(Standing(each, used[window], window))
    return found


async def _used(work: Work, meter: metering.Meter, window: Window) -> int:
    period = Period(window.start_at, window.end_at or FAR)
    [row] = await metering.summarize(work, meter, [period], None)
    return millionths(row.value or "0")
