"""Invoices of subscriptions: their lines, how they are paid, and what is asked about them."""

from dataclasses import dataclass

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.ids import new_id
from mcp_server.sandbox.lists import COMPUTED, listed, page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.pricing import amount_of
from mcp_server.sandbox.resources import coupons
from mcp_server.sandbox.work import Json, Work, with_metadata

STATUSES = ("draft", "open", "paid", "uncollectible", "void")
NEVER = (
    "account_tax_ids", "application", "confirmation_secret", "custom_fields",
    "customer_account", "customer_address", "customer_phone", "customer_shipping",
    "default_source", "due_date", "footer", "hosted_invoice_url", "invoice_pdf",
    "last_finalization_error", "latest_revision", "on_behalf_of", "receipt_number",
    "rendering", "shipping_cost", "shipping_details", "statement_descriptor", "test_clock",
    "threshold_reason", "webhooks_delivered_at", "number", "effective_at", "description",
    "automatically_finalizes_at", "next_payment_attempt", "ending_balance",
)  # fmt: skip
"""What Stripe can say of an invoice and the sandbox does not, or not of a draft."""


NEW: Json = {
    **dict.fromkeys(NEVER),
    "account_country": "US",
    "account_name": "Bursar sandbox",
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_paid_off_stripe": 0,
    "amount_shipping": 0,
    "attempt_count": 0,
    "attempted": False,
    "auto_advance": True,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_tax_rates": [],
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "total_pretax_credit_amounts": [],
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None,
                      "provider": None, "status": None},
    "issuer": {"type": "self"},
    "payment_settings": {"default_mandate": None, "payment_method_options": None,
                         "payment_method_types": None},
}  # fmt: skip
"""What every invoice has when it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A line to be: so many of a price for a period; below zero where it is given back."""

    price: Json
    quantity: int
    amount: int
    start: int
    end: int
    item: str | None = None
    """None of what is paid once."""
    proration: bool = False


def whole(work: Work, item: Json) -> Part:
    """Return what an item of a subscription costs for its period."""
    quantity = item.get("quantity") or 0
    return Part(
        price=item["price"],
        quantity=quantity,
        amount=amount_of(work.get("price", item["price"]["id"]), quantity),
        start=item["current_period_start"],
        end=item["current_period_end"],
        item=item["id"],
    )


def draft(work: Work, subscription: Json, parts: list[Part], reason: str) -> Json:
    """Make the draft of an invoice for a subscription, and tell of it."""
    id, currency = new_id("in"), subscription["currency"]
    customer = work.get("customer", subscription["customer"])
    lines = [_line(subscription, id, each) for each in parts]
    subtotal = sum(each["amount"] for each in lines)
    discounts = _discounts(work, subscription, subtotal)
    taxes = _taxes(subscription, subtotal - sum(each["amount"] for each in discounts))
    exclusive = sum(each["amount"] for each in taxes if each["tax_behavior"] == "exclusive")
    tax = sum(each["amount"] for each in taxes)
    total = subtotal - sum(each["amount"] for each in discounts) + exclusive
    invoice = work.new(
        "invoice",
        "in",
        id=id,
        **NEW,
        amount_due=max(0, total + min(0, customer["balance"])),
        amount_remaining=max(0, total + min(0, customer["balance"])),
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        currency=currency,
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        discounts=[each["discount"] for each in discounts],
        lines=listed(lines, f"/v1/invoices/{id}/lines"),
        metadata={},
        parent={
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        period_end=max(each.start if each.item else each.end for each in parts),
        period_start=min(each.start for each in parts),
        starting_balance=customer["balance"],
        status="draft",
        status_transitions=dict.fromkeys(
            ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        ),
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal,
        total=total,
        total_discount_amounts=discounts,
        total_excluding_tax=total - tax,
        total_taxes=taxes,
    )
    work.emit("invoice.created", invoice)
    return invoice


def _line(subscription: Json, invoice: str, part: Part) -> Json:
    price = part.price
    about: Json = {
        "invoice_item": None,
        "proration": part.proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
    }
    if part.item:
        kind = "subscription_item_details"
        about["subscription_item"] = part.item
    else:
        kind = "invoice_item_details"
        about["invoice_item"] = new_id("ii")
    kinds = ("invoice_item_details", "subscription_item_details")
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": part.amount,
        "currency": subscription["currency"],
        "description": f"{part.quantity} of {price['nickname'] or price['id']}",
        "discount_amounts": [],
        "discountable": not part.proration,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "parent": dict.fromkeys(kinds) | {"type": kind, kind: about},
        "period": {"end": part.end, "start": part.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": part.quantity,
        "quantity_decimal": str(part.quantity),
        "subtotal": part.amount,
        "taxes": [],
    }


def _discounts(work: Work, subscription: Json, subtotal: int) -> list[Json]:
    """Take off what the subscription's coupons take off, as long as they last."""
    taken, left = [], subtotal
    for each in subscription["_coupons"]:
        if each["times"] == 0 or left <= 0:
            continue
        amount = min(left, coupons.off(work.get("coupon", each["coupon"]), subtotal))
        left -= amount
        taken.append({"amount": amount, "discount": each["discount"]})
    return taken


def _taxes(subscription: Json, taxable: int) -> list[Json]:
    return [
        {
            "amount": _share(taxable, each),
            "tax_behavior": "inclusive" if each["inclusive"] else "exclusive",
            "tax_rate_details": {"tax_rate": each["id"]},
            "taxability_reason": "standard_rated",
            "taxable_amount": taxable,
            "type": "tax_rate_details",
        }
        for each in subscription["default_tax_rates"]
    ]


def _share(amount: int, rate: Json) -> int:
    """Return the tax on an amount, or in it, rounded half up; the percentage is a whole one."""
    percent = int(rate["percentage"])
    over = 100 + percent if rate["inclusive"] else 100
    sign = -1 if amount < 0 else 1
    return sign * ((abs(amount) * percent * 2 + over) // (over * 2))


# -- How it is paid -------------------------------------------------------------------------------


def add_payment(work: Work, invoice: Json, intent: str | None) -> Json:
    """Say which payment pays an invoice."""
    payment: Json = {"type": "payment_intent", "payment_intent": intent}
    if intent is None:
        payment = {"type": "payment_record", "payment_record": new_id("prec")}
    return work.new(
        "invoice_payment",
        "inpay",
        amount_paid=None,
        amount_requested=invoice["amount_remaining"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment=payment,
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
        _intent=intent,
    )


def paid(work: Work, invoice: Json, *, by: Json | None) -> Json:
    """Mark an invoice as paid: by a payment of it, or because nothing of it is due."""
    amount = invoice["amount_remaining"] if by else 0
    moments = {**invoice["status_transitions"], "paid_at": work.now}
    changed = work.change(
        invoice,
        status="paid",
        amount_paid=amount,
        amount_paid_off_stripe=amount if by and by["_intent"] is None else 0,
        amount_remaining=0,
        attempted=True,
        next_payment_attempt=None,
        status_transitions=moments,
    )
    work.emit("invoice.paid", changed)
    work.emit("invoice.payment_succeeded", changed)
    if by:
        transitions = {"canceled_at": None, "paid_at": work.now}
        work.change(
            by,
            "invoice_payment.paid",
            status="paid",
            amount_paid=amount,
            status_transitions=transitions,
        )
    return changed


def payments_of(work: Work, invoice: Json) -> Json:
    made = list(work.every("invoice_payment", invoice=invoice["id"]))
    return listed(made[::-1], f"/v1/invoices/{invoice['id']}/payments")


COMPUTED["invoice", "payments"] = payments_of


# -- Asking about it ------------------------------------------------------------------------------


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("invoice", id)


def update(work: Work, asked: Params, id: str) -> Json:
    invoice = work.get("invoice", id)
    fields: Json = {"metadata": with_metadata(invoice, asked.mapping("metadata"))}
    if asked.given("description"):
        fields["description"] = asked.text("description")
    if asked.given("auto_advance"):
        fields["auto_advance"] = asked.flag("auto_advance")
    return work.change(invoice, "invoice.updated", **fields)


def find(work: Work, asked: Params) -> Json:
    where = {
        "customer": asked.text("customer"),
        "status": asked.choice("status", *STATUSES),
        "collection_method": asked.text("collection_method"),
        "parent.subscription_details.subscription": asked.text("subscription"),
    }
    return page(work, asked, "invoice", "/v1/invoices", where)


def lines(work: Work, asked: Params, id: str) -> Json:
    asked.ignore("limit", "starting_after", "ending_before")
    found: Json = work.get("invoice", id)["lines"]
    return found


def retrieve_payment(work: Work, asked: Params, id: str) -> Json:
    return work.get("invoice_payment", id)


def find_payments(work: Work, asked: Params) -> Json:
    where = {
        "invoice": asked.text("invoice"),
        "status": asked.choice("status", "canceled", "open", "paid"),
    }
    if payment := asked.part("payment"):
        payment.ignore("type")
        where["payment.payment_intent"] = payment.text("payment_intent")
    return page(work, asked, "invoice_payment", "/v1/invoice_payments", where)


def require(invoice: Json, *statuses: str) -> None:
    """Refuse what an invoice of another status does not take."""
    if invoice["status"] not in statuses:
        raise Refused(
            f"This invoice is {invoice['status']}: it must be {' or '.join(statuses)}.",
            code="invoice_not_editable" if invoice["status"] != "paid" else "invoice_already_paid",
        )
