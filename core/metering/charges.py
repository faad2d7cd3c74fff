"""The record of which usage was charged: the rows that make "at most once, ever" true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.db.sets import claim_rows, find_rows
from core.db.together import Order, Step
from core.db.work import Work, canonical
from core.kernel.money import Asset, Money
from core.metering import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one event cost, and which transaction took it from which wallet."""

    event_id: str
    quantity: int
    amount: Money
    wallet_id: str
    transaction_id: str | None
    """None when the event cost nothing: a transaction moves something."""


async def _find(items: Sequence[tuple[Work, tuple[str, int]]]) -> list[Charge | None]:
    wanted = [(work.project_id, event_id) for work, (event_id, _) in items]
    rows = await find_rows(items[0][0], tables.charges, KEYS, wanted, NAMES[:6])
    found = {row[:2]: row for row in rows}
    return [
        _charge(found.get(key), quantity)
        for key, (_, (_, quantity)) in zip(wanted, items, strict=True)
    ]


def _charge(row: tuple[Any, ...] | None, quantity: int) -> Charge | None:
    if row is None:
        return None
    _, event_id, transaction_id, wallet_id, amount, asset = row
    return Charge(
        event_id=event_id,
        quantity=quantity,
        amount=Money(amount, Asset.parse(asset)),
        wallet_id=wallet_id,
        transaction_id=transaction_id,
    )


async def _claim(items: Sequence[tuple[Work, Charge]]) -> list[None]:
    rows = sorted((_row(work, each) for work, each in items), key=lambda row: row[:2])
    await claim_rows(items[0][0], tables.charges, NAMES, rows)
    return [None] * len(items)


def _row(work: Work, charge: Charge) -> tuple[Any, ...]:
    row = (
        work.project_id,
        charge.event_id,
        charge.transaction_id,
        charge.wallet_id,
        charge.amount.amount,
        str(charge.amount.asset),
        work.now,
    )
    return (*row, work.digest(*map(canonical, row)))


KEYS = ("project_id", "event_id")
NAMES = (*KEYS, "transaction_id", "wallet_id", "amount", "asset", "charged_at", "digest")
FIND: Step[tuple[str, int], Charge | None] = Step(Order.LOOK + 2, _find)
"""Return what an event, of such a quantity, was charged, or None while it is not."""
CLAIM: Step[Charge, None] = Step(Order.WRITE + 2, _claim)
"""Write that the event is charged. On Postgres this waits for a unit that charges it too."""
