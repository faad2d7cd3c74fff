"""How many trials became subscriptions, by when they began."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import and_, case, func, or_, select

from core.db.work import Work
from core.kernel.money import Asset
from core.lifecycles import State, Verb
from core.revenue import subscribed

ENDED = (str(Verb.EXPIRE), str(Verb.CANCEL))


@dataclass(frozen=True, slots=True)
class Cohort:
    """What became of the trials that began in one span of time."""

    started: int = 0
    converted: int = 0
    ended: int = 0
    """Without a first period: expired, or canceled meanwhile."""

    @property
    def going_on(self) -> int:
        return self.started - self.converted - self.ended

    @property
    def conversion(self) -> Fraction | None:
        """Which part of those that are over went on; None while all of them go on."""
        over = self.converted + self.ended
        return Fraction(self.converted, over) if over else None


async def cohorts(work: Work, asset: Asset, bounds: Sequence[datetime]) -> list[Cohort]:
    """Count the trials that began between each two of these instants, in order.

    What became of one is the first of its history that ends it.
    """
    line = subscribed.history_lines().c
    begun = (
        select(line.project_id, line.subscription_id, line.revision, line.effective_at)
        .where(
            line.asset == str(asset),
            line.after == str(State.TRIALING),
            or_(line.before.is_(None), line.before != str(State.TRIALING)),
            line.effective_at >= bounds[0],
            line.effective_at < bounds[-1],
        )
        .subquery()
        .c
    )
    later = subscribed.history_lines()
    following = later.c
    is_end = and_(
        following.project_id == begun.project_id,
        following.subscription_id == begun.subscription_id,
        following.before == str(State.TRIALING),
        following.after != str(State.TRIALING),
    )
    over = select(begun.effective_at, following.verb).outerjoin(later, is_end).subquery().c
    number = case(*((over.effective_at < bound, n) for n, bound in enumerate(bounds)), else_=0)
    query = select(
        number.label("number"),
        func.count().label("started"),
        func.sum(case((over.verb == str(Verb.CONVERT), 1), else_=0)).label("converted"),
        func.sum(case((over.verb.in_(ENDED), 1), else_=0)).label("ended"),
    ).group_by(number)
    found = {
        row.number: Cohort(row.started, int(row.converted), int(row.ended))
        for row in await work.execute(query)
    }
    return [found.get(n, Cohort()) for n in range(1, len(bounds))]
