"""Kept payment methods, mirrored: what the provider has of a project's customer, and no more.

Of a card there is what a receipt shows. What is chosen or given up is asked of the provider by a
job, and mirrored once it has happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core import payments
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.payers import events, tables
from core.payers.customers import CustomerRecord, find_customer
from core.payers.errors import MethodNotFound

WORD_MAX = 40
METHODS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRecord:
    """A kept method. `refusal` says why what was last asked of it was not done."""

    project_id: str
    id: str
    external_id: str
    customer_id: str
    kind: str
    brand: str | None
    last4: str | None
    expiry_month: int | None
    expiry_year: int | None
    created_at: datetime
    seen_at: datetime
    detached_at: datetime | None
    default_wanted_at: datetime | None
    detach_wanted_at: datetime | None
    refusal: dict[str, Any] | None


async def find_method(work: Work, method_id: str, *, lock: bool = False) -> MethodRecord:
    """Find a method of the unit's project, also one that was given up. Raises MethodNotFound."""
    m = tables.methods.c
    query = select(tables.methods).where(m.project_id == work.project_id, m.id == method_id)
    found = await work.execute(query.with_for_update() if lock else query)
    row = found.mappings().first()
    if row is None:
        raise MethodNotFound(method_id)
    return MethodRecord(**row)


async def kept_methods(work: Work) -> list[MethodRecord]:
    """Return the methods that the project can pay with, the newest first."""
    m = tables.methods.c
    query = (
        select(tables.methods)
        .where(m.project_id == work.project_id, m.detached_at.is_(None))
        .order_by(m.id.desc())
        .limit(METHODS_MAX)
    )
    return [MethodRecord(**row) for row in (await work.execute(query)).mappings()]


async def find_external_method(work: Work, external_id: str) -> MethodRecord | None:
    """Find a method by the provider's name, of whichever project: for what it tells us."""
    m = tables.methods.c
    rows = await work.execute(select(tables.methods).where(m.external_id == external_id))
    row = rows.mappings().first()
    return MethodRecord(**row) if row else None


async def change_method(work: Work, method_id: str, **values: Any) -> None:
    m = tables.methods.c
    this = m.project_id == work.project_id, m.id == method_id
    await work.execute(update(tables.methods).where(*this).values(values))


async def mirror_method(work: Work, customer: CustomerRecord, seen: payments.Method) -> None:
    """Keep what the provider says of a method of this project's customer now."""
    told = {
        "customer_id": customer.external_id,
        "kind": seen.kind[:WORD_MAX],
        "brand": seen.brand and seen.brand[:WORD_MAX],
        "last4": seen.last4 and seen.last4[-4:],
        "expiry_month": seen.expiry_month,
        "expiry_year": seen.expiry_year,
        "seen_at": work.real_now,
    }
    method_id = work.ids.new("pmt")
    row = told | {
        "project_id": work.project_id,
        "id": method_id,
        "external_id": seen.id,
        "created_at": seen.created_at,
    }
    if await insert_if_absent(work, tables.methods, row):
        shown = {"kind": seen.kind, "brand": seen.brand, "last4": seen.last4}
        await events.tell(work, events.METHOD_ATTACHED, method_id, **shown)
        return
    m = tables.methods.c
    this = m.project_id == work.project_id, m.external_id == seen.id
    await work.execute(update(tables.methods).where(*this).values(told | {"detached_at": None}))


async def keep_method(work: Work, seen: payments.Method) -> None:
    """Keep a method that was just left by this project's customer, and by nobody else."""
    customer = await find_customer(work, seen.customer_id or "")
    if customer and customer.project_id == work.project_id:
        await mirror_method(work, customer, seen)


async def mirror_detached(work: Work, known: MethodRecord) -> None:
    """Note that the method is gone. Nothing can be paid with it any more."""
    if known.detached_at is None:
        gone = {"detached_at": work.real_now, "detach_wanted_at": None, "default_wanted_at": None}
        await change_method(work, known.id, **gone)
        await events.tell(work, events.METHOD_DETACHED, known.id)


async def mirror_all(
    work: Work, customer: CustomerRecord, seen: Iterable[payments.Method], *, asked_at: datetime
) -> None:
    """Keep exactly the methods that the provider listed for the project's customer.

    What was written here since it was asked may be newer than the list, and is left alone.
    """
    listed = {each.id: each for each in seen}
    # The oldest first, so that our ids are in the order in which the methods came.
    for each in sorted(listed.values(), key=lambda method: (method.created_at, method.id)):
        await mirror_method(work, customer, each)
    for known in await kept_methods(work):
        if known.external_id not in listed and known.seen_at <= asked_at:
            await mirror_detached(work, known)
