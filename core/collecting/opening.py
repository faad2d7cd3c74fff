"""Open a page on which a person pays exactly what is due of one invoice."""

from core import checkouts, invoicing, payments
from core.collecting import beginning, concluding, events, finding
from core.collecting.errors import CollectionUnderWay
from core.collecting.model import State
from core.db.work import Work
from core.operations.given import given


async def open_page(
    work: Work,
    invoice: invoicing.Invoice,
    *,
    keep_method: bool = False,
    success_url: str | None = None,
    cancel_url: str | None = None,
) -> checkouts.Checkout:
    """Return a page for an invoice that this unit holds: the one that waits, or another.

    One that keeps the method, or leads elsewhere, takes the place of one that does not. Raises
    CollectionUnderWay while the provider is asked without anybody there.
    """
    before = await finding.open_of(work, invoice.id)
    if before is not None:
        if before.state is not State.NEEDS_ACTION or before.checkout_id is None:
            if before.asked_at is not None or before.state is not State.PAYING:
                raise CollectionUnderWay(invoice.id, before.id, str(before.state))
        else:
            page = await checkouts.find(work, before.checkout_id)
            wanted = not success_url and not cancel_url and page.keep_method >= keep_method
            if wanted and not page.state.is_final:
                return page
        await concluding.leave(work, before, beginning.REPLACED, "Another page was asked for.")
    pages = given(checkouts.ReturnPages) or checkouts.NOWHERE
    returns = {
        name: pages.require(url, name)
        for name, url in (("success_url", success_url), ("cancel_url", cancel_url))
        if url
    }
    price = beginning.due(invoice)
    page = await checkouts.open_bill(
        work,
        pages,
        payments.Sale.of_invoice(invoice.id, "", price),
        title=concluding.title_of(invoice),
        keep_method=keep_method,
        **returns,
    )
    attempt = await finding.write(
        work,
        invoice,
        finding.new_id(work),
        state=str(State.NEEDS_ACTION),
        checkout_id=page.id,
        # Whoever asked for it is answered with its address; nobody else is mailed.
        told_at=work.now,
    )
    await events.tell(work, events.BEGUN, attempt)
    return page
