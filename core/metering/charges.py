"""The record of which usage was charged: the rows that make "at most once, ever" true."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.db.upsert import insert_if_absent
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


async def claim(work: Work, charge: Charge) -> bool:
    """Write that the event is charged, or return False because it was charged before.

    On Postgres this waits for a unit that is charging the same event, and then knows.
    """
    row: dict[str, Any] = {
        "project_id": work.project_id,
        "event_id": charge.event_id,
        "transaction_id": charge.transaction_id,
        "wallet_id": charge.wallet_id,
        "amount": charge.amount.amount,
        "asset": str(charge.amount.asset),
        "charged_at": work.now,
    }
    row |= {"digest": work.digest(*map(canonical, row.values()))}
    return await insert_if_absent(work, tables.charges, row)


async def find(work: Work, event_id: str) -> Charge | None:
    """Return what the event was charged, or None while it is not."""
    c, e = tables.charges.c, tables.events.c
    query = (
        select(c.event_id, c.transaction_id, c.wallet_id, c.amount, c.asset, e.quantity)
        .join(tables.events, (e.project_id == c.project_id) & (e.event_id == c.event_id))
        .where(c.project_id == work.project_id, c.event_id == event_id)
    )
    row = (await work.execute(query)).first()
    return row and Charge(
        event_id=row.event_id,
        quantity=row.quantity,
        amount=Money(row.amount, Asset.parse(row.asset)),
        wallet_id=row.wallet_id,
        transaction_id=row.transaction_id,
    )
