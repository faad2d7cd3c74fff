"""Read what a report is asked about: its zone, its days, and how they are divided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.kernel.money import Asset
from core.kernel.period import Period
from core.operations.errors import NotAllowed, invalid
from core.operations.given import given
from core.revenue.calendar import Granularity, Span, first_of, spans
from core.revenue.shapes import SPANS_MAX, AskReport

USUALLY = {
    Granularity.DAY: 29,
    Granularity.MONTH: 11,
    Granularity.QUARTER: 11,
    Granularity.YEAR: 11,
}
"""How many parts before this one are told, where nobody says since when."""
EARLIEST = date(2000, 1, 1)
LATEST = date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class ReportingZone:
    """The zone of whoever runs the installation: whose months its reports are told in."""

    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Asked:
    asset: Asset
    zone: ZoneInfo
    spans: Sequence[Span]

    @property
    def bounds(self) -> list[datetime]:
        return [self.spans[0].start_at, *(each.end_at for each in self.spans)]

    @property
    def whole(self) -> Period:
        return Period(self.spans[0].start_at, self.spans[-1].end_at)


def refuse_bound(work: Work, name: str) -> None:
    """Reports are of all customers: staff who bound themselves to one are told of none."""
    if work.caller.project_id:
        raise NotAllowed(name, f"the platform role {PlatformRole.AUDITOR}, bound to no project")


def zone_of(name: str | None) -> ZoneInfo:
    """Return the zone of this name, or the installation's own."""
    if name is None:
        chosen = given(ReportingZone)
        return chosen.zone if chosen else ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid("time_zone", "must name a time zone, as in Europe/Berlin") from None


def asked(work: Work, request: AskReport, by: Granularity, *, whole: bool = False) -> Asked:
    """Read a question; `whole` leaves its days undivided."""
    zone = zone_of(request.time_zone)
    today = work.now.astimezone(zone).date()
    last = request.end_on or today
    first = request.start_on or first_of(last, by, 0 if whole else USUALLY[by])
    if first > last:
        raise invalid("end_on", "must not be before start_on")
    if first < EARLIEST:
        raise invalid("start_on", "must not be before the year 2000")
    if last > LATEST:
        raise invalid("end_on", "must not be after the year 2199")
    asset = Asset.parse(request.currency)
    if whole:
        [day] = _undivided(first, last, zone)
        return Asked(asset, zone, [day])
    if (last - first).days > SPANS_MAX * DAYS_MAX[by]:
        raise _too_many()
    parts = list(spans(first, last, by, zone))
    if len(parts) > SPANS_MAX:
        raise _too_many()
    return Asked(asset, zone, parts)


DAYS_MAX = {
    Granularity.DAY: 1,
    Granularity.MONTH: 31,
    Granularity.QUARTER: 92,
    Granularity.YEAR: 366,
}
"""How long each is at most: whoever asks for a century by the day is refused before it is cut."""


def _too_many() -> Exception:
    return invalid("granularity", f"would make more than {SPANS_MAX} spans: ask for a coarser one")


def _undivided(first: date, last: date, zone: ZoneInfo) -> list[Span]:
    edges = list(spans(first, first, Granularity.DAY, zone))
    edges += list(spans(last, last, Granularity.DAY, zone))
    return [Span(first, last, edges[0].start_at, edges[1].end_at)]
