"""Refunds: money that goes back, at once, later, or in the end not."""

from mcp_server.sandbox.errors import Refused, absent
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.money import spelled
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import balance, methods
from mcp_server.sandbox.work import Json, Work, with_metadata

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
FINISH, FAIL = "finish_refund", "fail_refund"


def create(work: Work, asked: Params) -> Json:
    asked.ignore("instructions_email", "origin", "refund_application_fee", "reverse_transfer",
                 "currency", "customer")  # fmt: skip
    charge = _charge(work, asked)
    reason = asked.choice("reason", *REASONS)
    metadata = asked.mapping("metadata")
    rest = charge["amount_captured"] - charge["amount_refunded"]
    if rest == 0:
        raise Refused(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = asked.integer("amount")
    if amount is None:
        amount = rest
    if amount < 1:
        raise Refused("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > rest:
        currency = charge["currency"]
        raise Refused(
            f"Refund amount ({spelled(amount, currency)}) is greater than unrefunded amount on "
            f"charge ({spelled(rest, currency)})",
            code="amount_too_large",
            param="amount",
        )
    return make(work, charge, amount, reason=reason, metadata=metadata)


def _charge(work: Work, asked: Params) -> Json:
    """Find the charge to refund, and refuse one that cannot be."""
    intent_id, charge_id = asked.text("payment_intent"), asked.text("charge")
    if intent_id:
        intent = work.get("payment_intent", intent_id, "payment_intent")
        if intent["status"] != "succeeded":
            raise Refused(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
                code="payment_intent_unexpected_state",
                param="payment_intent",
            )
        charge_id = intent["latest_charge"]
    if not charge_id:
        raise absent("payment_intent")
    charge = work.get("charge", charge_id, "charge")
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise Refused(f"Charge {charge_id} is not a payment that can be refunded.", param="charge")
    for dispute in work.every("dispute", charge=charge_id):
        if not dispute["is_charge_refundable"]:
            raise Refused(
                f"Charge {charge_id} has been charged back; cannot issue a refund.",
                code="charge_disputed",
            )
    return charge


def make(
    work: Work,
    charge: Json,
    amount: int,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Json:
    """Give money back. What the card does decides whether that is the end of it."""
    method = work.get("payment_method", charge["payment_method"])
    behaviour = methods.behaviour_of(method)
    waits = behaviour.refund == "pending" or behaviour.kind != "card"
    kind = method["type"]
    reference = {
        "reference": None,
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
    refund = work.new(
        "refund",
        "re" if kind == "card" else "pyr",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details={kind: reference if kind == "card" else {}, "type": kind},
        metadata=metadata or {},
        payment_intent=charge["payment_intent"],
        payment_method=method["id"],
        reason=reason,
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending" if waits else "succeeded",
        transfer_reversal=None,
        **({"pending_reason": "processing"} if waits else {}),
    )
    refund.pop("livemode")
    type = "refund" if kind == "card" else "payment_refund"
    refund["balance_transaction"] = balance.record(work, type, -amount, refund)["id"]
    work.save(refund)
    _count(work, charge, amount)
    work.emit("charge.refunded", work.get("charge", charge["id"]))
    work.emit("refund.created", refund)
    if waits:
        work.later(work.switches.refund_seconds, FINISH, refund["id"])
    elif behaviour.refund == "fails":
        work.later(work.switches.refund_seconds, FAIL, refund["id"])
    return refund


def _count(work: Work, charge: Json, amount: int) -> None:
    refunded = charge["amount_refunded"] + amount
    is_whole = refunded == charge["amount_captured"]
    work.save({**charge, "amount_refunded": refunded, "refunded": is_whole})


def finish(work: Work, id: str) -> None:
    """End a refund that was pending: the money has arrived."""
    refund = work.get("refund", id)
    if refund["status"] == "pending":
        refund.pop("pending_reason", None)
        _tell(work, work.change(refund, "refund.updated", status="succeeded"))


def fail(work: Work, id: str) -> None:
    """Take a refund back that the bank returned: the money is the operator's again."""
    refund = work.get("refund", id)
    if refund["status"] in {"failed", "canceled"}:
        return
    refund.pop("pending_reason", None)
    returned = balance.record(
        work, "refund_failure", refund["amount"], refund, category="refund_failure"
    )
    changed = work.change(
        refund,
        "refund.updated",
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=returned["id"],
    )
    _count(work, work.get("charge", refund["charge"]), -refund["amount"])
    work.emit("refund.failed", changed)
    _tell(work, changed)


def _tell(work: Work, refund: Json) -> None:
    work.emit("charge.refund.updated", refund)


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("refund", id)


def update(work: Work, asked: Params, id: str) -> Json:
    refund = work.get("refund", id)
    merged = with_metadata(refund, asked.mapping("metadata"))
    changed = work.change(refund, "refund.updated", metadata=merged)
    _tell(work, changed)
    return changed


def cancel(work: Work, asked: Params, id: str) -> Json:
    refund = work.get("refund", id)
    if refund["status"] != "requires_action":
        raise Refused(f"This refund cannot be canceled: its status is {refund['status']}.")
    return work.change(refund, "refund.updated", status="canceled")


def find(work: Work, asked: Params) -> Json:
    where = {"charge": asked.text("charge"), "payment_intent": asked.text("payment_intent")}
    return page(work, asked, "refund", "/v1/refunds", where)
