"""The end of a checkout: who paid with what, what the bank said, and what follows.

Called by the hosted page, by the address that Stripe's own command line uses in its place, by the
page that stands in for the bank, and by the clock when a debit settles.
"""

from dataclasses import dataclass

from mcp_server.sandbox import paying
from mcp_server.sandbox.cards import NOT_AUTHENTICATED, Decline
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import (
    coupons,
    customers,
    intents,
    setups,
    subscribing_on_pages,
)
from mcp_server.sandbox.work import Json, Work

SETUP_NOT_AUTHENTICATED = Decline(
    code="setup_intent_authentication_failure", message=NOT_AUTHENTICATED.message
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who filled in the form."""

    email: str | None = None
    name: str | None = None


def require_open(work: Work, session: Json) -> None:
    if session["status"] != "open" or session["expires_at"] <= work.now:
        status = session["status"] if session["status"] != "open" else "expired"
        raise Refused(f"This Checkout Session is {status}.", code="payment_intent_unexpected_state")


def pay(work: Work, session: Json, method: Json | None, payer: Payer) -> Decline | None:
    """Try to finish a session with a payment method, and return why the bank refused.

    The session is complete afterwards, or still open: its payer is asked by the bank, or may try
    another card.
    """
    require_open(work, session)
    session = _known(work, session, payer)
    if session["mode"] == "subscription":
        return _subscribe(work, session, method)
    if session["mode"] == "payment" and session["amount_total"] == 0:
        _complete(work, session, "no_payment_required")
        return None
    if method is None:
        raise Refused("A payment method is needed.", param="payment_method")
    if session["mode"] == "setup":
        return _save_method(work, session, method)
    intent = _intent(work, session)
    intent |= {"payment_method": method["id"], "payment_method_types": [method["type"]]}
    intent |= {"_return_url": f"{work.url}/checkout/{session['id']}", "_session": session["id"]}
    intent["status"] = "requires_confirmation"
    work.save(intent)
    return _paid(work, session, intent["id"], paying.attempt(work, intent))


def _subscribe(work: Work, session: Json, method: Json | None) -> Decline | None:
    """Take what is due today, or save the method if that is nothing; then it is subscribed."""
    if method is None:
        raise Refused("A payment method is needed.", param="payment_method")
    here = f"{work.url}/checkout/{session['id']}"
    noted = {"_return_url": here, "_session": session["id"], "payment_method": method["id"]}
    begun = subscribing_on_pages.begun(work, session)
    begun |= noted | {"payment_method_types": [method["type"]], "status": "requires_confirmation"}
    work.save(begun)
    if begun["object"] == "setup_intent":
        return _saved(work, session, begun["id"], setups.attempt(work, begun))
    return _paid(work, session, begun["id"], paying.attempt(work, begun))


def _known(work: Work, session: Json, payer: Payer) -> Json:
    """Keep who pays, and make a customer of them if that was asked for."""
    kept = work.find("customer", session["customer"]) if session["customer"] else None
    email = (kept or {}).get("email") or session["customer_email"] or payer.email
    details: Json = {
        "address": dict.fromkeys(customers.ADDRESS) | {"country": "US"},
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": payer.name or (kept or {}).get("name"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    session = {**session, "customer_details": details}
    if kept is None and session["customer_creation"] == "always":
        asked = {"email": email, "name": details["name"]}
        given = {name: value for name, value in asked.items() if value}
        session["customer"] = customers.create(work, Params(given))["id"]
    return work.save(session)


def _intent(work: Work, session: Json) -> Json:
    if session["payment_intent"]:
        return work.get("payment_intent", session["payment_intent"])
    asked = session["_intent"]
    intent = intents.blank(
        work,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        metadata=asked["metadata"],
        capture_method=asked["capture_method"],
    )
    for name in ("description", "receipt_email", "setup_future_usage", "shipping"):
        intent[name] = asked[name]
    intent["statement_descriptor"] = asked["statement_descriptor"]
    work.save(intent)
    work.emit("payment_intent.created", intent)
    session["payment_intent"] = intent["id"]
    work.save(session)
    return intent


def _paid(work: Work, session: Json, intent: str, decline: Decline | None) -> Decline | None:
    status = work.get("payment_intent", intent)["status"]
    if status in {"succeeded", "requires_capture"}:
        _complete(work, session, "paid" if status == "succeeded" else "unpaid")
    elif status == "processing":
        _complete(work, session, "unpaid")
    return decline


def _save_method(work: Work, session: Json, method: Json) -> Decline | None:
    setup = work.get("setup_intent", session["setup_intent"])
    setup |= {"payment_method": method["id"], "customer": session["customer"]}
    setup |= {"_return_url": f"{work.url}/checkout/{session['id']}", "_session": session["id"]}
    setup["payment_method_types"] = [method["type"]]
    work.save(setup)
    return _saved(work, session, setup["id"], setups.attempt(work, setup))


def _saved(work: Work, session: Json, setup: str, decline: Decline | None) -> Decline | None:
    if work.get("setup_intent", setup)["status"] == "succeeded":
        _complete(work, session, "no_payment_required")
    return decline


def _complete(work: Work, session: Json, payment_status: str) -> None:
    coupons.redeem(work, session["discounts"])
    work.never_mind("expire_session", session["id"])
    if session["mode"] == "subscription":
        session = subscribing_on_pages.subscribed(work, session)
    work.change(
        session,
        "checkout.session.completed",
        status="complete",
        payment_status=payment_status,
        url=None,
    )


# -- What happens after the payer has left --------------------------------------------------------


def authenticated(work: Work, intent: Json, *, passed: bool) -> Decline | None:
    """Bring back what the payer told the bank, and go on from there."""
    if intent["status"] != "requires_action":
        return None
    is_setup = intent["object"] == "setup_intent"
    method = work.get("payment_method", intent["payment_method"])
    session = work.find("checkout.session", intent["_session"]) if "_session" in intent else None
    decline: Decline | None
    if passed:
        intent["_authenticated"] = True
        work.save(intent)
        decline = setups.attempt(work, intent) if is_setup else paying.attempt(work, intent)
    elif is_setup:
        decline = setups.refuse(work, intent, method, SETUP_NOT_AUTHENTICATED)
    else:
        decline = NOT_AUTHENTICATED
        paying.failed(work, intent, method, None, decline)
    if session:
        finish = _saved if is_setup else _paid
        return finish(work, session, intent["id"], decline)
    return decline


def settle(work: Work, id: str, *, fails: bool | None = None) -> None:
    """End a debit that is pending, and tell what became of the session it paid."""
    before = work.get("payment_intent", id)["status"]
    intent = paying.settle(work, id, fails=fails)
    if before != "processing" or "_session" not in intent:
        return
    session = work.get("checkout.session", intent["_session"])
    if intent["status"] == "succeeded":
        changed = work.change(session, payment_status="paid")
        work.emit("checkout.session.async_payment_succeeded", changed)
    else:
        work.emit("checkout.session.async_payment_failed", session)
