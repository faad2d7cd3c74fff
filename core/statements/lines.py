"""Statements: the entries of one account in their order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, select, tuple_

from core.db.work import Work
from core.ledger import tables


@dataclass(frozen=True, slots=True)
class Line:
    """One entry with its transaction. Amounts are as posted: debits positive, credits negative."""

    transaction_id: str
    kind: str
    reference: str
    posted_at: datetime
    memo: str
    reverses: str | None
    invocation_id: str | None
    sequence: int
    amount: int
    balance: int

    @property
    def balance_before(self) -> int:
        return self.balance - self.amount


async def statement(
    work: Work, account_id: str, *, limit: int, before: int | None = None
) -> list[Line]:
    """Return the newest entries of an account of this project, or those before a number."""
    query = _lines(work, account_id)
    if before is not None:
        query = query.where(tables.entries.c.sequence < before)
    rows = await work.execute(query.limit(limit))
    return [Line(**row) for row in rows.mappings()]


def _lines(work: Work, account_id: str) -> Select[Any]:
    t, e = tables.transactions.c, tables.entries.c
    return (
        select(
            t.id.label("transaction_id"),
            t.kind,
            t.reference,
            t.posted_at,
            t.memo,
            t.reverses,
            t.invocation_id,
            e.sequence,
            e.amount,
            e.balance,
        )
        .join(tables.transactions, (t.project_id == e.project_id) & (t.id == e.transaction_id))
        .where(e.project_id == work.project_id, e.account_id == account_id)
        .order_by(e.sequence.desc())
    )


def taken(kind: str, role: str = "wallet") -> Subquery:
    """Return, as something to join with, what transactions of a kind took from wallets.

    Or from the operator's accounts of another role; what they were given is negative.

    For other slices' proofs: `project_id, transaction_id, reference, account_id, amount`.
    """
    t, e, a = tables.transactions.c, tables.entries.c, tables.accounts.c
    return (
        select(t.project_id, t.id.label("transaction_id"), t.reference, e.account_id, e.amount)
        .join(tables.entries, (e.project_id == t.project_id) & (e.transaction_id == t.id))
        .join(tables.accounts, (a.project_id == e.project_id) & (a.id == e.account_id))
        .where(t.kind == kind, a.role == role)
        .subquery()
    )


async def known(work: Work, named: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of these transactions, each named by its project and its id, that exist."""
    t, wanted = tables.transactions.c, list(named)
    if not wanted:
        return set()
    query = select(t.project_id, t.id).where(tuple_(t.project_id, t.id).in_(wanted))
    return {(row.project_id, row.id) for row in await work.execute(query)}
