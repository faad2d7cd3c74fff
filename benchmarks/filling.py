"""Fill a ledger fast: the rows that charges would have left, by COPY, with books that prove clean.

One real charge of each wallet is the pattern of all others: only the id, the reference, the
instant, the running numbers and balances, and the digest differ. So this follows the ledger's
tables where they go; the proof afterwards says whether it still does.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import cycle
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from benchmarks.ground import connect
from core import ledger
from core.db.schema import metadata
from core.db.work import Database, Work, canonical
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose, number_of

PORTION = 20_000
TRANSACTIONS, ENTRIES = "ledger_transactions", "ledger_entries"
NAMES = tuple(column.name for column in metadata.tables[TRANSACTIONS].columns)
ID, REFERENCE, POSTED_AT, DIGEST = (
    NAMES.index(each) for each in ("id", "reference", "posted_at", "digest")
)
ENTRY = ("project_id", "account_id", "sequence", "transaction_id", "amount", "balance")
STORED = f"select {', '.join(NAMES)} from {TRANSACTIONS} where project_id = $1 and id = $2"  # noqa: S608 - our own names
TAKE = """
update ledger_accounts set
    posted = posted + $3, sequence = sequence + $4,
    burning_left = case when burning is null then 0 else burning_left - $3 end
where project_id = $1 and id = $2
"""


@dataclass(slots=True)
class Pattern:
    """One wallet's charge as the ledger wrote it: what is signed, what is stored, what is booked.

    The digest is the last column, and covers all the others and then the entries by account.
    """

    signed: list[Any]
    stored: list[Any]
    amounts: dict[str, int]


@dataclass(slots=True)
class Book:
    """An account while it is filled."""

    posted: int
    sequence: int
    added: int = 0
    entries: int = 0

    def take(self, amount: int) -> tuple[int, int]:
        """Book the amount, and return the entry's number and the balance it leaves."""
        self.added += amount
        self.entries += 1
        return self.sequence + self.entries, self.posted + self.added


@dataclass(slots=True)
class Filler:
    """Fills a project's ledger with charges between two instants, in their order."""

    database: Database
    owner_url: str
    project_id: str
    since: datetime
    until: datetime
    total: int
    """How many charges there will be in the end; they are spread evenly."""
    done: int = 0
    _patterns: list[Pattern] = field(default_factory=list)
    _books: dict[str, Book] = field(default_factory=dict)

    async def fill_to(self, charges: int) -> None:
        """Add charges until there are so many."""
        one, other = await connect(self.owner_url), await connect(self.owner_url)
        await self._look(one)
        turns = cycle(self._patterns)
        while self.done < charges:
            portion = min(PORTION, charges - self.done)
            rows, entries = self._portion(portion, turns)
            await asyncio.gather(
                one.copy_records_to_table(TRANSACTIONS, records=rows, columns=NAMES),
                other.copy_records_to_table(ENTRIES, records=entries, columns=ENTRY),
            )
            self.done += portion
        project = _uuid(self.project_id)
        changed = [(project, _uuid(id_), b.added, b.entries) for id_, b in self._books.items()]
        await one.executemany(TAKE, changed)
        await one.close()
        await other.close()

    async def _look(self, connection: Any) -> None:
        """Read the real charges, the first time, and each time the accounts as they now are."""
        async with self.database.read(SYSTEM) as unit:
            work = unit.within(self.project_id)
            self._patterns = self._patterns or await _patterns(work, connection)
            ids = sorted({each for pattern in self._patterns for each in pattern.amounts})
            accounts = await ledger.read_accounts(work, ids)
        self._books = {id_: Book(each.posted, each.sequence) for id_, each in accounts.items()}

    def _portion(
        self, count: int, turns: Iterator[Pattern]
    ) -> tuple[list[list[Any]], list[tuple[Any, ...]]]:
        rows, entries = [], []
        project, span = _uuid(self.project_id), self.until - self.since
        for n in range(self.done, self.done + count):
            pattern, instant = next(turns), self.since + span * n / self.total
            number = int(instant.timestamp() * 1000) << 80 | n
            id_, reference = UUID(int=number), f"bench:filled-{n:013}"
            signed = pattern.signed.copy()
            signed[ID], signed[REFERENCE] = compose("txn", number), reference
            signed[POSTED_AT] = canonical(instant)
            for account, amount in pattern.amounts.items():
                sequence, balance = self._books[account].take(amount)
                signed += (account, sequence, amount, balance)
                entries.append((project, _uuid(account), sequence, id_, amount, balance))
            row = pattern.stored.copy()
            row[ID], row[REFERENCE], row[POSTED_AT] = id_, reference, instant
            row[DIGEST] = _digest(self.database.digest_key, signed)
            rows.append(row)
        return rows, entries


async def _patterns(work: Work, connection: Any) -> list[Pattern]:
    """Read every charge that there is, as it was signed and as it is stored."""
    t, e = metadata.tables[TRANSACTIONS], metadata.tables[ENTRIES]
    query = select(t).where(t.c.project_id == work.project_id, t.c.kind == "charge")
    patterns = []
    for row in (await work.execute(query.order_by(t.c.id))).all():
        entries = select(e.c.account_id, e.c.amount).where(
            e.c.project_id == work.project_id, e.c.transaction_id == row.id
        )
        booked = (await work.execute(entries.order_by(e.c.account_id))).all()
        stored = await connection.fetchrow(STORED, _uuid(work.project_id), _uuid(row.id))
        signed = [canonical(value) for value in row[:DIGEST]]
        amounts = {entry.account_id: entry.amount for entry in booked}
        patterns.append(Pattern(signed, list(stored), amounts))
    return patterns


def _digest(key: bytes, signed: Sequence[Any]) -> bytes:
    return hashlib.blake2b(orjson.dumps(signed), digest_size=16, key=key).digest()


@lru_cache(maxsize=4096)
def _uuid(identifier: str) -> UUID:
    return UUID(int=number_of(identifier))
