"""What stands above needs of payments: note what went back of one, and tell which succeeded."""

from datetime import datetime

from sqlalchemy import select, update

from core.db.work import Work
from core.kernel.money import Money
from core.payments import tables


async def note_returned(work: Work, payment_id: str, *, refunded: Money, disputed: Money) -> None:
    """Store how much of a payment of the unit's project is refunded, and how much disputed.

    The payment must be locked by the unit, because both are sums of what the caller has read.
    """
    p = tables.payments.c
    this = update(tables.payments).where(p.project_id == work.project_id, p.id == payment_id)
    await work.execute(this.values(refunded=refunded.amount, disputed=disputed.amount))


async def succeeded_in(work: Work, start: datetime, end: datetime) -> list[tuple[str, str, str]]:
    """Return which payments succeeded then, as (project, payment, the provider's name for it).

    It spans projects, because the provider's lists, with which it is compared, do.
    """
    p = tables.payments.c
    query = (
        select(p.project_id, p.id, p.external_id)
        .where(p.succeeded_at >= start, p.succeeded_at < end, p.external_id.is_not(None))
        .order_by(p.project_id, p.id)
    )
    return [(row.project_id, row.id, row.external_id) for row in await work.execute(query)]
