"""Find refunds and disputes: of the unit's project, or by the provider's name for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, select

from core.db.work import Work
from core.kernel.money import Asset, Money
from core.settling.errors import DisputeNotFound, RefundNotFound
from core.settling.model import Dispute, Refund, RefundState, Share
from core.settling.tables import disputes, refunds


async def find_refund(work: Work, refund_id: str) -> Refund:
    """Find a refund of the unit's project. Raises RefundNotFound."""
    r = refunds.c
    query = select(refunds).where(r.project_id == work.project_id, r.id == refund_id)
    row = (await work.execute(query)).mappings().first()
    if row is None:
        raise RefundNotFound(refund_id)
    return _refund(row)


async def find_dispute(work: Work, dispute_id: str) -> Dispute:
    """Find a dispute of the unit's project. Raises DisputeNotFound."""
    d = disputes.c
    query = select(disputes).where(d.project_id == work.project_id, d.id == dispute_id)
    row = (await work.execute(query)).mappings().first()
    if row is None:
        raise DisputeNotFound(dispute_id)
    return _dispute(row)


async def refunds_of(work: Work, payment_id: str) -> list[Refund]:
    """Return every refund of a payment of the unit's project, the oldest first."""
    r = refunds.c
    query = select(refunds).where(r.project_id == work.project_id, r.payment_id == payment_id)
    return [_refund(row) for row in (await work.execute(query.order_by(r.id))).mappings()]


async def disputes_of(work: Work, payment_id: str) -> list[Dispute]:
    """Return every dispute of a payment of the unit's project."""
    d = disputes.c
    query = select(disputes).where(d.project_id == work.project_id, d.payment_id == payment_id)
    return [_dispute(row) for row in (await work.execute(query.order_by(d.id))).mappings()]


async def refund_called(work: Work, external_id: str) -> Refund | None:
    """Find the refund that the provider calls so, of whichever project."""
    found = (await work.execute(_called(refunds, external_id))).mappings().first()
    return _refund(found) if found else None


async def dispute_called(work: Work, external_id: str) -> Dispute | None:
    """Find the dispute that the provider calls so, of whichever project."""
    found = (await work.execute(_called(disputes, external_id))).mappings().first()
    return _dispute(found) if found else None


async def list_refunds_before(
    work: Work, before: str | None, limit: int, *, payment_id: str | None
) -> list[Refund]:
    """Return the project's refunds, the newest first."""
    return [_refund(row) for row in await _before(work, refunds, before, limit, payment_id)]


async def list_disputes_before(
    work: Work, before: str | None, limit: int, *, payment_id: str | None
) -> list[Dispute]:
    """Return the project's disputes, the newest first."""
    return [_dispute(row) for row in await _before(work, disputes, before, limit, payment_id)]


async def refunds_made_in(work: Work, start: datetime, end: datetime) -> list[Refund]:
    """Return the refunds of that time, of every project: the provider's lists span them, too."""
    r = refunds.c
    query = select(refunds).where(r.created_at >= start, r.created_at < end).order_by(r.id)
    return [_refund(row) for row in (await work.execute(query)).mappings()]


async def disputes_made_in(work: Work, start: datetime, end: datetime) -> list[Dispute]:
    """Return the disputes of that time, of every project."""
    d = disputes.c
    query = select(disputes).where(d.created_at >= start, d.created_at < end).order_by(d.id)
    return [_dispute(row) for row in (await work.execute(query)).mappings()]


def _called(table: Table, external_id: str) -> Any:
    return select(table).where(table.c.external_id == external_id)


async def _before(
    work: Work, table: Table, before: str | None, limit: int, payment_id: str | None
) -> Any:
    c = table.c
    query = select(table).where(c.project_id == work.project_id).order_by(c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(c.id < before)
    if payment_id is not None:
        query = query.where(c.payment_id == payment_id)
    return (await work.execute(query)).mappings()


def _refund(row: Any) -> Refund:
    return Refund(**_read(row), state=RefundState(row["state"]))


def _dispute(row: Any) -> Dispute:
    return Dispute(**_read(row), state=row["state"])


_READ = {"asset", "state", "credits_due", "bonus_due", "credits_taken", "bonus_taken"}


def _read(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _READ} | {
        "amount": Money(row["amount"], Asset.parse(row["asset"])),
        "due": Share(row["credits_due"], row["bonus_due"]),
        "taken": Share(row["credits_taken"], row["bonus_taken"]),
    }
