"""One attempt at a payment: what the card decides, and everything that follows from it."""

from collections.abc import Callable

from mcp_server.sandbox import cards
from mcp_server.sandbox.cards import Behaviour, Decline
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.resources import charges, disputes, methods
from mcp_server.sandbox.work import Json, Work, public

Tell = Callable[[Work, Json], None]
INVOICED: list[Tell] = []
"""Who hears how the payment of an invoice ended: they stand above, and enrol themselves."""
PAGE = "/authenticate/"
SETTLE, TELL_BALANCE = "settle_payment", "tell_balance"


def attempt(work: Work, intent: Json, *, off_session: bool = False) -> Decline | None:
    """Try to take the money of an intent with its payment method.

    Returns why not. The intent then waits for another payment method; without a refusal it has
    succeeded, is processing, or waits for its payer to be authenticated.
    """
    method = work.get("payment_method", intent["payment_method"])
    behaviour = methods.behaviour_of(method)
    if asks(behaviour, method, off_session=off_session) and not intent.get("_authenticated"):
        if off_session:
            return refuse(work, intent, method, cards.AUTHENTICATION)
        ask(work, intent, "payment_intent")
        return None
    if behaviour.kind != "card":
        _begin_debit(work, intent, method)
        return None
    if behaviour.decline:
        return refuse(work, intent, method, behaviour.decline)
    _succeed(work, intent, method, behaviour)
    return None


def asks(behaviour: Behaviour, method: Json, *, off_session: bool) -> bool:
    """Tell whether the bank wants to ask its customer."""
    if behaviour.asks == "never":
        return False
    if not off_session:
        return True
    if behaviour.asks == "until_set_up":
        return not method["_set_up"]
    return behaviour.asks == "always"


def ask(work: Work, intent: Json, kind: str) -> Json:
    """Send the payer to the page that stands in for the bank."""
    url = f"{work.url}{PAGE}{intent['client_secret']}"
    action: Json
    if intent.get("_return_url"):
        redirect = {"return_url": intent["_return_url"], "url": url}
        action = {"type": "redirect_to_url", "redirect_to_url": redirect}
    else:
        script = {"type": "three_d_secure_redirect", "stripe_js": url}
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": script}
    return work.change(
        intent, f"{kind}.requires_action", status="requires_action", next_action=action
    )


def refuse(work: Work, intent: Json, method: Json, decline: Decline) -> Decline:
    """Record a failed attempt: a failed charge, and an intent that wants another card."""
    charge = charges.make(work, intent, method, "failed", decline)
    work.emit("charge.failed", charge)
    failed(work, intent, method, charge, decline)
    return decline


def failed(work: Work, intent: Json, method: Json, charge: Json | None, decline: Decline) -> Json:
    """Record why an intent still wants another payment method."""
    changed = {
        **intent,
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "latest_charge": charge["id"] if charge else intent["latest_charge"],
        "processing": None,
        "last_payment_error": error_of(method, decline, charge),
    }
    changed.pop("_authenticated", None)
    work.save(changed)
    work.emit("payment_intent.payment_failed", changed)
    _tell_invoice(work, changed)
    return changed


def error_of(method: Json, decline: Decline, charge: Json | None = None) -> Json:
    """Write a refusal as intents keep it."""
    said = Refused(decline.message, type="card_error", code=decline.code).error
    if charge:
        said["charge"] = charge["id"]
    if decline.decline_code:
        said["decline_code"] = decline.decline_code
    return said | {"payment_method": public(method)}


def _succeed(work: Work, intent: Json, method: Json, behaviour: Behaviour) -> None:
    charge = charges.make(work, intent, method, "succeeded")
    if intent["capture_method"] == "manual":
        work.emit("charge.succeeded", charge)
        held = {"status": "requires_capture", "amount_capturable": intent["amount"]}
        work.change(
            intent,
            "payment_intent.amount_capturable_updated",
            **held,
            latest_charge=charge["id"],
            next_action=None,
        )
        return
    _balance(work, charge)
    work.emit("charge.succeeded", charge)
    received(work, intent, charge, method)
    if behaviour.dispute:
        disputes.open_for(work, work.get("charge", charge["id"]), behaviour.dispute)


def _balance(work: Work, charge: Json) -> None:
    """Let the fee be known: at once, or when the switch says."""
    if seconds := work.switches.balance_seconds:
        work.later(seconds, TELL_BALANCE, charge["id"])
    else:
        charge["balance_transaction"] = charges.transaction_of(work, charge)["id"]
        work.save(charge)


def received(work: Work, intent: Json, charge: Json, method: Json) -> Json:
    """Mark an intent as paid, and save its payment method when that was agreed."""
    changed = {
        **intent,
        "status": "succeeded",
        "amount_capturable": 0,
        "amount_received": charge["amount_captured"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
        "processing": None,
    }
    work.save(changed)
    work.emit("payment_intent.succeeded", changed)
    if intent["setup_future_usage"] and intent["customer"]:
        saved = work.get("payment_method", method["id"])
        saved["_set_up"] = intent["setup_future_usage"] == "off_session"
        work.save(saved)
        methods.attach_to(work, saved, intent["customer"])
    _tell_invoice(work, changed)
    return changed


def _tell_invoice(work: Work, intent: Json) -> None:
    if "_invoice" in intent:
        for tell in INVOICED:
            tell(work, intent)


def capture(work: Work, intent: Json, amount: int) -> Json:
    """Take the money that was authorized, or a part of it."""
    charge = work.get("charge", intent["latest_charge"])
    rest = charge["amount"] - amount
    charge |= {"captured": True, "amount_captured": amount, "amount_refunded": rest}
    _balance(work, charge)
    work.save(charge)
    work.emit("charge.captured", charge)
    method = work.get("payment_method", intent["payment_method"])
    return received(work, intent, charge, method)


# -- Bank debits take a while ---------------------------------------------------------------------


def _begin_debit(work: Work, intent: Json, method: Json) -> None:
    charge = charges.make(work, intent, method, "pending")
    work.emit("charge.pending", charge)
    work.change(
        intent,
        "payment_intent.processing",
        status="processing",
        latest_charge=charge["id"],
        next_action=None,
        last_payment_error=None,
    )
    work.later(work.switches.settle_seconds, SETTLE, intent["id"])


def settle(work: Work, id: str, *, fails: bool | None = None) -> Json:
    """End a debit that is pending: as its account behaves, or as was chosen by hand."""
    intent = work.get("payment_intent", id)
    if intent["status"] != "processing":
        return intent
    work.never_mind(SETTLE, id)
    charge = work.get("charge", intent["latest_charge"])
    method = work.get("payment_method", intent["payment_method"])
    decline = methods.behaviour_of(method).decline
    if fails is not None:
        decline = (decline or cards.RETURNED) if fails else None
    if decline:
        charge |= {
            "status": "failed",
            "failure_code": decline.code,
            "failure_message": decline.message,
        }
        work.save(charge)
        work.emit("charge.failed", charge)
        return failed(work, intent, method, charge, decline)
    charge |= {
        "status": "succeeded",
        "paid": True,
        "captured": True,
        "amount_captured": charge["amount"],
    }
    _balance(work, charge)
    work.save(charge)
    work.emit("charge.succeeded", charge)
    return received(work, intent, charge, method)
