"""Keep what the provider billed for a subscription and was paid, and grant what that brings."""

from typing import Any

from sqlalchemy import func, select

from core import dues, messaging
from core.db.work import Work
from core.lifecycles import Bill
from core.subscriptions import events, granting, keeping, tables


async def last_end(work: Work, product_key: str) -> Any:
    """Return when the last of the project's subscriptions of a product was over."""
    s = tables.subscriptions.c
    mine = s.project_id == work.project_id, s.product_key == product_key
    return (await work.execute(select(func.max(s.ended_at)).where(*mine))).scalar_one()


async def paid_there(work: Work, subscription_id: str, bill: Bill, bill_id: str) -> bool:
    """Keep a bill, and grant what it brings: once for each id. False where it was kept before."""
    of = await keeping.find(work, subscription_id, lock=True)
    billed = await dues.keep_paid(work, of, bill, bill_id)
    if billed is None:
        return False
    await messaging.publish(work, events.PAID, of.id, dues.facts_of(billed))
    await granting.grant(work, of, billed)
    return True
