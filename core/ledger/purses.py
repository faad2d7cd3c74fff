"""Read of wallets' grants and holds what a decision wants to know, under the account's lock."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from core.db.work import Work
from core.ledger import tables
from core.ledger.books import Purse, Want
from core.ledger.grants import Grant, Part, Terms
from core.ledger.holds import Hold, HoldState
from core.ledger.model import Account, AccountKey

IDS_AT_ONCE = 4_000
"""In one statement, which can carry 32,767: a hold of all a wallet owns may pin more grants."""
Wants = Mapping[AccountKey, Sequence[Want]]


async def read_purses(
    work: Work, accounts: Mapping[AccountKey, Account], wants: Wants
) -> dict[AccountKey, Purse]:
    """Read, for each account, everything that is wanted of it.

    One account after the other: there is something to read only where a grant was used up, expired
    or given back, so this costs as much as there were such grants.
    """
    return {key: await _read(work, accounts[key], _joined(wanted)) for key, wanted in wants.items()}


def _joined(wants: Sequence[Want]) -> Want:
    return Want(
        grants=max(each.grants for each in wants),
        grant_ids=frozenset().union(*(each.grant_ids for each in wants)),
        of_transactions=frozenset().union(*(each.of_transactions for each in wants)),
        hold_ids=frozenset().union(*(each.hold_ids for each in wants)),
        due=any(each.due for each in wants),
    )


async def _read(work: Work, account: Account, want: Want) -> Purse:
    purse = Purse()
    g = tables.grants.c
    if want.grants:
        order = (g.priority, g.expires_at, g.id)
        rows = await _grants(work, account, purse, g.remaining > 0, order=order, limit=want.grants)
        purse.is_complete = len(rows) < want.grants
        purse.horizon = rows[-1].key if rows else None
    if want.of_transactions:
        await _grants(work, account, purse, g.transaction_id.in_(sorted(want.of_transactions)))
        purse.transactions |= want.of_transactions
    if want.hold_ids:
        await _holds(work, account, purse, tables.holds.c.id.in_(sorted(want.hold_ids)))
        purse.sought |= want.hold_ids
    if want.due:
        await _due(work, account, purse)
    pinned = {grant_id for hold in purse.holds.values() for grant_id, _ in hold.parts}
    missing = sorted((want.grant_ids | pinned) - purse.grants.keys())
    for n in range(0, len(missing), IDS_AT_ONCE):
        await _grants(work, account, purse, g.id.in_(missing[n : n + IDS_AT_ONCE]))
    assert purse.grants.keys() >= set(missing), "a grant is never deleted"
    return purse


async def _due(work: Work, account: Account, purse: Purse) -> None:
    g, h = tables.grants.c, tables.holds.c
    is_open = h.state == str(HoldState.OPEN)
    await _holds(work, account, purse, is_open, h.expires_at <= work.now)
    await _grants(work, account, purse, (g.remaining > 0) & (g.expires_at <= work.now))
    instants = [
        await _first(work, account, g, g.remaining > 0),
        await _first(work, account, h, is_open),
    ]
    purse.knows_due = True
    purse.next_due_at = min((each for each in instants if each), default=None)


async def _first(work: Work, account: Account, columns: Any, only: ColumnElement[bool]) -> Any:
    query = select(func.min(columns.expires_at)).where(
        columns.project_id == account.project_id,
        columns.account_id == account.id,
        columns.expires_at > work.now,
        only,
    )
    return (await work.execute(query)).scalar_one()


async def _grants(
    work: Work,
    account: Account,
    purse: Purse,
    only: ColumnElement[bool],
    *,
    order: Iterable[Any] = (),
    limit: int | None = None,
) -> list[Grant]:
    g = tables.grants.c
    query = (
        select(tables.grants)
        .where(g.project_id == account.project_id, g.account_id == account.id, only)
        .order_by(*order)
        .limit(limit)
    )
    found = []
    for row in await work.execute(query):
        grant = grant_of(row)
        found.append(grant)
        purse.grants[grant.id] = grant
        if grant.id != account.burning:
            purse.remaining[grant.id] = row.remaining
    return found


async def _holds(work: Work, account: Account, purse: Purse, *only: ColumnElement[bool]) -> None:
    h = tables.holds.c
    query = select(tables.holds).where(
        h.project_id == account.project_id, h.account_id == account.id, *only
    )
    for row in await work.execute(query):
        purse.holds[row.id] = hold_of(row)


def grant_of(row: Any) -> Grant:
    return Grant(
        project_id=row.project_id,
        account_id=row.account_id,
        id=row.id,
        transaction_id=row.transaction_id,
        terms=Terms(row.source, row.priority, row.expires_at),
        amount=row.amount,
        granted_at=row.granted_at,
    )


AS_STORED = (
    "project_id", "id", "account_id", "amount", "capture_max", "expires_at", "memo",
    "invocation_id", "held_at", "captured", "transaction_id", "closed_at",
)  # fmt: skip


def hold_of(row: Any) -> Hold:
    told = {name: getattr(row, name) for name in AS_STORED}
    parts, absorbed = _parts(row.parts), _parts(row.absorbed)
    return Hold(**told, state=HoldState(row.state), parts=parts, absorbed=absorbed)


def _parts(stored: Sequence[Sequence[Any]]) -> tuple[Part, ...]:
    return tuple((grant_id, amount) for grant_id, amount in stored)
