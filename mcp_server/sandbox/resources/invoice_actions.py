"""What is done with an invoice: finalize, pay, void, forgo."""

from mcp_server.sandbox import charging
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import intents, invoices, methods
from mcp_server.sandbox.work import Json, Work


def finalize(work: Work, asked: Params, id: str) -> Json:
    invoice = work.get("invoice", id)
    invoices.require(invoice, "draft")
    if asked.given("auto_advance"):
        invoice["auto_advance"] = asked.flag("auto_advance")
    return charging.finalize(work, invoice)


def pay(work: Work, asked: Params, id: str) -> Json:
    """Pay it now: with a method, or with money that came elsewhere."""
    invoice = work.get("invoice", id)
    asked.ignore("forgive", "mandate", "source")
    if invoice["status"] == "draft":
        invoice = charging.finalize(work, {**invoice, "auto_advance": False})
    invoices.require(invoice, "open", "uncollectible")
    if asked.flag("paid_out_of_band"):
        return charging.pay_elsewhere(work, invoice)
    chosen = asked.text("payment_method")
    method = methods.resolve(work, chosen)["id"] if chosen else None
    if method is None and charging.method_of(work, charging.of_invoice(work, invoice)) is None:
        raise Refused(
            "There is no default payment method set on this Customer or Invoice. Please set a "
            "default payment method, or pass one."
        )
    off_session = asked.flag("off_session", default=True)
    after = charging.charge(work, invoice, method, off_session=off_session)
    if after["status"] == "paid":
        return after
    intent = charging.payment_of(work, after)
    if intent["last_payment_error"]:
        error = intent["last_payment_error"]
        raise Refused(
            error["message"],
            type="card_error",
            code=error["code"],
            status=402,
            **{"decline_code": error["decline_code"]} if "decline_code" in error else {},
        )
    return after


def void(work: Work, asked: Params, id: str) -> Json:
    invoice = work.get("invoice", id)
    invoices.require(invoice, "open", "uncollectible")
    for each in work.every("invoice_payment", invoice=id, status="open"):
        if each["_intent"]:
            intents.canceled(work, work.get("payment_intent", each["_intent"]), "void_invoice")
    return charging.void(work, invoice)


def forgo(work: Work, asked: Params, id: str) -> Json:
    invoice = work.get("invoice", id)
    invoices.require(invoice, "open")
    return charging.forgo(work, invoice)
