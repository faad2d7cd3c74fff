"""Simulate a change of prices: what projects paid by one version, and would pay by another.

Many projects at once, through the sums of their usage: a statement for each interval and portion of
projects. Only what a price needs beside sums is read project by project, and then fewer at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from core import metering
from core.arrears import Needs, needs, usage_in
from core.catalog import Item, ItemKind, PlanVersion, PriceBook
from core.db.work import Work
from core.kernel.errors import EngineError
from core.kernel.period import Period
from core.metering import Meter
from core.pricing import Usage, UsageRefused
from core.quoting.comparing import Candidate
from core.quoting.costing import NOTHING, Part, cost_of, due_in, parts_of, usage_of
from core.quoting.using import SUMMED, sums_of

UTC = ZoneInfo("UTC")
NOT_RATED = (
    UsageRefused,
    metering.TooManyTransactions,
    metering.SummaryTooLarge,
    metering.LevelForgotten,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A version in a price book, and the intervals in which it charges for the period."""

    version: PlanVersion
    book: PriceBook
    parts: Sequence[Part]

    @property
    def due(self) -> list[tuple[Item, Part]]:
        """What is charged, but for what is paid once: who holds the plan has paid it."""
        every = due_in(self.version, self.parts)
        return [(item, part) for item, part in every if item.kind is not ItemKind.ONE_TIME]


@dataclass(frozen=True, slots=True)
class Changed:
    """What one project paid, and would pay, in smallest units."""

    project_id: str
    from_version: int
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(slots=True)
class Simulated:
    changes: list[Changed] = field(default_factory=list)
    refused: list[tuple[str, EngineError]] = field(default_factory=list)


def quoted(work: Work, version: PlanVersion, book: PriceBook, period: Period) -> Quoted:
    return Quoted(version=version, book=book, parts=parts_of(version, period, UTC, work.now))


async def simulate(
    work: Work, candidates: Sequence[Candidate], before: Mapping[str, Quoted], after: Quoted
) -> Simulated:
    """Rate what each project used by its own version, one of `before` by id, and by the new one."""
    meters = await find_meters(work, [*before.values(), after])
    result = Simulated()
    for version_id, old in before.items():
        own = [each.project_id for each in candidates if each.version_id == version_id]
        if not own:
            continue
        used = _Used(work, meters, await _sums(work, own, meters, [old, after]))
        for project_id in own:
            try:
                paid, would = [await used.cost(each, project_id) for each in (old, after)]
            except NOT_RATED as error:
                result.refused.append((project_id, error))
            else:
                result.changes.append(Changed(project_id, old.version.number, paid, would))
    return result


async def find_meters(work: Work, quotes: Sequence[Quoted]) -> Mapping[str, Meter]:
    """Return the meters of all that is charged by usage, by key."""
    keys = {item.meter_key for each in quotes for item in each.version.items if item.meter_key}
    return await metering.find_meters(work, keys)


def only_sums(meters: Mapping[str, Meter], quotes: Sequence[Quoted]) -> bool:
    """Tell whether sums say all there is to know of many projects at once."""
    return all(
        _is_summed(meters, item.meter_key, _needs(each, item))
        for each in quotes
        for item in each.version.items
        if item.meter_key
    )


def _is_summed(meters: Mapping[str, Meter], meter_key: str, needed: Needs) -> bool:
    return needed.only_sums and meters[meter_key].aggregation in SUMMED


def _needs(quote: Quoted, item: Item) -> Needs:
    return needs(item.prices[quote.book.key])


Sums = Mapping[Period, Mapping[tuple[str, str], Usage]]
"""By interval: what was used, by project and meter."""


async def _sums(
    work: Work, projects: Sequence[str], meters: Mapping[str, Meter], quotes: Sequence[Quoted]
) -> Sums:
    summed = [each for each in meters.values() if each.aggregation in SUMMED]
    periods = dict.fromkeys(part.period for each in quotes for part in each.parts)
    if not summed:
        return {}
    return {each: await sums_of(work, projects, summed, each) for each in periods}


@dataclass(frozen=True, slots=True)
class _Used:
    """The usage of projects: summed up for all of them, or read of one when it is asked for."""

    work: Work
    meters: Mapping[str, Meter]
    sums: Sums

    async def cost(self, quote: Quoted, project_id: str) -> int:
        """Return what the version charges a project for the period, in smallest units."""
        amount = 0
        for item, part in quote.due:
            used = usage_of(item, await self._usage(quote, item, part, project_id), {})
            amount += cost_of(item, quote.book, part, used).rated.total.amount
        return amount

    async def _usage(self, quote: Quoted, item: Item, part: Part, project_id: str) -> Usage:
        if item.meter_key is None:
            return NOTHING
        needed = _needs(quote, item)
        if _is_summed(self.meters, item.meter_key, needed):
            return self.sums[part.period].get((project_id, item.meter_key), NOTHING)
        here = self.work.within(project_id)
        return await usage_in(here, self.meters[item.meter_key], needed, part.period, zone=UTC)
