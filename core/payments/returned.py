"""What stands above needs of payments: note what went back of one, and tell which succeeded."""

from datetime import datetime

from sqlalchemy import or_, select, update

from core.db.work import Work
from core.kernel.money import Money
from core.payments import tables
from core.payments.records import Status


async def note_returned(work: Work, payment_id: str, *, refunded: Money, disputed: Money) -> None:
    """Store how much of a payment of the unit's project is refunded, and how much disputed.

    The payment must be locked by the unit, because both are sums of what the caller has read.
    """
    p = tables.payments.c
    this = update(tables.payments).where(p.project_id == work.project_id, p.id == payment_id)
    await work.execute(this.values(refunded=refunded.amount, disputed=disputed.amount))


async def note_applied(work: Work, payment_id: str, applied: Money) -> None:
    """Store how much of a payment is booked for its invoice now. The unit has it locked."""
    p = tables.payments.c
    this = update(tables.payments).where(p.project_id == work.project_id, p.id == payment_id)
    await work.execute(this.values(applied=applied.amount))


async def went_back(work: Work, wallet_id: str, since: datetime) -> str | None:
    """Return a payment for this wallet, made since then, that is refunded whole or disputed."""
    p = tables.payments.c
    query = select(p.id).where(
        p.project_id == work.project_id,
        p.wallet_id == wallet_id,
        p.succeeded_at >= since,
        p.received > 0,
        or_(p.refunded == p.received, p.disputed > 0),
    )
    return (await work.execute(query.limit(1))).scalar()


async def has_bought(work: Work) -> bool:
    """Tell whether the unit's project has paid for anything, or has paid what takes days to come.

    What was given back counts too: it was bought.
    """
    p = tables.payments.c
    paid = [str(each) for each in (Status.SUCCEEDED, Status.PENDING)]
    query = select(p.id).where(p.project_id == work.project_id, p.status.in_(paid))
    return (await work.execute(query.limit(1))).first() is not None


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
