"""Find what is not exported yet, write down that it is about to be, and have it sent.

A row for every event is written before anybody is told of it, so a process that dies between the
call and its record leaves a row that waits; it is sent again under the same identifier, which the
provider counts once. Rows are committed later than the instant they carry, and by processes whose
clocks differ. So a look does not go on where the last one ended: it goes back over an overlap and
takes what has no row yet, and once an hour over a longer one.
"""

import logging
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from core import metering, payers
from core.db.sets import insert_new_rows
from core.db.work import Work
from core.exporting import finding, sending, tables
from core.exporting.model import (
    OVERLAP,
    OVERLAP_MAX,
    SWEEP,
    Copy,
    CopyState,
    Export,
    identifier_of,
    not_again,
    too_old,
)
from core.jobs import JobContext, LeaseLost
from core.kernel.caller import SYSTEM
from core.kernel.errors import EngineError, Kind

NAMES = tuple(each.name for each in fields(Copy))
logger = logging.getLogger(__name__)


async def export_all(context: JobContext) -> None:
    """Export what was received since the last time, of every meter that is exported."""
    async with context.database.read(SYSTEM) as work:
        exports, now = await finding.running(work), work.now
    for export in exports:
        await _export(context, export, now)


async def _export(context: JobContext, export: Export, now: datetime) -> None:
    is_sweep = now - export.swept_at >= SWEEP
    since = export.exported_until - (OVERLAP_MAX if is_sweep else OVERLAP)
    async with context.database.read(SYSTEM) as work:
        used = await metering.used_since(work, since)
        waiting = await finding.waiting_projects(work, export.meter_id)
        # The provider's clock is real: it takes no usage of a project that lives at another time.
        projects = sorted({*used, *waiting} - work.own_times.keys())
    is_whole = True
    for project_id in projects:
        is_whole &= await _try(context, export, project_id, since)
    if is_whole:
        done = {"exported_until": max(now, export.exported_until)}
        async with context.begin() as work:
            # Paused on the way it was not whole: what is left is sent once it is started again.
            if await finding.is_on(work, export):
                swept = {"swept_at": now} if is_sweep else {}
                await finding.change(work, export, **done, **swept)


async def _try(context: JobContext, export: Export, project_id: str, since: datetime) -> bool:
    """Export a project's usage. What fails for one is no reason to leave the others.

    But a provider that does not answer one answers nobody.
    """
    try:
        await _send_again(context, export, project_id)
        await _send_new(context, export, project_id, since)
    except LeaseLost:
        raise
    except Exception as error:
        if isinstance(error, EngineError) and error.kind is Kind.BUSY:
            raise
        logger.exception("export of %s, project %s, failed", export.meter_key, project_id)
        return False
    return True


async def _send_again(context: JobContext, export: Export, project_id: str) -> None:
    while True:
        async with context.database.read(SYSTEM) as work:
            here, now = work.within(project_id), work.now
            waiting = await finding.waiting(here, export.meter_id, sending.STREAM_MAX)
        over = [(each, why) for each in waiting if (why := not_again(each, now))]
        left = [each for each in waiting if not not_again(each, now)]
        if over:
            async with context.begin() as work:
                await sending.close(work, over)
        if left:
            await sending.send(context, left, again=True)
        if len(waiting) < sending.STREAM_MAX:
            return


async def _send_new(context: JobContext, export: Export, project_id: str, since: datetime) -> None:
    place: metering.Place | None = None
    while True:
        async with context.database.read(SYSTEM) as work:
            here = work.within(project_id)
            customer = await payers.customer_of(here)
            if customer is None:
                return
            # What a project used before it was a customer was never meant for the provider.
            start = max(since, export.since, customer.created_at)
            page = await metering.received(here, export.meter_id, start, place, sending.STREAM_MAX)
            known = await finding.known(here, [each.event_id for each in page]) if page else set()
        fresh = [each for each in page if each.event_id not in known]
        if fresh:
            async with context.begin() as work:
                # Whoever stopped it meanwhile was told that nothing more is sent.
                if not await finding.is_on(work, export):
                    return
                claimed = await _claim(work.within(project_id), export, customer.external_id, fresh)
            if claimed:
                await sending.send(context, claimed)
        if len(page) < sending.STREAM_MAX:
            return
        place = page[-1].place


async def _claim(
    work: Work, export: Export, customer: str, fresh: Sequence[metering.Received]
) -> list[Copy]:
    """Write the copies down, and return those that are ours to send."""
    copies: list[Copy] = []
    for each in sorted(fresh, key=lambda event: event.event_id):
        old = too_old(each.occurred_at, work.now)
        copies.append(
            Copy(
                project_id=work.project_id,
                event_id=each.event_id,
                meter_id=export.meter_id,
                identifier=identifier_of(work.project_id, each.event_id),
                event_name=export.terms.event_name,
                customer=customer,
                quantity=each.quantity,
                occurred_at=each.occurred_at,
                state=CopyState.REJECTED if old else CopyState.WAITING,
                asked_at=work.now,
                closed_at=work.now if old else None,
                code=old.code if old else None,
                reason=old.reason if old else None,
            )
        )
    rows = [tuple(str(v) if isinstance(v, CopyState) else v for v in _values(c)) for c in copies]
    new = await insert_new_rows(work, tables.copies, NAMES, rows, returning=("event_id",))
    ours = {event_id for (event_id,) in new}
    return [each for each in copies if each.event_id in ours and each.state is CopyState.WAITING]


def _values(copy: Copy) -> list[object]:
    return [getattr(copy, name) for name in NAMES]
