"""The life of a subscription at Stripe: it begins, renews, is charged, fails, pauses and ends.

What Stripe decides by settings of the account, the switches decide here. Everything happens at the
instant at which it is due by the sandbox's clock, and is told in Stripe's order.
"""

from typing import Any

from mcp_server.sandbox import charging
from mcp_server.sandbox.charging import FINALIZE, RETRY, Outcome, finalize, method_of, void
from mcp_server.sandbox.intervals import next_boundary
from mcp_server.sandbox.resources import intents, invoices, methods
from mcp_server.sandbox.resources.invoices import Part
from mcp_server.sandbox.work import Json, Work

RENEW, WARN, REMIND = "renew_subscription", "tell_trial_will_end", "tell_upcoming_invoice"
END, GIVE_UP, RESUME = "end_subscription", "give_up_subscription", "resume_collection"
DAY = 86_400
FIRST_PAYMENT_SECONDS = 23 * 3600
"""So long a subscription waits for its first payment."""
NOTICE_SECONDS, UPCOMING_SECONDS = 3 * DAY, 7 * DAY
OVER = ("canceled", "incomplete_expired")
RENEWS = ("trialing", "active", "past_due", "unpaid")
CREATED, UPDATED = "customer.subscription.created", "customer.subscription.updated"


def items(subscription: Json) -> list[Json]:
    found: list[Json] = subscription["items"]["data"]
    return found


def with_items(subscription: Json, changed: list[Json]) -> Json:
    """Return the list of items as a subscription has it."""
    return {**subscription["items"], "data": changed, "total_count": len(changed)}


def period(subscription: Json) -> tuple[int, int]:
    first = items(subscription)[0]
    return first["current_period_start"], first["current_period_end"]


def in_period(subscription: Json, start: int, end: int) -> Json:
    """Return the items in another period; all of them are billed together."""
    moved = {"current_period_start": start, "current_period_end": end}
    return with_items(subscription, [each | moved for each in items(subscription)])


def update(work: Work, subscription: Json, **fields: Any) -> Json:
    return work.change(subscription, UPDATED, **fields)


# -- It begins ------------------------------------------------------------------------------------


def begin(
    work: Work, subscription: Json, extra: list[Part], *, paid_by: Json | None = None
) -> Json:
    """Tell of a new subscription, and bill its first period, or its trial, which is nothing.

    `paid_by` is the payment that has paid for it already, on a payment page.
    """
    work.emit(CREATED, subscription)
    schedule(work, subscription)
    parts = [_free(each) for each in first_parts(work, subscription)]
    if subscription["status"] != "trialing":
        parts = first_parts(work, subscription)
    invoice = invoices.draft(work, subscription, parts + extra, "subscription_create")
    subscription = work.change(subscription, latest_invoice=invoice["id"])
    if subscription["status"] == "incomplete":
        work.later(FIRST_PAYMENT_SECONDS, GIVE_UP, subscription["id"])
    finalize(work, invoice, paid_by=paid_by)
    return work.get("subscription", subscription["id"])


def first_parts(work: Work, subscription: Json) -> list[Part]:
    return [invoices.whole(work, each) for each in items(subscription)]


def _free(part: Part) -> Part:
    return Part(price=part.price, quantity=part.quantity, amount=0, start=part.start,
                end=part.end, item=part.item)  # fmt: skip


def schedule(work: Work, subscription: Json) -> None:
    """Have happen when it is due what will happen by itself."""
    id = subscription["id"]
    for what in (RENEW, WARN, REMIND, END):
        work.never_mind(what, id)
    if subscription["status"] in OVER or subscription["status"] == "paused":
        return
    _, end = period(subscription)
    work.later(end - work.now, RENEW, id)
    if end - UPCOMING_SECONDS > work.now:
        work.later(end - UPCOMING_SECONDS - work.now, REMIND, id)
    if subscription["status"] == "trialing":
        work.later(max(0, subscription["trial_end"] - NOTICE_SECONDS - work.now), WARN, id)
    if subscription["cancel_at"]:
        work.later(max(0, subscription["cancel_at"] - work.now), END, id)


# -- It is paid for, or not -----------------------------------------------------------------------


def _charged(work: Work, invoice: Json, outcome: Outcome) -> None:
    """Follow what came of charging an invoice, as far as it is the latest one."""
    subscription = charging.of_invoice(work, invoice)
    if subscription["latest_invoice"] != invoice["id"]:
        return
    if outcome == "failed":
        _not_paid(work, subscription, invoice)
    elif subscription["status"] in {"incomplete", "past_due", "unpaid"}:
        work.never_mind(GIVE_UP, subscription["id"])
        update(work, subscription, status="active")
    elif subscription["status"] == "paused" and subscription["_resuming"]:
        go_on(work, subscription)


charging.CHARGED.append(_charged)


def _not_paid(work: Work, subscription: Json, invoice: Json) -> None:
    if subscription["status"] in {"active", "trialing"}:
        subscription = update(work, subscription, status="past_due")
    if invoice["next_payment_attempt"] is None and subscription["status"] == "past_due":
        _give_up(work, subscription)


def _give_up(work: Work, subscription: Json) -> None:
    becomes = work.switches.given_up
    if becomes == "canceled":
        end(work, subscription, reason="payment_failed")
    elif becomes == "unpaid":
        update(work, subscription, status="unpaid")


# -- It renews ------------------------------------------------------------------------------------


def renew(work: Work, id: str) -> None:
    """Begin the next period, and have its invoice finalized after a while."""
    subscription = work.get("subscription", id)
    _, ends = period(subscription)
    if subscription["status"] not in RENEWS or ends > work.now:
        return
    if subscription["cancel_at"] and subscription["cancel_at"] <= ends:
        end(work, subscription)
        return
    if subscription["status"] == "trialing":
        end_trial(work, subscription)
        return
    following = next_boundary(
        subscription["billing_cycle_anchor"], items(subscription)[0]["price"]["recurring"], ends
    )
    moved = in_period(subscription, ends, following)
    bill(work, update(work, subscription, items=moved), "subscription_cycle")


def end_trial(work: Work, subscription: Json) -> Json:
    """Begin the first period that is paid for; or do what was said for a lack of a method."""
    missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    automatic = subscription["collection_method"] == "charge_automatically"
    if automatic and method_of(work, subscription) is None and missing != "create_invoice":
        if missing == "cancel":
            return end(work, subscription)
        return pause(work, subscription, "trial_end_without_payment_method")
    at = work.now
    recurring = items(subscription)[0]["price"]["recurring"]
    changed = update(
        work,
        subscription,
        status="active",
        trial_end=at,
        billing_cycle_anchor=at,
        items=in_period(subscription, at, next_boundary(at, recurring, at)),
    )
    return bill(work, changed, "subscription_cycle")


def bill(work: Work, subscription: Json, reason: str, *, now: bool = False) -> Json:
    """Bill the period that has begun, with what was left to be billed of the one before."""
    pending = [Part(**each) for each in subscription["_pending"]]
    parts = [*pending, *first_parts(work, subscription)]
    return bill_parts(work, subscription, parts, reason, now=now)


def bill_parts(
    work: Work, subscription: Json, parts: list[Part], reason: str, *, now: bool
) -> Json:
    invoice = invoices.draft(work, subscription, parts, reason)
    subscription = work.change(subscription, latest_invoice=invoice["id"], _pending=[])
    for each in subscription["_coupons"]:
        each["times"] = None if each["times"] is None else max(0, each["times"] - 1)
    work.save(subscription)
    schedule(work, subscription)
    held = (subscription["pause_collection"] or {}).get("behavior") == "keep_as_draft"
    if held or subscription["status"] == "unpaid":
        work.change(invoice, auto_advance=False)
    elif now:
        finalize(work, invoice)
    else:
        wait = work.switches.finalize_seconds
        work.change(invoice, automatically_finalizes_at=work.now + wait)
        work.later(wait, FINALIZE, invoice["id"])
    return work.get("subscription", subscription["id"])


def warn(work: Work, id: str) -> None:
    subscription = work.get("subscription", id)
    if subscription["status"] == "trialing":
        work.emit("customer.subscription.trial_will_end", subscription)


def remind(work: Work, id: str) -> None:
    """Tell of an invoice that is not one yet: it has no id."""
    subscription = work.get("subscription", id)
    if subscription["status"] not in RENEWS or subscription["cancel_at"]:
        return
    start, ends = period(subscription)
    upcoming = {
        "object": "invoice",
        "billing_reason": "upcoming",
        "created": ends,
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "livemode": False,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": id},
            "type": "subscription_details",
        },
        "period_end": ends,
        "period_start": start,
        "status": "draft",
    }
    work.emit("invoice.upcoming", upcoming)


# -- It pauses, and ends --------------------------------------------------------------------------


def pause(work: Work, subscription: Json, why: str) -> Json:
    """Have it wait: no period begins and nothing is billed."""
    details = {"subscription": {"type": why}, "transitioned_at": work.now, "type": "subscription"}
    paused = work.change(
        subscription,
        "customer.subscription.paused",
        status="paused",
        status_details={"paused": details},
        _resuming=False,
    )
    schedule(work, paused)
    return paused


def go_on(work: Work, subscription: Json) -> Json:
    resumed = work.change(
        subscription,
        "customer.subscription.resumed",
        status="active",
        status_details=None,
        _resuming=False,
    )
    schedule(work, resumed)
    return resumed


def resume_collection(work: Work, id: str) -> None:
    subscription = work.get("subscription", id)
    if subscription["pause_collection"]:
        update(work, subscription, pause_collection=None)


def end_due(work: Work, id: str) -> None:
    subscription = work.get("subscription", id)
    at = subscription["cancel_at"]
    if subscription["status"] not in OVER and at and at <= work.now:
        end(work, subscription)


def give_up(work: Work, id: str) -> None:
    """End a subscription that nobody paid for in time."""
    subscription = work.get("subscription", id)
    if subscription["status"] != "incomplete":
        return
    invoice = work.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        void(work, invoice)
    for each in work.every("invoice_payment", invoice=invoice["id"], status="open"):
        if each["_intent"]:
            intents.canceled(work, work.get("payment_intent", each["_intent"]), "void_invoice")
    update(work, subscription, status="incomplete_expired", ended_at=work.now)
    schedule(work, work.get("subscription", id))


def end(work: Work, subscription: Json, *, reason: str = "cancellation_requested") -> Json:
    details = {**subscription["cancellation_details"], "reason": reason}
    ended = work.change(
        subscription,
        "customer.subscription.deleted",
        status="canceled",
        ended_at=work.now,
        canceled_at=subscription["canceled_at"] or work.now,
        cancellation_details=details,
        status_details=None,
    )
    schedule(work, ended)
    for each in work.every("invoice", customer=ended["customer"], status="open"):
        if each["parent"]["subscription_details"]["subscription"] == ended["id"]:
            work.never_mind(RETRY, each["id"])
            work.change(each, "invoice.updated", auto_advance=False, next_payment_attempt=None)
    return ended


def save_method(work: Work, method: Json, customer: str) -> None:
    """Keep what pays on a page for the payments that follow without the customer."""
    kept = work.get("payment_method", method["id"])
    kept["_set_up"] = True
    work.save(kept)
    methods.attach_to(work, kept, customer)
