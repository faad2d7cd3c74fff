"""Find who sells, and who buys."""

from sqlalchemy import select

from core.bills import BillingDetails, LegalEntity, LegalEntityNotFound
from core.db.work import Work
from core.parties import tables, writing


async def entity(work: Work, key: str) -> LegalEntity:
    """Find who issues invoices. Raises LegalEntityNotFound."""
    e = tables.entities.c
    row = (await work.execute(select(e.details).where(e.key == key))).first()
    if row is None:
        raise LegalEntityNotFound(key)
    return writing.entity_of(row.details)


async def details(work: Work, *, lock: bool = False) -> BillingDetails:
    """Return what the unit's project wants its invoices to say; nothing, where nobody has said."""
    b = tables.billing.c
    query = select(b.details).where(b.project_id == work.project_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    return writing.details_of(row.details) if row else BillingDetails()
