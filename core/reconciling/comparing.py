"""Compare the provider's lists with our books, one kind of object after the other.

Whatever the handlers of events would repair is repaired here in the same way, by the same code;
what still differs then is named. Nothing is read outside while a unit is open.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core import checkouts, payments, settling
from core.inbox import ParentMissing
from core.kernel.errors import EngineError, Kind
from core.kernel.ids import is_id
from core.kernel.money import Money
from core.payments import PaymentGateway, PaymentRecord, PaymentState, Window
from core.reconciling.reports import Difference
from core.reconciling.reports import Kind as Differs
from core.settling import Begin, Looked, RefundState

NEWS = timedelta(minutes=10)
"""What happened less long ago, others may not have heard of yet."""


@dataclass(slots=True)
class Comparison:
    """A window that is being compared, and what was found in it so far."""

    begin: Begin
    gateway: PaymentGateway
    window: Window
    found: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    """What the provider has, by its names."""
    refunded: dict[str, Money] = field(default_factory=dict)
    """How much of each payment went back when it was listed."""

    def differs(self, kind: Differs, what: str, **facts: str | None) -> None:
        self.found.append(Difference(kind=kind, object=what, **facts))

    def saw(self, what: str, external_id: str) -> None:
        self.counts[what] += 1
        self.seen.add(external_id)

    async def settle(self, what: str, external_id: str, looked: Looked) -> bool:
        """Apply what was seen. False, and a difference, where our books have no place for it."""
        here = {"external_id": external_id, "about_project_id": looked.trace.project_id}
        try:
            async with self.begin() as work:
                if await settling.apply(work, looked):
                    return True
            if looked.trace.is_elsewhere:
                self.counts["foreign"] += 1
                return False
            theirs = "of a payment that is booked under another name"
            self.differs(Differs.MISSING_HERE, what, **here, theirs=theirs)
        except (ParentMissing, payments.PaymentNotFound):
            ours = {"our_id": looked.trace.payment_id}
            self.differs(Differs.MISSING_HERE, what, **here, **ours, theirs="it is there")
        except EngineError as error:
            if error.kind is Kind.BUSY:
                raise
            self.differs(Differs.STATUS, what, **here, theirs=str(error))
        return False


async def compare_checkouts(this: Comparison) -> None:
    """Follow pages that are over at the provider and not here."""
    async for page in this.gateway.checkouts_in(this.window):
        project_id, checkout_id = page.metadata.get("project_id", ""), page.reference or ""
        if not is_id("prj", project_id) or not is_id("chk", checkout_id):
            this.counts["foreign"] += 1
            continue
        this.saw("checkouts", page.id)
        here = {"about_project_id": project_id, "our_id": checkout_id, "external_id": page.id}
        try:
            ours = await _follow_page(this, project_id, checkout_id, page)
        except checkouts.CheckoutNotFound:
            if page.elsewhere:
                this.counts["foreign"] += 1
                continue
            this.differs(Differs.MISSING_HERE, "checkout", **here, theirs=str(page.state))
        except (payments.PaidTwice, payments.PaidInAnotherCurrency) as error:
            this.differs(Differs.STATUS, "checkout", **here, theirs=str(error))
        else:
            is_over = page.state != payments.CheckoutState.OPEN
            if is_over and ours.external_id == page.id and str(ours.state) != str(page.state):
                told = {"ours": str(ours.state), "theirs": str(page.state)}
                this.differs(Differs.STATUS, "checkout", **here, **told)


async def _follow_page(
    this: Comparison, project_id: str, checkout_id: str, page: payments.Checkout
) -> checkouts.Checkout:
    async with this.begin() as work:
        ours = await checkouts.find(work.within(project_id), checkout_id)
    if str(ours.state) == str(page.state):
        return ours
    looked = await checkouts.look(this.gateway, page.id)
    async with this.begin() as work:
        return await checkouts.converge(work.within(project_id), checkout_id, looked)


async def compare_payments(this: Comparison) -> None:
    """Find payments that one side has and the other has not, or has otherwise."""
    async for seen in this.gateway.payments_in(this.window):
        if settling.named_in(seen) is None and not await _known(this, seen.id):
            this.counts["foreign"] += 1
            continue
        this.saw("payments", seen.id)
        if seen.refunded is not None:
            this.refunded[seen.id] = seen.refunded
        await _compare_payment(this, seen)
    async with this.begin() as work:
        ours = await payments.succeeded_in(work, this.window.start, this.window.end)
    for project_id, payment_id, external_id in ours:
        if external_id in this.seen:
            continue
        try:
            seen = await this.gateway.read_payment(external_id)
        except payments.ProviderObjectMissing:
            this.differs(
                Differs.MISSING_THERE,
                "payment",
                about_project_id=project_id,
                our_id=payment_id,
                external_id=external_id,
                ours="succeeded",
            )
        else:
            await _compare_payment(this, seen)


async def _known(this: Comparison, external_id: str) -> PaymentRecord | None:
    """Find what our books have, though it may carry no name of ours: the provider collected it."""
    async with this.begin() as work:
        return await payments.find_external(work, external_id)


async def _compare_payment(this: Comparison, seen: payments.Payment) -> None:
    looked = await settling.look_at_payment(this.gateway, seen, await _known(this, seen.id))
    assert looked is not None, "it carries our name, or our books have it"
    is_paid_there = seen.state == PaymentState.SUCCEEDED
    if is_paid_there and not await this.settle("payment", seen.id, looked):
        return
    record = await _record(this, looked)
    if record is None or record.external_id not in {None, seen.id}:
        # Nobody has paid, and we know of nobody who should have.
        return
    here = {"about_project_id": record.project_id, "our_id": record.id, "external_id": seen.id}
    is_paid = record.is_paid
    if is_paid != is_paid_there:
        told = {"ours": str(record.status), "theirs": str(seen.state)}
        this.differs(Differs.STATUS, "payment", **here, **told)
    elif is_paid and record.received != seen.received:
        told = {"ours": str(record.received), "theirs": str(seen.received)}
        this.differs(Differs.AMOUNT, "payment", **here, **told)
    elif record.sale.invoice_id:
        await _compare_applied(this, record, here)
    elif record.status is payments.Status.UNDERPAID and record.refunded != record.received:
        told = {"ours": f"underpaid: {record.sale.price} was asked for"}
        this.differs(Differs.AMOUNT, "payment", **here, **told, theirs=str(seen.received))


async def _compare_applied(
    this: Comparison, record: PaymentRecord, here: Mapping[str, str | None]
) -> None:
    """Name money that came for an invoice, settles none of it, and has not gone back."""
    settled = record.applied.amount + record.refunded.amount + record.disputed.amount
    async with this.begin() as work:
        is_fresh = record.succeeded_at is None or work.now - record.succeeded_at < NEWS
    # What was paid just now is heard of by whoever invoices in a moment.
    if settled < record.received.amount and not is_fresh:
        left = Money(record.received.amount - settled, record.received.asset)
        told = {"ours": f"{left} of it settles nothing of {record.sale.invoice_id}"}
        this.differs(Differs.AMOUNT, "payment", **here, **told, theirs=str(record.received))


async def _record(this: Comparison, looked: Looked) -> PaymentRecord | None:
    async with this.begin() as work:
        try:
            here = work.within(looked.trace.project_id)
            return await payments.find(here, looked.trace.payment_id)
        except payments.PaymentNotFound:
            return None


async def compare_refunded(this: Comparison) -> None:
    """Compare how much of each payment went back, once every refund has been looked at."""
    async with this.begin() as work:
        ours = await payments.succeeded_in(work, this.window.start, this.window.end)
    for project_id, payment_id, external_id in ours:
        async with this.begin() as work:
            record = await payments.find(work.within(project_id), payment_id)
        if this.refunded.get(external_id) == record.refunded:
            continue
        # It was listed before its refunds were: what it is now counts.
        try:
            seen = await this.gateway.read_payment(external_id)
        except payments.ProviderObjectMissing:
            continue  # named before
        theirs = seen.refunded or Money(0, record.refunded.asset)
        if theirs != record.refunded:
            this.differs(
                Differs.AMOUNT,
                "refunded",
                about_project_id=project_id,
                our_id=payment_id,
                external_id=external_id,
                ours=str(record.refunded),
                theirs=str(theirs),
            )


async def compare_refunds(this: Comparison) -> None:
    """Follow every refund that was made in the window, whoever made it."""
    async for seen in this.gateway.refunds_in(this.window):
        looked = await settling.look_at_refund(this.begin, this.gateway, seen)
        if looked is None:
            this.counts["foreign"] += 1
            continue
        this.saw("refunds", seen.id)
        if not await this.settle("refund", seen.id, looked):
            continue
        async with this.begin() as work:
            ours = await settling.refund_called(work, seen.id)
        assert ours is not None, "it was settled just now"
        here = {"about_project_id": ours.project_id, "our_id": ours.id, "external_id": seen.id}
        theirs = settling.refund_state_after(RefundState.ASKED, seen.state)
        if ours.state is not theirs:
            told = {"ours": str(ours.state), "theirs": str(seen.state)}
            this.differs(Differs.STATUS, "refund", **here, **told)
        if ours.amount != seen.amount:
            told = {"ours": str(ours.amount), "theirs": str(seen.amount)}
            this.differs(Differs.AMOUNT, "refund", **here, **told)


async def compare_disputes(this: Comparison) -> None:
    """Follow every dispute that was opened in the window."""
    async for seen in this.gateway.disputes_in(this.window):
        looked = await settling.look_at_dispute(this.begin, this.gateway, seen)
        if looked is None:
            this.counts["foreign"] += 1
            continue
        this.saw("disputes", seen.id)
        if not await this.settle("dispute", seen.id, looked):
            continue
        async with this.begin() as work:
            ours = await settling.dispute_called(work, seen.id)
        assert ours is not None, "it was settled just now"
        here = {"about_project_id": ours.project_id, "our_id": ours.id, "external_id": seen.id}
        if ours.state != str(seen.state):
            told = {"ours": ours.state, "theirs": str(seen.state)}
            this.differs(Differs.STATUS, "dispute", **here, **told)
        if ours.amount != seen.amount:
            told = {"ours": str(ours.amount), "theirs": str(seen.amount)}
            this.differs(Differs.AMOUNT, "dispute", **here, **told)


async def compare_ours(this: Comparison) -> None:
    """Find what we have of the window and the provider never listed."""
    async with this.begin() as work:
        refunds = await settling.refunds_made_in(work, this.window.start, this.window.end)
        disputes = await settling.disputes_made_in(work, this.window.start, this.window.end)
    for refund in refunds:
        if refund.external_id is None and refund.state is RefundState.ASKED:
            name = None
        elif refund.external_id is None or refund.external_id in this.seen:
            continue
        else:
            name = refund.external_id
        if name is None or await _is_missing(this.gateway.read_refund, name):
            about = {"about_project_id": refund.project_id, "our_id": refund.id}
            this.differs(
                Differs.MISSING_THERE, "refund", **about, external_id=name, ours=str(refund.state)
            )
    for dispute in disputes:
        name = dispute.external_id
        if name not in this.seen and await _is_missing(this.gateway.read_dispute, name):
            about = {"about_project_id": dispute.project_id, "our_id": dispute.id}
            this.differs(
                Differs.MISSING_THERE, "dispute", **about, external_id=name, ours=dispute.state
            )


async def _is_missing(read: Callable[[str], Awaitable[object]], external_id: str) -> bool:
    try:
        await read(external_id)
    except payments.ProviderObjectMissing:
        return True
    return False
