"""Follow what a subscription holds, claim the usage of a period that is over, and have it wait."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import insert

from core import claims, coupons, invoicing, metering
from core.arrears import keeping, lines, settings, tables
from core.arrears.keeping import Run
from core.arrears.model import Turn, Usage, turned, write
from core.arrears.rating import Known, find_version, usage_items
from core.bills import LegalEntityNotFound
from core.catalog import ItemKind
from core.db.work import Work
from core.invoicing import Bill, Invoice, Line
from core.kernel.errors import EngineError
from core.kernel.money import Money

ENTITY = "default"
"""Who bills usage."""


async def follow(work: Work, turn: Turn, known: Known | None = None) -> Usage | None:
    """Note what is held from now on. Return the usage that is over now and is to be billed.

    Whoever asks has locked the subscription, and bills what is returned in the same unit.
    """
    run = await keeping.run_of(work, turn.subscription_id, lock=True)
    running, over = turned(run.usage if run else None, turn)
    if running is None:
        if run is not None:
            await keeping.drop_run(work, turn.subscription_id)
        return over
    if run is not None and running == run.usage:
        return over
    went_on = run is not None and over is None
    held = running.parts[-1].held
    said = await settings.of_plan(work, held.plan_key, ENTITY)
    look_at = work.now if said.threshold(turn.asset) else None
    await keeping.keep_run(work, Run(running, run.invoices if run and went_on else 0, look_at))
    await claims.bill_in_arrears(work, await _meters(work, running, known))
    return over


async def claim(work: Work, usage: Usage, until: datetime, known: Known | None = None) -> None:
    """Claim what was used: no wallet is charged for it any more, and no other invoice bills it."""
    for part in usage.parts:
        period = part.until(until)
        if period.start_at == period.end_at:
            continue
        version = await find_version(work, part.held.version_id, known)
        keys = {each.meter_key for each in usage_items(version) if each.meter_key}
        found = await metering.find_meters(work, keys)
        for meter_id in sorted(each.id for each in found.values()):
            await claims.claim(work, meter_id, period, by=usage.subscription_id)


async def _meters(work: Work, usage: Usage, known: Known | None) -> list[str]:
    version = await find_version(work, usage.parts[-1].held.version_id, known)
    keys = {each.meter_key for each in usage_items(version) if each.meter_key}
    return [each.id for each in (await metering.find_meters(work, keys)).values()]


async def waits(work: Work, usage: Usage, known: Known | None = None) -> None:
    """Draw up the invoice of a period that is over, and have it wait for late usage.

    A job brings it up to date and finalizes it. Once for each period: whoever asks again is refused
    by the key of the row.
    """
    end_at = usage.end_at or work.now
    await claim(work, usage, end_at, known)
    invoice = await draw_up(work, usage, known)
    said = await settings.of_plan(work, usage.parts[-1].held.plan_key, ENTITY)
    row = {
        "project_id": work.project_id,
        "subscription_id": usage.subscription_id,
        "start_at": usage.start_at,
        "end_at": end_at,
        "asset": str(usage.asset),
        "written": write(usage),
        "invoice_id": invoice.id if invoice else None,
        "state": keeping.WAITING,
        "due_at": work.now + said.draft_for,
        "created_at": work.now,
    }
    await work.execute(insert(tables.periods), row)
    work.record("waits", usage.subscription_id)


async def draw_up(work: Work, usage: Usage, known: Known | None = None) -> Invoice | None:
    """Draft the invoice of a period; None while nobody issues invoices.

    What cannot be rated keeps nobody from going on: the draft has no line of it yet.
    """
    drawn: list[Line] = []
    with suppress(EngineError):
        drawn = await lines.usage_lines(work, usage, known)
    bill = Bill(
        reference=reference_of(usage, "period"),
        asset=usage.asset,
        lines=drawn,
        discounts=await discounts_for(work, usage, known),
        entity_key=ENTITY,
        subscription_id=usage.subscription_id,
    )
    try:
        return await invoicing.draft(work, bill)
    except LegalEntityNotFound:
        return None


def reference_of(usage: Usage, which: str) -> str:
    """Name what an invoice bills, once for ever."""
    return f"usage:{usage.subscription_id}:{usage.start_at.isoformat()}:{which}"


async def discounts_for(
    work: Work, usage: Usage, known: Known | None = None
) -> list[coupons.Discount]:
    """Return what comes off usage: percentages without an end, beside fees that have the others.

    A discount of some periods, or of an amount, is taken once for a period; where a plan has fees,
    by their invoice.
    """
    own = await coupons.active(
        work, work.project_id, currency=usage.asset, reference=usage.subscription_id
    )
    version = await find_version(work, usage.parts[-1].held.version_id, known)
    if not any(each.kind is ItemKind.RECURRING for each in version.items):
        return own
    lasting = await coupons.without_end(work, work.project_id)
    return [each for each in own if each.id in lasting and not isinstance(each.off, Money)]
