"""How invoices came to be paid through the provider: at the first try, by a later one, or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import Subquery, case, func, select

from core.collecting import State, tables
from core.db.work import Work
from core.kernel.money import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What became of the invoices whose first attempt began in one span of time."""

    invoices: int = 0
    attempts: int = 0
    """Of all those invoices, whenever they were made; without those that were left."""
    first: int = 0
    """Paid by the first attempt."""
    recovered: int = 0
    """Paid by a later one."""
    first_open: int = 0
    """The first attempt goes on, and a person may have to pay by a page: that is no failure."""
    open: int = 0
    """Not paid, and an attempt goes on, be it the first."""

    @property
    def failed(self) -> int:
        """Not paid by any attempt so far, and none goes on."""
        return self.invoices - self.first - self.recovered - self.open

    @property
    def at_first(self) -> Fraction | None:
        """Which part of the first attempts that are over was paid."""
        over = self.invoices - self.first_open
        return Fraction(self.first, over) if over else None

    @property
    def brought_back(self) -> Fraction | None:
        """Which part of the invoices that the first attempt failed for was paid by a later one."""
        missed = self.invoices - self.first_open - self.first
        return Fraction(self.recovered, missed) if missed else None


async def collected(work: Work, asset: Asset, bounds: Sequence[datetime]) -> list[Collected]:
    """Count the invoices first asked for between each two of these instants, in order."""
    one = _invoices(asset).c
    number = case(*((one.began_at < bound, n) for n, bound in enumerate(bounds)), else_=0)
    is_first = one.paid_turn == one.first_turn
    is_paid = one.paid_turn.is_not(None)
    is_open = ~is_paid & one.open_turn.is_not(None)
    counted = {
        "first": is_first,
        "recovered": is_paid & (one.paid_turn != one.first_turn),
        "first_open": is_open & (one.open_turn == one.first_turn),
        "open": is_open,
    }
    query = (
        select(
            number.label("number"),
            func.count().label("invoices"),
            func.sum(one.attempts).label("attempts"),
            *(func.sum(case((each, 1), else_=0)).label(name) for name, each in counted.items()),
        )
        .where(one.began_at >= bounds[0], one.began_at < bounds[-1])
        .group_by(number)
    )
    found = {}
    for row in (await work.execute(query)).mappings():
        named = ("invoices", "attempts", *counted)
        found[row["number"]] = Collected(**{name: int(row[name]) for name in named})
    return [found.get(n, Collected()) for n in range(1, len(bounds))]


def _invoices(asset: Asset) -> Subquery:
    """Say of each invoice when it was first asked for, and which attempt was paid or goes on.

    What was left, because there was nothing to collect any more, is no attempt at all.
    """
    a = tables.attempts.c
    return (
        select(
            func.min(a.began_at).label("began_at"),
            func.count().label("attempts"),
            func.min(a.turn).label("first_turn"),
            func.min(case((a.state == str(State.SUCCEEDED), a.turn))).label("paid_turn"),
            func.min(case((a.closed_at.is_(None), a.turn))).label("open_turn"),
        )
        .where(a.currency == str(asset), a.state != str(State.CANCELED))
        .group_by(a.project_id, a.invoice_id)
        .subquery()
    )
