"""Hear what happens elsewhere: a plan was moved to another version, or an invoice was paid.

Of a plan that is moved, the period that goes on was billed and stays as it is. From the next on it
costs what the version costs that the project was moved to.
"""

from core import catalog, dues, invoicing, jobs, lifecycles, selling
from core.db.work import Work
from core.invoicing import State as InvoiceState
from core.lifecycles import Subscription
from core.messaging import Event
from core.messaging import Subscription as Listening
from core.subscriptions import keeping, paying, waiting
from core.subscriptions.carrying_out import carry_out

SOURCE = "subscription"


async def plan_moved(work: Work, event: Event) -> None:
    """Have a subscription follow the plan that it holds for its project."""
    held_by, _, subscription_id = event.data["source"].partition(":")
    if held_by != SOURCE:
        return
    before = await keeping.find(work, subscription_id, lock=True)
    goal = event.data["to"]
    version = await catalog.find_version(work, goal["plan_key"], goal["plan_version"])
    if before.provider_id is not None:
        # The provider bills what it was sold as; moving a plan moves nothing there.
        return
    if before.state not in lifecycles.SERVED or before.choice.version_id == version.id:
        return
    await carry_out(work, before, await _followed(work, before, version))


async def _followed(
    work: Work, before: Subscription, version: catalog.PlanVersion
) -> lifecycles.Decided:
    """Decide it as a change at renewal, of as many as there are of what both versions have."""
    kept = {each.key for each in version.items if each.kind is catalog.ItemKind.RECURRING}
    told = {key: n for key, n in before.choice.quantities.items() if key in kept}
    to = await selling.choose_for(work, before, version, told)
    old = await selling.sold(work, before.choice, before.asset)
    how = lifecycles.Change(at=work.now, when=lifecycles.When.RENEWAL)
    return lifecycles.change(before, old, to, how)


async def invoice_told(work: Work, event: Event) -> None:
    """Hear what became of the invoice of a bill: each may be told again, and in any order."""
    billed = await dues.bill_of(work, event.object_id)
    if billed is None:
        return
    # What it is now counts, and not what it was when this was told.
    invoice = await invoicing.find(work, event.object_id)
    figures = invoice.figures
    match invoice.state:
        case InvoiceState.PAID if figures.total and figures.credited == figures.total:
            await paying.write_off(work, billed.id, "its first invoice was credited")
        case InvoiceState.PAID:
            await paying.paid(work, billed.id)
        case InvoiceState.VOID:
            await paying.write_off(work, billed.id, "its first invoice is void")
        case InvoiceState.UNCOLLECTIBLE:
            await paying.failed(work, billed.id)
        case _:
            return


async def usage_invoiced(work: Work, event: Event) -> None:
    """Note a bill of usage once its invoice was issued, and what has become of it since."""
    if event.data["reference"].startswith("usage:"):
        await dues.bill_usage(work, event.object_id)
        await invoice_told(work, event)


async def entity_set(work: Work, event: Event) -> None:
    """Have those bills invoiced that waited for somebody who issues invoices."""
    await jobs.enqueue(work, waiting.invoice_waiting_bills, key=event.id)


SUBSCRIPTIONS = (
    Listening("subscriptions", ("plan.moved",), plan_moved),
    Listening(
        "subscription_invoices",
        ("invoice.paid", "invoice.voided", "invoice.marked_uncollectible"),
        invoice_told,
    ),
    Listening("subscription_usage", ("invoice.finalized",), usage_invoiced),
    Listening("subscription_bills", ("legal_entity.set",), entity_set),
)
