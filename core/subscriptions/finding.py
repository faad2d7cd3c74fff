"""Lists of subscriptions, and of what happened to one."""

from typing import Any

from sqlalchemy import and_, or_, select

from core.db.work import Work
from core.lifecycles import Subscription
from core.subscriptions import tables
from core.subscriptions.keeping import subscription_of

HISTORY_MAX = 50


async def list_after(
    work: Work,
    place: tuple[str, str] | None,
    limit: int,
    *,
    product_key: str | None = None,
    state: str | None = None,
) -> list[Subscription]:
    """Return subscriptions in the order of projects: of this unit's project, or of all of them."""
    s = tables.subscriptions.c
    query = select(tables.subscriptions).order_by(s.project_id, s.id).limit(limit)
    if work.found_project_id:
        query = query.where(s.project_id == work.found_project_id)
    if product_key is not None:
        query = query.where(s.product_key == product_key)
    if state is not None:
        query = query.where(s.state == state)
    if place is not None:
        project_id, subscription_id = place
        here = and_(s.project_id == project_id, s.id > subscription_id)
        query = query.where(or_(s.project_id > project_id, here))
    return [subscription_of(row) for row in (await work.execute(query)).mappings()]


async def history_of(work: Work, subscription_id: str) -> list[Any]:
    """Return what happened to a subscription of the unit's project, the newest first."""
    h = tables.history.c
    query = (
        select(tables.history)
        .where(h.project_id == work.project_id, h.subscription_id == subscription_id)
        .order_by(h.revision.desc())
        .limit(HISTORY_MAX)
    )
    return list(await work.execute(query))
