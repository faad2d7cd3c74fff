"""Note on a payment what went back of it, or may go back. Who decides that stands above."""

from sqlalchemy import update

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
