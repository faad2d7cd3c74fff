"""Subscriptions that begin on a payment page: what is due today, and what begins when paid."""

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import intents, setups
from mcp_server.sandbox.resources.invoices import Part
from mcp_server.sandbox.work import Json, Work

KEPT = ("description", "trial_end", "trial_period_days", "billing_cycle_anchor", "metadata",
        "billing_mode", "trial_settings", "default_tax_rates")  # fmt: skip
UNUSED = ("application_fee_percent", "invoice_settings", "on_behalf_of", "proration_behavior",
          "transfer_data", "pending_invoice_item_interval")  # fmt: skip


def prepare(work: Work, session: Json, asked: Params) -> None:
    """Keep how the subscription is to be; of a trial, what recurs is not due today."""
    asked.ignore(*UNUSED, *KEPT)
    if len(_once(session)) == len(session["_items"]):
        raise Refused(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            param="line_items",
        )
    session["_asked"] = {name: value for name, value in asked.values.items() if name in KEPT}
    if asked.integer("trial_period_days") or asked.text("trial_end"):
        session["_trial"] = True
        due = sum(each["amount_total"] for each in _once(session))
        less = session["amount_subtotal"] - due
        session["amount_total"] = session["amount_subtotal"] = due
        assert less >= 0, "what recurs costs something or nothing"
        session["payment_status"] = "unpaid"


def _once(session: Json) -> list[Json]:
    return [each for each in session["_items"] if each["price"]["type"] == "one_time"]


def begun(work: Work, session: Json) -> Json:
    """Return the payment of what is due today; without any, the wish to save a method."""
    if id := session.get("_payment"):
        return work.get("payment_intent", id)
    if id := session.get("_setup"):
        return work.get("setup_intent", id)
    customer = session["customer"]
    if session["amount_total"]:
        intent = intents.blank(
            work,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=customer,
            metadata={},
        )
        intent |= {"setup_future_usage": "off_session", "description": "Subscription creation"}
        work.save(intent)
        work.emit("payment_intent.created", intent)
        session["_payment"] = intent["id"]
        work.save(session)
        return intent
    setup = setups.blank(work, customer=customer, usage="off_session", metadata={})
    work.emit("setup_intent.created", setup)
    session["_setup"] = setup["id"]
    work.save(session)
    return setup


def subscribed(work: Work, session: Json) -> Json:
    """Begin the subscription that was paid for on a page."""
    # The modules of lives stand above payments and pages, which these reach only here.
    from mcp_server.sandbox import subscribing  # noqa: PLC0415
    from mcp_server.sandbox.resources import subscriptions  # noqa: PLC0415

    recurring, extra = [], []
    for each in session["_items"]:
        if each["price"]["type"] == "recurring":
            recurring.append((work.get("price", each["price"]["id"]), each["quantity"]))
        else:
            part = Part(
                price=each["price"],
                quantity=each["quantity"],
                amount=each["amount_subtotal"],
                start=work.now,
                end=work.now,
            )
            extra.append(part)
    asked = Params(session["_asked"])
    subscription = subscriptions.blank(work, session["customer"], recurring, asked)
    for each in session["discounts"]:
        code = each["promotion_code"] and work.get("promotion_code", each["promotion_code"])
        coupon = code["promotion"]["coupon"] if code else each["coupon"]
        subscriptions.discount(work, subscription, coupon)
    payment = session.get("_payment") and work.get("payment_intent", session["_payment"])
    made = payment or work.get("setup_intent", session["_setup"])
    subscription["default_payment_method"] = made["payment_method"]
    work.insert(subscription)
    kept = subscribing.begin(work, subscription, extra, paid_by=payment or None)
    return work.save({**session, "subscription": kept["id"], "invoice": kept["latest_invoice"]})
