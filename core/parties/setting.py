"""Say who issues invoices, and what a project wants its invoices to say about it."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from core.bills import BillingDetails, LegalEntity
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.parties import events, finding, tables, writing


async def set_entity(work: Work, entity: LegalEntity) -> LegalEntity:
    """Write who issues invoices from now on. What was issued keeps what it says."""
    row: dict[str, Any] = {"details": writing.entity(entity), "updated_at": work.now}
    made = row | {"key": entity.key, "version": 1, "created_at": work.now}
    if not await insert_if_absent(work, tables.entities, made):
        e = tables.entities.c
        this = update(tables.entities).where(e.key == entity.key)
        await work.execute(this.values(row | {"version": e.version + 1}))
    work.record("set", entity.key)
    await events.tell(work, events.ENTITY_SET, entity.key, name=entity.name)
    return entity


async def known(work: Work, key: str) -> LegalEntity | None:
    """Return who is set under this key, locked until the unit ends; or None."""
    e = tables.entities.c
    row = (await work.execute(select(e.details).where(e.key == key).with_for_update())).first()
    return writing.entity_of(row.details) if row else None


async def entities(work: Work) -> list[LegalEntity]:
    """Return everybody who issues invoices. There are few."""
    query = select(tables.entities.c.details).order_by(tables.entities.c.key)
    return [writing.entity_of(row.details) for row in await work.execute(query)]


async def set_details(work: Work, changes: dict[str, Any]) -> BillingDetails:
    """Change what is named of the unit's project. What was issued keeps what it says."""
    b, now = tables.billing.c, work.now
    empty = {"details": writing.details(BillingDetails()), "version": 0, "updated_at": now}
    await insert_if_absent(work, tables.billing, {"project_id": work.project_id} | empty)
    before = await finding.details(work, lock=True)
    after = replace(before, **changes)
    this = update(tables.billing).where(b.project_id == work.project_id)
    values = {"details": writing.details(after), "version": b.version + 1, "updated_at": now}
    await work.execute(this.values(values))
    work.record("changed", work.project_id)
    # What it says is the customer's own: who listens is told that it changed, and not what to.
    changed = sorted(changes)
    await events.tell(work, events.DETAILS_UPDATED, work.project_id, changed=changed)
    return after
