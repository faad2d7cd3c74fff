"""Read accounts as they are at this instant, without locking them and without writing.

What has expired stands in an account until the next posting takes it out. Whoever only reads must
not be told that it can still be spent, so that posting is decided here too, and not written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.db.sets import find_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.kernel.ids import compose
from core.ledger import tables
from core.ledger.batching import Opening, decide
from core.ledger.books import Book, Want
from core.ledger.chart import AccountRole, operator_account
from core.ledger.holds import Expire
from core.ledger.model import Account, AccountKey, Side
from core.ledger.posting import ACCOUNT, KEYS, account_of
from core.ledger.purses import read_purses

Mark = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as it is stored, and as the next posting will find it."""

    account: Account
    book: Book
    """What is left when everything that has expired by now is taken out."""

    @property
    def held(self) -> int:
        """Promised to holds that are open and have not expired."""
        return self.book.held

    @property
    def available(self) -> int:
        return self.book.available

    @property
    def expired(self) -> int:
        """What has expired and is not posted yet: posted less held less this is available."""
        return self.account.balance - self.book.balance


async def standings(work: Work, account_ids: Sequence[str]) -> dict[str, Standing]:
    """Read what accounts of the call's project hold at this instant. Unknown ones are left out."""
    return await work.together(STAND, account_ids)


async def read_accounts(work: Work, account_ids: Sequence[str]) -> dict[str, Account]:
    """Read accounts of the call's project as they are stored."""
    found = await _read(work, [(work.project_id, each) for each in account_ids])
    return {account_id: account for (_, account_id), account in found.items()}


async def _stand(items: Sequence[tuple[Work, Sequence[str]]]) -> list[dict[str, Standing]]:
    work = items[0][0]
    named = [[(own.project_id, each) for each in ids] for own, ids in items]
    accounts = await _read(work, sorted({key for keys in named for key in keys}))
    books: Mapping[AccountKey, Book] = {}
    while due := {key: a for key, a in accounts.items() if a.due_at and a.due_at <= work.now}:
        books = await _after_expiry(work, due)
        again = await _read(work, sorted(due))
        if again == due:
            break
        # Somebody posted to one of them between these statements, each of which may see another
        # state, so what was read of it does not fit together. It hardly happens twice: whoever
        # posts takes out what is due.
        accounts, books = accounts | again, {}
    told = {key: Standing(a, books.get(key) or Book.of(a, None)) for key, a in accounts.items()}
    return [{key[1]: told[key] for key in keys if key in told} for keys in named]


STAND: Step[Sequence[str], dict[str, Standing]] = Step(Order.POST + 5, _stand)
"""After posting, so that a call is told what the calls before it in its unit left."""


async def _read(work: Work, keys: Sequence[AccountKey]) -> dict[AccountKey, Account]:
    rows = await find_rows(work, tables.accounts, KEYS, keys, ACCOUNT)
    return {(row[0], row[1]): account_of(row) for row in rows}


async def _after_expiry(work: Work, due: Mapping[AccountKey, Account]) -> Mapping[AccountKey, Book]:
    """Decide what taking out what has expired would leave of these accounts."""
    wants = {key: [Want(due=True)] for key in due}
    breakage = {
        key: operator_account(key[0], AccountRole.BREAKAGE, each.asset) for key, each in due.items()
    }
    # Nothing is booked, so the accounts it would be booked to need not be read.
    to = {
        (key[0], account_id): Account(key[0], account_id, due[key].asset, Side.CREDIT, floor=None)
        for key, account_id in breakage.items()
    }
    purses = await read_purses(work, due, wants)
    opening = Opening(accounts={**due, **to}, purses=purses, breakage=breakage)
    decided = decide(opening, [Expire(*key) for key in due], work.now, _no_id)
    assert not isinstance(decided, dict), "expiry asks for what is due, and for nothing else"
    return decided.books


def _no_id(prefix: str) -> str:
    return compose(prefix, 0)


async def marks(work: Work, accounts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Mark]:
    """Return a mark for each (project, account): it differs whenever the balance has changed.

    It spans projects, because one process waits on behalf of many callers; a mark tells none of
    them anything. Whoever is told reads the balance with an authority of their own.
    """
    names = (*KEYS, "sequence", "held")
    rows = await find_rows(work, tables.accounts, KEYS, accounts, names)
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
