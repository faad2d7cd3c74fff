"""What is owed of all invoices together, and since when: for reports of all projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from core.bills import State
from core.db.work import Work
from core.invoicing import tables
from core.kernel.money import Asset

OWED = (str(State.OPEN), str(State.UNCOLLECTIBLE))
_i = tables.invoices.c
DUE = _i.total - _i.credited - (_i.applied + _i.paid - _i.returned - _i.given)
"""As `Figures.due` counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What invoices of one state and age come to."""

    asset: Asset
    state: State
    age: int
    """How many of the bounds it was due before: 0 for what was due before none of them."""
    invoices: int
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """What one project owes of invoices that are open."""

    project_id: str
    invoices: int
    due: int
    overdue: int
    oldest_due_at: datetime | None


async def owed(work: Work, bounds: Sequence[datetime], asset: Asset | None = None) -> list[Owed]:
    """Add up what is due, by currency, state and age. Bounds are instants, the latest first."""
    latest_first = list(enumerate(bounds, start=1))
    # The oldest first: what was due before a bound was due before every later one, too.
    age = case(*((_i.due_at < bound, n) for n, bound in reversed(latest_first)), else_=0)
    by = (_i.asset, _i.state, age.label("age"))
    query = select(*by, func.count().label("invoices"), func.sum(DUE).label("due"))
    if asset is not None:
        query = query.where(_i.asset == str(asset))
    return [
        Owed(
            asset=Asset.parse(row.asset),
            state=State(row.state),
            age=row.age,
            invoices=row.invoices,
            due=int(row.due),
        )
        for row in await work.execute(query.where(_i.state.in_(OWED)).group_by(*by))
    ]


async def debtors(work: Work, asset: Asset, overdue_before: datetime, limit: int) -> list[Debtor]:
    """Return who owes the most of what is past due, and then of what is not."""
    overdue = func.sum(case((_i.due_at < overdue_before, DUE), else_=0))
    query = (
        select(
            _i.project_id,
            func.count().label("invoices"),
            func.sum(DUE).label("due"),
            overdue.label("overdue"),
            func.min(_i.due_at).label("oldest_due_at"),
        )
        .where(_i.asset == str(asset), _i.state == str(State.OPEN))
        .group_by(_i.project_id)
        .order_by(overdue.desc(), func.sum(DUE).desc(), _i.project_id)
        .limit(limit)
    )
    return [
        Debtor(
            project_id=row.project_id,
            invoices=row.invoices,
            due=int(row.due),
            overdue=int(row.overdue),
            oldest_due_at=row.oldest_due_at,
        )
        for row in await work.execute(query)
    ]


async def unearned(work: Work) -> dict[Asset, int]:
    """Return what was invoiced and is not earned yet, by currency: what is deferred in the books.

    What is earned to the last is left out by its index, so that this costs no more as years pass.
    """
    e = tables.earnings.c
    query = (
        select(e.asset, func.sum(e.net - e.recognized).label("left"))
        .where(e.next_at.is_not(None))
        .group_by(e.asset)
    )
    return {Asset.parse(row.asset): int(row.left) for row in await work.execute(query)}
