"""Prove subscriptions: each is what its history says, what it is billed adds up, and is granted.

It reads rows as they are stored, and shares no code with what wrote them.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select

from core import ledger, statements
from core.db.proving import stream
from core.db.work import Work
from core.dues import tables as dues
from core.kernel.proving import Proof
from core.subscriptions import tables
from core.subscriptions_proof.bills import prove_bills

PROTECTED = ("subscriptions_history",)
"""How each came to be what it is, is never changed."""
GOES_ON = {"draft", "trialing", "active", "past_due"}
OVER = {"canceled", "expired"}


async def prove(work: Work, proof: Proof) -> None:
    """Look at every subscription, every bill, and all credits that were granted for one."""
    await _prove_lives(work, proof)
    await _prove_bills(work, proof)
    await _prove_credits(work, proof)
    await prove_bills(work, proof)


async def _prove_lives(work: Work, proof: Proof) -> None:
    """Compare each with its history, which has no gap; what goes on has a due date."""
    s, h = tables.subscriptions.c, tables.history.c
    counted = (
        select(
            h.project_id,
            h.subscription_id,
            func.count().label("lines"),
            func.max(h.revision).label("last"),
        )
        .group_by(h.project_id, h.subscription_id)
        .subquery()
    )
    last = tables.history.alias("last")
    query = (
        select(s.id, s.state, s.revision, s.next_due_at, counted.c.lines, last.c.after)
        .outerjoin(
            counted, and_(counted.c.project_id == s.project_id, counted.c.subscription_id == s.id)
        )
        .outerjoin(
            last,
            and_(
                last.c.project_id == s.project_id,
                last.c.subscription_id == s.id,
                last.c.revision == counted.c.last,
            ),
        )
    )
    async for row in stream(work, query):
        proof.saw("subscriptions")
        if row.lines != row.revision:
            proof.differs(row.id, f"{row.lines or 0} lines tell how it got to {row.revision}")
        elif row.after != row.state:
            proof.differs(row.id, f"it is {row.state}; its history ends with {row.after}")
        if row.state in GOES_ON and row.next_due_at is None:
            proof.differs(row.id, f"it is {row.state}, and nothing is ever due")
        if row.state in OVER and row.next_due_at is not None:
            proof.differs(row.id, f"it is {row.state}, and something is due")


async def _prove_bills(work: Work, proof: Proof) -> None:
    b = dues.bills.c
    async for row in stream(work, select(b.id, b.asset, b.total, b.lines)):
        proof.saw("subscription bills")
        if (told := _sum(row)) != row.total:
            proof.differs(row.id, f"its lines add up to {told:f}, and it says {row.total}")


def _sum(row: Any) -> Decimal:
    """Add up the lines, each of which is its amount without what came off it."""
    scale = int(row.asset.partition("/")[2])
    nets = (Decimal(each["amount"]) - Decimal(each["off"]) for each in row.lines)
    return sum(nets, Decimal(0)).scaleb(scale)


async def _prove_credits(work: Work, proof: Proof) -> None:
    """Find credits that are said to be granted and are not booked, or otherwise than is said."""
    c, b = tables.credits.c, dues.bills.c
    kinds = {"included": ledger.flows.GRANT.kind, "rolled": ledger.flows.ROLLOVER.kind}
    for kind, flow in kinds.items():
        booked = statements.taken(flow)
        query = (
            select(
                *(c.transaction_id, c.bill_id, c.wallet_id, c.amount),
                booked.c.account_id,
                booked.c.amount.label("booked"),
                b.credits.label("billed"),
                b.paid_at,
            )
            .outerjoin(
                booked,
                and_(
                    booked.c.project_id == c.project_id,
                    booked.c.transaction_id == c.transaction_id,
                ),
            )
            .outerjoin(dues.bills, and_(b.project_id == c.project_id, b.id == c.bill_id))
            .where(c.kind == kind)
        )
        async for row in stream(work, query):
            proof.saw("credits of plans")
            account = ledger.wallet_account(row.wallet_id)
            if (row.account_id, row.booked) != (account, -row.amount):
                proof.differs(row.transaction_id, f"it does not book {row.amount} of {row.bill_id}")
            if kind == "included" and (row.paid_at is None or row.billed != row.amount):
                proof.differs(row.transaction_id, f"{row.bill_id} does not bring {row.amount}")
