"""Prove the sums: recompute every one of them from what it sums up.

The sums of a month whose events were detached stay, and are proven no more: there is nothing left
to recompute them from. The spend of wallets is always proven, because charges are never detached.
"""

from typing import Any

from sqlalchemy import Subquery, and_, case, exists, func, or_, select, true

from core.db.months import Kept, spans_since_1970
from core.db.proving import stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.metering import BUCKET_SECONDS, SPLIT, tables

_LAST = ("occurred_at", "received_at", "position", "event_id")


async def prove(work: Work, proof: Proof, kept: Kept) -> None:
    """Look at every quarter hour, from both sides: what it should be, and whether it should be."""
    await _prove_counts(work, proof)
    await _prove_no_more_counts(work, proof, kept)
    await _prove_spend(work, proof)


async def _prove_counts(work: Work, proof: Proof) -> None:
    """Find quarter hours that have events and another sum, or none."""
    r, truth = tables.rollups.c, _counted()
    t = truth.c
    differs = _differ(
        r.quantity_high,
        r.quantity_low,
        truth,
        r.event_count != t.event_count,
        r.max_quantity != t.largest,
        r.last_quantity != t.quantity,
        *(r[f"last_{name}"] != t[name] for name in _LAST),
        *_charged_differ(truth),
    )
    query = select(t.project_id, t.meter_id, t.bucket, differs.label("differs")).outerjoin(
        tables.rollups,
        (r.project_id == t.project_id) & (r.meter_id == t.meter_id) & (r.bucket == t.bucket),
    )
    async for row in stream(work, query):
        proof.saw("usage sums")
        if row.differs:
            _tell(proof, row.meter_id, row.bucket, "it is not the sum of its events")


def _counted() -> Subquery:
    """Sum up every quarter hour, and pick its last event."""
    e, c = tables.events.c, tables.charges.c
    by = [e.project_id, e.meter_id, e.bucket]
    paid = case((c.event_id.is_(None), 0), else_=e.quantity)
    ranked = select(
        *by,
        e.quantity,
        func.count(c.event_id).over(partition_by=by).label("charged_count"),
        func.sum(paid // SPLIT).over(partition_by=by).label("charged_high"),
        func.sum(paid % SPLIT).over(partition_by=by).label("charged_low"),
        *(e[name] for name in _LAST),
        func.count().over(partition_by=by).label("event_count"),
        func.sum(e.quantity // SPLIT).over(partition_by=by).label("high"),
        func.sum(e.quantity % SPLIT).over(partition_by=by).label("low"),
        func.max(e.quantity).over(partition_by=by).label("largest"),
        func.row_number()
        .over(partition_by=by, order_by=[e[name].desc() for name in _LAST])
        .label("rank"),
    )
    charged = (c.project_id == e.project_id) & (c.event_id == e.event_id)
    each = ranked.outerjoin(tables.charges, charged).subquery("ranked")
    return select(each).where(each.c.rank == 1).subquery("counted")


def _charged_differ(truth: Subquery) -> list[Any]:
    r, t = tables.rollups.c, truth.c
    high, low = r.charged_high - t.charged_high, t.charged_low - r.charged_low
    return [r.charged_count != t.charged_count, high * SPLIT != low]


async def _prove_no_more_counts(work: Work, proof: Proof, kept: Kept) -> None:
    """Find sums of quarter hours in which nothing occurred."""
    r, e = tables.rollups.c, tables.events.c
    same = (e.project_id == r.project_id) & (e.meter_id == r.meter_id) & (e.bucket == r.bucket)
    query = select(r.project_id, r.meter_id, r.bucket).where(
        kept.holds_number(r.bucket, BUCKET_SECONDS), ~exists().where(same)
    )
    async for row in stream(work, query):
        _tell(proof, row.meter_id, row.bucket, "it sums up events that are not there")


async def _prove_spend(work: Work, proof: Proof) -> None:
    """Find quarter hours in which a wallet was charged and its spend says otherwise."""
    s, truth = tables.spend.c, _charged(work)
    t = truth.c
    same = and_(*(s[name] == t[name] for name in _SPENT_BY))
    differs = _differ(s.amount_high, s.amount_low, truth, s.charge_count != t.charge_count)
    query = select(t.wallet_id, t.bucket, differs.label("differs")).outerjoin(tables.spend, same)
    async for row in stream(work, query):
        proof.saw("spend sums")
        if row.differs:
            _tell(proof, row.wallet_id, row.bucket, "it is not the sum of its charges")
    more = select(s.wallet_id, s.bucket).outerjoin(truth, same).where(t.bucket.is_(None))
    async for row in stream(work, more):
        _tell(proof, row.wallet_id, row.bucket, "it sums up charges that are not there")


_SPENT_BY = ("project_id", "wallet_id", "asset", "bucket")


def _charged(work: Work) -> Subquery:
    c = tables.charges.c
    # In a subquery, because Postgres does not recognise an expression with a parameter in it as
    # the one that it is to group by.
    each = select(
        c.project_id,
        c.wallet_id,
        c.asset,
        spans_since_1970(work, c.charged_at, BUCKET_SECONDS).label("bucket"),
        (c.amount // SPLIT).label("high"),
        (c.amount % SPLIT).label("low"),
    ).subquery("each_charge")
    by = [each.c[name] for name in _SPENT_BY]
    totals = (
        func.count().label("charge_count"),
        func.sum(each.c.high).label("high"),
        func.sum(each.c.low).label("low"),
    )
    return select(*by, *totals).group_by(*by).subquery("charged")


def _differ(high: Any, low: Any, truth: Subquery, *others: Any) -> Any:
    """Tell whether a sum in two parts is another number, however divided, or anything else is.

    What is not there at all is null here, and differs.
    """
    parts = (high - truth.c.high) * SPLIT != truth.c.low - low
    return func.coalesce(or_(high.is_(None), parts, *others), true())


def _tell(proof: Proof, whose: str, bucket: int, problem: str) -> None:
    proof.differs(f"{whose} in the quarter hour {bucket}", problem)
