"""Replay what one wallet burned, in the order of its entries: nothing expired, nothing passed over.

Entries have an order that is exact. Holds only say when they were opened and closed, by the clock
of the process that did it, and two units that waited for one lock may have read it in another order
than they wrote. So a hold is taken to pin its grants a little longer than it says, on both sides:
within `SLACK` of that, credits that were passed over are not found. The order in which a hold
itself pinned grants is not proven; how much it pinned of each is.
"""

import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.kernel.proving import Proof
from core.ledger_proof.burned import Parts, parts_of
from core.ledger_proof.holds import taken_from, unused

SLACK = timedelta(minutes=1)
"""Longer than a unit of work lives and clocks differ."""
Order = tuple[int, datetime, str]


class Replay:
    """What is left of the grants of one wallet for certain, entry after entry."""

    def __init__(self, grants: Sequence[Any], proof: Proof) -> None:
        self._proof = proof
        self._grants = {each.id: each for each in grants}
        self._left = {each.id: each.amount for each in grants}
        self._made: dict[str, list[Any]] = {}
        for each in grants:
            self._made.setdefault(each.transaction_id, []).append(each)
        self._there: set[str] = set()
        self._free: list[Order] = []
        self.burned: dict[str, int] = dict.fromkeys(self._grants, 0)

    # -- Holds -------------------------------------------------------------------------------------

    def pin(self, hold: Any) -> None:
        for grant_id, amount in parts_of(hold.parts) or []:
            self._change(grant_id, -amount)

    def unpin(self, hold: Any) -> None:
        rest = unused(parts_of(hold.parts) or [], hold.captured)
        for grant_id, amount in parts_of(hold.absorbed) or []:
            rest[grant_id] = rest.get(grant_id, 0) - amount
        for grant_id, amount in rest.items():
            self._change(grant_id, amount)

    # -- Transactions ------------------------------------------------------------------------------

    def post(self, move: Any, change: int) -> None:
        """Go on by one transaction, which changed the wallet by so much, debits being positive."""
        parts = parts_of(move.burned or []) or []
        ours = [(grant_id, n) for grant_id, n in parts if grant_id in self._grants]
        if sum(amount for _, amount in ours) > abs(change):
            self._proof.differs(move.id, "it burned more than it moved")
        for grant_id, amount in ours:
            self.burned[grant_id] += amount
        pinned = taken_from(parts_of(move.pinned or []) or [], move.captured or 0)
        rest = ours[len(pinned) :]
        for grant_id, amount in rest:
            self._change(grant_id, -amount)
        self._check_expiry(move, rest, pinned)
        if move.kind != "breakage":
            self._check_order(move, rest)
        self._receive(move, -change)

    def _check_expiry(self, move: Any, rest: Parts, pinned: Parts) -> None:
        for grant_id, _ in rest:
            expired = self._grants[grant_id].expires_at <= move.posted_at
            if expired != (move.kind == "breakage"):
                problem = f"it burned {grant_id}, which had {'' if expired else 'not '}expired"
                self._proof.differs(move.id, problem)
        for grant_id, _ in pinned:
            grant = self._grants.get(grant_id)
            if grant is None or move.held_at >= grant.expires_at:
                self._proof.differs(move.id, f"{grant_id} had expired when a hold pinned it")

    def _check_order(self, move: Any, rest: Parts) -> None:
        """Find a grant that should have been burned before the last of those that were."""
        in_order = [
            _order(self._grants[grant_id])
            for grant_id, _ in rest
            if self._grants[grant_id].transaction_id not in {move.id, move.reverses}
        ]
        first = self._first_free()
        if in_order and first and first < max(in_order):
            problem = f"it burned {max(in_order)[2]} and passed over {first[2]}"
            self._proof.differs(move.id, problem)

    def _receive(self, move: Any, amount: int) -> None:
        made = self._made.pop(move.id, [])
        if sum(each.amount for each in made) != max(0, amount):
            self._proof.differs(move.id, "the grants that it made are not what it gave")
        for each in made:
            if each.granted_at != move.posted_at:
                self._proof.differs(each.id, f"it is not of when {move.id} was posted")
            self._there.add(each.id)
            self._change(each.id, 0)

    def orphans(self) -> Iterable[str]:
        """Name the grants that no transaction of the wallet made."""
        return (each.id for made in self._made.values() for each in made)

    # -- What is left ------------------------------------------------------------------------------

    def _change(self, grant_id: str, amount: int) -> None:
        if grant_id not in self._grants:
            return
        self._left[grant_id] += amount
        if self._left[grant_id] > 0 and amount >= 0 and grant_id in self._there:
            heapq.heappush(self._free, _order(self._grants[grant_id]))

    def _first_free(self) -> Order | None:
        while self._free and self._left[self._free[0][2]] <= 0:
            heapq.heappop(self._free)
        return self._free[0] if self._free else None


def _order(grant: Any) -> Order:
    return grant.priority, grant.expires_at, grant.id
