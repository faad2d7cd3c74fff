"""Wallets as anybody would first write them: a list of lots, searched from end to end.

Nothing is cached, nothing is lazy, and no formula of the engine's is used: a wallet is what its
lots have left, less a debt, and never both. What the engine decides is compared with this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.kernel.money import LARGEST

Pin = tuple["Lot", int]


@dataclass(eq=False)
class Lot:
    id: str
    of: str
    """The transaction that it came with."""
    priority: int
    expires_at: datetime
    left: int


@dataclass(eq=False)
class Promise:
    """A hold."""

    id: str
    amount: int
    most: int
    expires_at: datetime
    pins: list[Pin]
    state: str = "open"


@dataclass(eq=False)
class NaiveWallet:
    floor: int | None
    lots: list[Lot] = field(default_factory=list)
    holds: dict[str, Promise] = field(default_factory=dict)
    debt: int = 0
    broken: int = 0
    """What expired so far."""

    # -- What it is worth --------------------------------------------------------------------------

    @property
    def left(self) -> int:
        return sum(lot.left for lot in self.lots)

    @property
    def pinned(self) -> int:
        return sum(amount for hold in self._open() for _, amount in hold.pins)

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self._open())

    @property
    def balance(self) -> int:
        return self.left + self.pinned - self.debt

    @property
    def available(self) -> int:
        return self.balance - self.held

    def _open(self) -> Iterator[Promise]:
        return (hold for hold in self.holds.values() if hold.state == "open")

    def may_lose(self, amount: int) -> bool:
        return self.floor is None or self.available - amount >= min(self.floor, self.available)

    def may_hold(self, amount: int) -> bool:
        return self.held + amount <= LARGEST

    # -- What happens to it ------------------------------------------------------------------------

    def take(self, amount: int, first: str | None = None) -> list[Pin]:
        """Take so much out of the lots, those of a transaction first; go into debt for the rest."""
        taken: list[Pin] = []
        while amount and (lot := self._next(first)):
            part = min(lot.left, amount)
            lot.left -= part
            amount -= part
            taken.append((lot, part))
        self.debt += amount
        return taken

    def _next(self, first: str | None) -> Lot | None:
        full = [lot for lot in self.lots if lot.left]
        order = lambda lot: (lot.of != first, lot.priority, lot.expires_at, lot.id)  # noqa: E731
        return min(full, key=order, default=None)

    def put(self, lot: Lot, amount: int) -> None:
        """Put so much into a lot, old or new, once no debt is left."""
        paid = min(self.debt, amount)
        self.debt -= paid
        lot.left += amount - paid
        if lot not in self.lots:
            self.lots.append(lot)

    def hold(self, promise: Promise) -> None:
        promise.pins = self.take(min(promise.amount, self.left))
        self.holds[promise.id] = promise

    def close(self, hold_id: str, state: str, captured: int = 0) -> None:
        """Use so much of what the hold has pinned, and put the rest back."""
        hold = self.holds[hold_id]
        hold.state = state
        for lot, part in hold.pins:
            used = min(part, captured)
            captured -= used
            self.put(lot, part - used)
        self.take(captured)

    def expire(self, now: datetime) -> None:
        due = [hold for hold in self._open() if hold.expires_at <= now]
        for hold in sorted(due, key=lambda each: (each.expires_at, each.id)):
            self.close(hold.id, "expired")
        for lot in self.lots:
            if lot.expires_at <= now:
                self.broken, lot.left = self.broken + lot.left, 0
