"""Charges: one attempt each to take money, succeeded or failed."""

from typing import Any

from mcp_server.sandbox.cards import Decline
from mcp_server.sandbox.lists import COMPUTED, listed, page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import balance, methods
from mcp_server.sandbox.work import Json, Work, with_metadata

NETWORK_CODES = {"insufficient_funds": "51", "expired_card": "54", "lost_card": "41"}


def make(
    work: Work, intent: Json, method: Json, status: str, decline: Decline | None = None
) -> Json:
    """Make the charge of one attempt. `status` is succeeded, pending or failed."""
    captured = status == "succeeded" and intent["capture_method"] != "manual"
    descriptor = intent["statement_descriptor"] or "BURSAR SANDBOX"
    return work.new(
        "charge",
        "ch" if method["type"] == "card" else "py",
        amount=intent["amount"],
        amount_captured=intent["amount"] if captured else 0,
        amount_refunded=0,
        application=None,
        application_fee=None,
        application_fee_amount=None,
        balance_transaction=None,
        billing_details=method["billing_details"],
        calculated_statement_descriptor=descriptor,
        captured=captured,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_balance_transaction=None,
        failure_code=decline.code if decline else None,
        failure_message=decline.message if decline else None,
        fraud_details={},
        metadata=intent["metadata"],
        on_behalf_of=None,
        outcome=_outcome(decline),
        paid=status == "succeeded",
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(intent, method),
        radar_options={},
        receipt_email=intent["receipt_email"],
        receipt_number=None,
        receipt_url=None,
        refunded=False,
        review=None,
        shipping=intent["shipping"],
        source_transfer=None,
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=None,
        status=status,
        transfer_data=None,
        transfer_group=None,
    )


def _outcome(decline: Decline | None) -> Json:
    if decline is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    reason = decline.decline_code or decline.code
    return {
        "advice_code": "try_again_later" if reason == "insufficient_funds" else None,
        "network_advice_code": None,
        "network_decline_code": NETWORK_CODES.get(reason, "05"),
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _details(intent: Json, method: Json) -> Json:
    kind = method["type"]
    seen = method[kind]
    if kind != "card":
        kept = {name: seen[name] for name in seen if name not in {"generated_from", "networks"}}
        kept.pop("financial_connections_account", None)
        kept.pop("status_details", None)
        return {"type": kind, kind: kept | {"mandate": None}}
    same = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4",
            "regulated_status", "wallet")  # fmt: skip
    authenticated = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": intent["id"],
        "version": "2.2.0",
    }
    card = {name: seen[name] for name in same} | {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "checks": seen["checks"],
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": seen["brand"],
        "network_token": {"used": False},
        "network_transaction_id": intent["id"][-15:],
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "three_d_secure": authenticated if intent.get("_authenticated") else None,
    }
    return {"type": "card", "card": card}


def balance_of(work: Work, id: str) -> None:
    """Record the balance transaction of a charge, and tell that the charge has one now."""
    charge = work.get("charge", id)
    if charge["balance_transaction"] is None:
        transaction = transaction_of(work, charge)
        work.change(charge, "charge.updated", balance_transaction=transaction["id"])


def transaction_of(work: Work, charge: Json) -> Json:
    method = work.get("payment_method", charge["payment_method"])
    now_available = methods.behaviour_of(method).available_now
    return balance.for_charge(work, charge, now_available=now_available)


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("charge", id)


def update(work: Work, asked: Params, id: str) -> Json:
    charge = work.get("charge", id)
    asked.ignore("fraud_details", "shipping", "transfer_group", "customer")
    fields: Json = {"metadata": with_metadata(charge, asked.mapping("metadata"))}
    for name in ("description", "receipt_email"):
        if asked.given(name):
            fields[name] = asked.text(name)
    return work.change(charge, "charge.updated", **fields)


def find(work: Work, asked: Params) -> Json:
    asked.ignore("transfer_group")
    where = {"customer": asked.text("customer"), "payment_intent": asked.text("payment_intent")}
    return page(work, asked, "charge", "/v1/charges", where)


def _refunds(work: Work, charge: Json) -> Any:
    made = list(work.every("refund", charge=charge["id"]))
    return listed(made[::-1], f"/v1/charges/{charge['id']}/refunds")


COMPUTED["charge", "refunds"] = _refunds
