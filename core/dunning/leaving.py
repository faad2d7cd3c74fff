"""Leave a card by a link: one page at a time for a project, however often the link is opened.

Mail scanners open links too. All they get is a page of the provider that somebody could leave a
card on; nothing else can be done or seen by it.
"""

from datetime import timedelta

from sqlalchemy import select, update

from core import checkouts, payers
from core.checkouts import Checkout, ReturnPages
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.dunning import links, tables
from core.messaging import Event
from core.operations.given import given

USABLE = timedelta(minutes=10)
"""A page that is closed sooner is not handed out any more."""


async def open_page(work: Work, link: links.Link) -> Checkout:
    """Return the page on which a card is left for the unit's project, opening one if need be."""
    p = tables.pages.c
    row = {"project_id": work.project_id, "opened_at": work.real_now}
    await insert_if_absent(work, tables.pages, row)
    query = select(p.checkout_id).where(p.project_id == work.project_id).with_for_update()
    if known := (await work.execute(query)).scalar_one():
        page = await checkouts.find(work, known)
        is_good = page.asset == str(link.asset) and page.expires_at > work.real_now + USABLE
        if is_good and not page.state.is_final:
            return page
    pages = given(ReturnPages) or checkouts.NOWHERE
    page = await checkouts.open_setup(
        work, link.asset, success_url=pages.own(links.DONE), cancel_url=pages.own(links.CANCELED)
    )
    change = update(tables.pages).where(p.project_id == work.project_id)
    await work.execute(change.values(checkout_id=page.id, opened_at=work.real_now))
    return page


async def card_left(work: Work, event: Event) -> None:
    """Pay with a card from now on that was left by a link: that is what it was left for."""
    p = tables.pages.c
    this = p.project_id == work.project_id, p.checkout_id == event.object_id
    if (await work.execute(select(p.opened_at).where(*this))).first() is None:
        return
    kept = await payers.kept_methods(work)
    customer = await payers.customer_of(work)
    if kept and customer and customer.default_method != kept[0].external_id:
        await payers.want_default(work, kept[0].id)
