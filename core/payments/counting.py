"""How payments came out, of all projects together: for reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from core.db.work import Work
from core.kernel.money import Asset
from core.payments import tables
from core.payments.records import PAID, Status

_TRIED = (*sorted(map(str, PAID)), str(Status.FAILED))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of the payments that were asked for in a span of time, and that somebody tried."""

    tried: int = 0
    succeeded: int = 0


async def outcomes(work: Work, asset: Asset, bounds: Sequence[datetime]) -> list[Outcomes]:
    """Count the payments that were asked for between each two of these instants, in order."""
    p = tables.payments.c
    number = case(*((p.created_at < bound, n) for n, bound in enumerate(bounds)), else_=0)
    paid = case((p.status.in_([*map(str, PAID)]), 1), else_=0)
    query = (
        select(number.label("number"), func.count().label("tried"), func.sum(paid).label("paid"))
        .where(
            p.asset == str(asset),
            p.status.in_(_TRIED),
            p.created_at >= bounds[0],
            p.created_at < bounds[-1],
        )
        .group_by(number)
    )
    found = {row.number: Outcomes(row.tried, int(row.paid)) for row in await work.execute(query)}
    return [found.get(n, Outcomes()) for n in range(1, len(bounds))]
