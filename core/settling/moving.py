"""Book the processor's own transactions: what it kept, and what it did to disputed money.

A charge and a refund are booked when they happen; their processor transactions tell of the fee,
and of another currency where that is what is settled in. Of a dispute they tell everything. Each
is booked once, under its own name, in the project whose payment it came of.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core import ledger
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.ledger import AccountRole, Entry, Transaction
from core.payments import ProcessorTransaction
from core.settling.tables import movements
from core.settling.taking import open_accounts, operator

KIND = "processor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What of a payment of the unit's project a processor transaction came of."""

    payment_id: str
    paid: Money | None = None
    """What is booked for it already: positive when money came. None of a dispute, of which nothing
    is."""
    dispute_id: str | None = None


async def book_movement(work: Work, seen: ProcessorTransaction, cause: Cause) -> bool:
    """Book one processor transaction, once. False when it was booked before."""
    m = movements.c
    known = select(m.external_id).where(m.project_id == work.project_id, m.external_id == seen.id)
    if (await work.execute(known)).first() is not None:
        return False
    entries = _entries(work, seen, cause)
    row = {
        "project_id": work.project_id,
        "external_id": seen.id,
        "payment_id": cause.payment_id,
        "dispute_id": cause.dispute_id,
        "category": (seen.category or seen.kind)[:64],
        "source_id": seen.source_id or "",
        "asset": str(seen.amount.asset),
        "amount": seen.amount.amount,
        "fee": seen.fee.amount,
        "net": seen.net.amount,
        "occurred_at": seen.created_at,
        "booked_at": work.now,
        "transaction_id": work.ids.new("txn") if entries else None,
    }
    if not await insert_if_absent(work, movements, row):
        return False
    if entries:
        await open_accounts(work, *(each.money.asset for each in entries))
        transaction = Transaction(
            project_id=work.project_id,
            id=str(row["transaction_id"]),
            kind=KIND,
            reference=f"processor:{seen.id}",
            entries=entries,
            memo=f"{row['category']} of {cause.payment_id}",
        )
        await ledger.post(work, transaction)
    return True


def _entries(work: Work, seen: ProcessorTransaction, cause: Cause) -> tuple[Entry, ...]:
    amount, fee, paid = seen.amount, seen.fee, cause.paid
    moved: list[Entry] = []
    if cause.dispute_id:
        moved += [
            operator(work, AccountRole.CLEARING, amount),
            operator(work, AccountRole.DISPUTED, -amount),
        ]
    elif paid is not None and paid.asset != amount.asset:
        moved += [
            operator(work, AccountRole.CLEARING, -paid),
            operator(work, AccountRole.EXCHANGE, paid),
            operator(work, AccountRole.CLEARING, amount),
            operator(work, AccountRole.EXCHANGE, -amount),
        ]
    moved += [operator(work, AccountRole.FEES, fee), operator(work, AccountRole.CLEARING, -fee)]
    # An account is named once: what goes in and out of it by one cause is one entry.
    sums: dict[str, Money] = {}
    for each in moved:
        before = sums.get(each.account_id, Money(0, each.money.asset))
        sums[each.account_id] = Money(before.amount + each.money.amount, each.money.asset)
    return tuple(Entry(account, money) for account, money in sums.items() if money.amount)


async def amounts_of(work: Work, external_id: str) -> tuple[Money, Money] | None:
    """Return the amount and the fee that are booked in the unit's project under this name."""
    m = movements.c
    query = select(m.amount, m.fee, m.asset).where(
        m.project_id == work.project_id, m.external_id == external_id
    )
    row = (await work.execute(query)).first()
    if row is None:
        return None
    asset = Asset.parse(row.asset)
    return Money(row.amount, asset), Money(row.fee, asset)


async def movements_in(work: Work, start: datetime, end: datetime) -> list[tuple[str, str, Money]]:
    """Return what happened then, of every project, as (project, the provider's name, amount)."""
    m = movements.c
    query = select(m.project_id, m.external_id, m.amount, m.asset).where(
        m.occurred_at >= start, m.occurred_at < end
    )
    rows = await work.execute(query.order_by(m.occurred_at))
    return [
        (row.project_id, row.external_id, Money(row.amount, Asset.parse(row.asset))) for row in rows
    ]
