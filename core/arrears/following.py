"""Follow what a subscription holds, claim the usage of a period that is over, and have it wait."""

from collections.abc import Sequence

from sqlalchemy import insert

from core import invoicing, metering
from core.arrears import keeping, settings, tables
from core.arrears.keeping import Run
from core.arrears.model import Turn, Usage, turned, write
from core.arrears.rating import Known, find_version, usage_items
from core.db.work import Work
from core.invoicing.changing import ENTITY
from core.kernel.period import Period


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
    await metering.bill_in_arrears(work, await _meters(work, running, known))
    return over


async def claim(work: Work, usage: Usage, until: Period, known: Known | None = None) -> None:
    """Claim what was used: from now on no wallet is charged for it, and no other invoice bills it."""
    for part in usage.parts:
        period = part.until(until.end_at)
        if period.start_at == period.end_at:
            continue
        version = await find_version(work, part.held.version_id, known)
        keys = {each.meter_key for each in usage_items(version) if each.meter_key}
        found = await metering.find_meters(work, keys)
        for meter_id in sorted(each.id for each in found.values()):
            await metering.claim(work, meter_id, period, by=usage.subscription_id)


async def _meters(work: Work, usage: Usage, known: Known | None) -> list[str]:
    version = await find_version(work, usage.parts[-1].held.version_id, known)
    keys = {each.meter_key for each in usage_items(version) if each.meter_key}
    return [each.id for each in (await metering.find_meters(work, keys)).values()]


async def waits(
    work: Work,
    usage: Usage,
    invoice: invoicing.Invoice,
    *,
    wallet_ids: Sequence[str] = (),
    known: Known | None = None,
) -> None:
    """Have a draft wait for late usage of a period that is over; a job finalizes it then.

    Once for each period: whoever asks again has drawn up another invoice, and is refused by its key.
    """
    end_at = usage.end_at or work.now
    await claim(work, usage, Period(usage.start_at, end_at), known)
    said = await settings.of_plan(work, usage.parts[-1].held.plan_key, invoice.entity_key)
    row = {
        "project_id": work.project_id,
        "subscription_id": usage.subscription_id,
        "start_at": usage.start_at,
        "end_at": end_at,
        "asset": str(usage.asset),
        "written": write(usage),
        "invoice_id": invoice.id,
        "wallet_ids": [*wallet_ids],
        "state": keeping.WAITING,
        "due_at": work.now + said.draft_for,
        "created_at": work.now,
    }
    await work.execute(insert(tables.periods), row)
    work.record("waits", invoice.id)
