"""The payment page: what is bought, a promotion code, and a way to pay."""

from typing import Any

from starlette.responses import Response

from mcp_server.sandbox import completing
from mcp_server.sandbox.cards import BANKS, CARDS, Behaviour, by_number
from mcp_server.sandbox.completing import Payer
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.pages.rendering import Visit
from mcp_server.sandbox.resources import checkout, methods
from mcp_server.sandbox.work import Json, Work

SHOWN_CARDS = (
    "visa", "chargeDeclined", "chargeDeclinedInsufficientFunds", "threeDSecure2Required",
    "authenticationRequiredOnSetup", "chargeCustomerFail", "createDispute", "pendingRefund",
)  # fmt: skip
DEBITS = tuple(each for each in BANKS if each.kind == "us_bank_account")
YEAR, MONTH = 2034, 12
DEBIT_SETTLES, DEBIT_FAILS = "settles", "fails"
NOT_A_TEST_CARD = (
    "This is not one of Stripe's test cards. Nothing else is taken here: please never type a real "
    "card into a simulated page."
)


async def show(visit: Visit) -> Response:
    return _page(visit)


async def submit(visit: Visit) -> Response:
    """Do what the pressed button says."""
    does = {"pay": _pay, "code": _use_code, "drop": _drop_code, "expire": _expire}
    step = does.get(visit.form.text("do") or "")
    if step is None:
        return _page(visit, error="That is not something this page does.", status=400)
    try:
        return step(visit)
    except Refused as refused:
        return _page(visit, error=str(refused), status=422)


def _pay(visit: Visit) -> Response:
    id, form = visit.id("id"), visit.form
    with visit.sandbox.unit() as work:
        session = work.get("checkout.session", id)
        payer = Payer(email=form.text("email"), name=form.text("name"))
        completing.require_open(work, session)
        method = None if _is_free(session) else _method(work, session, visit)
        completing.pay(work, session, method, payer)
        after = work.get("checkout.session", id)
        return visit.go(next_page(work, after))


def next_page(work: Work, session: Json) -> str:
    """Say where the payer goes from here."""
    if session["status"] == "complete":
        return checkout.success_url(session)
    begun = _begun(work, session)
    if begun and begun["status"] == "requires_action":
        return f"/authenticate/{begun['client_secret']}"
    return f"/checkout/{session['id']}"


def _is_free(session: Json) -> bool:
    return bool(session["mode"] == "payment" and session["amount_total"] == 0)


def _begun(work: Work, session: Json) -> Json | None:
    if id := session["payment_intent"] or session.get("_payment"):
        return work.get("payment_intent", id)
    id = session["setup_intent"] or session.get("_setup")
    return work.get("setup_intent", id) if id else None


def _method(work: Work, session: Json, visit: Visit) -> Json:
    """Make the payment method of what was typed or chosen."""
    form = visit.form
    if saved := form.text("saved"):
        method = work.get("payment_method", saved)
        if method["customer"] != session["customer"] or not method["customer"]:
            raise Refused("This card is not yours.")
        return method
    behaviour = _chosen(session, form.text("debit"), form.text("test") or form.text("number"))
    billing = methods.NOBODY | {"email": form.text("email"), "name": form.text("name")}
    return methods.make(work, behaviour, billing, _expires(form.text("expires")))


def _chosen(session: Json, debit: str | None, number: str | None) -> Behaviour:
    if debit and "us_bank_account" in session["payment_method_types"]:
        fails = debit == DEBIT_FAILS
        return next(each for each in DEBITS if bool(each.decline) == fails)
    if not number:
        raise Refused("Type a card number, or choose one of the test cards.")
    behaviour = by_number(number)
    if behaviour is None or behaviour.kind != "card":
        raise Refused(NOT_A_TEST_CARD)
    return behaviour


def _expires(typed: str | None) -> tuple[int, int]:
    """Read `12/34`; what cannot be read is the far future."""
    month, _, year = (typed or "").replace(" ", "").partition("/")
    if not (month.isdigit() and year.isdigit() and 1 <= int(month) <= 12):
        return YEAR, MONTH
    return int(year) % 100 + 2000, int(month)


def _use_code(visit: Visit) -> Response:
    id = visit.id("id")
    with visit.sandbox.unit() as work:
        session = work.get("checkout.session", id)
        completing.require_open(work, session)
        typed = visit.form.text("promotion_code") or ""
        codes = work.every("promotion_code", code=typed)
        code = next((each for each in codes if each["active"]), None)
        if not session["allow_promotion_codes"] or code is None:
            raise Refused("This promotion code is not valid.")
        checkout.use_code(work, session, code)
        checkout.total(work, session)
        work.save(session)
    return visit.go(f"/checkout/{id}")


def _drop_code(visit: Visit) -> Response:
    id = visit.id("id")
    with visit.sandbox.unit() as work:
        session = work.get("checkout.session", id)
        completing.require_open(work, session)
        if session["allow_promotion_codes"]:
            session["discounts"] = []
            checkout.total(work, session)
            work.save(session)
    return visit.go(f"/checkout/{id}")


def _expire(visit: Visit) -> Response:
    with visit.sandbox.unit() as work:
        session = work.get("checkout.session", visit.id("id"))
        completing.require_open(work, session)
        checkout.expired(work, session)
    return _page(visit)


def _page(visit: Visit, *, error: str | None = None, status: int = 200) -> Response:
    with visit.sandbox.unit() as work:
        session = work.find("checkout.session", visit.id("id"))
        if session is None:
            return visit.message("There is no such payment page.", status=404)
        leads_to = [checkout.success_url(session), session["cancel_url"]]
        if session["status"] == "complete":
            link = checkout.success_url(session)
            return visit.message("This checkout is complete.", link=link)
        if session["status"] == "expired" or session["expires_at"] <= work.now:
            text = "This checkout has expired. Nothing was charged."
            return visit.message(text, link=session["cancel_url"])
        begun = _begun(work, session)
        if begun and begun["status"] == "requires_action" and not error:
            return visit.go(next_page(work, session))
        facts = _facts(work, session, begun)
    if error is None:
        error = facts.pop("refused")
    else:
        facts.pop("refused")
    return visit.show("checkout.html", leads_to=leads_to, status=status, error=error, **facts)


def _facts(work: Work, session: Json, begun: Json | None) -> dict[str, Any]:
    customer = work.find("customer", session["customer"]) if session["customer"] else None
    saved = work.every("payment_method", customer=customer["id"]) if customer else ()
    refused = begun and (begun.get("last_payment_error") or begun.get("last_setup_error"))
    codes = [work.find("promotion_code", each["promotion_code"] or "")
             for each in session["discounts"]]  # fmt: skip
    return {
        "session": session,
        "items": session["_items"],
        "email": (customer or {}).get("email") or session["customer_email"],
        "saved": [each for each in saved if each["type"] == "card"],
        "codes": [each["code"] for each in codes if each],
        "cards": [each for each in CARDS if each.name in SHOWN_CARDS],
        "is_free": _is_free(session),
        "takes_debits": "us_bank_account" in session["payment_method_types"],
        "refused": refused["message"] if refused else None,
    }
