"""Lay out what the provider shall have of a plan: what is sold now, or will be, and what is not.

Each price is written down once, with what it costs in the provider's words or with the reason why
the provider has none; only then is anybody told.
"""

from dataclasses import dataclass
from datetime import datetime

from core import catalog, metering, payments
from core.catalog import Plan, PlanVersion, VersionState
from core.db.upsert import insert_all_if_absent
from core.db.work import Work
from core.shelving import finding, tables
from core.shelving.expressing import BilledByUs, Offer, express
from core.shelving.finding import short, write_cost
from core.shelving.model import Shelf, ShelfPrice

VERSIONS_MAX = 50
"""So many newest versions are looked at for what is sold: the next ones, and the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the provider has to be told."""

    shelf: Shelf
    plan: Plan
    sold: tuple[ShelfPrice, ...]
    """What shall be for sale there, as far as the provider has words for it."""
    unsold: tuple[ShelfPrice, ...]
    """What is for sale there, and shall not be."""
    versions: tuple[PlanVersion, ...]
    meters: dict[str, metering.Meter]
    now: datetime


async def on_sale(work: Work, plan: Plan) -> list[PlanVersion]:
    """Return the versions that are sold now, or will be."""
    newest = await catalog.versions(work, plan, limit=VERSIONS_MAX)
    return [each for each in newest if each.state_at(work.now) is VersionState.PUBLISHED]


async def lay_out(work: Work, plan_id: str, revision: int, limits: payments.Limits) -> Task | None:
    """Write down each price that shall be there, and say what is to do. None if it is overtaken."""
    shelf = await finding.shelf_of(work, plan_id)
    if shelf is None or shelf.revision != revision:
        return None
    plan = await catalog.find_plan(work, shelf.plan_key)
    versions = await on_sale(work, plan)
    keys = {item.meter_key for each in versions for item in each.items if item.meter_key}
    meters = dict(await metering.find_meters(work, sorted(keys)))
    books = await catalog.books(work)
    for version in versions:
        rows = [
            _row(work, version, Offer(item, version.interval, book.asset, meter, limit), book.key)
            for item in version.items
            for book in (books[key] for key in sorted(item.prices))
            for meter in (meters.get(item.meter_key or ""),)
            for limit in (limits.currencies.get(book.asset.code),)
        ]
        await insert_all_if_absent(work, tables.prices, rows)
    ids = {each.id for each in versions}
    prices = await finding.prices_of(work, plan_id)
    return Task(
        shelf=shelf,
        plan=plan,
        sold=tuple(each for each in prices if each.version_id in ids and each.cost),
        unsold=tuple(each for each in prices if each.version_id not in ids and each.external_id),
        versions=tuple(versions),
        meters=meters,
        now=work.now,
    )


def _row(work: Work, version: PlanVersion, offer: Offer, book_key: str) -> dict[str, object]:
    row: dict[str, object] = {
        "id": work.ids.new("shp"),
        "plan_id": version.plan.id,
        "version_id": version.id,
        "version": version.number,
        "item_key": offer.item.key,
        "book_key": book_key,
        "meter_key": offer.item.meter_key,
        "attempt": 0,
        "created_at": work.now,
    }
    try:
        cost = express(offer, offer.item.prices[book_key])
    except BilledByUs as reason:
        return row | {"cost": None, "billed_by_us": short(str(reason))}
    return row | {"cost": write_cost(cost), "billed_by_us": None}
