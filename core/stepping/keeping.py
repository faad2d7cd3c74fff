"""Rows of what the provider bills: as it was last seen, and why it is not mirrored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.inbox import Overtaken
from core.settling import named_after
from core.stepping import tables
from core.stepping.model import digest_of
from core.stepping.provided import ProviderInvoice, ProviderSubscription

REASON_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A subscription of the provider's, as we know of it."""

    provider_id: str
    project_id: str | None
    subscription_id: str | None
    customer_id: str
    state: str
    price_ids: list[str]
    problem: str | None
    reason: str | None
    digest: str
    revision: int
    seen_at: datetime
    applied_at: datetime | None
    created_at: datetime


async def find(work: Work, provider_id: str, *, lock: bool = False) -> Kept | None:
    s = tables.subscriptions.c
    query = select(tables.subscriptions).where(s.provider_id == provider_id)
    row = (await work.execute(query.with_for_update() if lock else query)).mappings().first()
    return Kept(**row) if row else None


async def keep(work: Work, seen: ProviderSubscription, revision: int) -> Kept:
    """Note what was seen, and hold the row: whoever follows it too comes after.

    `revision` is the one that was there before it was read. Raises Overtaken where another reading
    was applied since, which may be the newer one.
    """
    row = {
        "provider_id": seen.id,
        "customer_id": seen.customer_id,
        "state": seen.state[:40],
        "price_ids": seen.price_ids,
        "digest": digest_of(seen),
        "seen_at": work.now,
    }
    await insert_if_absent(
        work, tables.subscriptions, row | {"created_at": work.now, "revision": 0}
    )
    kept = await find(work, seen.id, lock=True)
    assert kept, "it was just written"
    if kept.revision != revision:
        raise Overtaken(seen.id)
    await change(work, seen.id, **row, revision=revision + 1)
    return kept


async def change(work: Work, provider_id: str, /, **values: Any) -> None:
    s = tables.subscriptions.c
    this = update(tables.subscriptions).where(s.provider_id == provider_id)
    await work.execute(this.values(values))


async def after(work: Work, place: str | None, limit: int, *, unmatched: bool) -> list[Kept]:
    """Return what there is, in the order of its names; or only what is not mirrored."""
    s = tables.subscriptions.c
    query = select(tables.subscriptions).order_by(s.provider_id).limit(limit)
    if unmatched:
        query = query.where(s.problem.is_not(None))
    if place is not None:
        query = query.where(s.provider_id > place)
    return [Kept(**row) for row in (await work.execute(query)).mappings()]


async def keep_invoice(work: Work, seen: ProviderInvoice) -> Any:
    """Note what was seen of an invoice, and return its row, held."""
    row = {
        "provider_id": seen.id,
        "id": named_after("pvi", seen.created_at, seen.id),
        "provider_subscription_id": seen.subscription_id,
        "state": seen.state[:40],
        "number": seen.number,
        "reason": seen.reason[:64],
        "asset": str(seen.total.asset),
        "total": seen.total.amount,
        "tax": seen.tax.amount,
        "seen_at": work.now,
    }
    nothing = dict.fromkeys(("received", "elsewhere", "returned", "turn"), 0)
    await insert_if_absent(work, tables.invoices, row | nothing)
    found = await find_invoice(work, seen.id, lock=True)
    if found.booked_at is None:
        await change_invoice(work, seen.id, **row)
        return await find_invoice(work, seen.id)
    return found


async def find_invoice(work: Work, provider_id: str, *, lock: bool = False) -> Any:
    i = tables.invoices.c
    query = select(tables.invoices).where(i.provider_id == provider_id)
    return (await work.execute(query.with_for_update() if lock else query)).first()


async def change_invoice(work: Work, provider_id: str, /, **values: Any) -> None:
    i = tables.invoices.c
    await work.execute(update(tables.invoices).where(i.provider_id == provider_id).values(values))


async def hold_invoice(work: Work, invoice_id: str) -> Any:
    """Hold a booked invoice of the unit's project by our own name."""
    i = tables.invoices.c
    query = select(tables.invoices).where(i.project_id == work.project_id, i.id == invoice_id)
    return (await work.execute(query.with_for_update())).one()


async def note_payment(work: Work, invoice_id: str, payment_id: str) -> None:
    row = {"project_id": work.project_id, "invoice_id": invoice_id, "payment_id": payment_id}
    await insert_if_absent(work, tables.payments, row)


async def invoice_of_payment(work: Work, payment_id: str) -> Any:
    """Return the invoice of the unit's project that a payment of ours is of, if it is of one."""
    i, p = tables.invoices.c, tables.payments.c
    query = (
        select(tables.invoices)
        .join(tables.payments, (p.project_id == i.project_id) & (p.invoice_id == i.id))
        .where(p.project_id == work.project_id, p.payment_id == payment_id)
    )
    return (await work.execute(query)).first()


async def payments_of(work: Work, invoice_id: str) -> list[str]:
    """Return the payments of an invoice, in the order in which everybody locks them."""
    p = tables.payments.c
    query = select(p.payment_id).where(p.project_id == work.project_id, p.invoice_id == invoice_id)
    return list((await work.execute(query.order_by(p.payment_id))).scalars())


def short(reason: str) -> str:
    return reason[:REASON_MAX]
