"""The addresses behind Stripe's hosted page, as far as its own command line uses them."""

from mcp_server.sandbox import completing
from mcp_server.sandbox.completing import Payer
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import methods
from mcp_server.sandbox.work import Json, Work


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return _page(work, id)


def confirm(work: Work, asked: Params, id: str) -> Json:
    session = work.get("checkout.session", id)
    expected = asked.integer("expected_amount")
    if expected is not None and expected != session["amount_total"]:
        raise Refused("The amount is not the one that was shown.", param="expected_amount")
    method = methods.resolve(work, asked.needed("payment_method"))
    billing = method["billing_details"]
    payer = Payer(email=billing["email"], name=billing["name"])
    if decline := completing.pay(work, session, method, payer):
        raise Refused(
            decline.message,
            type="card_error",
            code=decline.code,
            decline_code=decline.decline_code,
            status=402,
        )
    return _page(work, id)


def _page(work: Work, id: str) -> Json:
    session = work.get("checkout.session", id)
    return {"id": id, "object": "checkout.session", "session_id": id} | session
