"""What a caller can ask about plans at the payment provider, and have put right there."""

from datetime import datetime

from core import catalog
from core.catalog import Plan
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.shelving import asking, finding
from core.shelving.errors import PlanNotPublished
from core.shelving.shapes import GetPlanSync, PlanSync, ResyncPlan, sync_view, waiting_view
from core.shelving.syncing import errand_of


def _errand(view: PlanSync, _now: datetime) -> Errand | None:
    return errand_of(view.plan_id, view.revision) if view.state == "waiting" else None


async def _anew(work: Work, view: PlanSync) -> PlanSync:
    return await _shown(work, await catalog.find_plan(work, view.plan_key))


@operation(
    "GET /v1/plans/{plan_key}/sync",
    title="Get plan sync",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(catalog.PlanNotFound, PlanNotPublished),
    examples=(Example(title="How the provider has a plan", arguments={"plan_key": "pro"}),),
)
async def get_plan_sync(work: Work, request: GetPlanSync) -> PlanSync:
    """Say how far the payment provider knows a plan and each of its prices. Platform staff only.

    What the provider has no words for is `billed_by_us`, with the reason: it is never sold there at
    another price. What somebody changed there is `drifted`; resync_plan puts it right.
    """
    plan = await catalog.find_plan(work, request.plan_key)
    return await _shown(work, plan, request.version)


@operation(
    "POST /v1/plans/{plan_key}/sync",
    title="Resync plan",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(catalog.PlanNotFound, PlanNotPublished),
    examples=(Example(title="Put right what drifted", arguments={"plan_key": "pro"}),),
    afterwards=Afterwards(errand=_errand, answer=_anew),
)
async def resync_plan(work: Work, request: ResyncPlan) -> PlanSync:
    """Tell the payment provider of a plan again: what is sold, and what is not any more.

    Its name is put right, what was archived there is restored, and what was deleted is made again.
    Nothing is made twice. Plans that are published are synced without it.
    """
    plan = await catalog.find_plan(work, request.plan_key)
    if await asking.ask(work, plan) is None:
        raise PlanNotPublished(plan.key)
    work.record("changed", plan.id)
    return await _shown(work, plan)


async def _shown(work: Work, plan: Plan, version: int | None = None) -> PlanSync:
    shelf = await finding.shelf_of(work, plan.id)
    if shelf is None:
        if not await catalog.versions(work, plan, limit=1):
            raise PlanNotPublished(plan.key)
        return waiting_view(plan.id, plan.key)
    every = await finding.prices_of(work, plan.id)
    shown = every
    if version is not None:
        shown = await finding.prices_of(work, plan.id, version=version)
    return sync_view(shelf, every, shown)


OPERATIONS = (get_plan_sync, resync_plan)
