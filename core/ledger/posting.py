"""Posting: the only code that writes an entry or moves a balance.

A batch costs five statements whatever its size: lock the accounts, look up the references, insert
the transactions, insert the entries, store the balances. Between the locks and the first write
everything is decided by `batching.decide`, which is pure.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, tuple_, update

from core.db.work import Work, canonical
from core.kernel.errors import EngineError
from core.kernel.money import Asset
from core.ledger import tables
from core.ledger.batching import Decision, References, decide
from core.ledger.model import (
    Accepted,
    Account,
    AccountKey,
    Duplicate,
    Known,
    Outcome,
    Refused,
    Side,
    Transaction,
    accounts_of,
)


async def post(work: Work, *transactions: Transaction) -> list[Accepted | Duplicate]:
    """Post every transaction in order, or raise the first refusal and post none of them."""
    outcomes = await post_each(work, transactions, all_or_none=True)
    return [each for each in outcomes if not isinstance(each, Refused)]


async def post_each(
    work: Work, proposals: Sequence[Transaction], *, all_or_none: bool = False
) -> list[Outcome]:
    """Post those that may be posted, and say of each what came of it, in their order."""
    assert proposals, "an empty batch has nothing to lock"
    opening = await lock(work, accounts_of(proposals))
    # A new statement, hence a new snapshot: whoever booked one of these references held one of
    # the accounts just locked, so what it wrote is visible now. Looking together with the lock
    # would read the balance of after the wait and the references of before it.
    known = await _known(work, proposals)
    decision = decide(opening, known, proposals)
    if all_or_none:
        _raise_first(decision)
    if decision.accepted:
        await _write(work, decision, opening)
    return decision.outcomes


def _raise_first(decision: Decision) -> None:
    for outcome in decision.outcomes:
        if isinstance(outcome, Refused):
            refusal: EngineError = outcome.error
            raise refusal


async def lock(work: Work, keys: Sequence[AccountKey]) -> dict[AccountKey, Account]:
    """Lock the accounts in key order, which is what keeps two batches from waiting on each other.

    FOR NO KEY UPDATE, because nobody changes an account's key. Accounts that do not exist are left
    out; the decision refuses what names them.
    """
    a = tables.accounts.c
    query = (
        select(tables.accounts)
        .where(tuple_(a.project_id, a.id).in_(keys))
        .order_by(a.project_id, a.id)
        .with_for_update(key_share=True)
    )
    found = (account_of(row) for row in await work.execute(query))
    return {account.key: account for account in found}


def account_of(row: Any) -> Account:
    return Account(
        row.project_id,
        row.id,
        Asset.parse(row.asset),
        Side(row.side),
        row.posted,
        row.held,
        row.floor,
        row.sequence,
    )


async def _known(work: Work, proposals: Sequence[Transaction]) -> References:
    """Find the transactions that already bear one of the references, with what they booked."""
    t, e = tables.transactions.c, tables.entries.c
    wanted = [(each.project_id, each.reference) for each in proposals]
    query = (
        select(t.project_id, t.reference, t.id, t.posted_at, e.account_id, e.amount)
        .join(tables.entries, (e.project_id == t.project_id) & (e.transaction_id == t.id))
        .where(tuple_(t.project_id, t.reference).in_(wanted))
    )
    found: dict[tuple[str, str], Known] = {}
    for row in await work.execute(query):
        key = row.project_id, row.reference
        before = found[key].content if key in found else ()
        content = tuple(sorted((*before, (row.account_id, row.amount))))
        found[key] = Known(row.id, content, row.posted_at)
    return found


async def _write(work: Work, decision: Decision, opening: dict[AccountKey, Account]) -> None:
    accepted = decision.accepted
    await work.execute(insert(tables.transactions), [_row(work, each) for each in accepted])
    entries = [
        {name: getattr(entry, name) for name in entry.__slots__}
        for each in accepted
        for entry in each.entries
    ]
    await work.execute(insert(tables.entries), entries)
    changed = [each for key, each in decision.closing.items() if each != opening.get(key)]
    await work.execute(
        update(tables.accounts)
        .where(tables.accounts.c.project_id == bindparam("of_project"))
        .where(tables.accounts.c.id == bindparam("of_account"))
        .values(posted=bindparam("new_posted"), sequence=bindparam("new_sequence")),
        [
            {
                "of_project": each.project_id,
                "of_account": each.id,
                "new_posted": each.posted,
                "new_sequence": each.sequence,
            }
            for each in changed
        ],
    )
    for each in accepted:
        work.record("posted", each.transaction.id, kind=each.transaction.kind)


def _row(work: Work, accepted: Accepted) -> dict[str, Any]:
    """Make the transaction's row. Its digest covers the row and every entry, in their order."""
    transaction = accepted.transaction
    row: dict[str, Any] = {
        "project_id": transaction.project_id,
        "id": transaction.id,
        "kind": transaction.kind,
        "reference": transaction.reference,
        "posted_at": work.now,
        "reverses": transaction.reverses,
        "invocation_id": work.invocation_id,
        "memo": transaction.memo,
    }
    ordered = sorted(accepted.entries, key=lambda entry: (entry.account_id, entry.sequence))
    booked = [
        value
        for entry in ordered
        for value in (entry.account_id, entry.sequence, entry.amount, entry.balance)
    ]
    return row | {"digest": work.digest(*map(canonical, row.values()), *booked)}
