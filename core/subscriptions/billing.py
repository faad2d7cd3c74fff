"""Keep what is billed, once for each period and reason, and note what is paid of it.

The row is what makes it once: who comes second with the same key writes nothing, uses up no
discount and tells nobody. What is nothing, or given back, is not waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update

from core import coupons, messaging
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.errors import EngineError, Kind
from core.kernel.money import Asset, Money
from core.lifecycles import Bill, Subscription, write_lines
from core.subscriptions import events, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A bill as it is kept."""

    project_id: str
    subscription_id: str
    id: str
    reason: str
    period_start_at: datetime
    period_end_at: datetime
    total: Money
    lines: list[Mapping[str, Any]]
    credits: Money | None
    credits_until: datetime | None
    invoice_id: str | None
    created_at: datetime
    failed_at: datetime | None
    paid_at: datetime | None


@dataclass(eq=False)
class BillNotFound(EngineError):
    """There is no bill {bill_id}."""

    code = "bill_not_found"
    kind = Kind.NOT_FOUND
    bill_id: str


async def keep(work: Work, of: Subscription, bill: Bill) -> Billed | None:
    """Keep a bill of the unit's project; None where this period was billed for this before."""
    row: dict[str, Any] = {
        "project_id": work.project_id,
        "subscription_id": of.id,
        "period_start_at": bill.period.start_at,
        "reason": bill.reason,
        "id": work.ids.new("bil"),
        "period_end_at": bill.period.end_at,
        "asset": str(bill.asset),
        "total": bill.total.amount,
        "lines": write_lines(bill),
        "credits": bill.credits.amount if bill.credits else None,
        "credits_asset": str(bill.credits.asset) if bill.credits else None,
        "credits_until": bill.credits_until,
        "created_at": work.now,
        "paid_at": None if bill.is_owed else work.now,
    }
    if not await insert_if_absent(work, tables.bills, row):
        return None
    for taken in bill.taken:
        period = f"{of.id}:{bill.period.start_at.isoformat()}:{bill.reason}"
        await coupons.consume(work, taken.discount_id, period=period, amount=taken.amount)
    billed = _billed(row | {"invoice_id": None, "failed_at": None})
    await messaging.publish(work, events.BILLED, of.id, facts_of(billed))
    return billed


async def find(work: Work, bill_id: str) -> Billed:
    """Find a bill of the unit's project. Raises BillNotFound."""
    b = tables.bills.c
    found = await _those(work, b.id == bill_id)
    if not found:
        raise BillNotFound(bill_id)
    return found[0]


async def of_subscription(work: Work, subscription_id: str) -> list[Billed]:
    """Return what was billed for a subscription, the oldest first."""
    return await _those(work, tables.bills.c.subscription_id == subscription_id)


async def has_failed(work: Work, subscription_id: str) -> bool:
    """Tell whether a bill of it is owed whose payment failed."""
    b = tables.bills.c
    failed = await _those(
        work, b.subscription_id == subscription_id, b.failed_at.is_not(None), b.paid_at.is_(None)
    )
    return bool(failed)


async def mark(work: Work, bill_id: str, **values: datetime) -> bool:
    """Note what became of a bill that is owed. False when it is paid already."""
    b = tables.bills.c
    this = b.project_id == work.project_id, b.id == bill_id, b.paid_at.is_(None)
    return (await work.execute(update(tables.bills).where(*this).values(values))).rowcount == 1


def facts_of(billed: Billed) -> dict[str, Any]:
    return {
        "bill_id": billed.id,
        "reason": billed.reason,
        "period_start_at": billed.period_start_at.isoformat(),
        "period_end_at": billed.period_end_at.isoformat(),
        "total": billed.total.decimal,
        "currency": str(billed.total.asset),
        "is_paid": billed.paid_at is not None,
    }


async def _those(work: Work, *these: ColumnElement[bool]) -> list[Billed]:
    b = tables.bills.c
    query = select(tables.bills).where(b.project_id == work.project_id, *these).order_by(b.id)
    return [_billed(row) for row in (await work.execute(query)).mappings()]


def _billed(row: Any) -> Billed:
    credits = row["credits"]
    plain = {name: row[name] for name in _PLAIN}
    return Billed(
        total=Money(row["total"], Asset.parse(row["asset"])),
        credits=Money(credits, Asset.parse(row["credits_asset"])) if credits else None,
        **plain,
    )


_PLAIN = (
    *("project_id", "subscription_id", "id", "reason", "period_start_at", "period_end_at"),
    *("lines", "credits_until", "invoice_id", "created_at", "failed_at", "paid_at"),
)
