"""Find attempts of the unit's project, and change those that are not over."""

from typing import Any

from sqlalchemy import func, insert, select, update

from core import invoicing
from core.collecting.model import Attempt, State
from core.collecting.tables import attempts
from core.db.work import Work
from core.kernel.ids import renamed
from core.kernel.money import Asset, Money


async def find(work: Work, attempt_id: str) -> Attempt:
    """Find an attempt of the unit's project: whoever asks has its id from its own row."""
    [found] = await _those(work, attempts.c.id == attempt_id)
    return found


async def held(work: Work, attempt_id: str) -> tuple[invoicing.Invoice, Attempt]:
    """Lock the invoice of an attempt, and return both as they are then.

    Whoever begins, ends or changes an attempt holds its invoice, so one after the other does.
    """
    invoice_id = (await find(work, attempt_id)).invoice_id
    invoice = await invoicing.find(work, invoice_id, lock=True)
    return invoice, await find(work, attempt_id)


async def of_source(work: Work, source_id: str) -> Attempt | None:
    """Return the attempt that a payment is of: its own, or that of its page."""
    a = attempts.c
    column = a.checkout_id if source_id.startswith("chk_") else a.id
    found = await _those(work, column == source_id)
    return found[0] if found else None


async def open_of(work: Work, invoice_id: str) -> Attempt | None:
    """Return the attempt of an invoice that is not over; there is one at most."""
    a = attempts.c
    found = await _those(work, a.invoice_id == invoice_id, a.closed_at.is_(None))
    return found[0] if found else None


async def list_before(
    work: Work, before: str | None, limit: int, *, invoice_id: str | None, state: str | None
) -> list[Attempt]:
    """Return the project's attempts, the newest first."""
    a = attempts.c
    query = select(attempts).where(a.project_id == work.project_id).order_by(a.id.desc())
    for column, value in ((a.invoice_id, invoice_id), (a.state, state)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(a.id < before)
    return [_attempt(row) for row in (await work.execute(query.limit(limit))).mappings()]


def new_id(work: Work) -> str:
    """Make an id of the same space as checkouts have: both name a payment by these bits."""
    return renamed(work.ids.new("chk"), "col")


async def write(work: Work, invoice: invoicing.Invoice, attempt_id: str, **values: Any) -> Attempt:
    """Write an attempt down. The unit holds the invoice, of which none is open."""
    a = attempts.c
    this = a.project_id == work.project_id, a.invoice_id == invoice.id
    last = (await work.execute(select(func.max(a.turn)).where(*this))).scalar() or 0
    row = {
        "project_id": work.project_id,
        "id": attempt_id,
        "invoice_id": invoice.id,
        "turn": last + 1,
        "amount": invoice.figures.due,
        "currency": str(invoice.asset),
        "created_by": work.caller.subject[:160],
        "began_at": work.now,
    }
    await work.execute(insert(attempts), row | values)
    return await find(work, attempt_id)


async def change(work: Work, attempt: Attempt, state: State, **values: Any) -> bool:
    """Change an attempt that is not over. False when it is; but what is paid after all is paid."""
    a = attempts.c
    this = [a.project_id == attempt.project_id, a.id == attempt.id]
    is_paid = state is State.SUCCEEDED
    this += [a.state != str(state)] if is_paid else [a.closed_at.is_(None)]
    done = await work.execute(update(attempts).where(*this).values(state=str(state), **values))
    if done.rowcount == 1:
        work.record(str(state), attempt.id)
    return done.rowcount == 1


async def _those(work: Work, *these: Any) -> list[Attempt]:
    a = attempts.c
    query = select(attempts).where(a.project_id == work.project_id, *these)
    return [_attempt(row) for row in (await work.execute(query)).mappings()]


def _attempt(row: Any) -> Attempt:
    fields = dict(row)
    amount = Money(fields.pop("amount"), Asset.parse(fields.pop("currency")))
    return Attempt(**fields | {"amount": amount, "state": State(row["state"])})
