"""Open a page because it did not work without somebody: to pay in person, or to leave a card."""

from dataclasses import replace
from typing import Any

from core import payments
from core.checkouts import opening, returning
from core.checkouts.model import Checkout, Mode
from core.db.work import Work
from core.kernel.money import Asset


async def open_link(
    work: Work, pages: returning.ReturnPages, sale: payments.Sale, *, price_id: str | None
) -> Checkout:
    """Open a page for the same sale at the provider's price, as a payment of its own.

    Its address is there once the provider was asked, a moment after this unit is committed.
    """
    ours = replace(sale, purpose=payments.Purpose.PACK)
    wanted = {"pack_id": sale.pack_id, "price_id": price_id, "quantity": sale.quantity}
    return await _open(work, pages, ours, **wanted)


async def open_bill(
    work: Work, pages: returning.ReturnPages, sale: payments.Sale, **wanted: Any
) -> Checkout:
    """Open a page for what is owed by an invoice, called by its `title`.

    `keep_method` has the page ask to keep what is paid with; `success_url` and `cancel_url` say
    where people come back to, if not to us.
    """
    return await _open(work, pages, sale, **wanted)


async def _open(
    work: Work, pages: returning.ReturnPages, sale: payments.Sale, **wanted: Any
) -> Checkout:
    checkout_id = work.ids.new("chk")
    record = await payments.expect(work, replace(sale, source_id=checkout_id))
    named = {"project_id": work.project_id, "checkout_id": checkout_id}
    own = {
        "payment_id": record.id,
        "success_url": pages.own(returning.SUCCESS, **named),
        "cancel_url": pages.own(returning.CANCELED, **named),
    }
    return await opening.begin(work, checkout_id, Mode.PAYMENT, **(own | wanted))


async def open_setup(work: Work, asset: Asset, *, success_url: str, cancel_url: str) -> Checkout:
    """Open a page where somebody leaves a payment method for later. Nothing is paid there."""
    checkout_id = work.ids.new("chk")
    returns = {"success_url": success_url, "cancel_url": cancel_url}
    return await opening.begin(work, checkout_id, Mode.SETUP, asset=str(asset), **returns)
