"""Tell what is held and billed by usage, whenever that changes, and bill the usage that is over."""

from core import arrears, lifecycles, selling
from core.arrears import Holding, Turn
from core.db.work import Work
from core.lifecycles import Choice, Decided, State, Subscription, Verb

METERED = {State.ACTIVE, State.PAST_DUE}
"""In these states usage is billed: a trial's is not, nor what is used while nothing is served."""
RUNNING = METERED | {State.PAUSED, State.SUSPENDED}


async def follow(
    work: Work,
    before: Subscription | None,
    decided: Decided,
    known: selling.Known | None = None,
) -> None:
    """Follow a change of a subscription: have the invoice of usage drawn up that it ends."""
    after = decided.after
    ran = before is not None and before.state in RUNNING
    had = await _holding(work, before.choice, known) if ran and before else None
    holds = await _holding(work, after.choice, known) if after.state in METERED else None
    if had is None and holds is None:
        return
    turn = Turn(
        subscription_id=after.id,
        product_key=after.product_key,
        asset=after.asset,
        time_zone=after.time_zone,
        at=after.updated_at,
        holds=holds,
        is_over=_is_over(before, decided, holds),
    )
    over = await arrears.follow(work, turn, known)
    if over is not None:
        await arrears.waits(work, over, known)


def _is_over(before: Subscription | None, decided: Decided, holds: Holding | None) -> bool:
    """Tell whether a period of usage is over: with the subscription's, or as it is metered no more.

    A pause moves the period, and does not end it.
    """
    after = decided.after
    if after.state in lifecycles.ENDED or (after.state in METERED and holds is None):
        return True
    if before is None or decided.verb is Verb.RESUME:
        return False
    return after.period_start_at != before.period_start_at


async def _holding(work: Work, choice: Choice, known: selling.Known | None) -> Holding | None:
    """Return what is held, if usage of it is billed."""
    version = await selling.version_of(work, choice.version_id, known)
    if not arrears.usage_items(version):
        return None
    return Holding(
        version_id=version.id,
        plan_key=choice.plan_key,
        plan_version=choice.plan_version,
        book_key=choice.book_key,
    )
