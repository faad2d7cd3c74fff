"""Prove disputes, what the processor kept, and what it paid out: rows and books must say the same.

It shares no code with what books them: kinds and references are spelled out here once more.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Subquery, func, literal, select

from core import statements
from core.db.proving import stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.ledger import AccountRole
from core.settling.tables import disputes, movements, payouts


async def prove(work: Work, proof: Proof) -> None:
    await _prove_disputes(work, proof)
    await _prove_movements(work, proof)
    await _prove_paid_out(work, proof)
    await _prove_payouts(work, proof)


async def _prove_disputes(work: Work, proof: Proof) -> None:
    """Compare what was taken for each dispute, and written off, with its row. There are few."""
    credits_ = await _by_dispute(work, statements.taken("dispute"))
    bonus = await _by_dispute(work, statements.taken("dispute_bonus"))
    gone = await _by_dispute(work, statements.taken("dispute_loss", AccountRole.DISPUTED))
    m, withdrawn = movements.c, Counter[str]()
    query = select(m.dispute_id, m.amount).where(m.dispute_id.is_not(None))
    async for row in stream(work, query):
        withdrawn[row.dispute_id] -= row.amount
    async for row in stream(work, select(disputes)):
        proof.saw("disputes")
        if (credits_.pop(row.id, 0), bonus.pop(row.id, 0)) != (row.credits_taken, row.bonus_taken):
            proof.differs(row.id, "what was taken back for it is not what is booked")
        if -gone.pop(row.id, 0) != row.written_off:
            proof.differs(row.id, f"{row.written_off} is written off, and something else booked")
        if row.state == "lost" and row.written_off != withdrawn[row.id]:
            proof.differs(row.id, f"banks took {withdrawn[row.id]}; {row.written_off} is lost")
    for dispute_id in {*credits_, *bonus, *gone}:
        proof.differs(dispute_id, "something is booked for it, and there is no such dispute")


async def _by_dispute(work: Work, booked: Subquery) -> Counter[str]:
    """Sum up by the dispute that a reference names: `dispute:<id>`, and what may follow."""
    sums = Counter[str]()
    async for row in stream(work, select(booked.c.reference, booked.c.amount)):
        sums[row.reference.split(":")[1]] += row.amount
    return sums


async def _prove_movements(work: Work, proof: Proof) -> None:
    """Look whether each of the processor's transactions changed our books by what it says."""
    m = movements.c
    fees = statements.taken("processor", AccountRole.FEES)
    disputed = statements.taken("processor", AccountRole.DISPUTED)
    query = (
        select(m.external_id, m.amount, m.fee, m.dispute_id, m.transaction_id)
        .add_columns(fees.c.reference, fees.c.amount.label("kept"))
        .add_columns(disputed.c.reference.label("about"), disputed.c.amount.label("moved"))
        .outerjoin(fees, _joined(fees))
        .outerjoin(disputed, _joined(disputed))
    )
    booked = 0
    async for row in stream(work, query):
        proof.saw("processor transactions")
        booked += row.transaction_id is not None
        names = {row.reference, row.about} - {None}
        if names - {f"processor:{row.external_id}"}:
            proof.differs(row.external_id, f"{row.transaction_id} booked another one")
        if (row.kept or 0) != row.fee:
            proof.differs(row.external_id, f"{row.fee} was kept; {row.kept or 0} is booked")
        if -(row.moved or 0) != (row.amount if row.dispute_id else 0):
            proof.differs(row.external_id, f"{row.amount} is disputed; {-(row.moved or 0)} booked")
    if (known := await _count(work, "processor", AccountRole.CLEARING)) > booked:
        proof.differs("processor", f"{known - booked} are booked that no row tells of")


async def _prove_paid_out(work: Work, proof: Proof) -> None:
    """Look whether what payouts brought is at the bank, once, and nothing else is."""
    m, named = movements.c, literal("payout:") + movements.c.payout_id + ":"
    there = statements.taken("payout", AccountRole.BANK)
    back = statements.taken("payout_failed", AccountRole.BANK)
    same, gone = named + m.external_id, named + m.external_id + ":failed"
    query = (
        select(m.external_id, m.net, m.payout_id)
        .add_columns(there.c.amount, back.c.reference.label("returned"))
        .outerjoin(there, (there.c.project_id == m.project_id) & (there.c.reference == same))
        .outerjoin(back, (back.c.project_id == m.project_id) & (back.c.reference == gone))
        .where(m.payout_id.is_not(None), m.net != 0)
    )
    brought = 0
    async for row in stream(work, query):
        brought += 1
        if row.amount != row.net or row.returned:
            proof.differs(row.external_id, f"{row.payout_id} brought {row.net}, and did not")
    paid = await _count(work, "payout", AccountRole.BANK)
    left = paid - await _count(work, "payout_failed", AccountRole.BANK)
    if left > brought:
        proof.differs("payouts", f"{left - brought} amounts are at the bank that no row tells of")


async def _prove_payouts(work: Work, proof: Proof) -> None:
    """Compare what is booked of each payout with what its row says it is."""
    m, p = movements.c, payouts.c
    sums = select(m.payout_id, func.sum(m.net).label("net")).group_by(m.payout_id).subquery()
    query = (
        select(p.external_id, p.booked, sums.c.net)
        .outerjoin(sums, sums.c.payout_id == p.external_id)
        .where(p.state.not_in(("failed", "canceled")))
    )
    async for row in stream(work, query):
        proof.saw("payouts")
        if (row.net or 0) != row.booked:
            proof.differs(row.external_id, f"{row.booked} is said to be of it, {row.net or 0} is")


async def _count(work: Work, kind: str, role: AccountRole) -> int:
    booked = statements.taken(kind, role)
    count = select(func.count(func.distinct(booked.c.transaction_id)))
    return int((await work.execute(count)).scalar_one())


def _joined(booked: Subquery) -> Any:
    m = movements.c
    same_project = booked.c.project_id == m.project_id
    return same_project & (booked.c.transaction_id == m.transaction_id)
