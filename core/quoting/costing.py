"""What a version of a plan costs for usage that is known: item by item, interval by interval. Pure.

A period is billed from its beginning in intervals of the plan. One that its end cuts is billed
whole, as if it were over unless more may still follow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.catalog import Item, ItemKind, PriceBook, Terms
from core.kernel.money import Money
from core.kernel.period import Period, Window, window_start
from core.operations.errors import invalid
from core.pricing import Price, Rated, Usage, UsageRefused, rate
from core.proration import Cycle, Interval, Unit

PARTS_MAX = 24
ONE, NOTHING = Usage(Decimal(1)), Usage(Decimal(0), 0)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond them a zone's midnight may be no instant at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One interval of a period."""

    period: Period
    is_closed: bool
    """Whether it is over, so that what falls due at its end is charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one item costs in one interval."""

    item: Item
    part: Part
    usage: Usage
    rated: Rated


def asked_period(
    start_at: datetime | None, end_at: datetime | None, *, zone: ZoneInfo, now: datetime
) -> Period:
    """Return the period that is asked about: as told, or the last whole month of the zone."""
    this_month = window_start(now, Window.MONTH, zone)
    if start_at is None and end_at is None:
        return Period(window_start(this_month - timedelta(days=1), Window.MONTH, zone), this_month)
    if start_at is None or end_at is None:
        field = "start_at" if start_at is None else "end_at"
        raise invalid(field, "is required beside the other end of the period")
    if start_at >= end_at:
        raise invalid("end_at", "must be after start_at")
    if start_at < EARLIEST:
        raise invalid("start_at", "must not be before the year 2000")
    if end_at > LATEST:
        raise invalid("end_at", "must not be after the year 2199")
    return Period(start_at, end_at)


def parts_of(terms: Terms, period: Period, zone: ZoneInfo, now: datetime) -> list[Part]:
    """Cut a period into intervals of the plan, by the clocks of the zone.

    A period that begins at no midnight of the zone is cut by UTC, so that a month of UTC is one.
    """
    is_local = window_start(period.start_at, Window.DAY, zone) == period.start_at.astimezone(UTC)
    interval = Interval(Unit(terms.interval.unit), terms.interval.count)
    cycle = Cycle(period.start_at, interval, zone if is_local else ZoneInfo("UTC"))
    parts: list[Part] = []
    for each in cycle.periods(period):
        if len(parts) == PARTS_MAX:
            raise invalid("end_at", f"must be at most {PARTS_MAX} intervals of the plan later")
        end_at = min(each.end_at, period.end_at)
        parts.append(Part(period=Period(each.start_at, end_at), is_closed=end_at <= now))
    return parts


def cost_of(item: Item, book: PriceBook, part: Part, usage: Usage) -> Cost:
    """Rate one item. A refusal of its usage names the item: `items.calls.quantity`."""
    price: Price = item.prices[book.key]
    try:
        rated = rate(price, usage._replace(is_closed=part.is_closed), book.asset)
    except UsageRefused as error:
        error.field = f"items.{item.key}.{error.field}"
        raise
    return Cost(item=item, part=part, usage=usage, rated=rated)


def due_in(terms: Terms, parts: Sequence[Part]) -> Iterable[tuple[Item, Part]]:
    """Yield what is charged in each interval: what is paid once, in the first alone."""
    for n, part in enumerate(parts):
        for item in terms.items:
            if item.kind is not ItemKind.ONE_TIME or n == 0:
                yield item, part


def total(costs: Iterable[Cost], book: PriceBook, *kinds: ItemKind) -> Money:
    """Add up what these items cost, or all of them where none is named."""
    return Money(
        sum(each.rated.total.amount for each in costs if not kinds or each.item.kind in kinds),
        book.asset,
    )


def usage_of(item: Item, used: Usage, seats: Mapping[str, Decimal]) -> Usage:
    """Return what an item is charged for: what was used, or so many of a fee; one of it."""
    if item.kind is ItemKind.USAGE:
        return used
    return Usage(seats[item.key]) if item.key in seats else ONE
