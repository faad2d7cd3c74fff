"""How the invoice of a subscription is charged: at once, again after days, by hand, or never."""

from collections.abc import Callable
from typing import Literal

from mcp_server.sandbox import paying
from mcp_server.sandbox.resources import intents, invoices
from mcp_server.sandbox.work import Json, Work

FINALIZE, RETRY = "finalize_invoice", "retry_invoice"
DAY = 86_400
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)
"""How long after a failure it is tried again; after the last one it is given up."""
Outcome = Literal["paid", "pending", "failed"]
CHARGED: list[Callable[[Work, Json, Outcome], None]] = []
"""Who hears what came of charging an invoice: lives of subscriptions, which stand above."""


def of_invoice(work: Work, invoice: Json) -> Json:
    """Return the subscription that an invoice is of."""
    id = invoice["parent"]["subscription_details"]["subscription"]
    return work.get("subscription", id)


def method_of(work: Work, subscription: Json) -> str | None:
    customer = work.get("customer", subscription["customer"])
    chosen = subscription["default_payment_method"]
    method: str | None = chosen or customer["invoice_settings"]["default_payment_method"]
    return method


def finalize(work: Work, invoice: Json, *, paid_by: Json | None = None) -> Json:
    """Make a draft an invoice: with a number, a page, and money that is due."""
    customer = work.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    prefix = customer["invoice_prefix"] or customer["id"][-8:].upper()
    balance = customer["balance"] + invoice["total"] - invoice["amount_due"]
    work.save({**customer, "next_invoice_sequence": sequence + 1, "balance": min(0, balance)})
    invoice = work.change(
        invoice,
        "invoice.finalized",
        status="open",
        number=f"{prefix}-{sequence:04}",
        effective_at=work.now,
        automatically_finalizes_at=None,
        ending_balance=min(0, balance),
        hosted_invoice_url=f"{work.url}/invoice/{invoice['id']}",
        invoice_pdf=f"{work.url}/invoice/{invoice['id']}/pdf",
        status_transitions={**invoice["status_transitions"], "finalized_at": work.now},
    )
    if not invoice["amount_remaining"]:
        return _is_paid(work, invoices.paid(work, invoice, by=None))
    if paid_by:
        made = invoices.add_payment(work, invoice, paid_by["id"])
        work.save({**paid_by, "_invoice": invoice["id"]})
        return _is_paid(work, invoices.paid(work, invoice, by=made))
    if invoice["collection_method"] == "charge_automatically" and invoice["auto_advance"]:
        return charge(work, invoice, off_session=invoice["billing_reason"] != "subscription_create")
    return invoice


def charge(
    work: Work, invoice: Json, method: str | None = None, *, off_session: bool = True
) -> Json:
    """Try to charge what is due of an invoice. What comes of it is heard in `_heard`."""
    subscription = of_invoice(work, invoice)
    method = method or method_of(work, subscription)
    intent = payment_of(work, invoice)
    if method is None or subscription["_holds_payment"]:
        return work.get("invoice", invoice["id"])
    kept = work.get("payment_method", method)
    intent |= {"payment_method": method, "payment_method_types": [kept["type"]]}
    intent["status"] = "requires_confirmation"
    work.save(intent)
    paying.attempt(work, intent, off_session=off_session)
    status = work.get("payment_intent", intent["id"])["status"]
    invoice = work.get("invoice", invoice["id"])
    if status == "requires_action":
        invoice = _count(work, invoice)
        work.emit("invoice.payment_action_required", invoice)
    if status == "processing":
        _tell(work, invoice, "pending")
    return work.get("invoice", invoice["id"])


def payment_of(work: Work, invoice: Json) -> Json:
    """Return the payment of an invoice, made when it is first tried."""
    for each in work.every("invoice_payment", invoice=invoice["id"], status="open"):
        if each["_intent"]:
            return work.get("payment_intent", each["_intent"])
    intent = intents.blank(
        work,
        amount=invoice["amount_remaining"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        metadata={},
    )
    intent |= {"_invoice": invoice["id"], "description": "Subscription"}
    work.save(intent)
    work.emit("payment_intent.created", intent)
    invoices.add_payment(work, invoice, intent["id"])
    return intent


def _heard(work: Work, intent: Json) -> None:
    """Follow how the payment of an invoice ended."""
    invoice = work.get("invoice", intent["_invoice"])
    if invoice["status"] not in {"open", "uncollectible"}:
        return
    if intent["status"] == "succeeded":
        named = work.every("invoice_payment", invoice=invoice["id"], _intent=intent["id"])
        _is_paid(work, invoices.paid(work, _count(work, invoice), by=next(named)))
    else:
        _failed(work, invoice, intent["last_payment_error"])


paying.INVOICED.append(_heard)


def _count(work: Work, invoice: Json) -> Json:
    count = invoice["attempt_count"] + 1
    return work.change(invoice, attempt_count=count, attempted=True)


def pay_elsewhere(work: Work, invoice: Json) -> Json:
    """Mark an invoice as paid with money that did not come through Stripe."""
    made = invoices.add_payment(work, invoice, None)
    return _is_paid(work, invoices.paid(work, invoice, by=made))


def _is_paid(work: Work, invoice: Json) -> Json:
    work.never_mind(RETRY, invoice["id"])
    _tell(work, invoice, "paid")
    return work.get("invoice", invoice["id"])


def _failed(work: Work, invoice: Json, error: Json) -> None:
    """Count a failure, and say when it is tried again."""
    tried = invoice["attempt_count"]
    first = of_invoice(work, invoice)["status"] == "incomplete"
    wait = None if first or tried >= len(RETRIES) else RETRIES[tried]
    next_at = None if wait is None else work.now + wait
    invoice = work.change(_count(work, invoice), next_payment_attempt=next_at)
    if error["code"] == "authentication_required":
        work.emit("invoice.payment_action_required", invoice)
    work.emit("invoice.payment_failed", invoice)
    if wait is not None:
        work.later(wait, RETRY, invoice["id"])
    _tell(work, invoice, "failed")


def _tell(work: Work, invoice: Json, outcome: Outcome) -> None:
    for tell in CHARGED:
        tell(work, invoice, outcome)


def retry(work: Work, id: str) -> None:
    invoice = work.get("invoice", id)
    if invoice["status"] == "open" and of_invoice(work, invoice)["status"] not in {
        "canceled",
        "incomplete_expired",
    }:
        charge(work, invoice)


def finalize_due(work: Work, id: str) -> None:
    invoice = work.get("invoice", id)
    if invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    behavior = (of_invoice(work, invoice)["pause_collection"] or {}).get("behavior")
    if behavior == "void":
        void(work, finalize(work, {**invoice, "auto_advance": False}))
    elif behavior == "mark_uncollectible":
        forgo(work, finalize(work, {**invoice, "auto_advance": False}))
    else:
        finalize(work, invoice)


def void(work: Work, invoice: Json) -> Json:
    moments = {**invoice["status_transitions"], "voided_at": work.now}
    work.never_mind(RETRY, invoice["id"])
    return work.change(
        invoice,
        "invoice.voided",
        status="void",
        next_payment_attempt=None,
        status_transitions=moments,
    )


def forgo(work: Work, invoice: Json) -> Json:
    moments = {**invoice["status_transitions"], "marked_uncollectible_at": work.now}
    work.never_mind(RETRY, invoice["id"])
    return work.change(
        invoice,
        "invoice.marked_uncollectible",
        status="uncollectible",
        next_payment_attempt=None,
        status_transitions=moments,
    )
