"""Prove that our books and the provider's lists agree, window by window, and name what does not."""

from datetime import timedelta

from core import inbox, jobs, payments, settling
from core.db.work import Work
from core.inbox import Endpoint
from core.jobs import Failure, JobContext, Schedule
from core.kernel.money import Money
from core.payments import PaymentGateway, ProcessorTransaction, Window
from core.reconciling.comparing import (
    Comparison,
    compare_checkouts,
    compare_disputes,
    compare_ours,
    compare_payments,
    compare_refunded,
    compare_refunds,
)
from core.reconciling.reports import (
    Kind,
    Reconciliation,
    close_report,
    fail_report,
    find_report,
    open_report,
)
from core.settling import Cause

DAYS = 2
"""How far back the scheduled comparison looks: what is older was compared before."""
EVERY_SECONDS = 3600
EVENTS_AT_ONCE = 100


async def begin(work: Work, window: Window) -> Reconciliation:
    """Write down the window that is to be compared, and leave the job that compares it."""
    report = await open_report(work, window.start, window.end)
    await jobs.enqueue(work, reconcile_window, key=report.id, reconciliation_id=report.id)
    work.record("started", report.id)
    return report


@jobs.job("reconcile_payments")
async def reconcile_payments(work: Work) -> None:
    """Have the last days compared, again and again."""
    await begin(work, Window(start=work.now - timedelta(days=DAYS), end=work.now))


async def _given_up(work: Work, failure: Failure, *, reconciliation_id: str) -> None:
    if failure.is_last:
        await fail_report(work, reconciliation_id, failure.error)


@jobs.job("reconcile_window", outside=True, failed=_given_up)
async def reconcile_window(context: JobContext, *, reconciliation_id: str) -> None:
    """Fetch the events that never came, compare every list, and keep what differs."""
    async with context.begin() as work:
        report = await find_report(work, reconciliation_id)
    if report.finished_at is not None:
        return
    this = Comparison(
        begin=context.begin,
        gateway=context.port("gateway"),
        window=Window(start=report.start_at, end=report.end_at),
    )
    await fetch_missed(this)
    for step in STEPS:
        await step(this)
    async with context.begin() as work:
        await close_report(work, reconciliation_id, this.found, this.counts)


async def fetch_missed(this: Comparison) -> None:
    """Store the events that nobody brought; whoever handles their type will be given them."""
    events = [
        each
        async for each in this.gateway.events_since(None, since=this.window.start)
        if each.occurred_at < this.window.end
    ]
    for start in range(0, len(events), EVENTS_AT_ONCE):
        some = events[start : start + EVENTS_AT_ONCE]
        told = [inbox.read_event(dict(each.payload), Endpoint.FETCHED) for each in some]
        async with this.begin() as work:
            this.counts["missed_events"] += len(await inbox.store(work, told))


async def compare_movements(this: Comparison) -> None:
    """Book what the processor did to our balance for payments of ours, and compare each amount."""
    async for seen in this.gateway.processor_transactions_in(this.window):
        this.saw("processor_transactions", seen.id)
        async with this.begin() as work:
            found = await _cause(work, seen)
            if found is None:
                # The account's own: a payout, a fee that no payment caused.
                this.counts["unassigned"] += 1
                continue
            project_id, cause = found
            if cause is not None:
                await settling.book_movement(work.within(project_id), seen, cause)
            ours = await settling.amounts_of(work.within(project_id), seen.id)
        if ours != (seen.amount, seen.fee):
            told = f"{ours[0]}, fee {ours[1]}" if ours else None
            this.differs(
                Kind.AMOUNT if ours else Kind.MISSING_HERE,
                "processor_transaction",
                about_project_id=project_id,
                external_id=seen.id,
                ours=told,
                theirs=f"{seen.amount}, fee {seen.fee}",
            )
    await _compare_booked(this)


async def _cause(work: Work, seen: ProcessorTransaction) -> tuple[str, Cause | None] | None:
    """Find what it came of. Without a cause, it came of a payment that is not booked yet."""
    source = seen.source_id or ""
    if record := await payments.find_charge(work, source):
        is_paid = record.is_paid
        cause = Cause(payment_id=record.id, paid=record.received) if is_paid else None
        return record.project_id, cause
    if refund := await settling.refund_called(work, source):
        sign = 1 if seen.amount.amount > 0 else -1
        paid = Money(sign * refund.amount.amount, refund.amount.asset)
        return refund.project_id, Cause(payment_id=refund.payment_id, paid=paid)
    if dispute := await settling.dispute_called(work, source):
        cause = Cause(payment_id=dispute.payment_id, dispute_id=dispute.id)
        return dispute.project_id, cause
    return None


async def _compare_booked(this: Comparison) -> None:
    """Find processor transactions that we booked and the provider does not have."""
    window = this.window
    async with this.begin() as work:
        ours = await settling.movements_in(work, window.start, window.end)
    for project_id, external_id, amount in ours:
        if external_id not in this.seen:
            this.differs(
                Kind.MISSING_THERE,
                "processor_transaction",
                about_project_id=project_id,
                external_id=external_id,
                ours=str(amount),
            )


async def compare_payouts(this: Comparison) -> None:
    """Book what was paid out, and compare each payout with what it is said to consist of."""
    gateway: PaymentGateway = this.gateway
    async for payout in gateway.payouts_in(this.window):
        this.saw("payouts", payout.id)
        if payout.state != "paid" and payout.state not in settling.FAILED:
            continue
        parts = await settling.list_parts(gateway, payout)
        await settling.follow_payout(this.begin, payout, parts)
        listed = Money(sum(each.net.amount for each in parts), payout.amount.asset)
        if payout.automatic and payout.state == "paid" and listed != payout.amount:
            this.differs(
                Kind.AMOUNT,
                "payout",
                external_id=payout.id,
                ours=str(listed),
                theirs=str(payout.amount),
            )


STEPS = (
    compare_checkouts,
    compare_payments,
    compare_refunds,
    compare_disputes,
    compare_movements,
    compare_refunded,
    compare_payouts,
    compare_ours,
)
SCHEDULES = (Schedule(reconcile_payments, every_seconds=EVERY_SECONDS),)
