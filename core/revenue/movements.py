"""Movements of MRR, worked out by the database from what subscriptions noted where it changed.

What counts at an instant is the last line of a history that counts from before it. A line that
was written later and counts from earlier, as after a downtime, stands in the place of those that
it overtook. All of it is one statement, whatever there is of subscriptions.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
)

from core.db.work import Work
from core.kernel.money import Asset
from core.kernel.period import Period
from core.proration import Interval, Unit
from core.revenue import subscribed
from core.revenue.model import NOTHING, PER_YEAR, Kind, Moved, in_order, monthly

START, SAME = "start", "same"
"""What there was before the first instant, and what a movement of nothing is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What happened to the MRR of one subscription between two instants."""

    project_id: str
    subscription_id: str
    kind: Kind
    before: Fraction
    after: Fraction
    at: datetime
    """When the last change of it counts from."""
    verb: str
    why: str | None


async def moved(work: Work, asset: Asset, bounds: Sequence[datetime]) -> list[Moved]:
    """Return what happened between each two of these instants, in order, of all projects."""
    c = _judged(_changes(asset, bounds)).c
    first = func.row_number().over(partition_by=[c.project_id, c.bucket, c.kind])
    one = select(*c, case((first == 1, 1), else_=0).label("is_first")).subquery().c
    by = (one.bucket, one.kind, one.unit, one.length, one.old_unit, one.old_length)
    query = select(
        *by,
        func.sum(one.amount).label("amount"),
        func.sum(one.old_amount).label("old_amount"),
        func.sum(one.is_first).label("projects"),
    ).group_by(*by)
    return _added((await work.execute(query)).all(), len(bounds) - 1)


def _added(rows: Sequence[Any], count: int) -> list[Moved]:
    start, paying = NOTHING, 0
    by: list[dict[Kind, Fraction]] = [defaultdict(Fraction) for _ in range(count)]
    projects: list[dict[Kind, int]] = [defaultdict(int) for _ in range(count)]
    for row in rows:
        after, before = _worth(row.amount, row.unit, row.length), _before(row)
        if row.bucket == 0:
            start += after
            paying += int(row.projects) if row.kind == START else 0
        elif row.kind != SAME:
            by[row.bucket - 1][Kind(row.kind)] += after - before
            projects[row.bucket - 1][Kind(row.kind)] += int(row.projects)
    each = [Moved(by=dict(a), projects=dict(b)) for a, b in zip(by, projects, strict=True)]
    return in_order(start, paying, each)


async def movements(
    work: Work, asset: Asset, period: Period, *, after: tuple[str, str] | None, limit: int
) -> list[Movement]:
    """Return the movements between two instants, by project and subscription, after that one."""
    bounds = [period.start_at, period.end_at]
    c = _judged(_changes(asset, bounds, from_project=after[0] if after else None)).c
    query = (
        select(*c)
        .where(c.bucket == 1, c.kind != SAME)
        .order_by(c.project_id, c.subscription_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(c.project_id, c.subscription_id) > after)
    return [
        Movement(
            project_id=row.project_id,
            subscription_id=row.subscription_id,
            kind=Kind(row.kind),
            before=_before(row),
            after=_worth(row.amount, row.unit, row.length),
            at=row.effective_at,
            verb=row.verb,
            why=row.why,
        )
        for row in await work.execute(query)
    ]


def _worth(amount: Any, unit: str, count: int) -> Fraction:
    return monthly(int(amount), Interval(Unit(unit), count))


def _before(row: Any) -> Fraction:
    return _worth(row.old_amount, row.old_unit, row.old_length) if row.old_unit else NOTHING


def _changes(
    asset: Asset, bounds: Sequence[datetime], *, from_project: str | None = None
) -> Subquery:
    """Return for each subscription and span the last line that counts, and the one before it."""
    of = _counting(_overtaking(asset, bounds[-1], from_project), bounds).c
    one = [of.project_id, of.subscription_id]
    old = [
        func.lag(each).over(partition_by=one, order_by=of.revision).label(f"old_{each.name}")
        for each in (of.amount, of.unit, of.length)
    ]
    last = (
        select(*of, *old)
        .where(or_(of.next_bucket.is_(None), of.next_bucket != of.bucket))
        .subquery()
    )
    return _counted(last)


def _overtaking(asset: Asset, end_at: datetime, from_project: str | None) -> Subquery:
    """Say of each line before the end from when the earliest of those after it counts."""
    r = subscribed.recurred(asset).c
    later = func.min(r.effective_at).over(
        partition_by=[r.project_id, r.subscription_id], order_by=r.revision, rows=(1, None)
    )
    query = select(*r, later.label("later_at")).where(r.effective_at < end_at)
    if from_project is not None:
        query = query.where(r.project_id >= from_project)
    return query.subquery()


def _counting(lines: Subquery, bounds: Sequence[datetime]) -> Subquery:
    """Leave out what was overtaken, and number the spans: 0 is before the first instant."""
    line = lines.c
    bucket = case(
        *((line.effective_at < bound, number) for number, bound in enumerate(bounds)),
        else_=len(bounds),
    )
    own = (
        select(
            *(line.project_id, line.subscription_id, line.revision, line.effective_at),
            *(line.verb, line.why, line.recurring.label("amount")),
            line.interval_unit.label("unit"),
            line.interval_count.label("length"),
            bucket.label("bucket"),
        )
        .where(or_(line.later_at.is_(None), line.later_at > line.effective_at))
        .subquery()
    )
    one = own.c
    following = func.lead(one.bucket).over(
        partition_by=[one.project_id, one.subscription_id], order_by=one.revision
    )
    paid = case((one.amount > 0, one.bucket), else_=null())
    first = func.min(paid).over(partition_by=[one.project_id])
    return select(*one, following.label("next_bucket"), first.label("first_bucket")).subquery()


def _counted(changes: Subquery) -> Subquery:
    """Count how many subscriptions a project pays for, at the start and the end of each span."""
    c = changes.c
    step = case((c.amount > 0, 1), else_=0) - case((func.coalesce(c.old_amount, 0) > 0, 1), else_=0)
    stepped = select(*c, step.label("step")).subquery().c
    # Without a frame of rows, lines of the same span are counted together.
    until = func.sum(stepped.step).over(partition_by=[stepped.project_id], order_by=stepped.bucket)
    within = func.sum(stepped.step).over(partition_by=[stepped.project_id, stepped.bucket])
    return select(
        *stepped, until.label("paid_at_end"), (until - within).label("paid_at_start")
    ).subquery()


def _judged(changes: Subquery) -> Subquery:
    """Call each change by its kind, as the whole of its project shows it."""
    c = changes.c
    more, less = _compared(c)
    none_at_start, none_at_end = c.paid_at_start == 0, c.paid_at_end == 0
    kind = case(
        (and_(c.bucket == 0, c.amount > 0), literal(START)),
        (and_(more, none_at_start, c.first_bucket == c.bucket), literal(str(Kind.NEW))),
        (and_(more, none_at_start), literal(str(Kind.REACTIVATION))),
        (and_(less, none_at_end), literal(str(Kind.CHURN))),
        (more, literal(str(Kind.EXPANSION))),
        (less, literal(str(Kind.CONTRACTION))),
        else_=literal(SAME),
    )
    return select(*c, kind.label("kind")).subquery()


def _compared(c: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Tell whether it is more, or less, than before, exactly: by products, without a division."""
    now = cast(c.amount, Numeric) * _per_year(c.unit) * func.coalesce(c.old_length, 1)
    old = cast(func.coalesce(c.old_amount, 0), Numeric)
    was = old * _per_year(func.coalesce(c.old_unit, c.unit)) * c.length
    return now > was, now < was


def _per_year(unit: ColumnElement[str]) -> ColumnElement[int]:
    return case(*((unit == str(each), times) for each, times in PER_YEAR.items()), else_=1)
