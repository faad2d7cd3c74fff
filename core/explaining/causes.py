"""Explain a transaction: find out by its reference what it came from, and ask who knows of that."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from core import ledger
from core.db.work import Work
from core.explaining import charged, credited, invoiced, paid, provided
from core.explaining.booked import Booked, find_booked
from core.explaining.explained import Explained
from core.kernel.ids import is_id

Explain = Callable[[Work, Booked, str], Awaitable[Explained]]
"""Explains a transaction by what follows the first colon of its reference."""

GRANT = ledger.flows.GRANT.kind
REVERSAL = "reverse"
NOT_KNOWN = "nothing tells what this was computed from"


async def explain(work: Work, transaction_id: str) -> tuple[Booked, Explained]:
    """Explain a transaction of the unit's project. Raises TransactionNotFound."""
    booked = await find_booked(work, transaction_id)
    return booked, await _explained(work, booked)


async def _explained(work: Work, booked: Booked) -> Explained:
    cause, _, rest = booked.reference.partition(":")
    known = BY_CAUSE.get(cause)
    if known is not None:
        return await known(work, booked, rest)
    if booked.kind == GRANT:
        return await credited.explain_grant(work, booked, booked.reference)
    summary = f"Booked for {booked.reference}"
    return Explained(origin=cause, origin_id=rest, summary=summary, differences=(NOT_KNOWN,))


async def _explain_reversal(work: Work, booked: Booked, first_id: str) -> Explained:
    """Compare with the opposite of what is reversed, and say what that was."""
    told = Explained(
        origin="reversal", origin_id=first_id, summary=f"The opposite of {first_id}", expected={}
    )
    if not is_id("txn", first_id):
        return told.but("it does not name what it reverses")
    try:
        first = await find_booked(work, first_id)
    except ledger.TransactionNotFound:
        return told.but("what it reverses is not there")
    reason = await _explained(work, first)
    return replace(
        reason,
        origin="reversal",
        origin_id=first_id,
        summary=f"Taken back: {reason.summary}",
        facts={"reverses": first_id, "of": first.kind, "reference": first.reference}
        | dict(reason.facts),
        expected={account: -amount for account, amount in first.amounts.items()},
        differences=(),
    )


BY_CAUSE: Mapping[str, Explain] = {
    "usage": charged.explain_usage,
    "hold": charged.explain_capture,
    "grant": credited.explain_grant,
    "coupon": credited.explain_coupon,
    "subscription": credited.explain_subscription,
    "transfer": credited.explain_transfer,
    "breakage": credited.explain_breakage,
    "payment": paid.explain_payment,
    "refund": paid.explain_refund,
    "dispute": paid.explain_dispute,
    "processor": paid.explain_processor,
    "payout": paid.explain_payout,
    "invoice": invoiced.explain_invoice,
    "credit_note": invoiced.explain_note,
    "provider_invoice": provided.explain_provided,
    "provider_invoice_back": provided.explain_provided,
    "provider_earned": provided.explain_provided,
    REVERSAL: _explain_reversal,
}
"""By the first word of a reference: every business fact that is booked has one of its own."""
