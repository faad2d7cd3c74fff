"""Book what invoices and credit notes say: what is owed, what is earned, what is owed in taxes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import ledger
from core.bills import Earning, Invoice, Moved, Totals, begun, changed
from core.db.sets import insert_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.invoicing import tables
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.ledger import AccountRole

INVOICE, NOTE, VOID = "invoice", "credit_note", "invoice_void"
APPLIED, PAID, GIVEN, EARNED = "invoice_credits", "invoice_paid", "credit_given", "earned"
RETURNED = "invoice_returned"
OFTEN = timedelta(days=1)
"""What is deferred is earned a day at a time: nobody reports by the hour."""


def drawn(
    work: Work,
    kind: str,
    reference: str,
    asset: Asset,
    *,
    moves: Iterable[tuple[str, int]],
    memo: str,
) -> ledger.Transaction | None:
    """Draw a transaction of what is moved on accounts, or none where nothing is.

    Amounts are debits; below zero they are credits. Each account is named once.
    """
    sums: dict[str, int] = {}
    for account, amount in moves:
        sums[account] = sums.get(account, 0) + amount
    entries = tuple(
        ledger.Entry(account, Money(amount, asset)) for account, amount in sums.items() if amount
    )
    if not entries:
        return None
    return ledger.Transaction(
        project_id=work.project_id,
        id=work.ids.new("txn"),
        kind=kind,
        reference=reference,
        entries=entries,
        memo=memo,
        invocation_id=work.invocation_id,
        terms=ledger.Terms(kind),
    )


def operator(work: Work, role: AccountRole, asset: Asset) -> str:
    return ledger.operator_account(work.project_id, role, asset)


def owed(work: Work, asset: Asset, moved: Moved, tax: int) -> list[tuple[str, int]]:
    """Return the entries of so much more revenue, deferred revenue and tax, all of it owed."""
    total = moved.revenue + moved.deferred + tax
    return [
        (operator(work, AccountRole.RECEIVABLE, asset), total),
        (operator(work, AccountRole.REVENUE, asset), -moved.revenue),
        (operator(work, AccountRole.DEFERRED, asset), -moved.deferred),
        (operator(work, AccountRole.TAX, asset), -tax),
    ]


# -- What is earned, and what is not yet -----------------------------------------------------------


async def begin_earning(work: Work, invoice: Invoice, totals: Totals) -> Moved:
    """Write how much of each line is earned on the day it is issued."""
    earnings = [
        begun(each.line.id, each.net, each.line.period, work.now)
        for each in totals.lines
        if each.net
    ]
    await work.leave(BEGIN, [_row(work, invoice, each) for each in earnings])
    return Moved(sum(e.recognized for e in earnings), sum(e.deferred for e in earnings))


async def _begin(items: Sequence[tuple[Work, Sequence[dict[str, Any]]]]) -> list[None]:
    rows = [tuple(row[name] for name in NAMES) for _, own in items for row in own]
    await insert_rows(items[0][0], tables.earnings, NAMES, rows)
    return [None] * len(items)


NAMES = tuple(column.name for column in tables.earnings.columns)
BEGIN: Step[Sequence[dict[str, Any]], None] = Step(Order.TELL - 4, _begin)


async def change_earning(work: Work, invoice: Invoice, less: Sequence[tuple[str, int]]) -> Moved:
    """Take so much off lines, and return what that moves: earned or not, as of this instant."""
    found = {each.line_id: each for each in await earnings(work, invoice.id)}
    revenue = deferred = 0
    for line_id, amount in less:
        if not amount:
            continue
        before = found[line_id]
        after, moved = changed(before, before.net - amount, work.now)
        revenue, deferred = revenue + moved.revenue, deferred + moved.deferred
        await keep_earning(work, invoice, after)
    return Moved(revenue, deferred)


async def keep_earning(work: Work, invoice: Invoice, after: Earning) -> None:
    e = tables.earnings.c
    row = _row(work, invoice, after)
    this = update(tables.earnings).where(
        e.project_id == work.project_id,
        e.invoice_id == invoice.id,
        e.line_id == after.line_id,
    )
    values = {name: row[name] for name in ("net", "recognized", "next_at")}
    await work.execute(this.values(values))


async def earnings(work: Work, invoice_id: str) -> list[Earning]:
    """Return what is earned of each line of an invoice that this unit has locked."""
    e = tables.earnings.c
    query = select(tables.earnings).where(
        e.project_id == work.project_id, e.invoice_id == invoice_id
    )
    return [
        Earning(
            line_id=row.line_id,
            net=row.net,
            recognized=row.recognized,
            period=Period(row.start_at, row.end_at) if row.start_at else None,
        )
        for row in await work.execute(query)
    ]


def _row(work: Work, invoice: Invoice, earning: Earning) -> dict[str, Any]:
    period = earning.period
    next_at = None
    if earning.deferred and period:
        next_at = min(max(work.now, period.start_at) + OFTEN, period.end_at)
    return {
        "project_id": work.project_id,
        "invoice_id": invoice.id,
        "line_id": earning.line_id,
        "asset": str(invoice.asset),
        "net": earning.net,
        "recognized": earning.recognized,
        "start_at": period and period.start_at,
        "end_at": period and period.end_at,
        "next_at": next_at,
    }
