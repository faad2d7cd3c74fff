"""Open a page for what somebody is to pay in person after all, because it did not work without."""

from dataclasses import replace

from core import payments
from core.checkouts import opening, returning
from core.checkouts.model import Checkout, Mode
from core.db.work import Work


async def open_link(
    work: Work, pages: returning.ReturnPages, sale: payments.Sale, *, price_id: str | None
) -> Checkout:
    """Open a page for the same sale at the provider's price, as a payment of its own.

    Its address is there once the provider was asked, a moment after this unit is committed.
    """
    checkout_id = work.ids.new("chk")
    ours = replace(sale, purpose=payments.Purpose.PACK, source_id=checkout_id)
    record = await payments.expect(work, ours)
    named = {"project_id": work.project_id, "checkout_id": checkout_id}
    return await opening.begin(
        work,
        checkout_id,
        Mode.PAYMENT,
        payment_id=record.id,
        pack_id=sale.pack_id,
        price_id=price_id,
        quantity=sale.quantity,
        success_url=pages.own(returning.SUCCESS, **named),
        cancel_url=pages.own(returning.CANCELED, **named),
    )
