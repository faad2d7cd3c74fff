"""Payment intents: the wish to be paid, and how far it got."""

from mcp_server.sandbox import paying
from mcp_server.sandbox.cards import Decline
from mcp_server.sandbox.errors import Refused, wrong_state
from mcp_server.sandbox.ids import new_id, random_text
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.money import currency_of, require_amount
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import methods
from mcp_server.sandbox.work import API_VERSION, Json, Work, public, with_metadata

UNUSED = (
    "amount_details", "application_fee_amount", "error_on_requires_action", "hooks", "mandate",
    "mandate_data", "metadata", "on_behalf_of", "payment_details", "payment_method_configuration",
    "payment_method_options", "radar_options", "transfer_data", "transfer_group", "use_stripe_sdk",
    "confirmation_method", "statement_descriptor_suffix", "excluded_payment_method_types",
    "allowed_payment_method_types", "expand",
)  # fmt: skip
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")
REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def create(work: Work, asked: Params) -> Json:
    currency = currency_of(asked.needed("currency"))
    amount = require_amount(_needed_amount(asked), currency)
    intent = blank(
        work,
        amount=amount,
        currency=currency,
        customer=_customer(work, asked),
        capture_method=asked.choice("capture_method", "automatic", "automatic_async", "manual"),
        metadata=asked.mapping("metadata"),
    )
    confirm_now, off_session = asked.flag("confirm"), _off_session(asked)
    intent |= _fields(work, intent, asked)
    if asked.given("off_session") and not confirm_now:
        raise Refused("off_session can only be used with confirm=true.", param="off_session")
    work.save(intent)
    work.emit("payment_intent.created", intent)
    asked.finish()
    return _confirm(work, intent, off_session=off_session) if confirm_now else intent


def blank(
    work: Work,
    *,
    amount: int,
    currency: str,
    customer: str | None,
    metadata: dict[str, str],
    capture_method: str | None = None,
) -> Json:
    """Make an intent that nobody has tried to pay."""
    id = new_id("pi")
    return work.new(
        "payment_intent",
        "pi",
        id=id,
        amount=amount,
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        application=None,
        application_fee_amount=None,
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
        canceled_at=None,
        cancellation_reason=None,
        capture_method=capture_method or "automatic_async",
        client_secret=f"{id}_secret_{random_text(25)}",
        confirmation_method="automatic",
        currency=currency,
        customer=customer,
        description=None,
        last_payment_error=None,
        latest_charge=None,
        metadata=metadata,
        next_action=None,
        on_behalf_of=None,
        payment_method=None,
        payment_method_configuration_details=None,
        payment_method_options={},
        payment_method_types=["card"],
        processing=None,
        receipt_email=None,
        review=None,
        setup_future_usage=None,
        shipping=None,
        statement_descriptor=None,
        statement_descriptor_suffix=None,
        status="requires_payment_method",
        transfer_data=None,
        transfer_group=None,
    )


def _needed_amount(asked: Params) -> int:
    asked.needed("amount")
    return asked.integer_or("amount", 0)


def _customer(work: Work, asked: Params) -> str | None:
    id = asked.text("customer")
    return work.get("customer", id, "customer")["id"] if id else None


def _off_session(asked: Params) -> bool:
    return asked.text("off_session") not in {None, "false", "False"}


def _fields(work: Work, intent: Json, asked: Params) -> Json:
    asked.ignore(*UNUSED)
    if work.version != API_VERSION:
        asked.ignore("payment_method_types")
    fields: Json = {}
    for name in ("description", "receipt_email", "statement_descriptor"):
        if asked.given(name):
            fields[name] = asked.text(name)
    if asked.given("setup_future_usage"):
        fields["setup_future_usage"] = asked.choice(
            "setup_future_usage", "off_session", "on_session"
        )
    if shipping := asked.part("shipping"):
        fields["shipping"] = {"tracking_number": None, "carrier": None, "phone": None}
        fields["shipping"] |= shipping.values
        shipping.ignore(*shipping.values)
    if automatic := asked.part("automatic_payment_methods"):
        redirects = automatic.choice("allow_redirects", "always", "never") or "always"
        enabled = automatic.flag("enabled")
        fields["automatic_payment_methods"] = {"allow_redirects": redirects, "enabled": enabled}
    if url := asked.text("return_url"):
        fields["_return_url"] = url
    if method := methods.given(work, asked):
        fields |= _with_method(intent, method)
    return fields


def _with_method(intent: Json, method: Json) -> Json:
    """Choose what to pay with; a payment method saved by somebody else is not for this payer."""
    if method["customer"] not in {None, intent["customer"]}:
        raise Refused(
            "The provided PaymentMethod belongs to another Customer. Include the Customer in the "
            "PaymentIntent.",
            code="payment_method_customer_mismatch"
            if intent["customer"]
            else "payment_method_unexpected_state",
            param="payment_method",
        )
    fields: Json = {"payment_method": method["id"], "payment_method_types": [method["type"]]}
    if intent["status"] == "requires_payment_method":
        fields["status"] = "requires_confirmation"
    return fields


def _confirm(work: Work, intent: Json, *, off_session: bool) -> Json:
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "confirmed")
    if not intent["payment_method"]:
        raise Refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
            payment_intent=public(intent),
        )
    intent.pop("_authenticated", None)
    if decline := paying.attempt(work, intent, off_session=off_session):
        raise declined(work.get("payment_intent", intent["id"]), decline)
    return work.get("payment_intent", intent["id"])


def declined(intent: Json, decline: Decline) -> Refused:
    """Answer a decline as Stripe does: 402, with the intent as it is now."""
    error = intent["last_payment_error"]
    more = {"charge": error.get("charge"), "payment_method": error["payment_method"]}
    if decline.decline_code:
        more["decline_code"] = decline.decline_code
    return Refused(
        decline.message,
        type="card_error",
        code=decline.code,
        status=402,
        payment_intent=public(intent),
        **more,
    )


def _unexpected(intent: Json, what: str) -> Refused:
    return wrong_state(
        f"This PaymentIntent could not be {what} because it has a status of {intent['status']}.",
        "payment_intent_unexpected_state",
        payment_intent=public(intent),
    )


def retrieve(work: Work, asked: Params, id: str) -> Json:
    asked.ignore("client_secret")
    return work.get("payment_intent", id)


def update(work: Work, asked: Params, id: str) -> Json:
    intent = work.get("payment_intent", id)
    if intent["status"] in {"succeeded", "canceled", "processing"} and set(asked.values) - {
        "metadata",
        "description",
        "expand",
    }:
        raise _unexpected(intent, "updated")
    fields: Json = {"metadata": with_metadata(intent, asked.mapping("metadata"))}
    fields |= _fields(work, intent, asked)
    if asked.given("customer"):
        fields["customer"] = _customer(work, asked)
    if asked.given("currency"):
        fields["currency"] = currency_of(asked.needed("currency"))
    if asked.given("amount"):
        currency = str(fields.get("currency", intent["currency"]))
        fields["amount"] = require_amount(_needed_amount(asked), currency)
    return work.change(intent, **fields)


def confirm(work: Work, asked: Params, id: str) -> Json:
    intent = work.get("payment_intent", id)
    off_session = _off_session(asked)
    intent |= _fields(work, intent, asked)
    work.save(intent)
    asked.finish()
    return _confirm(work, intent, off_session=off_session)


def capture(work: Work, asked: Params, id: str) -> Json:
    intent = work.get("payment_intent", id)
    asked.ignore("final_capture", "metadata", "statement_descriptor", "amount_details", "hooks",
                 "payment_details", "transfer_data", "application_fee_amount",
                 "statement_descriptor_suffix")  # fmt: skip
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "captured")
    amount = asked.integer_or("amount_to_capture", intent["amount_capturable"])
    if not 0 < amount <= intent["amount_capturable"]:
        raise Refused(
            "The remaining amount on the PaymentIntent is less than the amount to capture.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    return paying.capture(work, intent, amount)


def cancel(work: Work, asked: Params, id: str) -> Json:
    intent = work.get("payment_intent", id)
    reason = asked.choice("cancellation_reason", *REASONS)
    if intent["status"] not in CANCELABLE:
        raise _unexpected(intent, "canceled")
    return canceled(work, intent, reason)


def canceled(work: Work, intent: Json, reason: str | None) -> Json:
    work.never_mind(paying.SETTLE, intent["id"])
    return work.change(
        intent,
        "payment_intent.canceled",
        status="canceled",
        canceled_at=work.now,
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )


def find(work: Work, asked: Params) -> Json:
    where = {"customer": asked.text("customer")}
    return page(work, asked, "payment_intent", "/v1/payment_intents", where)
