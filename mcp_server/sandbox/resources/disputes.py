"""Disputes: a payer went to the bank. Money leaves at once, and comes back if the case is won."""

from mcp_server.sandbox import money
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import balance
from mcp_server.sandbox.work import Json, Work, public, with_metadata

ANSWER_SECONDS = 9 * 86_400
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
    "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id",
    "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)  # fmt: skip
WINNING, LOSING = "winning_evidence", "losing_evidence"
"""What decides a case in test mode, as `uncategorized_text`."""
NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1"}


def open_for(work: Work, charge: Json, why: str) -> Json:
    """Open a case. An inquiry is a question of the bank, and moves no money."""
    inquiry = why == "inquiry"
    reason = "fraudulent" if inquiry else why
    dispute = work.new(
        "dispute",
        "du",
        amount=charge["amount_captured"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        evidence_details={
            "due_by": work.now + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        payment_method_details=_details(charge, reason, inquiry=inquiry),
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    work.save({**charge, "disputed": True})
    if not inquiry:
        dispute = _move(work, dispute, -dispute["amount"], "dispute", money.DISPUTE_FEE)
    work.emit("charge.dispute.created", dispute)
    if not inquiry:
        work.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _details(charge: Json, reason: str, *, inquiry: bool) -> Json:
    kind = charge["payment_method_details"]["type"]
    if kind != "card":
        return {"type": kind}
    card = {
        "brand": charge["payment_method_details"]["card"]["brand"],
        "case_type": "inquiry" if inquiry else "chargeback",
        "network": charge["payment_method_details"]["card"]["network"],
        "network_reason_code": NETWORK_CODES.get(reason, "10.4"),
    }
    return {"card": card, "type": "card"}


def _move(work: Work, dispute: Json, amount: int, category: str, fee: int = 0) -> Json:
    moved = balance.record(work, "adjustment", amount, dispute, fee=fee, category=category)
    return work.save(
        {
            **dispute,
            "balance_transactions": [*dispute["balance_transactions"], public(moved)],
        }
    )


def is_open(dispute: Json) -> bool:
    return dispute["status"] not in {"won", "lost", "warning_closed", "prevented"}


def win(work: Work, dispute: Json) -> Json:
    """Close a case for the operator: the money comes back, without the fee."""
    if dispute["status"].startswith("warning"):
        return _close(work, dispute, "warning_closed")
    changed = _close(work, dispute, "won", tell=False)
    changed = _move(work, changed, changed["amount"], "dispute_reversal")
    work.emit("charge.dispute.funds_reinstated", changed)
    work.emit("charge.dispute.closed", changed)
    return changed


def lose(work: Work, dispute: Json) -> Json:
    """Close a case for the payer: the money stays away."""
    status = "warning_closed" if dispute["status"].startswith("warning") else "lost"
    return _close(work, dispute, status)


def _close(work: Work, dispute: Json, status: str, *, tell: bool = True) -> Json:
    changed = work.change(dispute, "charge.dispute.updated", status=status)
    if tell:
        work.emit("charge.dispute.closed", changed)
    return changed


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("dispute", id)


def update(work: Work, asked: Params, id: str) -> Json:
    dispute = work.get("dispute", id)
    asked.ignore("intended_submission_method")
    merged = with_metadata(dispute, asked.mapping("metadata"))
    evidence, submit = asked.part("evidence"), asked.flag("submit", default=True)
    if evidence is None:
        return work.change(dispute, "charge.dispute.updated", metadata=merged)
    evidence.ignore("enhanced_evidence")
    if not is_open(dispute):
        raise Refused("This dispute is already closed", code="dispute_already_closed")
    said = {name: evidence.text(name) for name in EVIDENCE if evidence.given(name)}
    details = {
        **dispute["evidence_details"],
        "has_evidence": True,
        "submission_count": dispute["evidence_details"]["submission_count"] + submit,
    }
    if submit:
        details["submission_method"] = "manual"
    fields: Json = {
        "metadata": merged,
        "evidence": {**dispute["evidence"], **said},
        "evidence_details": details,
    }
    if submit:
        warning = "warning_" if dispute["status"].startswith("warning") else ""
        fields["status"] = f"{warning}under_review"
    changed = work.change(dispute, "charge.dispute.updated", **fields)
    if submit and said.get("uncategorized_text") == WINNING:
        return win(work, changed)
    if submit and said.get("uncategorized_text") == LOSING:
        return lose(work, changed)
    return changed


def close(work: Work, asked: Params, id: str) -> Json:
    """Accept a dispute, which loses it."""
    dispute = work.get("dispute", id)
    if not is_open(dispute):
        raise Refused("This dispute is already closed", code="dispute_already_closed")
    return lose(work, dispute)


def find(work: Work, asked: Params) -> Json:
    where = {"charge": asked.text("charge"), "payment_intent": asked.text("payment_intent")}
    return page(work, asked, "dispute", "/v1/disputes", where)
