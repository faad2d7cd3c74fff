"""Make an invoice of a bill, at once and in the unit that makes the bill.

Its discounts are taken off once more, of the same amounts in the same order, and used up there and
nowhere else. Taxes are the invoice's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import bills, invoicing, parties
from core.db.work import Work
from core.dues import lines
from core.invoicing import Invoice, LegalEntity
from core.kernel.money import Asset
from core.lifecycles import Bill, Subscription

ENTITY = "default"
"""Who bills subscriptions."""


async def issuer(work: Work) -> LegalEntity | None:
    """Return who issues invoices, or None where nobody was set up yet."""
    try:
        return await parties.entity(work, ENTITY)
    except bills.LegalEntityNotFound:
        return None


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill as it is about to be invoiced, under ids that it has already."""

    of: Subscription
    bill_id: str
    invoice_id: str


async def invoice(work: Work, owed: Owed, bill: Bill, *, wallet_ids: Sequence[str] = ()) -> Invoice:
    """Issue the invoice of a bill. These wallets pay of it what they can."""
    drawn = lines.invoice_lines(owed.of, bill, owed.bill_id)
    asked = _asked(owed, bill.asset, drawn, discounts=bill.discounts)
    return await invoicing.issue(work, asked, invoice_id=owed.invoice_id, wallet_ids=wallet_ids)


async def invoice_later(
    work: Work, owed: Owed, asset: Asset, written: Sequence[Mapping[str, Any]]
) -> Invoice:
    """Issue the invoice of a bill that was kept while nobody issued any."""
    drawn = lines.lines_later(owed.of, written, asset, owed.bill_id)
    return await invoicing.issue(work, _asked(owed, asset, drawn), invoice_id=owed.invoice_id)


def _asked(
    owed: Owed, asset: Asset, drawn: Sequence[invoicing.Line], **more: Any
) -> invoicing.Bill:
    return invoicing.Bill(
        reference=lines.reference_of(owed.bill_id),
        asset=asset,
        lines=drawn,
        entity_key=ENTITY,
        subscription_id=owed.of.id,
        **more,
    )
