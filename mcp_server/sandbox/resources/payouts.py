"""Payouts: what is available goes to the operator's bank, two days after it came."""

from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.resources import balance
from mcp_server.sandbox.work import Json, Work


def pay_out(work: Work, currency: str) -> None:
    """Send everything of a currency that is available, if that is anything at all."""
    balance.become_available(work)
    parts = [
        each
        for each in work.every("balance_transaction", status="available", currency=currency)
        if "_payout" not in each
    ]
    amount = sum(each["net"] for each in parts)
    if amount <= 0:
        return  # what is owed is taken from what comes next
    payout = work.new(
        "payout",
        "po",
        amount=amount,
        application_fee=None,
        application_fee_amount=None,
        arrival_date=work.now,
        automatic=True,
        balance_transaction=None,
        currency=currency,
        description="STRIPE PAYOUT",
        destination=None,
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        metadata={},
        method="standard",
        original_payout=None,
        payout_method=None,
        reconciliation_status="completed",
        reversed_by=None,
        source_type="card",
        statement_descriptor=None,
        status="paid",
        trace_id=None,
        type="bank_account",
    )
    moved = balance.record(work, "payout", -amount, payout, now_available=True)
    for each in (*parts, moved):
        work.save({**each, "_payout": payout["id"]})
    payout = work.save({**payout, "balance_transaction": moved["id"]})
    work.emit("payout.created", payout)
    work.emit("payout.paid", payout)


def retrieve(work: Work, asked: Params, id: str) -> Json:
    return work.get("payout", id)


def find(work: Work, asked: Params) -> Json:
    return page(work, asked, "payout", "/v1/payouts", {"status": asked.text("status")})
