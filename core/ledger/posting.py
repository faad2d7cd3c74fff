"""Posting: the only code that writes an entry, moves a balance, or opens and closes a hold.

A batch costs the same few statements whatever its size: lock the accounts, look up the references,
insert the transactions and their entries, store the accounts. Between the locks and the first
write everything is decided by `batching.decide`, which is pure. Only where a grant was used up,
expired, arrived or was given back is there more to read and to write.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_

from core.db.sets import find_rows, lock_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.kernel.errors import EngineError
from core.kernel.money import Asset
from core.ledger import tables
from core.ledger.batching import Decision, Opening, Outcome, Proposal, References, decide
from core.ledger.books import Want
from core.ledger.chart import AccountRole, operator_account
from core.ledger.holds import Expire, Held, Settle
from core.ledger.model import (
    Accepted,
    Account,
    AccountKey,
    Duplicate,
    Known,
    Refused,
    Side,
    Transaction,
)
from core.ledger.purses import read_purses
from core.ledger.telling import tell_expired
from core.ledger.writing import write

KEYS = ("project_id", "id")
ACCOUNT = (
    "project_id", "id", "asset", "side", "posted", "held", "floor", "sequence", "role", "pinned",
    "burning", "burning_left", "due_at",
)  # fmt: skip


async def post(work: Work, *transactions: Transaction) -> list[Accepted | Duplicate]:
    """Post every transaction in order, or raise the first refusal and post none of them."""
    if work.is_shared:
        assert len(transactions) == 1, "of a shared unit, each call posts one transaction"
        outcomes = [await propose(work, transactions[0])]
    else:
        outcomes = await _propose([(work, each) for each in transactions], all_or_none=True)
    return [each for each in outcomes if isinstance(each, Accepted | Duplicate)]


async def propose(work: Work, proposal: Proposal) -> Outcome:
    """Post, hold or settle, with all the calls of a shared unit. Raises why it is refused."""
    return await work.together(POST, proposal)


async def post_each(work: Work, proposals: Sequence[Proposal]) -> list[Outcome]:
    """Post those that may be posted, and say of each what came of it, in their order."""
    return await _propose([(work, each) for each in proposals])


async def expire_due(work: Work, limit: int) -> int:
    """Take out what has expired of so many accounts, the longest due first; return how many.

    Of the unit's project or, unbound, of all, because one worker does it for all. Several may do it
    at once: what one has taken out is not due any more when the other gets the account's lock.
    """
    a = tables.accounts.c
    is_due = a.due_at <= work.now, *work.swept(a.project_id)
    query = select(a.project_id, a.id).where(*is_due).order_by(a.due_at).limit(limit)
    due = [Expire(row.project_id, row.id) for row in await work.execute(query)]
    if due:
        await post_each(work, due)
    return len(due)


async def next_expiry(work: Work) -> datetime | None:
    """Return when anything in the unit's project expires first, of what is not posted as such."""
    a = tables.accounts.c
    query = select(func.min(a.due_at)).where(a.project_id == work.project_id)
    first: datetime | None = (await work.execute(query)).scalar()
    return first


async def _together(items: Sequence[tuple[Work, Proposal]]) -> list[Outcome | EngineError]:
    outcomes = await _propose(items)
    return [each.error if isinstance(each, Refused) else each for each in outcomes]


POST: Step[Proposal, Outcome] = Step(Order.POST, _together)


async def _propose(
    items: Sequence[tuple[Work, Proposal]], *, all_or_none: bool = False
) -> list[Outcome]:
    assert items, "an empty batch has nothing to lock"
    work, proposals = items[0][0], [proposal for _, proposal in items]
    accounts = await lock(work, _accounts_of(proposals))
    # A new statement, hence a new snapshot: whoever booked one of these references held one of
    # the accounts just locked, so what it wrote is visible now. Looking together with the lock
    # would read the balance of after the wait and the references of before it.
    known = await _known(work, proposals)
    decision = await _decide(work, accounts, known, proposals)
    if all_or_none:
        _raise_first(decision)
    await write(work, decision, accounts)
    for (own, _), outcome in zip(items, decision.outcomes, strict=True):
        if isinstance(outcome, Accepted):
            made = outcome.transaction
            own.record("posted", made.id, kind=made.kind)
        elif isinstance(outcome, Held):
            own.record("held" if outcome.hold.closed_at is None else "released", outcome.hold.id)
    for expired in decision.expired:
        own = _whose(items, expired.transaction)
        own.record("posted", expired.transaction.id, kind=expired.transaction.kind)
    await tell_expired(work, decision)
    return decision.outcomes


def _whose(items: Sequence[tuple[Work, Proposal]], expired: Transaction) -> Work:
    """Return the call that came upon it: the calls of a unit may be about several projects."""
    wallet = (expired.project_id, expired.entries[0].account_id)
    return next(own for own, proposal in items if wallet in _touched(proposal))


def _raise_first(decision: Decision) -> None:
    for outcome in decision.outcomes:
        if isinstance(outcome, Refused):
            refusal: EngineError = outcome.error
            raise refusal


async def _decide(
    work: Work,
    accounts: dict[AccountKey, Account],
    known: References,
    proposals: Sequence[Proposal],
) -> Decision:
    """Decide, and as often as something more must be known for it, read that and decide anew."""
    wants = _holds_to_settle(accounts, proposals)
    opening = Opening(
        accounts=accounts, known=known, purses=await read_purses(work, accounts, wants)
    )
    while isinstance(decided := decide(opening, proposals, work.now, work.ids.new), dict):
        for key, wanted in decided.items():
            wants.setdefault(key, []).extend(wanted)
        purses = await read_purses(work, accounts, wants)
        due = [accounts[key] for key, purse in purses.items() if purse.knows_due]
        breakage = {
            each.key: operator_account(each.project_id, AccountRole.BREAKAGE, each.asset)
            for each in due
        }
        # The accounts that expiry is posted to are locked after all others, by everybody.
        to = {(key[0], account_id) for key, account_id in breakage.items()}
        accounts |= await lock(work, sorted(to - accounts.keys()))
        opening = Opening(accounts=accounts, known=known, purses=purses, breakage=breakage)
    return decided


def _holds_to_settle(
    accounts: dict[AccountKey, Account], proposals: Sequence[Proposal]
) -> dict[AccountKey, list[Want]]:
    """Say which holds will be wanted: asked for one by one, each would cost a decision of its own.

    A proposal is decided on what those before it left, so the second hold of a wallet would be
    wanted only once the first was read.
    """
    wants: dict[AccountKey, list[Want]] = {}
    for each in proposals:
        if isinstance(each, Settle) and each.key in accounts:
            wants.setdefault(each.key, []).append(Want(hold_ids=frozenset([each.hold_id])))
    return wants


def _accounts_of(proposals: Sequence[Proposal]) -> list[AccountKey]:
    """Every account the proposals touch, in the one order in which accounts are ever locked."""
    return sorted(set().union(*map(_touched, proposals)))


def _touched(proposal: Proposal) -> set[AccountKey]:
    if isinstance(proposal, Transaction):
        return {(proposal.project_id, each.account_id) for each in proposal.entries}
    touched = {proposal.key}
    if capture := getattr(proposal, "capture", None):
        touched |= {(capture.project_id, each.account_id) for each in capture.entries}
    return touched


async def lock(work: Work, keys: Sequence[AccountKey]) -> dict[AccountKey, Account]:
    """Lock the accounts in this order, which is what keeps two batches from waiting on each other.

    Accounts that do not exist are left out; the decision refuses what names them.
    """
    rows = await lock_rows(work, tables.accounts, KEYS, keys, ACCOUNT)
    return {(row[0], row[1]): account_of(row) for row in rows}


def account_of(row: Sequence[Any]) -> Account:
    """Make an account of the columns named in `ACCOUNT`."""
    asset, side, is_wallet = Asset.parse(row[2]), Side(row[3]), row[8] == "wallet"
    return Account._make((*row[:2], asset, side, *row[4:8], is_wallet, *row[9:]))


async def _known(work: Work, proposals: Sequence[Proposal]) -> References:
    """Find the transactions that already bear one of the references, with what they booked."""
    wanted = {
        (each.project_id, each.reference) for each in proposals if isinstance(each, Transaction)
    }
    names = ("project_id", "reference", "id", "posted_at")
    rows = await find_rows(work, tables.transactions, names[:2], sorted(wanted), names)
    if not rows:
        return {}
    e = tables.entries.c
    query = select(e.project_id, e.transaction_id, e.account_id, e.amount).where(
        tuple_(e.project_id, e.transaction_id).in_([(row[0], row[2]) for row in rows])
    )
    content: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for entry in await work.execute(query):
        booked = content.setdefault((entry.project_id, entry.transaction_id), [])
        booked.append((entry.account_id, entry.amount))
    return {
        (project_id, reference): Known(
            transaction_id, tuple(sorted(content[project_id, transaction_id])), posted_at
        )
        for project_id, reference, transaction_id, posted_at in rows
    }
