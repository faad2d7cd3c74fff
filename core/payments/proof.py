"""Prove payments: what succeeded is booked as it was paid, and nothing is booked that was not.

A payment names the transaction that booked it, and the transaction's reference names the payment.
The money is on the clearing account and the credits are in the wallet; both must be what the
record says.
"""

from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, or_, select

from core import ledger, statements
from core.db.proving import stream
from core.db.work import Work
from core.kernel.ids import is_id
from core.kernel.proving import Proof
from core.payments import tables
from core.payments.fulfilling import BONUS, COLLECTED, KIND, SHORT

SUCCEEDED = "succeeded"


async def prove(work: Work, proof: Proof) -> None:
    """Look at every payment that succeeded, and every transaction that says one did."""
    await _prove_booked(work, proof)
    await _prove_given(work, proof)
    await _prove_paid(work, proof)
    p = tables.payments.c
    await _prove_money(work, proof, SHORT, p.underpaid_at.is_not(None))
    is_owed = and_(p.invoice_id.is_not(None), p.underpaid_at.is_(None))
    await _prove_money(work, proof, COLLECTED, and_(is_owed, p.status == SUCCEEDED))


async def _prove_booked(work: Work, proof: Proof) -> None:
    p, wallet = tables.payments.c, statements.taken(KIND)
    clearing = statements.taken(KIND, ledger.AccountRole.CLEARING)
    query = (
        select(
            *(p.id, p.transaction_id, p.received, p.credits, p.wallet_id),
            wallet.c.reference,
            wallet.c.account_id,
            wallet.c.amount.label("credited"),
            clearing.c.amount.label("cleared"),
        )
        .outerjoin(wallet, _joined(wallet, p.transaction_id))
        .outerjoin(clearing, _joined(clearing, p.transaction_id))
        .where(p.status == SUCCEEDED, p.underpaid_at.is_(None), p.invoice_id.is_(None))
    )
    async for row in stream(work, query):
        proof.saw("payments")
        if row.reference != f"payment:{row.id}":
            proof.differs(row.id, f"{row.transaction_id} should have booked it, and does not")
            continue
        if row.credited != -row.credits or row.account_id != ledger.wallet_account(row.wallet_id):
            proof.differs(row.id, f"{row.transaction_id} credits something else than was bought")
        if (row.cleared or 0) != row.received:
            proof.differs(row.id, f"{row.received} was paid; {row.cleared or 0} is booked")


async def _prove_given(work: Work, proof: Proof) -> None:
    """Find bonus credits that were sold with a payment and not given, or others than those."""
    p, gift = tables.payments.c, statements.taken(ledger.flows.GRANT.kind)
    query = (
        select(p.id, p.bonus, gift.c.reference, gift.c.amount)
        .outerjoin(gift, _joined(gift, p.bonus_transaction_id))
        .where(
            p.status == SUCCEEDED,
            or_(
                and_(p.bonus > 0, p.underpaid_at.is_(None)),
                p.bonus_transaction_id.is_not(None),
            ),
        )
    )
    async for row in stream(work, query):
        if row.reference != f"payment:{row.id}:{BONUS}" or row.amount != -row.bonus:
            proof.differs(row.id, "its bonus is not what was given")


async def _prove_paid(work: Work, proof: Proof) -> None:
    """Find purchases that no payment which succeeded says it made."""
    p, wallet = tables.payments.c, statements.taken(KIND)
    query = (
        select(wallet.c.transaction_id, wallet.c.reference)
        .outerjoin(
            tables.payments,
            (p.project_id == wallet.c.project_id)
            & (p.transaction_id == wallet.c.transaction_id)
            & (p.status == SUCCEEDED)
            & p.underpaid_at.is_(None),
        )
        .where(p.id.is_(None))
    )
    async for row in stream(work, query):
        _, _, named = row.reference.partition(":")
        who = named if is_id("pay", named) else "no payment"
        proof.differs(row.transaction_id, f"it was booked for {who}, which does not say so")


async def _prove_money(work: Work, proof: Proof, kind: str, these: ColumnElement[bool]) -> None:
    """Look at what is underpaid, or owed: the money that came is booked, and nothing with it."""
    p, cleared = tables.payments.c, statements.taken(kind, ledger.AccountRole.CLEARING)
    both = select(p.id, p.received, cleared.c.transaction_id, cleared.c.reference, cleared.c.amount)
    query = both.outerjoin(cleared, _joined(cleared, p.transaction_id))
    async for row in stream(work, query.where(these)):
        proof.saw("payments")
        if row.reference != f"payment:{row.id}" or row.amount != row.received:
            proof.differs(row.id, f"{row.received} was paid; {row.amount or 0} is booked")
    named = _joined(cleared, p.transaction_id) & these
    booked = select(cleared.c.transaction_id).outerjoin(tables.payments, named)
    async for row in stream(work, booked.where(p.id.is_(None))):
        proof.differs(row.transaction_id, "it was booked for a payment which does not say so")


def _joined(made: Subquery, transaction_id: Any) -> Any:
    same_project = made.c.project_id == tables.payments.c.project_id
    return same_project & (made.c.transaction_id == transaction_id)
