"""Prove wallets: what their grants have left, and what holds keep of it, is what was booked.

One wallet after the other, in the order of its key, from five streams that are read side by side;
so memory holds the grants of one wallet and nothing else that grows.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from core.db.proving import digest_of, stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.ledger import NEVER, tables
from core.ledger_proof.burned import Parts
from core.ledger_proof.burning import SLACK, Replay
from core.ledger_proof.holds import check_hold, holds_with_capture, prove_capturing

SIGNED = list(tables.grants.columns.keys()).index("digest")
"""A grant's digest covers every column before it."""


async def prove_wallets(work: Work, proof: Proof) -> None:
    """Look at every wallet, grant and hold; report each difference by its id."""
    a, g, h = tables.accounts.c, tables.grants.c, tables.holds.c
    wallets = select(tables.accounts).where(a.role == "wallet").order_by(a.project_id, a.id)
    grants = _Rows(work, select(tables.grants).order_by(g.project_id, g.account_id, g.id))
    holds = _Rows(work, holds_with_capture())
    opened = _Rows(work, _events(h.held_at.label("at")))
    closed = _Rows(work, _events(h.closed_at.label("at")).where(h.closed_at.is_not(None)))
    moves = _Rows(work, _moves())
    async for account in stream(work, wallets):
        key = account.project_id, account.id
        wallet = _Wallet(work, account, proof)
        await grants.skip_to(key, proof)
        wallet.own([row async for row in grants.of(key)])
        await holds.skip_to(key, proof)
        async for hold in holds.of(key):
            wallet.promise(hold)
        await _replay(wallet, key, opened=opened, closed=closed, moves=moves)
        wallet.check()
    for rows in (grants, holds):
        await rows.skip_to(None, proof)
    await prove_capturing(work, proof)


def _events(at: Any) -> Select[Any]:
    h = tables.holds.c
    shown = h.project_id, h.account_id, at, h.parts, h.captured, h.absorbed
    return select(*shown).order_by(h.project_id, h.account_id, at)


def _moves() -> Select[Any]:
    """Select each wallet's entries in their order, with what their transactions burned."""
    a, e, t, h = (
        each.c for each in (tables.accounts, tables.entries, tables.transactions, tables.holds)
    )
    capturing = (h.project_id == e.project_id) & (h.transaction_id == e.transaction_id)
    shown = e.project_id, e.account_id, e.amount, t.id, t.kind, t.posted_at, t.reverses, t.burned
    return (
        select(*shown, h.parts.label("pinned"), h.captured, h.held_at)
        .join(tables.accounts, (a.project_id == e.project_id) & (a.id == e.account_id))
        .join(tables.transactions, (t.project_id == e.project_id) & (t.id == e.transaction_id))
        .outerjoin(tables.holds, capturing & (h.account_id == e.account_id))
        .where(a.role == "wallet")
        .order_by(e.project_id, e.account_id, e.sequence)
    )


async def _replay(
    wallet: "_Wallet", key: tuple[str, str], *, opened: "_Rows", closed: "_Rows", moves: "_Rows"
) -> None:
    for rows in (opened, closed, moves):
        await rows.skip_to(key)
    last, change = None, 0
    async for move in moves.of(key):
        if last is not None and last.id != move.id:
            wallet.replay.post(last, change)
            change = 0
        last, change = move, change + move.amount
        async for hold in opened.of(key, until=move.posted_at + SLACK):
            wallet.replay.pin(hold)
        async for hold in closed.of(key, until=move.posted_at - SLACK):
            wallet.replay.unpin(hold)
    if last is not None:
        wallet.replay.post(last, change)


class _Wallet:
    """One wallet, and what its grants and holds say of it."""

    def __init__(self, work: Work, account: Any, proof: Proof) -> None:
        self.work, self.account, self.proof = work, account, proof
        self.grants: list[Any] = []
        self.replay = Replay([], proof)
        self.pinned: dict[str, int] = {}
        """Of each grant: parts of open holds, and what of closed ones a debt absorbed."""
        self.absorbed: dict[str, int] = {}
        self.held = 0
        self.first_due = NEVER

    def own(self, grants: list[Any]) -> None:
        self.grants, self.replay = grants, Replay(grants, self.proof)
        for grant in grants:
            self.proof.saw("grants")
            if digest_of(self.work, list(grant[:SIGNED])) != grant.digest:
                self.proof.differs(grant.id, "it is not what was granted")
            if self._left(grant):
                self.first_due = min(self.first_due, grant.expires_at)

    def promise(self, hold: Any) -> None:
        self.proof.saw("holds")
        parts, absorbed = check_hold(self.work, hold, self.proof)
        if unknown := {grant_id for grant_id, _ in parts} - {each.id for each in self.grants}:
            self.proof.differs(hold.id, f"it pinned {min(unknown)}, which its wallet has not")
        _add(self.absorbed, absorbed)
        if hold.state == "open":
            self.held += hold.amount
            self.first_due = min(self.first_due, hold.expires_at)
            _add(self.pinned, parts)

    def _left(self, grant: Any) -> int:
        is_burning = grant.id == self.account.burning
        left: int = self.account.burning_left if is_burning else grant.remaining
        return left

    def check(self) -> None:
        """Compare what is stored with what the grants, the holds and the entries come to."""
        account, differs = self.account, self.proof.differs
        left = sum(map(self._left, self.grants))
        worth = max(0, account.posted * account.side - account.pinned)
        if left != worth:
            differs(account.id, f"its grants have {left} left; its entries leave {worth}")
        if account.pinned != sum(self.pinned.values()):
            problem = f"stores {account.pinned} pinned; its holds pin {sum(self.pinned.values())}"
            differs(account.id, problem)
        if account.held != self.held:
            differs(account.id, f"stores {account.held} held; its holds come to {self.held}")
        if account.burning not in {None, *(each.id for each in self.grants)}:
            differs(account.id, f"burns {account.burning}, which is no grant of it")
        if (account.due_at or NEVER) > self.first_due:
            differs(account.id, f"something expires at {self.first_due}, before it looks again")
        for grant in self.grants:
            self._check_grant(grant)
        for orphan in self.replay.orphans():
            differs(orphan, "no transaction of its wallet made it")

    def _check_grant(self, grant: Any) -> None:
        burned, left = self.replay.burned[grant.id], self._left(grant)
        pinned = self.pinned.get(grant.id, 0)
        absorbed = self.absorbed.get(grant.id, 0)
        if grant.amount != left + burned + pinned + absorbed:
            told = f"{left} left, {burned} burned, {pinned} pinned, {absorbed} absorbed"
            self.proof.differs(grant.id, f"it was {grant.amount}; there are {told}")


def _add(sums: dict[str, int], parts: Parts) -> None:
    for grant_id, amount in parts:
        sums[grant_id] = sums.get(grant_id, 0) + amount


class _Rows:
    """A stream of rows in the order of their wallets, of which one is seen ahead."""

    def __init__(self, work: Work, query: Select[Any]) -> None:
        self._rows: AsyncIterator[Any] = stream(work, query)
        self._next: Any = None
        self._is_begun = False

    async def skip_to(self, key: tuple[str, str] | None, proof: Proof | None = None) -> None:
        """Pass by the rows of wallets before this one, or all; tell a proof that they have none."""
        if not self._is_begun:
            self._is_begun = True
            await self._go_on()
        while self._next and (key is None or self._wallet < key):
            if proof:
                proof.differs(self._next.id, "its wallet is not there")
            await self._go_on()

    async def of(
        self, key: tuple[str, str], *, until: datetime | None = None
    ) -> AsyncIterator[Any]:
        """Take the rows of this wallet, or those of them up to an instant."""
        while self._next and self._wallet == key and (until is None or self._next.at <= until):
            yield self._next
            await self._go_on()

    @property
    def _wallet(self) -> tuple[str, str]:
        return self._next.project_id, self._next.account_id

    async def _go_on(self) -> None:
        self._next = await anext(self._rows, None)
