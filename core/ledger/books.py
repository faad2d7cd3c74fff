"""What a decision does to accounts: entries, holds, and the burn-down of grants. Pure.

A `Book` is one account while a batch is being decided. Of a wallet it always knows the grant that
is spent next; the others are read only when that one is used up, when something has expired, or
when a hold gives something back, so that a charge costs the same whatever a wallet owns. What is
missing is asked for by raising `Wanting`; the batch is then decided anew with what was read.

Always true of a wallet, and proven: its grants have left, together, what its balance is worth
beyond what holds have pinned, or nothing when that is negative.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.kernel.ids import renamed
from core.kernel.money import Money
from core.ledger.errors import InsufficientFunds
from core.ledger.grants import NEVER, BurnKey, Grant, Part
from core.ledger.holds import Hold, HoldState
from core.ledger.model import Account, AccountKey

GRANTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Want:
    """What has to be read of one account before it can be decided about."""

    grants: int = 0
    """How many, in the order in which they are spent."""
    grant_ids: frozenset[str] = frozenset()
    of_transactions: frozenset[str] = frozenset()
    """Every grant that these transactions made."""
    hold_ids: frozenset[str] = frozenset()
    due: bool = False
    """Everything that has expired, and when the next will."""


class Wanting(Exception):
    """Something must be read first."""

    def __init__(self, key: AccountKey, want: Want) -> None:
        super().__init__(key)
        self.key, self.want = key, want


@dataclass(slots=True)
class Purse:
    """What was read of a wallet's grants and holds."""

    grants: dict[str, Grant] = field(default_factory=dict)
    remaining: dict[str, int] = field(default_factory=dict)
    """What is left of each grant, but for the one that burns: of that one, the book knows."""
    horizon: BurnKey | None = None
    """Of the grants up to here, none is missing."""
    is_complete: bool = False
    """No open grant is missing at all."""
    transactions: set[str] = field(default_factory=set)
    """Of these transactions no grant is missing."""
    holds: dict[str, Hold] = field(default_factory=dict)
    sought: set[str] = field(default_factory=set)
    """Of these holds, those that exist are in `holds`."""
    knows_due: bool = False
    next_due_at: datetime | None = None

    def copy(self) -> "Purse":
        return Purse(
            self.grants,
            dict(self.remaining),
            self.horizon,
            self.is_complete,
            self.transactions,
            dict(self.holds),
            self.sought,
            self.knows_due,
            self.next_due_at,
        )


@dataclass(slots=True)
class Book:
    """One account in the course of a decision."""

    account: Account
    is_wallet: bool
    sign: int
    """What turns the sum of entries into a balance that is positive on the account's own side."""
    posted: int
    sequence: int
    held: int
    pinned: int
    burning: str | None
    left: int
    due_at: datetime | None
    purse: Purse | None
    made: list[Grant] = field(default_factory=list)
    flushed: set[str] = field(default_factory=set)
    """Grants whose row must be told what is left of them."""
    queue: list[BurnKey] | None = None
    """What burns next, the next one last; None until it is asked for. A grant in it may be empty
    by now, but none that has something left is missing. Sorted once for however many burn."""

    @classmethod
    def of(cls, account: Account, purse: Purse | None) -> "Book":
        return cls(
            account,
            account.is_wallet,
            int(account.side),
            account.posted,
            account.sequence,
            account.held,
            account.pinned,
            account.burning,
            account.burning_left,
            account.due_at,
            purse and purse.copy(),
        )

    @property
    def balance(self) -> int:
        return self.posted * self.sign

    @property
    def available(self) -> int:
        return self.posted * self.sign - self.held

    @property
    def free(self) -> int:
        """What all grants have left together."""
        return max(self.posted * self.sign - self.pinned, 0)

    def left_of(self, grant_id: str) -> int:
        if grant_id == self.burning:
            return self.left
        return self.purse.remaining.get(grant_id, 0) if self.purse else 0

    def differs_from(self, opened: Account) -> bool:
        """Tell whether the account has to be stored again."""
        return (
            self.sequence != opened.sequence
            or self.held != opened.held
            or self.pinned != opened.pinned
            or self.burning != opened.burning
            or self.left != opened.burning_left
            or self.due_at != opened.due_at
        )

    def closed(self) -> Account:
        """Return the account as it is to be stored."""
        a = self.account
        return Account(
            a.project_id,
            a.id,
            a.asset,
            a.side,
            self.posted,
            self.held,
            a.floor,
            self.sequence,
            a.is_wallet,
            self.pinned,
            self.burning,
            self.left,
            self.due_at,
        )

    def check(self, change: int) -> None:
        """Refuse a change that leaves less than the floor. Repairing an old shortfall is let be."""
        floor = self.account.floor
        if floor is None:
            return
        before = self.available
        after = before + change
        if after < min(floor, before):
            asset = self.account.asset
            raise InsufficientFunds(
                renamed(self.account.id, "wal"), Money(before, asset), Money(floor - after, asset)
            )

    def is_due(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at <= now

    def want(self, want: Want) -> Wanting:
        return Wanting(self.account.key, want)

    # -- Spending ----------------------------------------------------------------------------------

    def burn(self, amount: int, parts: list[Part]) -> None:
        """Take so much, and there is so much, from the grants, in their order."""
        while amount:
            if not self.left:
                self._go_on()
            taken = min(self.left, amount)
            self.left -= taken
            amount -= taken
            assert self.burning, "what is left is left of a grant"
            parts.append((self.burning, taken))

    def burn_first(self, transaction_id: str, amount: int, parts: list[Part]) -> int:
        """Take what there is of the grants that the transaction made; return what is missing."""
        if self.purse is None or transaction_id not in self.purse.transactions:
            raise self.want(Want(of_transactions=frozenset([transaction_id])))
        self.put_out()
        for grant in sorted(self.purse.grants.values(), key=lambda each: each.key):
            left = self.purse.remaining.get(grant.id, 0)
            if grant.transaction_id == transaction_id and left and amount:
                taken = min(left, amount)
                self._store(grant.id, left - taken)
                amount -= taken
                parts.append((grant.id, taken))
        return amount

    def _go_on(self) -> None:
        """Let the next grant burn."""
        purse = self.purse
        if purse is None:
            raise self.want(Want(grants=GRANTS_AT_ONCE))
        self.put_out()
        front = self._front(purse)
        seen = purse.is_complete or (front and purse.horizon and front <= purse.horizon)
        if front is None or not seen:
            assert not purse.is_complete, "the grants have less left than the balance says"
            raise self.want(Want(grants=2 * max(GRANTS_AT_ONCE, len(purse.grants))))
        self.burning, self.left = front.id, purse.remaining.pop(front.id)

    def _front(self, purse: Purse) -> BurnKey | None:
        """Return the first of the grants that are known and have something left."""
        if self.queue is None:
            known = (each.key for each in purse.grants.values() if purse.remaining.get(each.id))
            self.queue = sorted(known, reverse=True)
        while self.queue and not purse.remaining.get(self.queue[-1].id):
            self.queue.pop()
        return self.queue[-1] if self.queue else None

    def put_out(self) -> None:
        """Let no grant burn: what is left of the one that did is stored with it again."""
        if self.burning is not None:
            self.flushed.add(self.burning)
            assert self.purse is not None, "who puts it out knows what burns next"
            self.purse.remaining[self.burning] = self.left
            if self.left:
                self.queue = None
            self.burning, self.left = None, 0

    def _store(self, grant_id: str, left: int) -> None:
        assert self.purse is not None
        self.purse.remaining[grant_id] = left
        self.flushed.add(grant_id)
        self.queue = None

    # -- Receiving ---------------------------------------------------------------------------------

    def receive(self, grant: Grant, left: int, before: int) -> None:
        """Add a grant of which so much is left; `before` is what was free until now."""
        self.made.append(grant)
        if self.purse is None:
            # Nothing was read, so of what burns nothing is known but what is left of it.
            self.purse = Purse(is_complete=before == 0)
        self.purse.grants[grant.id] = grant
        if before == 0 and left and not self.left:
            self.put_out()
            self.burning, self.left = grant.id, left
        else:
            self.put_out()
            self._store(grant.id, left)
        self.expect(grant.terms.expires_at)

    def expect(self, at: datetime) -> None:
        if at < NEVER and (self.due_at is None or at < self.due_at):
            self.due_at = at

    def give_back(self, parts: Iterable[Part], amount: int) -> tuple[Part, ...]:
        """Return so much of the parts to their grants; return the rest, which a debt absorbs."""
        absorbed: list[Part] = []
        parts = list(parts)
        over = sum(each for _, each in parts) - amount
        if not parts:
            return ()
        self.know(frozenset(grant_id for grant_id, _ in parts))
        self.put_out()
        assert self.purse is not None
        for grant_id, part in parts:
            kept = min(part, over)
            over -= kept
            if kept:
                absorbed.append((grant_id, kept))
            if part > kept:
                left = self.purse.remaining.get(grant_id, 0) + part - kept
                self._store(grant_id, left)
                self.expect(self.purse.grants[grant_id].terms.expires_at)
        return tuple(absorbed)

    def know(self, grant_ids: frozenset[str]) -> None:
        """Have the terms of these grants at hand."""
        known = self.purse.grants.keys() if self.purse else set()
        if missing := grant_ids - known:
            raise self.want(Want(grant_ids=missing))


def split(parts: Sequence[Part], amount: int) -> tuple[list[Part], list[Part]]:
    """Divide what a hold has pinned into what is captured, and what is not."""
    used: list[Part] = []
    unused: list[Part] = []
    for grant_id, part in parts:
        taken = min(part, amount)
        amount -= taken
        if taken:
            used.append((grant_id, taken))
        if part > taken:
            unused.append((grant_id, part - taken))
    return used, unused


def next_due(book: Book, purse: Purse, now: datetime) -> datetime | None:
    """Return when the next grant or hold of the wallet expires."""
    instants = [purse.next_due_at] if purse.next_due_at else []
    instants += [each.terms.expires_at for each in book.made]
    instants += [each.expires_at for each in purse.holds.values() if each.state is HoldState.OPEN]
    # What was given back by a hold just now, and lasts longer.
    for each in purse.grants.values():
        if purse.remaining.get(each.id):
            instants.append(each.terms.expires_at)
    return min((each for each in instants if now < each < NEVER), default=None)
