"""Find who sells, and who buys: a step that all of a shared unit take together."""

from collections.abc import Sequence

from sqlalchemy import select

from core.bills import BillingDetails, LegalEntity, LegalEntityNotFound
from core.db.sets import find_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.parties import tables, writing


async def entity(work: Work, key: str) -> LegalEntity:
    """Find who issues invoices. Raises LegalEntityNotFound."""
    return await work.together(ENTITY, key)


async def details(work: Work, *, lock: bool = False) -> BillingDetails:
    """Return what the unit's project wants its invoices to say; nothing, where nobody has said."""
    if not lock:
        return await work.together(DETAILS, work.project_id)
    b = tables.billing.c
    query = select(b.details).where(b.project_id == work.project_id).with_for_update()
    row = (await work.execute(query)).first()
    return writing.details_of(row.details) if row else BillingDetails()


async def _entities(items: Sequence[tuple[Work, str]]) -> list[LegalEntity | LegalEntityNotFound]:
    keys = sorted({(key,) for _, key in items})
    rows = await find_rows(items[0][0], tables.entities, ("key",), keys, ("key", "details"))
    known = {key: writing.entity_of(details) for key, details in rows}
    return [known.get(key) or LegalEntityNotFound(key) for _, key in items]


async def _details(items: Sequence[tuple[Work, str]]) -> list[BillingDetails]:
    keys = sorted({(project_id,) for _, project_id in items})
    names = ("project_id", "details")
    rows = await find_rows(items[0][0], tables.billing, ("project_id",), keys, names)
    known = {project_id: writing.details_of(details) for project_id, details in rows}
    nothing = BillingDetails()
    return [known.get(project_id, nothing) for _, project_id in items]


ENTITY: Step[str, LegalEntity] = Step(Order.LOOK + 11, _entities)
DETAILS: Step[str, BillingDetails] = Step(Order.LOOK + 15, _details)
