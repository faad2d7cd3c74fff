"""Rows of what runs, what waits and what was billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from core.arrears import tables
from core.arrears.model import Kind, Usage, read, write
from core.db.upsert import upsert
from core.db.work import Work, canonical
from core.invoicing import Line
from core.kernel.money import Asset

WAITING, BILLED, CLOSED = "waiting", "billed", "closed"


@dataclass(frozen=True, slots=True)
class Sum:
    """What was billed so far of one item in one part of a period."""

    amount: int
    quantity: str
    """As much as had been used when it was billed last."""
    count: int
    invoices: tuple[str, ...] = ()


# -- What runs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    usage: Usage
    invoices: int
    next_look_at: datetime | None


async def run_of(work: Work, subscription_id: str, *, lock: bool = False) -> Run | None:
    """Return the usage of a subscription's period that is not over."""
    r = tables.runs.c
    query = select(tables.runs).where(
        r.project_id == work.project_id, r.subscription_id == subscription_id
    )
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        return None
    usage = read(row.subscription_id, row.asset, row.written)
    return Run(usage, row.invoices, row.next_look_at)


async def keep_run(work: Work, run: Run) -> None:
    usage = run.usage
    row = {
        "project_id": work.project_id,
        "subscription_id": usage.subscription_id,
        "plan_key": usage.parts[-1].held.plan_key,
        "asset": str(usage.asset),
        "start_at": usage.start_at,
        "written": write(usage),
        "invoices": run.invoices,
        "next_look_at": run.next_look_at,
    }
    await upsert(work, tables.runs, row, key=("project_id", "subscription_id"))


async def drop_run(work: Work, subscription_id: str) -> None:
    r = tables.runs.c
    this = r.project_id == work.project_id, r.subscription_id == subscription_id
    await work.execute(delete(tables.runs).where(*this))


# -- What waits, or was billed ---------------------------------------------------------------------


async def billed_periods(work: Work, subscription_id: str) -> list[Usage]:
    """Return the periods of a subscription that were billed, and may have late usage."""
    p = tables.periods.c
    query = (
        select(p.subscription_id, p.asset, p.written)
        .where(
            p.project_id == work.project_id,
            p.subscription_id == subscription_id,
            p.state == BILLED,
        )
        .order_by(p.start_at)
    )
    found = await work.execute(query)
    return [read(row.subscription_id, row.asset, row.written) for row in found]


async def lock_periods(work: Work, subscription_id: str) -> Sequence[Any]:
    """Lock all periods of a subscription that are not closed, the oldest first.

    Who bills one of them bills what is late of the others, too: so one at a time.
    """
    p = tables.periods.c
    query = (
        select(tables.periods)
        .where(
            p.project_id == work.project_id,
            p.subscription_id == subscription_id,
            p.state != CLOSED,
        )
        .order_by(p.start_at)
        .with_for_update()
    )
    return (await work.execute(query)).all()


# -- What was billed -------------------------------------------------------------------------------


async def sums(work: Work, usage: Usage) -> dict[tuple[datetime, str], Sum]:
    """Return what was billed of each part and item so far."""
    b = tables.billed.c
    query = (
        select(b.start_at, b.item_key, b.sequence, b.amount, b.quantity, b.invoice_id)
        .where(
            b.project_id == work.project_id,
            b.subscription_id == usage.subscription_id,
            b.start_at.in_([each.start_at for each in usage.parts]),
        )
        .order_by(b.start_at, b.item_key, b.sequence)
    )
    found: dict[tuple[datetime, str], Sum] = {}
    for row in await work.execute(query):
        key = row.start_at, row.item_key
        before = found.get(key, Sum(0, "0", 0))
        invoices = dict.fromkeys([*before.invoices, row.invoice_id])
        amount = before.amount + row.amount
        found[key] = Sum(amount, row.quantity, before.count + 1, tuple(invoices))
    return found


async def note(
    work: Work,
    lines: Sequence[Line],
    invoice_id: str,
    *,
    period_start_at: datetime | None = None,
) -> None:
    """Write down what was billed: a row for each line of ours that an invoice was issued with."""
    for line in lines:
        told = line.explanation
        start_at = datetime.fromisoformat(told["start_at"])
        await _insert(
            work,
            {
                "project_id": work.project_id,
                "subscription_id": told["subscription_id"],
                "start_at": start_at,
                "item_key": told["item"],
                "sequence": await _next(work, told["subscription_id"], start_at, told["item"]),
                "period_start_at": period_start_at or start_at,
                "end_at": datetime.fromisoformat(told["end_at"]),
                "meter_key": told["meter"],
                "kind": told["kind"],
                "quantity": told["quantity"][:60],
                "amount": line.amount.amount,
                "asset": str(line.amount.asset),
                "invoice_id": invoice_id,
                "line_id": line.id,
                "billed_at": work.now,
            },
        )


async def is_noted(work: Work, invoice_id: str) -> bool:
    b = tables.billed.c
    this = b.project_id == work.project_id, b.invoice_id == invoice_id
    query = select(b.line_id).where(*this, b.kind != str(Kind.NOTE)).limit(1)
    return (await work.execute(query)).first() is not None


async def issued_with(
    work: Work, usage: Usage, key: tuple[datetime, str]
) -> Sequence[tuple[str, str, int]]:
    """Return the lines with which an item of a part was billed: invoice, line and amount."""
    b = tables.billed.c
    query = (
        select(b.invoice_id, b.line_id, b.amount)
        .where(
            b.project_id == work.project_id,
            b.subscription_id == usage.subscription_id,
            b.start_at == key[0],
            b.item_key == key[1],
            b.kind != str(Kind.NOTE),
            b.amount > 0,
        )
        .order_by(b.sequence.desc())
    )
    return [tuple(row) for row in await work.execute(query)]


async def _next(work: Work, subscription_id: str, start_at: datetime, item_key: str) -> int:
    b = tables.billed.c
    query = select(func.count()).where(
        b.project_id == work.project_id,
        b.subscription_id == subscription_id,
        b.start_at == start_at,
        b.item_key == item_key,
    )
    return int((await work.execute(query)).scalar_one())


async def _insert(work: Work, row: dict[str, Any]) -> None:
    row["digest"] = work.digest(*map(canonical, row.values()))
    await work.execute(insert(tables.billed), row)


def asset_of(row: Any) -> Asset:
    return Asset.parse(row.asset)
