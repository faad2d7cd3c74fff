"""A project as the provider's customer: made when first needed, one at a time."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core import payments, projects
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.jobs import JobContext
from core.payers import events, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """The provider's customer that stands for a project."""

    project_id: str
    generation: int
    external_id: str
    default_method: str | None
    created_at: datetime
    deleted_at: datetime | None


async def customer_of(work: Work) -> CustomerRecord | None:
    """Return the project's customer, if it has one that is still there."""
    newest = await _newest(work)
    return None if newest is None or newest.deleted_at else newest


async def find_customer(work: Work, external_id: str) -> CustomerRecord | None:
    """Find the project that the provider calls so: for what it tells us."""
    c = tables.customers.c
    query = select(tables.customers).where(c.external_id == external_id)
    row = (await work.execute(query)).first()
    return _record(row) if row else None


async def need_customer(context: JobContext) -> str:
    """Return the customer of the job's project, making one if there is none.

    Whoever else needs one at the same time asks under the same key, so there will be one.
    """
    async with context.begin() as work:
        known, project = await _newest(work), await projects.get_project(work)
    if known and not known.deleted_at:
        return known.external_id
    generation = known.generation + 1 if known else 1
    gateway: payments.Customers = context.port("gateway")
    # A project may get another name between two attempts, and a key is good for one content only.
    root = f"customer:{project.id}:{generation}:{_digest(project.name)}"
    made = await gateway.save_customer(
        payments.CustomerDraft(name=project.name, metadata={"project_id": project.id}),
        key=payments.key_of_attempt(root, context.attempt),
    )
    async with context.begin() as work:
        row = {
            "project_id": work.project_id,
            "generation": generation,
            "external_id": made.id,
            "created_at": work.real_now,
            "seen_at": work.real_now,
        }
        await insert_if_absent(work, tables.customers, row)
        first = await _newest(work)
    assert first, "it was just written"
    return first.external_id


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


async def forget_customer(work: Work, external_id: str) -> None:
    """Note that the provider knows this customer no longer: the next need makes another."""
    known = await find_customer(work, external_id)
    if known and not known.deleted_at:
        await change_customer(work, known, deleted_at=work.real_now, default_method=None)
        await events.tell(work.within(known.project_id), events.CUSTOMER_DELETED, known.external_id)


async def mirror_customer(work: Work, known: CustomerRecord, seen: payments.Customer) -> None:
    """Keep what the provider says of a project's customer now. One that is deleted stays so."""
    values: dict[str, Any] = {"seen_at": work.real_now, "default_method": seen.default_method_id}
    if seen.deleted:
        values |= {"default_method": None, "deleted_at": known.deleted_at or work.real_now}
    await change_customer(work, known, **values)
    if seen.deleted and not known.deleted_at:
        await events.tell(work, events.CUSTOMER_DELETED, known.external_id)


async def change_customer(work: Work, known: CustomerRecord, **values: Any) -> None:
    c = tables.customers.c
    this = c.project_id == known.project_id, c.generation == known.generation
    await work.execute(update(tables.customers).where(*this).values(values))


async def _newest(work: Work) -> CustomerRecord | None:
    c = tables.customers.c
    query = select(tables.customers).where(c.project_id == work.project_id)
    row = (await work.execute(query.order_by(c.generation.desc()).limit(1))).first()
    return _record(row) if row else None


def _record(row: Any) -> CustomerRecord:
    return CustomerRecord(
        project_id=row.project_id,
        generation=row.generation,
        external_id=row.external_id,
        default_method=row.default_method,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
    )
