"""Lists of a wallet's grants and holds, as they are at this instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column, or_, select

from core.db.sets import find_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.ledger import (
    Grant,
    Hold,
    HoldNotFound,
    HoldState,
    Standing,
    grant_of,
    hold_of,
    tables,
)

HOLD = tuple(column.name for column in tables.holds.columns)


class GrantState(StrEnum):
    OPEN = "open"
    SPENT = "spent"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Lot:
    """A grant, and what can still be spent of it."""

    grant: Grant
    left: int
    state: GrantState


async def find_hold(work: Work, hold_id: str) -> Hold:
    """Find a hold of the call's project, as it is stored. Raises HoldNotFound."""
    return await work.together(FIND_HOLD, hold_id)


async def _find_holds(items: Sequence[tuple[Work, str]]) -> list[Hold | HoldNotFound]:
    wanted = [(work.project_id, hold_id) for work, hold_id in items]
    rows = await find_rows(items[0][0], tables.holds, HOLD[:2], wanted, HOLD)
    found = {row[:2]: hold_of(SimpleNamespace(**dict(zip(HOLD, row, strict=True)))) for row in rows}
    return [found.get(key) or HoldNotFound(key[1]) for key in wanted]


FIND_HOLD: Step[str, Hold] = Step(Order.LOOK + 3, _find_holds)


async def list_holds(
    work: Work, account_id: str, *, limit: int, before: str | None, state: HoldState | None
) -> list[Hold]:
    """Return holds on an account of this project, the newest first, from before this one."""
    h = tables.holds.c
    query = (
        select(tables.holds)
        .where(h.project_id == work.project_id, h.account_id == account_id)
        .order_by(h.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(_is(state, work))
    if before is not None:
        query = query.where(h.id < before)
    return [hold_of(row) for row in await work.execute(query)]


def _is(state: HoldState, work: Work) -> ColumnElement[bool]:
    h = tables.holds.c
    # Written out, not sent: only so does an index of the open ones alone apply.
    is_open = h.state == literal_column(f"'{HoldState.OPEN}'")
    if state is HoldState.OPEN:
        return and_(is_open, h.expires_at > work.now)
    if state is HoldState.EXPIRED:
        return or_(h.state == str(state), and_(is_open, h.expires_at <= work.now))
    return h.state == str(state)


async def list_grants(
    work: Work, standing: Standing, *, limit: int, before: str | None
) -> list[Lot]:
    """Return what was granted to an account of this project, the newest first."""
    g, account = tables.grants.c, standing.account
    query = (
        select(tables.grants)
        .where(g.project_id == work.project_id, g.account_id == account.id)
        .order_by(g.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(g.id < before)
    return [_lot(work, standing, row) for row in await work.execute(query)]


def _lot(work: Work, standing: Standing, row: Any) -> Lot:
    grant, book = grant_of(row), standing.book
    left = row.remaining
    if grant.id == book.burning:
        left = book.left
    elif book.purse is not None:
        left = book.purse.remaining.get(grant.id, left)
    if grant.terms.expires_at <= work.now:
        assert not left, "what has expired is taken out of what can be spent"
        return Lot(grant, 0, GrantState.EXPIRED)
    return Lot(grant, left, GrantState.OPEN if left else GrantState.SPENT)
