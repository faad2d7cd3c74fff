"""Sums kept as usage arrives, for each quarter hour: what a month is told from without its events.

Rows are added to in the unit that writes what they sum up, in the order of their keys, as the last
thing the unit does: on Postgres a row is locked from then to the commit, by one unit at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import update

from core.db.sets import upsert_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.kernel.errors import EngineError
from core.kernel.money import Money
from core.metering import tables
from core.usage import bucket_of

SPLIT = 10**9
"""SQLite cannot add past 2^63, so high and low parts of quantities are added apart."""

_COUNTS = (
    "project_id", "meter_id", "bucket", "event_count", "quantity_high", "quantity_low",
    "max_quantity", "last_quantity", "last_occurred_at", "last_received_at", "last_position",
    "last_event_id", "charged_count", "charged_high", "charged_low",
)  # fmt: skip
_PLACE = ("last_occurred_at", "last_received_at", "last_position", "last_event_id")
_IS_LATER = "({}) > ({})".format(
    ", ".join(f"excluded.{name}" for name in _PLACE), ", ".join(f"t.{name}" for name in _PLACE)
)
_ADD_COUNTS = {
    **{
        name: f"t.{name} + excluded.{name}"
        for name in (
            *("event_count", "quantity_high", "quantity_low"),
            *("charged_count", "charged_high", "charged_low"),
        )
    },
    "max_quantity": "case when excluded.max_quantity > t.max_quantity "
    "then excluded.max_quantity else t.max_quantity end",
    **{
        name: f"case when {_IS_LATER} then excluded.{name} else t.{name} end"
        for name in ("last_quantity", *_PLACE)
    },
}
_SPENT = (
    "project_id", "wallet_id", "asset", "bucket", "charge_count", "amount_high", "amount_low",
)  # fmt: skip
_ADD_SPENT = {name: f"t.{name} + excluded.{name}" for name in _SPENT[4:]}

Counted = tuple[str, str, int, int, tuple[datetime, datetime, int, str], bool]
"""Of one new event: project, meter, bucket, quantity, its place among events, and whether it is
charged in the unit that records it."""


async def add_counts(work: Work, counted: Iterable[Counted]) -> None:
    """Add new events to the sums of their quarter hours."""
    sums: dict[tuple[str, str, int], list[Any]] = {}
    for project_id, meter_id, bucket, quantity, place, is_charged in counted:
        key = project_id, meter_id, bucket
        kept = sums.get(key)
        if kept is None:
            kept = sums[key] = [0, 0, quantity, quantity, place, 0, 0]
        if is_charged:
            kept[5] += 1
            kept[6] += quantity
        kept[0] += 1
        kept[1] += quantity
        kept[2] = max(kept[2], quantity)
        if place > kept[4]:
            kept[3:5] = quantity, place
    rows = [
        (
            *(*key, count, total // SPLIT, total % SPLIT, largest, last, *place),
            *(charged, paid // SPLIT, paid % SPLIT),
        )
        for key, (count, total, largest, last, place, charged, paid) in sorted(sums.items())
    ]
    await upsert_rows(work, tables.rollups, _COUNTS, rows, keys=_COUNTS[:3], changes=_ADD_COUNTS)


class ChargedLater(NamedTuple):
    """An event that was recorded before, and is charged now."""

    meter_id: str
    bucket: int
    quantity: int


async def _charged(items: Sequence[tuple[Work, ChargedLater]]) -> Sequence[EngineError | None]:
    """Say in the sums of their quarter hours that these events are charged."""
    r = tables.rollups.c
    for work, each in sorted(items, key=lambda item: (item[0].project_id, item[1])):
        this = (
            r.project_id == work.project_id,
            r.meter_id == each.meter_id,
            r.bucket == each.bucket,
        )
        more = {
            "charged_count": r.charged_count + 1,
            "charged_high": r.charged_high + each.quantity // SPLIT,
            "charged_low": r.charged_low + each.quantity % SPLIT,
        }
        changed = await work.execute(update(tables.rollups).where(*this).values(more))
        assert changed.rowcount == 1, "what was recorded is in a sum"
    return [None] * len(items)


CHARGED: Step[ChargedLater, None] = Step(Order.WRITE + 4, _charged)
"""Tell the sums that an event, which was recorded before this unit, is charged in it."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What one charge took from a wallet; nothing is something, too."""

    wallet_id: str
    amount: Money


async def _spent(items: Sequence[tuple[Work, Spend]]) -> Sequence[EngineError | None]:
    """Add charges made now to what their wallets spent."""
    sums: dict[tuple[str, str, str, int], tuple[int, int]] = {}
    for work, each in items:
        key = work.project_id, each.wallet_id, str(each.amount.asset), bucket_of(work.now)
        count, total = sums.get(key, (0, 0))
        sums[key] = count + 1, total + each.amount.amount
    rows = [
        (*key, count, total // SPLIT, total % SPLIT) for key, (count, total) in sorted(sums.items())
    ]
    work = items[0][0]
    await upsert_rows(work, tables.spend, _SPENT, rows, keys=_SPENT[:4], changes=_ADD_SPENT)
    return [None] * len(items)


SPENT: Step[Spend, None] = Step(Order.WRITE + 3, _spent)
"""Add a charge, whose row is written in this unit, to the spend of its wallet."""
