"""Prove what transactions say they burned: each part is of a grant of a wallet that they touch.

Which grant a wallet should have burned, and how much of it, is proven wallet by wallet.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_

from core.db.work import Work
from core.kernel.ids import is_id
from core.kernel.proving import Proof
from core.ledger import tables

PARTS_AT_ONCE = 1000

Parts = list[tuple[str, int]]


def parts_of(stored: Any) -> Parts | None:
    """Read `[["grt_…", 250]]`. None when it is anything else, or an amount is not positive."""
    if not isinstance(stored, list):
        return None
    parts: Parts = []
    for each in stored:
        match each:
            case [str(grant_id), int(amount)] if is_id("grt", grant_id) and amount > 0:
                parts.append((grant_id, amount))
            case _:
                return None
    return parts


class Burned:
    """Looks up, many at a time, the grants that transactions burned."""

    def __init__(self, work: Work, proof: Proof) -> None:
        self._work, self._proof = work, proof
        self._waiting: list[tuple[str, str, str, set[str]]] = []

    async def check(self, transaction: Any, entries: Sequence[Any]) -> None:
        """Check what one transaction burned, or note it down to be looked up with others."""
        if transaction.burned is None:
            return
        parts = parts_of(transaction.burned)
        if not parts:
            self._proof.differs(transaction.id, "what it burned cannot be read")
            return
        touched = {entry.account_id for entry in entries}
        for grant_id, _ in parts:
            self._waiting.append((transaction.project_id, transaction.id, grant_id, touched))
        if len(self._waiting) >= PARTS_AT_ONCE:
            await self.finish()

    async def finish(self) -> None:
        """Look up what was noted down, and report what is not there."""
        waiting, self._waiting = self._waiting, []
        named = {
            (project_id, account_id, grant_id)
            for project_id, _, grant_id, touched in waiting
            for account_id in touched
        }
        g = tables.grants.c
        key = g.project_id, g.account_id, g.id
        found: set[tuple[str, str, str]] = set()
        wanted = sorted(named)
        for start in range(0, len(wanted), PARTS_AT_ONCE):
            some = wanted[start : start + PARTS_AT_ONCE]
            rows = await self._work.execute(select(*key).where(tuple_(*key).in_(some)))
            found |= {(row.project_id, row.account_id, row.id) for row in rows}
        for project_id, transaction_id, grant_id, touched in waiting:
            if not any((project_id, account_id, grant_id) in found for account_id in touched):
                problem = f"it burned {grant_id}, which is no grant of a wallet that it touches"
                self._proof.differs(transaction_id, problem)
