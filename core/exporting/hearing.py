"""Hear what the provider could not count: marked event by event where it names them.

It names a few of each kind and says how many there were, so an export shows the number as well.
"""

from core import payments
from core.db.work import Work
from core.exporting import events, finding, sending
from core.exporting.model import METER_GONE, Copy, Export, Report, State, report_of
from core.inbox import Handlers, Hearing


async def usage_rejected(hearing: Hearing) -> None:
    """Read the report, mark what it names, and pause an export whose meter is gone there."""
    gateway: payments.History = hearing.port("gateway")
    report = report_of(await gateway.read_thin_event(hearing.event.external_id))
    async with hearing.begin() as work:
        if await _apply(work, report):
            await hearing.handled(work)
        else:
            # Others on the account export, too.
            await hearing.ignored(work)


async def _apply(work: Work, report: Report) -> bool:
    named = await finding.by_identifiers(work, report.rejections)
    ids = {each.meter_id for each in named}
    exports = await finding.concerned(work, report.provider_meter, ids)
    for copy in named:
        await sending.reject(work, copy, report.rejections[copy.identifier])
    for export in exports:
        await _note(work, export, report, [each for each in named if _is_of(each, export)])
    return bool(exports)


def _is_of(copy: Copy, export: Export) -> bool:
    return copy.meter_id == export.meter_id


async def _note(work: Work, export: Export, report: Report, named: list[Copy]) -> None:
    # A report without a meter may be about several exports: each has what is named of it.
    count = report.error_count if report.provider_meter else len(named)
    values: dict[str, object] = {
        "reported_errors": export.reported_errors + count,
        "reported_at": report.occurred_at,
        "report": report.summary or None,
    }
    gone = sorted(report.codes & METER_GONE)
    is_news = export.synced_at is not None and report.occurred_at >= export.synced_at
    pauses = bool(gone) and export.state is State.ON and is_news
    if pauses:
        values |= {"state": str(State.PAUSED), "paused_for": gone[0]}
    await finding.change(work, export, **values)
    codes = sorted(report.codes)
    await events.tell(work, events.REJECTED, export, error_count=count, codes=codes)
    if pauses:
        await events.tell(work, events.PAUSED, export, reason=gone[0])


HANDLERS: Handlers = {
    "v1.billing.meter.error_report_triggered": usage_rejected,
    "v1.billing.meter.no_meter_found": usage_rejected,
}
