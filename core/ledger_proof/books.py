"""Recompute the books from their entries, sharing no code with what wrote them.

Three passes over the entries, each in the order of an index, so that memory does not grow with the
ledger: by account (numbers without a gap, running balances, the stored balance, the floor), by
transaction (two entries or more, nothing made or lost, the keyed digest of every byte), and by
wallet (what is left of its grants, what its holds pin, and that it burned them in their order).
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core import audit
from core.db.proving import digest_of, stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.ledger import tables
from core.ledger_proof.burned import Burned
from core.ledger_proof.wallets import prove_wallets

TRAIL = "ledger_transactions"
PROTECTED = (TRAIL, "ledger_entries", "ledger_grants", "ledger_holds")


async def prove(work: Work, proof: Proof) -> None:
    """Look at every account, transaction, entry, grant and hold; report each difference by id."""
    await _prove_accounts(work, proof)
    await _prove_transactions(work, proof)
    await prove_wallets(work, proof)
    await audit.prove_seals(work, proof, tables.transactions, "txn")


async def _prove_accounts(work: Work, proof: Proof) -> None:
    a, e = tables.accounts.c, tables.entries.c
    query = (
        select(tables.entries, a.id.label("known"))
        .outerjoin(tables.accounts, (a.project_id == e.project_id) & (a.id == e.account_id))
        .order_by(e.project_id, e.account_id, e.sequence)
    )
    entries = stream(work, query)
    entry = await anext(entries, None)
    totals: Counter[tuple[str, str]] = Counter()
    async for account in stream(work, select(tables.accounts).order_by(a.project_id, a.id)):
        proof.saw("accounts")
        totals[account.project_id, account.asset] += account.posted
        summed = _Summed()
        while entry and (entry.project_id, entry.account_id) <= (account.project_id, account.id):
            if entry.known is None:
                proof.differs(entry.account_id, "has entries but is not an account")
            else:
                summed.add(entry, proof)
            entry = await anext(entries, None)
        _check_account(account, summed, proof)
    while entry:
        proof.differs(entry.account_id, "has entries but is not an account")
        entry = await anext(entries, None)
    for (project_id, asset), total in totals.items():
        if total:
            proof.differs(project_id, f"its accounts in {asset} sum to {total}, not to zero")


@dataclass(slots=True)
class _Summed:
    """What the entries of one account come to, so far."""

    balance: int = 0
    number: int = 0

    def add(self, entry: Any, proof: Proof) -> None:
        proof.saw("entries")
        self.number, self.balance = self.number + 1, self.balance + entry.amount
        if entry.sequence != self.number:
            problem = f"entry {self.number} is missing; {entry.sequence} follows"
            proof.differs(entry.account_id, problem)
            self.number = entry.sequence
        if entry.balance != self.balance:
            problem = f"entry {self.number} says {entry.balance}; they sum to {self.balance}"
            proof.differs(entry.account_id, problem)
            self.balance = entry.balance


def _check_account(account: Any, summed: _Summed, proof: Proof) -> None:
    if account.posted != summed.balance:
        problem = f"stores {account.posted}; its entries sum to {summed.balance}"
        proof.differs(account.id, problem)
    if account.sequence != summed.number:
        proof.differs(account.id, f"stores {account.sequence} entries; it has {summed.number}")
    available = account.posted * account.side - account.held
    if account.floor is not None and available < account.floor:
        proof.differs(account.id, f"has {available} available, below its floor {account.floor}")


async def _prove_transactions(work: Work, proof: Proof) -> None:
    t, e, a = tables.transactions.c, tables.entries.c, tables.accounts.c
    transactions = stream(work, select(tables.transactions).order_by(t.project_id, t.id))
    query = (
        select(tables.entries, a.asset)
        .outerjoin(tables.accounts, (a.project_id == e.project_id) & (a.id == e.account_id))
        .order_by(e.project_id, e.transaction_id, e.account_id, e.sequence)
    )
    groups = _groups(stream(work, query), "project_id", "transaction_id")
    group = await anext(groups, None)
    burned = Burned(work, proof)
    async for transaction in transactions:
        proof.saw("transactions")
        key = transaction.project_id, transaction.id
        while group and group[0] < key:
            proof.differs(group[0][1], "has entries but is not a transaction")
            group = await anext(groups, None)
        entries: list[Any] = []
        if group and group[0] == key:
            entries, group = group[1], await anext(groups, None)
        _check_transaction(work, transaction, entries, proof)
        await burned.check(transaction, entries)
    await burned.finish()
    while group:
        proof.differs(group[0][1], "has entries but is not a transaction")
        group = await anext(groups, None)


def _check_transaction(work: Work, transaction: Any, entries: list[Any], proof: Proof) -> None:
    totals: Counter[str] = Counter()
    for entry in entries:
        totals[entry.asset] += entry.amount
    if len(entries) < 2:
        proof.differs(transaction.id, f"has {len(entries)} entries")
    for asset, total in totals.items():
        if total:
            proof.differs(transaction.id, f"its entries in {asset} sum to {total}, not to zero")
    signed: list[Any] = [
        transaction.project_id,
        transaction.id,
        transaction.kind,
        transaction.reference,
        transaction.posted_at,
        transaction.reverses,
        transaction.invocation_id,
        transaction.memo,
        transaction.burned,
    ]
    for entry in entries:
        signed += [entry.account_id, entry.sequence, entry.amount, entry.balance]
    expected = digest_of(work, signed)
    if expected != transaction.digest:
        proof.differs(transaction.id, "it or one of its entries is not what was posted")


async def _groups(
    rows: AsyncIterator[Any], *names: str
) -> AsyncIterator[tuple[tuple[str, ...], list[Any]]]:
    """Gather neighbouring rows that share a key."""
    key: tuple[str, ...] | None = None
    gathered: list[Any] = []
    async for row in rows:
        this = tuple(getattr(row, name) for name in names)
        if this != key and key is not None:
            yield key, gathered
            gathered = []
        key = this
        gathered.append(row)
    if key is not None:
        yield key, gathered
