"""A mistake is answered by a reversing transaction; nothing is ever taken back by deleting it."""

from sqlalchemy import select

from core.db.work import Work
from core.kernel.money import Asset, Money
from core.ledger import tables
from core.ledger.batching import BREAKAGE
from core.ledger.errors import NotReversible, TransactionNotFound
from core.ledger.grants import Terms
from core.ledger.model import Duplicate, Entry, Transaction
from core.ledger.posting import post

KIND = "reversal"


async def reverse(work: Work, transaction_id: str, memo: str = "") -> Transaction:
    """Post the opposite of every entry of a transaction of this project, once.

    The floor of a wallet holds here too: a grant that was spent cannot be reversed, and what is
    left of it is taken before anything else. What a customer gets back never expires: the mistake
    was not theirs. A reversal is not reversed, nor is what expired; post what is right instead.
    """
    first = await _first(work, transaction_id)
    if first.kind == KIND:
        raise NotReversible(transaction_id, "it is itself a reversal")
    if first.kind == BREAKAGE:
        raise NotReversible(transaction_id, "it posted what had expired; grant credits instead")
    opposite = Transaction(
        project_id=work.project_id,
        id=work.ids.new("txn"),
        kind=KIND,
        reference=f"reverse:{transaction_id}",
        entries=tuple(Entry(each.account_id, -each.money) for each in first.entries),
        memo=memo,
        reverses=transaction_id,
        invocation_id=work.invocation_id,
        terms=Terms(KIND),
        takes_back=transaction_id,
    )
    [outcome] = await post(work, opposite)
    if isinstance(outcome, Duplicate):
        raise NotReversible(transaction_id, f"it was reversed by {outcome.transaction_id}")
    return opposite


async def _first(work: Work, transaction_id: str) -> Transaction:
    t, e, a = tables.transactions.c, tables.entries.c, tables.accounts.c
    query = (
        select(t.kind, t.reference, e.account_id, e.amount, a.asset)
        .join(tables.entries, (e.project_id == t.project_id) & (e.transaction_id == t.id))
        .join(tables.accounts, (a.project_id == e.project_id) & (a.id == e.account_id))
        .where(t.project_id == work.project_id, t.id == transaction_id)
        .order_by(e.account_id, e.sequence)
    )
    rows = (await work.execute(query)).all()
    if not rows:
        raise TransactionNotFound(transaction_id)
    return Transaction(
        project_id=work.project_id,
        id=transaction_id,
        kind=rows[0].kind,
        reference=rows[0].reference,
        entries=tuple(
            Entry(row.account_id, Money(row.amount, Asset.parse(row.asset))) for row in rows
        ),
    )
