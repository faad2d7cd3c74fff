"""Hear what became of payments and invoices, and of the methods that are paid with."""

from core import invoicing, payments, subscriptions
from core.campaigns import Kind, Outcome, State, plan
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.dunning import asking, campaigns, ending, events, keeping, leaving, tables
from core.dunning.keeping import Run
from core.messaging import Event
from core.messaging import Subscription as Listening
from core.projects import time_zone_of

REASON_MAX = 500
NOT_REFUSED = {"refused_method_id": None, "refused_at": None}


async def declined(work: Work, event: Event) -> None:
    """Begin a run for an invoice whose payment failed, or note in its run that it did again."""
    invoice_id, permanent = event.data["invoice_id"], bool(event.data["permanent"])
    run = await keeping.of_invoice(work, invoice_id, lock=True)
    billed = await subscriptions.bill_of(work, invoice_id)
    is_new = run is None or run.outcome in {Outcome.RECOVERED, Outcome.PAID_ELSEWHERE}
    if is_new:
        run = await _begin(work, event, billed)
    elif run and run.closed_at:
        return
    if billed is not None:
        await subscriptions.failed(work, billed.id)
    if run is None:
        return
    paid_with = event.data.get("method_id") or run.method_id
    if paid_with is None and (paying := await asking.method(work)):
        paid_with = paying.id
    reason = str(event.data.get("reason") or "")[:REASON_MAX] or None
    refused = {"refused_method_id": paid_with, "refused_at": work.now} if permanent else NOT_REFUSED
    await keeping.change(work, run, method_id=paid_with, asked_at=None, reason=reason, **refused)
    await keeping.note(
        work,
        run,
        "declined" if event.data.get("declined", True) else "failed",
        attempt_id=event.data.get("attempt_id"),
        reason=reason,
        permanent=permanent,
        method_id=paid_with,
    )


async def _begin(work: Work, event: Event, billed: subscriptions.Billed | None) -> Run | None:
    """Plan a run, unless nothing is owed or it was never begun to be paid for.

    A draft that nobody paid ends by itself within a day: there is nothing to warn of.
    """
    held = await subscriptions.find(work, billed.subscription_id, lock=True) if billed else None
    if held and held.state is subscriptions.State.DRAFT:
        return None
    invoice = await invoicing.find(work, event.data["invoice_id"])
    if invoice.state is not invoicing.State.OPEN:
        return None
    campaign = await campaigns.for_product(work, held.product_key if held else None)
    zone, run_id = await time_zone_of(work, work.project_id), work.ids.new("dun")
    permanent, failed_at = bool(event.data["permanent"]), event.occurred_at
    steps = plan(campaign, failed_at, run_id, zone=zone, permanent=permanent)
    row = {
        "project_id": work.project_id,
        "id": run_id,
        "invoice_id": invoice.id,
        "subscription_id": held.id if held else None,
        "state": str(State.OPEN),
        "campaign_key": campaign.key,
        "terms": campaigns.write_terms(campaign),
        "failed_at": failed_at,
        "ends_at": next(each.due_at for each in steps if each.kind is Kind.END),
        "logged": 0,
        "opened_at": work.now,
    }
    if not await insert_if_absent(work, tables.runs, row):
        return await keeping.of_invoice(work, invoice.id, lock=True)
    await keeping.write_steps(work, run_id, steps)
    run = await keeping.find(work, run_id, lock=True)
    await keeping.note(work, run, "begun", campaign=campaign.key, ends_at=run.ends_at.isoformat())
    facts = {"invoice_id": invoice.id, "subscription_id": run.subscription_id}
    await events.tell(work, events.BEGUN, run_id, ends_at=run.ends_at.isoformat(), **facts)
    return run


async def left_open(work: Work, event: Event) -> None:
    """Note that a bank asks for the customer, or that an attempt was left: neither is a decline."""
    run = await keeping.of_invoice(work, event.data["invoice_id"], lock=True)
    if run and not run.closed_at:
        what = event.type.rpartition(".")[2]
        await keeping.change(work, run, asked_at=None)
        await keeping.note(work, run, what, attempt_id=event.data["attempt_id"])


async def collected(work: Work, event: Event) -> None:
    """End the run of what an attempt was paid for: recovered, if nobody had to pay in person."""
    run = await keeping.of_invoice(work, event.data["invoice_id"], lock=True)
    if run is None or run.outcome not in {None, Outcome.PAID_ELSEWHERE}:
        return
    attempt_id, payment_id = event.data["attempt_id"], event.data["payment_id"]
    await keeping.note(work, run, "collected", attempt_id=attempt_id, payment_id=payment_id)
    by_us = payment_id == payments.payment_id_of(attempt_id)
    outcome = Outcome.RECOVERED if by_us else Outcome.PAID_ELSEWHERE
    if run.closed_at:
        # Whoever looked at the invoice first could not know what had paid it.
        await keeping.change(work, run, outcome=str(outcome))
        return
    invoice = await invoicing.find(work, run.invoice_id)
    if invoice.state is invoicing.State.PAID:
        await ending.close(work, run, outcome, payment_id=payment_id)


async def settled(work: Work, event: Event) -> None:
    """End the run of an invoice that is not owed any more, whatever settled it."""
    run = await keeping.of_invoice(work, event.object_id, lock=True)
    if run and not run.closed_at:
        invoice = await invoicing.find(work, event.object_id)
        await ending.close_if_settled(work, run, invoice)


async def method_changed(work: Work, event: Event) -> None:
    """Try at once with a method that it was not tried with yet, also after a decline for good."""
    paying = await asking.method(work)
    if paying is None:
        return
    # All of them first: whoever takes a run and then what it is about must not wait for us.
    runs = [await keeping.find(work, each.id, lock=True) for each in await keeping.open_runs(work)]
    for run in runs:
        if run.closed_at or run.method_id == paying.id or run.asked_at:
            continue
        invoice = await invoicing.find(work, run.invoice_id)
        if await ending.close_if_settled(work, run, invoice):
            continue
        # A method that came with a payment on a page is no reason to take that page away.
        anew = event.type == "payment_method.default_changed"
        await asking.ask(work, run, why="new_method", anew=anew)


SUBSCRIPTIONS = (
    Listening("dunning.declines", ("collection.failed",), declined),
    Listening("dunning.left", ("collection.needs_action", "collection.canceled"), left_open),
    Listening("dunning.collected", ("collection.succeeded",), collected),
    Listening(
        "dunning.settled",
        ("invoice.paid", "invoice.voided", "invoice.marked_uncollectible"),
        settled,
    ),
    Listening(
        "dunning.methods",
        ("payment_method.attached", "payment_method.default_changed"),
        method_changed,
    ),
    Listening("dunning.cards", ("checkout.complete",), leaving.card_left),
)
