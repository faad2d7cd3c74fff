"""Hear that a plan was moved to another version: what the project holds is what it pays for next.

The period that goes on was billed and stays as it is. From the next on it costs what the version
costs that the project was moved to.
"""

from core import catalog, lifecycles
from core.db.work import Work
from core.lifecycles import Subscription
from core.messaging import Event
from core.messaging import Subscription as Listening
from core.subscriptions import keeping, selling
from core.subscriptions.carrying_out import carry_out

SOURCE = "subscription"


async def plan_moved(work: Work, event: Event) -> None:
    """Have a subscription follow the plan that it holds for its project."""
    held_by, _, subscription_id = event.data["source"].partition(":")
    if held_by != SOURCE:
        return
    before = await keeping.find(work, subscription_id, lock=True)
    goal = event.data["to"]
    version = await catalog.find_version(work, goal["plan_key"], goal["plan_version"])
    if before.state not in lifecycles.SERVED or before.choice.version_id == version.id:
        return
    await carry_out(work, before, await _followed(work, before, version))


async def _followed(
    work: Work, before: Subscription, version: catalog.PlanVersion
) -> lifecycles.Decided:
    """Decide it as a change at renewal, of as many as there are of what both versions have."""
    kept = {each.key for each in version.items if each.kind is catalog.ItemKind.RECURRING}
    told = {key: n for key, n in before.choice.quantities.items() if key in kept}
    to = await selling.choose_for(work, before, version, told)
    old = await selling.sold(work, before.choice, before.asset)
    how = lifecycles.Change(at=work.now, when=lifecycles.When.RENEWAL)
    return lifecycles.change(before, old, to, how)


SUBSCRIPTION = Listening("subscriptions", ("plan.moved",), plan_moved)
