"""Have bills invoiced that were kept while nobody issued invoices, once somebody does."""

from contextvars import copy_context

from core import dues
from core.db.together import run_together
from core.db.work import Work
from core.jobs import JobContext, Schedule, job
from core.subscriptions import keeping

GROUP = 50


@job("invoice_waiting_bills", outside=True)
async def invoice_waiting_bills(context: JobContext) -> None:
    """Invoice what waits and is still owed, some of it in a unit; nothing while nobody issues."""
    place: dues.Waiting | None = None
    while True:
        async with context.begin() as work:
            if await dues.issuer(work) is None:
                return
            waiting = await dues.waiting_after(work, place, GROUP)
            parts = [(work.part_of(each.project_id), each) for each in waiting]
            await run_together([(copy_context(), _invoice(*part)) for part in parts])
        if len(waiting) < GROUP:
            return
        place = waiting[-1]


async def _invoice(work: Work, waiting: dues.Waiting) -> None:
    await work.keep_time()
    of = await keeping.find(work, waiting.subscription_id, lock=True)
    await dues.invoice_waiting(work, of, waiting.id)


SCHEDULES = (Schedule(invoice_waiting_bills, every_seconds=3600),)
