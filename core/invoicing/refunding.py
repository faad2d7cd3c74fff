"""Give back as money what was paid for an invoice and is credited now.

The invoice, the payments and their refunds are decided about in one unit; a job asks the provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core import payments, settling
from core.bills import Invoice
from core.db.work import Work
from core.invoicing import returning
from core.invoicing.settling import settlements, stands_for
from core.kernel.money import Money

REASON = "requested_by_customer"


@dataclass(frozen=True, slots=True)
class Source:
    """A payment of which so much can go back, and what of it settles the invoice until now."""

    payment_id: str
    amount: int
    applied: int


async def sources(work: Work, invoice: Invoice, wanted: int) -> Sequence[Source]:
    """Say of which payments so much would go back, the newest first; less where there is less.

    What came by a bank transfer, is disputed, or went back already is no source.
    """
    settled = await settlements(work, invoice.id)
    named = dict.fromkeys(each.payment_id for each in reversed(settled) if each.payment_id)
    found: list[Source] = []
    for payment_id in named:
        applied = stands_for([each for each in settled if each.payment_id == payment_id])
        standing = await settling.lock_payment(work, payment_id)
        here = 0 if standing.blocked_by else standing.refundable.amount
        amount = min(applied, here, wanted)
        if amount > 0 and standing.record.external_id:
            found.append(Source(payment_id, amount, applied))
            wanted -= amount
    return found


async def give_back(work: Work, invoice: Invoice, backs: Sequence[Source], *, cause: str) -> None:
    """Book that it is on its way back, and ask for the refunds."""
    for each in backs:
        back = Money(each.amount, invoice.asset)
        await returning.book(work, invoice, back, reference=f"payment:{each.payment_id}:{cause}")
        left = Money(each.applied - each.amount, invoice.asset)
        await payments.note_applied(work, each.payment_id, left)
        await settling.begin_refund(work, each.payment_id, back, REASON)
