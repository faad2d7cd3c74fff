"""Keep what is billed, once for each period and reason, and note what is paid of it.

The row is what makes it once: who comes second with the same key writes nothing, uses up no
discount and tells nobody. What is owed has its invoice in the same unit, under an id that the row
has from the first; who is to pay it, and the taxes on it, are the invoice's. Without anybody who
issues invoices a bill waits (`waiting.py`); what is below zero is given back (`returning.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update

from core import coupons, messaging
from core.db.sets import insert_new_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.dues import invoicing_bills, keeping, returning, tables
from core.dues.keeping import Standing
from core.kernel.errors import EngineError, Kind
from core.kernel.money import Asset, Money
from core.lifecycles import Bill, Subscription, less_kept, write_lines

BILLED = "subscription.billed"
NOTHING, RETURNED, NO_ENTITY = "nothing", "returned", "no_entity"
"""Why a bill has no invoice: it has no line, it gives something back, or nobody issues any."""
PROVIDER = "provider"
"""The payment provider has billed it, with an invoice of its own."""


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
    without_invoice: str | None
    """Why there is none."""
    created_at: datetime
    failed_at: datetime | None
    paid_at: datetime | None
    written_off_at: datetime | None
    """Nobody owes it any more, and nobody paid it: its invoice is void, or was credited whole."""


@dataclass(eq=False)
class BillNotFound(EngineError):
    """There is no bill {bill_id}."""

    code = "bill_not_found"
    kind = Kind.NOT_FOUND
    bill_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A bill that was kept just now, and what is still to be done about it."""

    billed: Billed
    bill: Bill
    has: Standing


async def keep(work: Work, of: Subscription, bill: Bill) -> Kept | None:
    """Keep a bill of the unit's project; None where this period was billed for this before.

    What was kept of earlier bills is taken off. `settle` it afterwards, in the same unit.
    """
    has = await keeping.standing(work, bill.asset)
    whole, bill = bill, less_kept(bill, has.amount)
    why_not = await _why_not(work, bill)
    named = {"invoice_id": None if why_not else work.ids.new("invc"), "without_invoice": why_not}
    row = _row(work, of, bill) | named
    if not await work.together(KEEP, row):
        return None
    if less := whole.total.amount - bill.total.amount:
        await keeping.use_kept(work, has, less)
    billed = billed_of(row)
    await messaging.publish(work, BILLED, of.id, facts_of(billed))
    return Kept(billed, bill, has)


async def keep_paid(work: Work, of: Subscription, bill: Bill, bill_id: str) -> Billed | None:
    """Keep what the provider billed and was paid; None where it was kept before under this id."""
    row = _row(work, of, bill) | {"id": bill_id, "without_invoice": PROVIDER, "paid_at": work.now}
    if not await work.together(KEEP, row):
        return None
    billed = billed_of(row)
    await messaging.publish(work, BILLED, of.id, facts_of(billed))
    return billed


def _row(work: Work, of: Subscription, bill: Bill) -> dict[str, Any]:
    return {
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
        "invoice_id": None,
        "without_invoice": None,
        "created_at": work.now,
        "failed_at": None,
        "paid_at": None if bill.is_owed else work.now,
        "written_off_at": None,
    }


async def _why_not(work: Work, bill: Bill) -> str | None:
    if not bill.lines:
        return NOTHING
    if bill.total.amount < 0:
        return RETURNED
    return None if await invoicing_bills.issuer(work) else NO_ENTITY


async def settle(work: Work, of: Subscription, kept: Kept) -> None:
    """Have the bill invoiced, or given back. Last: its number is waited for by others."""
    billed, bill = kept.billed, kept.bill
    if billed.invoice_id:
        owed = invoicing_bills.Owed(of, billed.id, billed.invoice_id)
        await invoicing_bills.invoice(work, owed, bill, wallet_ids=kept.has.wallet_ids)
        return
    # An invoice uses its discounts up by itself; here nobody else does.
    for taken in bill.taken:
        await coupons.consume(work, taken.discount_id, period=billed.id, amount=taken.amount)
    if billed.without_invoice == RETURNED:
        charged = await _charged(work, billed)
        reason = f"Given back of {of.choice.plan_key}"
        await returning.give_back(work, billed.id, -billed.total, charged, reason=reason)


async def drop(work: Work, of: Subscription, why: str | None) -> None:
    """Write off what is owed for a subscription that never began, and take its invoice back."""
    b = tables.bills.c
    for each in await _those(work, b.subscription_id == of.id, *_owed()):
        is_first = each.period_start_at == of.period_start_at
        if is_first and await mark(work, each.id, written_off_at=work.now) and each.invoice_id:
            await returning.take_back(work, each.invoice_id, reason=why or "It never began")


async def _charged(work: Work, back: Billed) -> list[returning.Charged]:
    """Return what was billed for the period that is given back, the newest first."""
    found: list[returning.Charged] = []
    for each in reversed(await of_subscription(work, back.subscription_id)):
        is_usage = each.reason.startswith("usage:")
        if each.id == back.id or each.total.amount <= 0 or is_usage:
            continue
        waived = each.written_off_at is not None
        found.append(
            returning.Charged(total=each.total.amount, invoice_id=each.invoice_id, is_waived=waived)
        )
        if {line["kind"] for line in each.lines} & {"recurring", "trial"}:
            break
    return found


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


async def bill_of(work: Work, invoice_id: str) -> Billed | None:
    """Return the bill that an invoice of the unit's project is of, or None."""
    found = await _those(work, tables.bills.c.invoice_id == invoice_id)
    return found[0] if found else None


async def has_failed(work: Work, subscription_id: str) -> bool:
    """Tell whether a bill of it is owed whose payment failed."""
    b = tables.bills.c
    this = b.subscription_id == subscription_id, b.failed_at.is_not(None), *_owed()
    return bool(await _those(work, *this))


async def mark(work: Work, bill_id: str, **values: Any) -> bool:
    """Note what became of a bill that is owed. False when it is paid, or written off, already."""
    b = tables.bills.c
    this = b.project_id == work.project_id, b.id == bill_id, *_owed()
    return (await work.execute(update(tables.bills).where(*this).values(values))).rowcount == 1


def _owed() -> tuple[ColumnElement[bool], ...]:
    b = tables.bills.c
    return b.paid_at.is_(None), b.written_off_at.is_(None)


def facts_of(billed: Billed) -> dict[str, Any]:
    return {
        "bill_id": billed.id,
        "invoice_id": billed.invoice_id,
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
    return [billed_of(row) for row in (await work.execute(query)).mappings()]


def billed_of(row: Any) -> Billed:
    credits = row["credits"]
    plain = {name: row[name] for name in _PLAIN}
    return Billed(
        total=Money(row["total"], Asset.parse(row["asset"])),
        credits=Money(credits, Asset.parse(row["credits_asset"])) if credits else None,
        **plain,
    )


_PLAIN = (
    *("project_id", "subscription_id", "id", "reason", "period_start_at", "period_end_at"),
    *("lines", "credits_until", "invoice_id", "without_invoice", "created_at", "failed_at"),
    *("paid_at", "written_off_at"),
)


async def _keep(items: Sequence[tuple[Work, Mapping[str, Any]]]) -> list[bool]:
    """Insert the bills of a unit. Two of one key, or one that is there, are not both new."""
    key = ("project_id", "subscription_id", "period_start_at", "reason")
    rows = sorted((tuple(row[name] for name in NAMES) for _, row in items), key=lambda r: r[:3])
    new = await insert_new_rows(items[0][0], tables.bills, NAMES, rows, returning=("id",))
    ids = {row[0] for row in new}
    assert NAMES[:4] == key, "rows are sent in the order of their keys"
    return [row["id"] in ids for _, row in items]


NAMES = tuple(column.name for column in tables.bills.columns)
KEEP: Step[Mapping[str, Any], bool] = Step(Order.LOOK + 12, _keep)
