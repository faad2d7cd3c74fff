"""What the engine does of itself, again and again: seal, expire, and forget."""

from core import (
    arrears,
    audit,
    checkouts,
    clocks,
    collecting,
    coupons,
    dunning,
    exporting,
    inbox,
    invoicing,
    jobs,
    ledger_proof,
    messaging,
    moving,
    packs,
    payers,
    printing,
    reconciling,
    revenue,
    settling,
    shelving,
    stepping,
    subscriptions,
    topups,
    wallets,
)
from core.db.work import Work
from core.jobs import Job, JobContext, Schedule, job
from core.metering import jobs as metering
from core.operations import idempotency

TRAILS = (*audit.TRAILS, ledger_proof.TRAIL)
"""The tables whose rows are sealed."""

SEAL_LEASE = "audit.sealing"
SEAL_LEASE_SECONDS = 300


@job("forget_old")
async def forget_old(work: Work) -> None:
    """Delete what was kept for repeats only, and is too old for one."""
    await idempotency.forget_old(work)
    await messaging.forget_old(work)
    await inbox.forget_old(work)
    await exporting.forget_old(work)
    await jobs.forget_old(work)


@job("seal", outside=True)
async def seal(context: JobContext) -> None:
    """Seal every row that is settled."""
    await _seal(context, sweep=False)


@job("seal_late", outside=True)
async def seal_late(context: JobContext) -> None:
    """Seal rows that were committed so late that the usual seals no longer looked for them."""
    await _seal(context, sweep=True)


async def _seal(context: JobContext, *, sweep: bool) -> None:
    """Seal segment after segment, each in its own unit, under a lease that both jobs share."""
    async with context.begin() as work:
        lease = await jobs.acquire(
            work, SEAL_LEASE, holder=context.job_id, seconds=SEAL_LEASE_SECONDS
        )
    if lease is None:
        return  # the other one is at it, and will be again
    overlap = audit.OVERLAP_MAX if sweep else audit.OVERLAP
    try:
        for trail in TRAILS:
            rows = 1
            async with context.begin() as work:
                place = await audit.look_back(work, trail, overlap=overlap)
            while rows:
                async with context.begin() as work:
                    lease = await jobs.renew(work, lease, seconds=SEAL_LEASE_SECONDS)
                    rows, place = await audit.seal_next(work, place)
    finally:
        async with context.begin() as work:
            await jobs.release(work, lease)


SCHEDULES = (
    Schedule(forget_old, every_seconds=3600),
    Schedule(seal, every_seconds=60),
    Schedule(seal_late, every_seconds=3600),
    Schedule(wallets.expire_credits, every_seconds=60),
    *metering.SCHEDULES,
    *reconciling.SCHEDULES,
    *topups.SCHEDULES,
    *shelving.SCHEDULES,
    *exporting.SCHEDULES,
    *invoicing.SCHEDULES,
    *subscriptions.SCHEDULES,
    *stepping.SCHEDULES,
    *clocks.SCHEDULES,
    *revenue.SCHEDULES,
    *arrears.SCHEDULES,
    *dunning.SCHEDULES,
)

JOBS: tuple[Job, ...] = (
    *(each.job for each in SCHEDULES),
    inbox.handle_event,
    printing.print_document,
    *moving.JOBS,
    *packs.JOBS,
    *payers.JOBS,
    *checkouts.JOBS,
    *coupons.JOBS,
    *settling.JOBS,
    *reconciling.JOBS,
    *topups.JOBS,
    *shelving.JOBS,
    *exporting.JOBS,
    *clocks.JOBS,
    *collecting.JOBS,
    *stepping.JOBS,
)
"""Every job of the engine: what recurs, and what is asked for."""
