"""Lock a payment and know all that went back of it: what every decision here is about."""

from dataclasses import dataclass

from core import payments
from core.db.work import Work
from core.kernel.money import Money
from core.payments import PaymentRecord
from core.settling import finding
from core.settling.model import Dispute, Refund, Share, due_for, is_inquiry, is_open


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment under lock, with its refunds and disputes."""

    record: PaymentRecord
    refunds: tuple[Refund, ...]
    disputes: tuple[Dispute, ...]

    @property
    def refunded(self) -> int:
        return sum(each.amount.amount for each in self.refunds if each.counts)

    @property
    def refundable(self) -> Money:
        """What was paid, less what went back, what is about to, and what banks took."""
        gone = sum(each.amount.amount for each in self.refunds if each.state.is_live)
        gone += sum(each.amount.amount for each in self.disputes if each.is_lost)
        received = self.record.received
        return Money(max(0, received.amount - gone), received.asset)

    @property
    def blocked_by(self) -> Dispute | None:
        """The dispute that decides whose money this is, if there is one."""
        return next((each for each in self.disputes if is_open(each.state) or each.is_lost), None)

    def due(self, more: int) -> Share:
        """Say what is due when so much more goes back, beyond what was due until now."""
        returned = self.refunded + more
        taken = Share()
        for refund in self.refunds:
            taken += refund.due if refund.counts else Share()
        for dispute in self.disputes:
            if dispute.is_lost:
                returned += dispute.amount.amount
                taken += dispute.due
        return due_for(self.record, returned, taken)


async def lock(work: Work, payment_id: str) -> Standing:
    """Lock the payment, so that its refunds and disputes are decided about one after the other."""
    record = await payments.find(work, payment_id, lock=True)
    refunds = await finding.refunds_of(work, payment_id)
    disputes = await finding.disputes_of(work, payment_id)
    return Standing(record, tuple(refunds), tuple(disputes))


async def note(work: Work, payment_id: str) -> None:
    """Write on the payment what its refunds and disputes come to now."""
    now = await lock(work, payment_id)
    received = now.record.received
    disputed = sum(
        each.amount.amount
        for each in now.disputes
        if each.is_lost or (is_open(each.state) and not is_inquiry(each.state))
    )
    await payments.note_returned(
        work,
        payment_id,
        refunded=Money(now.refunded, received.asset),
        disputed=Money(min(disputed, received.amount), received.asset),
    )
