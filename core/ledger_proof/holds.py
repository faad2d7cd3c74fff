"""Prove holds: each is what was promised, and what became of it is what the ledger booked."""

from typing import Any

from sqlalchemy import Select, func, select

from core.db.proving import digest_of, stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.ledger import tables
from core.ledger_proof.burned import Parts, parts_of

SIGNED = list(tables.holds.columns.keys()).index("digest")
"""A hold's digest covers every column before it."""
CLOSED = {"captured", "released", "expired"}


def holds_with_capture() -> Select[Any]:
    """Select every hold by wallet, with what the transaction that it names took from the wallet."""
    h, t, e = tables.holds.c, tables.transactions.c, tables.entries.c
    named = (t.project_id == h.project_id) & (t.id == h.transaction_id)
    taken = (
        select(func.sum(e.amount))
        .where(
            e.project_id == h.project_id,
            e.transaction_id == h.transaction_id,
            e.account_id == h.account_id,
        )
        .scalar_subquery()
    )
    return (
        select(tables.holds, t.posted_at, t.burned, taken.label("taken"))
        .outerjoin(tables.transactions, named)
        .order_by(h.project_id, h.account_id, h.id)
    )


async def prove_capturing(work: Work, proof: Proof) -> None:
    """Find transactions that are said to have captured more than one hold."""
    h = tables.holds.c
    query = (
        select(h.project_id, h.transaction_id)
        .where(h.transaction_id.is_not(None))
        .group_by(h.project_id, h.transaction_id)
        .having(func.count() > 1)
    )
    async for row in stream(work, query):
        proof.differs(row.transaction_id, "two holds say that it captured them")


def check_hold(work: Work, hold: Any, proof: Proof) -> tuple[Parts, Parts]:
    """Check one hold by itself; return what it pinned, and what of that a debt absorbed."""
    if digest_of(work, list(hold[:SIGNED])) != hold.digest:
        proof.differs(hold.id, "it is not the hold that was opened")
    parts, absorbed = parts_of(hold.parts), parts_of(hold.absorbed)
    if parts is None or absorbed is None:
        proof.differs(hold.id, "what it pinned cannot be read")
        return [], []
    for problem in _problems(hold, parts, absorbed):
        proof.differs(hold.id, problem)
    return parts, absorbed


def _problems(hold: Any, parts: Parts, absorbed: Parts) -> list[str]:
    found = []
    if sum(amount for _, amount in parts) > hold.amount:
        found.append("it pinned more than it holds")
    if not _is_within(absorbed, unused(parts, hold.captured)):
        found.append("a debt absorbed more than it had left to give back")
    if hold.state == "open":
        if hold.closed_at or hold.captured or absorbed:
            found.append("it is open, and says what it was closed with")
        return found
    if hold.state not in CLOSED or hold.closed_at is None:
        return [*found, f"it is {hold.state}, and not closed"]
    if (hold.closed_at >= hold.expires_at) != (hold.state == "expired"):
        found.append(f"it is {hold.state}, closed at {hold.closed_at:%Y-%m-%d %H:%M:%S} UTC")
    return found + (_captured(hold, parts) if hold.state == "captured" else _let_go(hold))


def _captured(hold: Any, parts: Parts) -> list[str]:
    found = []
    if not 0 < hold.captured <= hold.capture_max:
        found.append(f"{hold.captured} was captured, of at most {hold.capture_max}")
    if hold.taken != hold.captured or hold.posted_at != hold.closed_at:
        problem = f"says {hold.captured} was captured; {hold.transaction_id} took {hold.taken}"
        found.append(problem)
    used = taken_from(parts, hold.captured)
    if (parts_of(hold.burned or []) or [])[: len(used)] != used:
        found.append("its transaction did not burn what it pinned")
    return found


def _let_go(hold: Any) -> list[str]:
    return ["it was let go, and says what captured it"] if hold.captured else []


def taken_from(parts: Parts, amount: int) -> Parts:
    """Return what a capture of so much burns of what was pinned, in its order."""
    used: Parts = []
    for grant_id, part in parts:
        taken = min(part, amount)
        amount -= taken
        if taken:
            used.append((grant_id, taken))
    return used


def unused(parts: Parts, captured: int) -> dict[str, int]:
    """Return what a capture of so much leaves of what was pinned."""
    rest: dict[str, int] = {}
    for grant_id, part in parts:
        rest[grant_id] = rest.get(grant_id, 0) + part
    for grant_id, part in taken_from(parts, captured):
        rest[grant_id] -= part
    return rest


def _is_within(parts: Parts, rest: dict[str, int]) -> bool:
    left = dict(rest)
    for grant_id, amount in parts:
        left[grant_id] = left.get(grant_id, 0) - amount
    return all(amount >= 0 for amount in left.values())
