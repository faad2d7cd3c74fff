"""Put a project's overview together, from balances and from sums that are never behind.

Nothing here reads an event, nor is any of it remembered: it costs the same few statements however
much was used, each over the quarter hours of two months at most.
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from core import metering, projects, wallets
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.reporting.periods import last_days, month_around
from core.reporting.shapes import (
    OverviewDay,
    OverviewSpend,
    OverviewUsage,
    OverviewWallet,
    ProjectOverview,
)

WALLETS_MAX = 20
METERS_MAX = 20
"""So that an agent's context has room for something else."""


async def of(work: Work, days: int) -> ProjectOverview:
    """Tell how the project stands now, with the spend of so many days."""
    project = await projects.get_project(work)
    zone = ZoneInfo(project.time_zone)
    month = month_around(work.now, zone)
    shown, more_wallets = await _wallets(work)
    used = await metering.used_by_meter(work, month, METERS_MAX + 1)
    return ProjectOverview(
        project_id=project.id,
        name=project.name,
        time_zone=zone.key,
        as_of=work.now,
        month_start_at=month.start_at,
        wallets=shown,
        more_wallets=more_wallets,
        usage=[_usage(each) for each in used[:METERS_MAX]],
        more_meters=len(used) > METERS_MAX,
        spend=await _spend(work, days, month, zone),
    )


async def _wallets(work: Work) -> tuple[list[OverviewWallet], bool]:
    found = await wallets.list_after(work, None, WALLETS_MAX + 1)
    held = await wallets.balances(work, [each.id for each in found[:WALLETS_MAX]])
    shown = [
        OverviewWallet(
            wallet_id=each.id,
            name=each.name,
            asset=str(each.asset),
            posted=held[each.id].posted.decimal,
            held=held[each.id].held.decimal,
            available=held[each.id].available.decimal,
        )
        for each in found[:WALLETS_MAX]
    ]
    return shown, len(found) > WALLETS_MAX


def _usage(used: metering.Used) -> OverviewUsage:
    return OverviewUsage(
        meter_key=used.meter.key,
        unit=used.meter.unit,
        aggregation=used.meter.aggregation.value,
        value=used.value,
        event_count=used.event_count,
    )


async def _spend(work: Work, count: int, month: Period, zone: ZoneInfo) -> list[OverviewSpend]:
    days = last_days(work.now, 2 * count, zone)
    names = [each.start_at.astimezone(zone).date() for each in days]
    by_day = await metering.spent(work, days)
    by_month = await metering.spent(work, [month])
    return [
        _trend(
            asset,
            [(name, by_day.get((n, asset), 0)) for n, name in enumerate(names)],
            by_month.get((0, asset), 0),
        )
        for asset in sorted({asset for _, asset in (*by_day, *by_month)}, key=str)
    ]


def _trend(asset: Asset, days: Sequence[tuple[date, int]], this_month: int) -> OverviewSpend:
    """Compare the second half of these days, of which the last is today, with the first."""
    half = len(days) // 2
    before, lately = (sum(spent for _, spent in part) for part in (days[:half], days[half:]))
    return OverviewSpend(
        asset=str(asset),
        today=_decimal(days[-1][1], asset),
        this_month=_decimal(this_month, asset),
        last_days=_decimal(lately, asset),
        days_before=_decimal(before, asset),
        change_percent=_change(before, lately),
        days=[OverviewDay(day=day, amount=_decimal(spent, asset)) for day, spent in days[half:]],
    )


def _change(before: int, lately: int) -> str | None:
    """Say by how many per cent it grew, to a tenth, half up. It is a hint, and no money."""
    if before == 0:
        return None
    grown = Decimal(100 * (lately - before)) / before
    return f"{grown.quantize(Decimal('0.1'), ROUND_HALF_UP):+f}"


def _decimal(amount: int, asset: Asset) -> str:
    return Money(amount, asset).decimal
