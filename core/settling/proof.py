"""Prove refunds: what the rows say is what is booked. Of the rest see `proof_moved`."""

from typing import Any

from sqlalchemy import select

from core import statements
from core.db.proving import stream
from core.db.work import Work
from core.kernel.ids import is_id
from core.kernel.proving import Proof
from core.ledger import AccountRole
from core.settling import proof_moved, tables
from core.settling.refunding import KIND


async def prove(work: Work, proof: Proof) -> None:
    """Look at every refund that is booked, and every transaction that says it booked one."""
    await _prove_booked(work, proof)
    await _prove_credits(work, proof)
    await _prove_given(work, proof)
    await proof_moved.prove(work, proof)


async def _prove_booked(work: Work, proof: Proof) -> None:
    r, cleared = tables.refunds.c, statements.taken(KIND, AccountRole.CLEARING)
    query = (
        select(
            r.id, r.amount, r.transaction_id, cleared.c.reference, cleared.c.amount.label("gone")
        )
        .outerjoin(cleared, _joined(cleared, r, r.transaction_id))
        .where(r.booked_at.is_not(None))
    )
    async for row in stream(work, query):
        proof.saw("refunds")
        if row.reference != f"refund:{row.id}":
            proof.differs(row.id, f"{row.transaction_id} should have booked it, and does not")
        elif row.gone != -row.amount:
            proof.differs(row.id, f"{row.amount} went back; {-row.gone} is booked")


async def _prove_credits(work: Work, proof: Proof) -> None:
    """Find refunds for which something else was taken from the wallet than they say."""
    r, wallet = tables.refunds.c, statements.taken(KIND)
    query = (
        select(r.id, r.credits_taken, wallet.c.amount)
        .outerjoin(wallet, _joined(wallet, r, r.transaction_id))
        .where(r.booked_at.is_not(None))
    )
    async for row in stream(work, query):
        if (row.amount or 0) != row.credits_taken:
            proof.differs(row.id, "what was taken back for it is not what is booked")


async def _prove_given(work: Work, proof: Proof) -> None:
    """Find money that was booked as given back, and that no refund says it was."""
    r, cleared = tables.refunds.c, statements.taken(KIND, AccountRole.CLEARING)
    query = (
        select(cleared.c.transaction_id, cleared.c.reference)
        .outerjoin(tables.refunds, _joined(cleared, r, r.transaction_id))
        .where(r.id.is_(None))
    )
    async for row in stream(work, query):
        _, _, named = row.reference.partition(":")
        who = named if is_id("rfd", named) else "no refund"
        proof.differs(row.transaction_id, f"it was booked for {who}, which does not say so")


def _joined(made: Any, row: Any, transaction_id: Any) -> Any:
    return (made.c.project_id == row.project_id) & (made.c.transaction_id == transaction_id)
