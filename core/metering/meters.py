"""Make meters and find them. They belong to the platform: every project's usage is read by them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.db.sets import find_rows
from core.db.together import Order, Step
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Asset
from core.kernel.period import Window
from core.metering import tables
from core.usage import Aggregation, Meter, MeterKeyTaken, MeterNotFound


async def create(work: Work, meter: Meter) -> None:
    """Write a meter. Its key names it for ever, so that recorded usage keeps its meaning."""
    row = {name: getattr(meter, name) for name in meter.__slots__}
    row |= {"aggregation": str(meter.aggregation), "asset": str(meter.asset)}
    row |= {"price": price_text(meter), "per_window": meter.per_window and str(meter.per_window)}
    if not await insert_if_absent(work, tables.meters, row):
        raise MeterKeyTaken(meter.key)


async def by_key(work: Work, keys: Iterable[str]) -> dict[str, Meter]:
    """Return the meters that have these keys, by key."""
    wanted = [(key,) for key in sorted(set(keys))]
    found = await find_rows(work, tables.meters, ("key",), wanted, NAMES)
    return {each.key: each for each in map(_meter, found)}


async def by_id(work: Work, ids: Iterable[str]) -> dict[str, Meter]:
    """Return the meters that have these ids, by id."""
    query = select(tables.meters).where(tables.meters.c.id.in_(sorted(set(ids))))
    return {row.id: _meter(row) for row in await work.execute(query)}


async def _by_key(items: Sequence[tuple[Work, frozenset[str]]]) -> Sequence[Mapping[str, Meter]]:
    """Look the meters of all calls up at once: they are the same few."""
    found = await by_key(items[0][0], frozenset().union(*(keys for _, keys in items)))
    return [found] * len(items)


BY_KEY: Step[frozenset[str], Mapping[str, Meter]] = Step(Order.LOOK, _by_key)
"""The meters that have these keys, and perhaps others, by key."""


async def find(work: Work, key: str) -> Meter:
    found = await work.together(BY_KEY, frozenset({key}))
    if key not in found:
        raise MeterNotFound(key)
    return found[key]


async def list_after(work: Work, key: str | None, limit: int) -> list[Meter]:
    """Return meters in the order of their keys."""
    query = select(tables.meters).order_by(tables.meters.c.key).limit(limit)
    if key is not None:
        query = query.where(tables.meters.c.key > key)
    return [_meter(row) for row in await work.execute(query)]


def price_text(meter: Meter) -> str:
    """Write the price with every digit it has, and never with an exponent."""
    return format(meter.price, "f")


def _meter(row: Sequence[Any]) -> Meter:
    told = dict(zip(NAMES, row, strict=True))
    told["aggregation"] = Aggregation(told["aggregation"])
    told["per_window"] = told["per_window"] and Window(told["per_window"])
    told["price"], told["asset"] = Decimal(told["price"]), Asset.parse(told["asset"])
    return Meter(**told)


NAMES = tuple(column.name for column in tables.meters.columns)
