"""Find rules and attempts of the unit's project; and, for the engine's own look, of all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, literal, or_, select, tuple_, update

from core.db.work import Work
from core.kernel.money import Asset, Money
from core.topups.model import SPENDING, Attempt, Caps, Rule, RuleState, Spent, State
from core.topups.tables import attempts, rules

Place = tuple[str, str]
"""A project and a wallet: where a look over all of them goes on."""


async def find_rule(work: Work, wallet_id: str, *, lock: bool = False) -> Rule | None:
    """Return the wallet's rule; locked, nobody else begins or ends an attempt meanwhile."""
    r = rules.c
    query = select(rules).where(r.project_id == work.project_id, r.wallet_id == wallet_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    return _rule(row) if row else None


async def change_rule(work: Work, rule: Rule, **values: Any) -> None:
    r = rules.c
    this = r.project_id == rule.project_id, r.wallet_id == rule.wallet_id
    await work.execute(update(rules).where(*this).values(values))


async def find_attempt(work: Work, attempt_id: str) -> Attempt | None:
    a = attempts.c
    query = select(attempts).where(a.project_id == work.project_id, a.id == attempt_id)
    row = (await work.execute(query)).mappings().first()
    return _attempt(row) if row else None


async def open_attempt(work: Work, wallet_id: str) -> Attempt | None:
    """Return the attempt for this wallet that is not over; there is one at most."""
    a = attempts.c
    query = select(attempts).where(
        a.project_id == work.project_id, a.wallet_id == wallet_id, a.closed_at.is_(None)
    )
    row = (await work.execute(query)).mappings().first()
    return _attempt(row) if row else None


async def change_attempt(work: Work, attempt: Attempt, **values: Any) -> bool:
    """Change an attempt that is not over yet. False when it is."""
    a = attempts.c
    this = a.project_id == attempt.project_id, a.id == attempt.id, a.closed_at.is_(None)
    return (await work.execute(update(attempts).where(*this).values(values))).rowcount == 1


async def spent_since(work: Work, wallet_id: str, since: datetime, currency: str) -> Spent:
    """Add up what a wallet's attempts since then have spent, or still may."""
    a = attempts.c
    query = select(
        func.count().label("attempts"),
        func.coalesce(func.sum(a.amount).filter(a.currency == currency), 0).label("amount"),
    ).where(
        a.project_id == work.project_id,
        a.wallet_id == wallet_id,
        a.began_at >= since,
        a.state.in_([str(each) for each in SPENDING]),
    )
    row = (await work.execute(query)).one()
    return Spent(int(row.attempts), int(row.amount))


async def list_before(
    work: Work,
    before: str | None,
    limit: int,
    *,
    wallet_id: str | None = None,
    state: str | None = None,
) -> list[Attempt]:
    """Return the project's attempts, the newest first."""
    a = attempts.c
    query = select(attempts).where(a.project_id == work.project_id).order_by(a.id.desc())
    for column, value in ((a.wallet_id, wallet_id), (a.state, state)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(a.id < before)
    return [_attempt(row) for row in (await work.execute(query.limit(limit))).mappings()]


# -- Over all projects, for the engine's own look -------------------------------------------------


async def rules_after(work: Work, place: Place | None, limit: int) -> list[Rule]:
    """Return rules that are to be looked at now, in order: on, not resting, nothing open."""
    r, a = rules.c, attempts.c
    is_open = (a.project_id == r.project_id) & (a.wallet_id == r.wallet_id) & a.closed_at.is_(None)
    query = (
        select(rules)
        .where(
            r.state == str(RuleState.ON),
            *((r.project_id == work.found_project_id,) if work.found_project_id else ()),
            # Whether one rests by a test clock, only that clock tells.
            or_(
                r.rests_until.is_(None),
                r.rests_until <= work.now,
                r.project_id.in_(sorted(work.own_times)),
            ),
            ~select(a.id).where(is_open).exists(),
        )
        .order_by(r.project_id, r.wallet_id)
        .limit(limit)
    )
    if place is not None:
        query = query.where(_after(rules, place))
    return [_rule(row) for row in await work.execute(query)]


async def open_after(work: Work, place: Place | None, limit: int) -> Sequence[Attempt]:
    """Return attempts that are not over, in order."""
    a = attempts.c
    query = (
        select(attempts)
        .where(a.closed_at.is_(None))
        .order_by(a.project_id, a.wallet_id)
        .limit(limit)
    )
    if place is not None:
        query = query.where(_after(attempts, place))
    return [_attempt(row) for row in (await work.execute(query)).mappings()]


def _after(table: Table, place: Place) -> Any:
    columns = table.c.project_id, table.c.wallet_id
    values = [literal(each, column.type) for each, column in zip(place, columns, strict=True)]
    return tuple_(*columns) > tuple_(*values)


def _rule(row: Any) -> Rule:
    asset, currency = Asset.parse(row.asset), Asset.parse(row.currency)
    return Rule(
        project_id=row.project_id,
        wallet_id=row.wallet_id,
        state=RuleState(row.state),
        threshold=Money(row.threshold, asset),
        pack_key=row.pack_key,
        quantity=row.quantity,
        method_id=row.method_id,
        caps=Caps(
            daily_count=row.daily_count_max,
            monthly_count=row.monthly_count_max,
            daily_spend=row.daily_spend_max and Money(row.daily_spend_max, currency),
            monthly_spend=Money(row.monthly_spend_max, currency),
        ),
        failures=row.failures,
        rests_until=row.rests_until,
        rests_for=row.rests_for,
        paused_for=row.paused_for,
        set_by=row.set_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _attempt(row: Any) -> Attempt:
    fields = dict(row)
    price = Money(fields.pop("amount"), Asset.parse(fields.pop("currency")))
    return Attempt(**fields | {"price": price, "state": State(row["state"])})
