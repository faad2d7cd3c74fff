"""Subscriptions, as they are asked for, changed and ended over the API."""

from typing import Any

from mcp_server.sandbox import charging, subscribing
from mcp_server.sandbox.errors import Refused, absent, wrong_state
from mcp_server.sandbox.ids import new_id
from mcp_server.sandbox.intervals import next_boundary
from mcp_server.sandbox.lists import listed, page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import coupons, methods
from mcp_server.sandbox.resources import subscription_items as items
from mcp_server.sandbox.resources.invoices import Part
from mcp_server.sandbox.resources.subscription_changes import changed_items
from mcp_server.sandbox.work import Json, Work, with_metadata

UNUSED = (
    "add_invoice_items", "application_fee_percent", "automatic_tax", "backdate_start_date",
    "billing_cycle_anchor_config", "billing_schedules", "billing_thresholds", "currency",
    "default_source", "expand", "invoice_settings", "off_session",
    "on_behalf_of", "payment_settings", "pending_invoice_item_interval", "transfer_data",
    "trial_from_plan", "customer_account",
)  # fmt: skip
BEHAVIORS = ("allow_incomplete", "default_incomplete", "error_if_incomplete",
             "pending_if_incomplete")  # fmt: skip
PRORATIONS = ("create_prorations", "always_invoice", "none")
STATUSES = ("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due",
            "paused", "trialing", "unpaid")  # fmt: skip
NEVER = (
    "application", "application_fee_percent", "billing_cycle_anchor_config", "billing_thresholds",
    "canceled_at", "customer_account", "default_source", "ended_at", "latest_invoice",
    "next_pending_invoice_item_invoice", "on_behalf_of", "pause_collection",
    "pending_invoice_item_interval", "pending_setup_intent", "pending_update", "schedule",
    "status_details", "test_clock", "transfer_data",
)  # fmt: skip

NEW: Json = {
    **dict.fromkeys(NEVER),
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_schedules": [],
    "cancel_at_period_end": False,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "default_payment_method": None,
    "discounts": [],
    "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
    "livemode": False,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "_holds_payment": False,
    "_resuming": False,
}
"""What every subscription has when it is made."""


def create(work: Work, asked: Params) -> Json:
    customer = work.get("customer", asked.needed("customer"), "customer")
    lines = asked.parts("items")
    if not lines:
        raise absent("items")
    asked.ignore(*UNUSED)
    found = [(items.price_of(work, each), each.integer("quantity")) for each in lines]
    behavior = asked.choice("payment_behavior", *BEHAVIORS) or "allow_incomplete"
    subscription = blank(work, customer["id"], found, asked)
    subscription["_holds_payment"] = behavior == "default_incomplete"
    method = asked.text("default_payment_method")
    if method:
        subscription["default_payment_method"] = _own(work, customer, method)
    pays = subscription["status"] == "incomplete" and behavior != "default_incomplete"
    if pays and charging.method_of(work, subscription) is None:
        raise Refused(
            "This customer has no attached payment source or default payment method. Please "
            "consider adding a default payment method.",
            code="resource_missing",
        )
    work.insert(subscription)
    asked.finish()
    made = subscribing.begin(work, subscription, [])
    return work.change(made, _holds_payment=False)


def _own(work: Work, customer: Json, id: str) -> str:
    method = methods.resolve(work, id)
    if method["customer"] != customer["id"]:
        raise Refused(
            f"The customer does not have a payment method with the ID {id}.",
            code="resource_missing",
            param="default_payment_method",
        )
    return str(method["id"])


def blank(work: Work, customer: str, found: list[tuple[Json, int | None]], asked: Params) -> Json:
    """Make a subscription that nobody has been told of, in its first period or in its trial."""
    items.require_alike([price for price, _ in found])
    recurring, id, now = found[0][0]["recurring"], new_id("sub"), work.now
    trial_end = _trial_end(work, asked)
    anchor = trial_end or asked.integer("billing_cycle_anchor") or now
    end = trial_end or next_boundary(anchor, recurring, now)
    period = {"current_period_end": end, "current_period_start": now}
    made = [items.new(work, price, quantity, id, period) for price, quantity in found]
    collection = asked.choice("collection_method", "charge_automatically", "send_invoice")
    status = "trialing" if trial_end else "incomplete"
    if collection == "send_invoice" and not trial_end:
        status = "active"
    subscription: Json = {
        "id": id,
        "object": "subscription",
        **NEW,
        "billing_cycle_anchor": anchor,
        "billing_mode": _mode(asked),
        "cancel_at": asked.integer("cancel_at"),
        "collection_method": collection or "charge_automatically",
        "created": now,
        "currency": found[0][0]["currency"],
        "customer": customer,
        "days_until_due": asked.integer("days_until_due"),
        "default_tax_rates": [
            work.get("tax_rate", each, "default_tax_rates")
            for each in asked.texts("default_tax_rates")
        ],
        "description": asked.text("description"),
        "items": listed(made, f"/v1/subscription_items?subscription={id}"),
        "metadata": asked.mapping("metadata"),
        "start_date": now,
        "status": status,
        "trial_end": trial_end,
        "trial_settings": _trial_settings(asked),
        "trial_start": now if trial_end else None,
        "_coupons": [],
        "_pending": [],
    }
    subscription["items"]["total_count"] = len(made)
    if asked.flag("cancel_at_period_end"):
        subscription |= {"cancel_at": end, "cancel_at_period_end": True, "canceled_at": now}
    for each in asked.parts("discounts"):
        each.ignore("discount", "promotion_code")
        if coupon := each.text("coupon"):
            discount(work, subscription, coupon)
    return subscription


def discount(work: Work, subscription: Json, coupon: str) -> None:
    """Have a coupon come off the invoices of a subscription, as often as it says."""
    found = coupons.usable_coupon(work, coupon, subscription["currency"], "discounts")
    times = {"once": 1, "forever": None}.get(found["duration"], found["duration_in_months"])
    id = new_id("di")
    subscription["discounts"] = [*subscription["discounts"], id]
    subscription["_coupons"].append({"coupon": coupon, "discount": id, "times": times})


def _mode(asked: Params) -> Json:
    mode = asked.part_or_none("billing_mode")
    mode.ignore("flexible")
    kind = mode.choice("type", "classic", "flexible") or "flexible"
    flexible = {"proration_discounts": "included"} if kind == "flexible" else None
    return {"flexible": flexible, "type": kind}


def _trial_end(work: Work, asked: Params) -> int | None:
    days, given = asked.integer("trial_period_days"), asked.text("trial_end")
    if days and given:
        raise Refused("You may only specify one of: trial_end, trial_period_days.")
    if given == "now":
        return None
    end = int(given) if given and given.isdigit() else None
    end = work.now + days * subscribing.DAY if days else end
    return end if end and end > work.now else None


def _trial_settings(asked: Params) -> Json:
    behavior = asked.part_or_none("trial_settings").part_or_none("end_behavior")
    behavior.ignore("billing_cycle_anchor")
    missing = behavior.choice("missing_payment_method", "cancel", "create_invoice", "pause")
    return {"end_behavior": {"missing_payment_method": missing or "create_invoice"}}


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("subscription", id)


def find(work: Work, asked: Params) -> Json:
    asked.ignore("automatic_tax", "current_period_start", "current_period_end", "plan", "price",
                 "test_clock")  # fmt: skip
    status = asked.choice("status", *STATUSES)
    over, lives = list(subscribing.OVER), ["trialing", "active", "past_due", "unpaid", "paused"]
    wanted: list[str] = [status] if status else [*lives, "incomplete"]
    if status in {"all", "ended"}:
        wanted = over if status == "ended" else []
    where = {
        "customer": asked.text("customer"),
        "collection_method": asked.text("collection_method"),
    }
    return page(work, asked, "subscription", "/v1/subscriptions", where, one_of=("status", wanted))


def update(work: Work, asked: Params, id: str) -> Json:
    subscription = work.get("subscription", id)
    asked.ignore(*UNUSED, "payment_behavior", "proration_date", "days_until_due")
    if subscription["status"] in subscribing.OVER and set(asked.values) - {"metadata", "expand"}:
        raise wrong_state(
            f"A {subscription['status']} subscription can only update its metadata.",
            "subscription_canceled",
        )
    fields = _fields(work, subscription, asked)
    proration = asked.choice("proration_behavior", *PRORATIONS) or "create_prorations"
    anchor = asked.part_or_none("billing_cycle_anchor").choice("type", "now", "unchanged")
    ends_trial = asked.text("trial_end") == "now"
    subscription = changed_items(
        work, subscription, asked.parts("items"), proration, resets=anchor == "now"
    )
    subscription = subscribing.update(work, subscription, **fields)
    subscribing.schedule(work, subscription)
    if pause := subscription["pause_collection"]:
        work.never_mind(subscribing.RESUME, id)
        if pause["resumes_at"]:
            work.later(max(0, pause["resumes_at"] - work.now), subscribing.RESUME, id)
    if ends_trial and subscription["status"] == "trialing":
        subscription = subscribing.end_trial(work, subscription)
    return subscription


def _fields(work: Work, subscription: Json, asked: Params) -> Json:
    fields: Json = {}
    if asked.given("metadata"):
        fields["metadata"] = with_metadata(subscription, asked.mapping("metadata"))
    if asked.given("description"):
        fields["description"] = asked.text("description")
    if method := asked.text("default_payment_method"):
        customer = work.get("customer", subscription["customer"])
        fields["default_payment_method"] = _own(work, customer, method)
    if asked.given("cancel_at_period_end"):
        fields |= canceled_at_end(work, subscription, ends=asked.flag("cancel_at_period_end"))
    if asked.given("cancel_at"):
        at = asked.integer("cancel_at")
        fields |= {"cancel_at": at, "canceled_at": work.now if at else None}
    if asked.given("pause_collection"):
        fields["pause_collection"] = _pause_collection(asked.part("pause_collection"))
    if (given := asked.text("trial_end")) and given.isdigit():
        fields |= _trial_until(subscription, int(given))
    if details := asked.part("cancellation_details"):
        kept = subscription["cancellation_details"]
        told = {name: details.text(name) for name in ("comment", "feedback") if details.given(name)}
        fields["cancellation_details"] = kept | told
    asked.ignore("default_tax_rates", "discounts", "trial_settings", "collection_method")
    return fields


def canceled_at_end(work: Work, subscription: Json, *, ends: bool) -> Json:
    """Return what changes when a subscription is to end with its period, or no longer is."""
    _, end = subscribing.period(subscription)
    return {
        "cancel_at": end if ends else None,
        "cancel_at_period_end": ends,
        "canceled_at": work.now if ends else None,
    }


def _trial_until(subscription: Json, end: int) -> Json:
    start, _ = subscribing.period(subscription)
    return {
        "status": "trialing",
        "trial_end": end,
        "trial_start": subscription["trial_start"] or start,
        "billing_cycle_anchor": end,
        "items": subscribing.in_period(subscription, start, end),
    }


def _pause_collection(asked: Params | None) -> Json | None:
    if asked is None:
        return None
    behavior = asked.choice("behavior", "keep_as_draft", "mark_uncollectible", "void")
    return {"behavior": behavior, "resumes_at": asked.integer("resumes_at")}


def cancel(work: Work, asked: Params, id: str) -> Json:
    subscription = work.get("subscription", id)
    if subscription["status"] in subscribing.OVER:
        raise Refused(f"No such subscription: '{id}'", code="resource_missing", status=404)
    details = asked.part_or_none("cancellation_details")
    told = {name: details.text(name) for name in ("comment", "feedback") if details.given(name)}
    invoice_now, prorate = asked.flag("invoice_now"), asked.flag("prorate")
    subscription["cancellation_details"] |= told
    if prorate and subscription["status"] == "active":
        subscription = changed_items(work, subscription, [], "create_prorations", resets=False,
                                     ends=True)  # fmt: skip
    ended = subscribing.end(work, subscription)
    if invoice_now and ended["_pending"]:
        parts = [Part(**each) for each in ended["_pending"]]
        subscribing.bill_parts(work, ended, parts, "subscription_update", now=True)
    return work.get("subscription", id)


def pause(work: Work, asked: Params, id: str) -> Json:
    subscription = work.get("subscription", id)
    asked.ignore("bill_for", "invoicing_behavior", "type")
    if subscription["status"] not in {"active", "trialing"}:
        raise Refused(f"A subscription that is {subscription['status']} cannot be paused.")
    return subscribing.pause(work, subscription, "pause_requested")


def resume(work: Work, asked: Params, id: str) -> Json:
    """Go on: in the period that there was, or in one that begins now and is paid for first."""
    subscription = work.get("subscription", id)
    asked.ignore("payment_behavior", "proration_behavior", "proration_date")
    anchor = asked.part_or_none("billing_cycle_anchor").choice("type", "now", "unchanged")
    if subscription["status"] != "paused":
        raise Refused("Only a paused subscription can be resumed.")
    _, end = subscribing.period(subscription)
    if anchor == "unchanged" and work.now < end:
        return subscribing.go_on(work, subscription)
    recurring = subscribing.items(subscription)[0]["price"]["recurring"]
    moved: dict[str, Any] = {
        "billing_cycle_anchor": work.now,
        "items": subscribing.in_period(
            subscription, work.now, next_boundary(work.now, recurring, work.now)
        ),
    }
    changed = subscribing.update(work, work.save({**subscription, "_resuming": True}), **moved)
    return subscribing.bill(work, changed, "subscription_update", now=True)
