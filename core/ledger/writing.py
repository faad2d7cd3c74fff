"""Write a decision down: the only statements that change a balance.

The digest of a row is made here, and covers everything in it that never changes.
"""

from collections.abc import Mapping
from typing import Any

from core.db.sets import insert_rows, update_rows
from core.db.work import Work, canonical
from core.ledger import tables
from core.ledger.batching import Decision
from core.ledger.books import Book
from core.ledger.grants import Grant
from core.ledger.holds import Hold
from core.ledger.model import Accepted, Account, AccountKey

KEYS = ("project_id", "id")
STORED = ("posted", "held", "sequence", "pinned", "burning", "burning_left", "due_at")
TRANSACTION = (
    "project_id", "id", "kind", "reference", "posted_at", "reverses", "invocation_id", "memo",
    "burned", "digest",
)  # fmt: skip
ENTRY = ("project_id", "account_id", "sequence", "transaction_id", "amount", "balance")
GRANT = (
    "project_id", "account_id", "id", "transaction_id", "source", "priority", "expires_at",
    "granted_at", "amount", "digest", "remaining",
)  # fmt: skip
HOLD = (
    "project_id", "id", "account_id", "amount", "capture_max", "expires_at", "memo",
    "invocation_id", "held_at", "parts", "digest", "state", "captured", "transaction_id",
    "closed_at", "absorbed",
)  # fmt: skip
CLOSED = ("state", "captured", "transaction_id", "closed_at", "absorbed")


async def write(work: Work, decision: Decision, opening: Mapping[AccountKey, Account]) -> None:
    """Write the transactions, then what they made of accounts, grants and holds."""
    accepted = decision.accepted
    posted_at = canonical(work.now)
    rows = [_row(work, each, posted_at) for each in accepted]
    await insert_rows(work, tables.transactions, TRANSACTION, rows)
    entries = [entry for each in accepted for entry in each.entries]
    await insert_rows(work, tables.entries, ENTRY, entries)
    changed = [
        (key[0], key[1], b.posted, b.held, b.sequence, b.pinned, b.burning, b.left, b.due_at)
        for key, b in sorted(decision.books.items(), key=lambda each: each[0])
        if b.differs_from(opening[key])
    ]
    await update_rows(work, tables.accounts, KEYS, STORED, changed)
    await _write_grants(work, decision)
    await _write_holds(work, decision)


async def _write_grants(work: Work, decision: Decision) -> None:
    made, left = [], []
    for key, book in decision.books.items():
        fresh = {each.id for each in book.made}
        made += [_grant_row(work, each, book) for each in book.made]
        left += [(*key, each, book.left_of(each)) for each in book.flushed - fresh]
    await insert_rows(work, tables.grants, GRANT, made)
    await update_rows(work, tables.grants, GRANT[:3], ("remaining",), sorted(left))


def _grant_row(work: Work, grant: Grant, book: Book) -> tuple[Any, ...]:
    terms = grant.terms
    fixed = (
        grant.project_id,
        grant.account_id,
        grant.id,
        grant.transaction_id,
        terms.source,
        terms.priority,
        terms.expires_at,
        grant.granted_at,
        grant.amount,
    )
    digest = work.digest(*map(canonical, fixed))
    return (*fixed, digest, book.left_of(grant.id))


async def _write_holds(work: Work, decision: Decision) -> None:
    rows = [_hold_row(work, each) for each in decision.holds.values()]
    fresh = decision.opened
    await insert_rows(work, tables.holds, HOLD, [row for row in rows if row[1] in fresh])
    closed = [(*row[:2], *row[11:]) for row in rows if row[1] not in fresh]
    closed.sort(key=lambda row: (row[0], row[1]))
    await update_rows(work, tables.holds, KEYS, CLOSED, closed)


def _hold_row(work: Work, hold: Hold) -> tuple[Any, ...]:
    fixed = (
        hold.project_id,
        hold.id,
        hold.account_id,
        hold.amount,
        hold.capture_max,
        hold.expires_at,
        hold.memo,
        hold.invocation_id,
        hold.held_at,
        hold.parts,
    )
    digest = work.digest(*map(canonical, fixed))
    changing = (str(hold.state), hold.captured, hold.transaction_id, hold.closed_at, hold.absorbed)
    return (*fixed, digest, *changing)


def _row(work: Work, accepted: Accepted, posted_at: str | int | None) -> tuple[Any, ...]:
    """Make the transaction's row. Its digest covers the row and every entry, in their order."""
    made, burned = accepted.transaction, accepted.burned or None
    named = (made.project_id, made.id, made.kind, made.reference)
    told = (made.reverses, made.invocation_id, made.memo)
    # By account, then by number: no two entries have both in common, so nothing else is compared.
    booked = [
        value for each in sorted(entry[1:] for entry in accepted.entries) for value in _of(each)
    ]
    digest = work.digest(*named, posted_at, *told, canonical(burned), *booked)
    return (*named, work.now, *told, burned, digest)


def _of(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    account_id, sequence, _, amount, balance = entry
    return account_id, sequence, amount, balance
