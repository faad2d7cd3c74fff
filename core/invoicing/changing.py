"""Draw up invoices, and keep what changes of them. Every change is guarded by the version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update

from core import coupons, parties
from core.bills import (
    Invoice,
    InvoiceCurrencyDiffers,
    InvoiceNotInState,
    InvoiceReferenceTaken,
    Line,
    State,
    writing,
)
from core.db.sets import insert_rows
from core.db.together import Order, Step
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.invoicing import events, finding, tables
from core.invoicing.finding import FIGURES
from core.kernel.money import Asset

ENTITY = "default"
"""Who issues invoices, where nobody says another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is asked to be billed to the unit's project. Lines get ids of their own."""

    reference: str
    """What it bills, once for ever: `sub_…:2026-11-01:renewal`."""
    asset: Asset
    lines: Sequence[Line] = ()
    discounts: Sequence[coupons.Discount] = ()
    entity_key: str = ENTITY
    memo: str | None = None
    subscription_id: str | None = None


async def draft(work: Work, bill: Bill) -> Invoice:
    """Draw up an invoice; nothing is booked and no number is given.

    The same bill again is answered with the first. Raises InvoiceReferenceTaken for another one
    under its reference, InvoiceCurrencyDiffers and LegalEntityNotFound.
    """
    await parties.entity(work, bill.entity_key)
    invoice = drawn(work, bill, work.ids.new("invc"))
    if not await insert_if_absent(work, tables.invoices, _row(invoice)):
        return await _first(work, invoice)
    work.record("created", invoice.id)
    await events.tell(work, events.CREATED, invoice)
    return invoice


def drawn(work: Work, bill: Bill, invoice_id: str) -> Invoice:
    """Return the draft of a bill, which is written nowhere. Raises InvoiceCurrencyDiffers."""
    _require_currency(bill.asset, bill.lines)
    return Invoice(
        project_id=work.project_id,
        id=invoice_id,
        reference=bill.reference,
        entity_key=bill.entity_key,
        asset=bill.asset,
        state=State.DRAFT,
        version=1,
        lines=named(work, bill.lines),
        discounts=tuple(bill.discounts),
        memo=bill.memo,
        subscription_id=bill.subscription_id,
        created_at=work.now,
    )


async def write(work: Work, invoice: Invoice) -> None:
    """Insert an invoice that was issued at once, with all that are issued in the unit."""
    await work.leave(WRITE, _row(invoice))


async def _write(items: Sequence[tuple[Work, Mapping[str, Any]]]) -> list[None]:
    rows = [tuple(row[name] for name in NAMES) for _, row in items]
    await insert_rows(items[0][0], tables.invoices, NAMES, rows)
    return [None] * len(items)


NAMES = tuple(column.name for column in tables.invoices.columns)
WRITE: Step[Mapping[str, Any], None] = Step(Order.TELL - 5, _write)


async def revise(
    work: Work,
    invoice_id: str,
    *,
    version: int | None,
    lines: Sequence[Line],
    **other: Any,
) -> Invoice:
    """Give a draft other lines, and another `memo` or other `discounts` where they are named.

    Raises InvoiceNotInState for what was issued.
    """
    before = await finding.find(work, invoice_id, lock=True, version=version)
    if before.state is not State.DRAFT:
        raise InvoiceNotInState(invoice_id, str(before.state), "update", str(State.DRAFT))
    _require_currency(before.asset, lines)
    after = replace(before, lines=named(work, lines), **other)
    return await keep(work, before, after, events.UPDATED)


def named(work: Work, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Give each line an id of its own, unless it has one."""
    return tuple(replace(each, id=each.id or work.ids.new("lin")) for each in lines)


async def keep(
    work: Work, before: Invoice, after: Invoice, happened: str | None = None, **more: Any
) -> Invoice:
    """Write what became of an invoice that this unit has locked."""
    after = replace(after, version=before.version + 1)
    i = tables.invoices.c
    this = update(tables.invoices).where(
        i.project_id == work.project_id,
        i.id == before.id,
        i.version == before.version,
        i.state == str(before.state),
    )
    written = await work.execute(this.values(_row(after)))
    assert written.rowcount == 1, "the invoice is locked"
    work.record("changed", after.id)
    if happened:
        await events.tell(work, happened, after, **more)
    return after


async def _first(work: Work, invoice: Invoice) -> Invoice:
    first = await finding.by_reference(work, invoice.reference)
    assert first, "its reference is taken"
    if (first.asset, _content(first)) != (invoice.asset, _content(invoice)):
        raise InvoiceReferenceTaken(invoice.reference, first.id)
    return first


def _content(invoice: Invoice) -> tuple[Sequence[Line], Sequence[coupons.Discount]]:
    return [replace(each, id="") for each in invoice.lines], list(invoice.discounts)


def _require_currency(asset: Asset, lines: Sequence[Line]) -> None:
    for n, line in enumerate(lines):
        if line.amount.asset != asset:
            field = f"lines.{n}.amount"
            raise InvoiceCurrencyDiffers(field, str(line.amount.asset), str(asset))


def _row(invoice: Invoice) -> Mapping[str, Any]:
    kept = (
        *("project_id", "id", "reference", "entity_key", "version", "number", "memo"),
        "subscription_id",
        *("created_at", "finalized_at", "due_at", "paid_at", "voided_at", "given_up_at"),
    )
    values = {name: getattr(invoice, name) for name in kept}
    values |= {each: getattr(invoice.figures, each) for each in FIGURES}
    return values | {
        "asset": str(invoice.asset),
        "state": str(invoice.state),
        "content": writing.content(invoice.lines, invoice.discounts),
    }
