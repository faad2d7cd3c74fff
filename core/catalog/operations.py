"""What a caller can do with plans: operators draft and publish, projects see what is sold."""

from datetime import datetime
from typing import Any

from core import products
from core.catalog import costing, drafting, finding, holding, publishing
from core.catalog.comparing import compare
from core.catalog.errors import (
    DraftChanged,
    PlanArchived,
    PlanKeyTaken,
    PlanNotFound,
    PlanNotPublishable,
    PlanVersionNotFound,
    PlanVersionPublished,
    ProductInUse,
)
from core.catalog.model import Head, Interval, IntervalUnit, Plan, PlanVersion, Terms
from core.catalog.plan_shapes import (
    ComparePlanVersions,
    CreatePlan,
    GetPlan,
    ListPlans,
    NamedPlan,
    PlanComparison,
    PlanDetails,
    PlanList,
    PublishPlan,
    UpdatePlan,
    change_view,
    heads_view,
    plan_members,
    summary_view,
    version_view,
)
from core.catalog.reading import PRICE_REFUSALS, known, read_entitlements, read_included, read_items
from core.catalog.shapes import EntitledForm, ItemForm
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

VERSIONS_SHOWN_MAX = 50

PRO = {
    "plan_key": "pro",
    "product_key": "app",
    "name": "Pro",
    "items": [
        {
            "key": "tokens",
            "name": "Tokens",
            "kind": "usage",
            "meter_key": "llm_tokens",
            "prices": {"usd": {"model": "per_unit", "unit": "0.000004"}},
        },
    ],
    "entitlements": [{"feature_key": "seats", "limit": "25"}],
}
CHANGED = (DraftChanged, PlanVersionPublished, PlanVersionNotFound)


@operation(
    "POST /v1/products/{product_key}/archive",
    title="Archive product",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(products.ProductNotFound, ProductInUse),
    examples=(Example(title="No more plans of it", arguments={"product_key": "app"}),),
)
async def archive_product(work: Work, request: products.NamedProduct) -> products.ProductView:
    """Take no more plans for a product. Platform operators only.

    Refused while a plan of it is not archived. Archiving it again changes nothing.
    """
    return products.product_view(await publishing.archive_product(work, request.product_key))


@operation(
    "POST /v1/plans",
    title="Create plan",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(PlanKeyTaken, products.ProductNotFound, products.ProductArchived, *PRICE_REFUSALS),
    examples=(Example(title="Tokens at a price each, and seats", arguments=PRO),),
)
async def create_plan(work: Work, request: CreatePlan) -> PlanDetails:
    """Make a plan and the draft of its first version. Platform operators only.

    Nothing is sold before publish_plan. Each item has a price in every price book of the plan, as
    JSON that preview_price explains.
    """
    plan = Plan(
        id=work.ids.new("pln"),
        key=request.plan_key,
        product_key=request.product_key,
        name=request.name,
        description=request.description,
        created_at=work.now,
        updated_at=work.now,
    )
    parts = await _parts(work, request.items, request.entitlements)
    terms = Terms(
        interval=Interval(IntervalUnit(request.interval), request.interval_count),
        trial_days=request.trial_days,
        items=parts["items"],
        entitlements=parts["entitlements"],
        included=read_included(request.included_credits),
        notes=request.notes,
    )
    await drafting.create(work, plan, terms)
    return await _shown(work, request.plan_key)


@operation(
    "PATCH /v1/plans/{plan_key}",
    title="Update plan",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(PlanNotFound, PlanArchived, *CHANGED, *PRICE_REFUSALS),
    examples=(Example(title="A longer trial", arguments={"plan_key": "pro", "trial_days": 30}),),
)
async def update_plan(work: Work, request: UpdatePlan) -> PlanDetails:
    """Change a plan's draft, which is begun from the newest version if there is none. Operators.

    Published versions never change. Fields left out stay; a list replaces the one before. Name and
    description change at once. compare_plan_versions shows what publish_plan would change.
    """
    sent = request.model_fields_set
    named: dict[str, str | None] = {"name": request.name} if request.name else {}
    if "description" in sent:
        named["description"] = request.description
    terms = await _parts(work, request.items, request.entitlements)
    if request.trial_days is not None:
        terms["trial_days"] = request.trial_days
    if request.interval or request.interval_count:
        terms["interval"] = await _interval(work, request)
    if "included_credits" in sent:
        terms["included"] = read_included(request.included_credits)
    if "notes" in sent:
        terms["notes"] = request.notes
    await drafting.change(
        work,
        request.plan_key,
        named=named,
        terms=terms,
        version=request.version,
        revision=request.revision,
    )
    return await _shown(work, request.plan_key)


@operation(
    "POST /v1/plans/{plan_key}/publish",
    title="Publish plan",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(PlanNotFound, PlanArchived, PlanNotPublishable, *CHANGED),
    examples=(
        Example(title="At once", arguments={"plan_key": "pro"}),
        Example(
            title="From next year on",
            arguments={"plan_key": "pro", "version": 2, "effective_at": "2027-01-01T00:00:00Z"},
        ),
    ),
)
async def publish_plan(work: Work, request: PublishPlan) -> PlanDetails:
    """Publish a plan's draft for new sales. Platform operators only. It can never be changed again.

    Who holds an earlier version keeps it. What is missing is refused all at once, each with the
    path of its field: every item needs a price in the same price books.
    """
    published = await publishing.publish(
        work,
        request.plan_key,
        effective_at=request.effective_at,
        version=request.version,
        revision=request.revision,
    )
    return await _shown(work, request.plan_key, published.number)


@operation(
    "POST /v1/plans/{plan_key}/archive",
    title="Archive plan",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(PlanNotFound,),
    examples=(Example(title="Sell it no longer", arguments={"plan_key": "pro"}),),
)
async def archive_plan(work: Work, request: NamedPlan) -> PlanDetails:
    """Sell a plan no longer. Platform operators only. Who holds it keeps it, and it can be read.

    Archiving it again changes nothing. Its key is not free for another plan.
    """
    await publishing.archive(work, request.plan_key)
    return await _shown(work, request.plan_key)


@operation(
    "GET /v1/plans",
    title="List plans",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="What is sold", arguments={}),),
)
async def list_plans(work: Work, request: ListPlans) -> PlanList:
    """List plans, by key, with the version of each that is sold now. get_plan has their prices.

    Platform staff also see plans that were never sold, and which have a draft.
    """
    after, staff = paging.after(request.cursor, parts=1), work.caller.is_platform
    found = await finding.plans_after(
        work,
        after[0] if after else None,
        request.limit + 1,
        product_key=request.product_key,
        archived=request.include_archived,
        sold=not staff,
    )
    shown = paging.page(found, request.limit, lambda plan: [plan.key])
    numbers = await finding.numbers_of(work, shown.items)
    items = [
        summary_view(each, numbers[each.id][0], numbers[each.id][1] if staff else None)
        for each in shown.items
    ]
    return PlanList(items=items, next_cursor=shown.next_cursor)


@operation(
    "GET /v1/plans/{plan_key}",
    title="Get plan",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(PlanNotFound, PlanVersionNotFound),
    examples=(Example(title="What it costs and gives", arguments={"plan_key": "pro"}),),
)
async def get_plan(work: Work, request: GetPlan) -> PlanDetails:
    """Get what a plan costs and gives: the version on sale, or any published one.

    Prices are JSON as preview_price takes it. Platform staff also see the draft, and versions that
    have not taken effect yet. Archived plans can still be read.
    """
    return await _shown(work, request.plan_key, request.version)


@operation(
    "GET /v1/plans/{plan_key}/comparison",
    title="Compare plan versions",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(PlanNotFound, PlanVersionNotFound),
    examples=(
        Example(
            title="What the draft changes, for a thousand",
            arguments={"plan_key": "pro", "from_version": 1, "quantity": "1000"},
        ),
    ),
)
async def compare_plan_versions(work: Work, request: ComparePlanVersions) -> PlanComparison:
    """Tell what differs between two versions of a plan, by path, with both prices. Platform staff.

    With a quantity, also what each changed price asks for that many. held_from and held_to count
    the projects that hold the versions now; publishing alone changes nothing for them.
    """
    plan = await finding.plan(work, request.plan_key)
    before = await _version(work, plan, request.from_version)
    after = await _version(work, plan, request.to_version)
    books, changes = await products.find_books(work), compare(before, after)
    costs = [costing.cost_of(each, books, request.quantity) for each in changes]
    held = await holding.holders().count(work, [before.id, after.id])
    return PlanComparison(
        plan_key=plan.key,
        from_version=before.number,
        to_version=after.number,
        to_state=after.state_at(work.now).value,
        changes=[change_view(each, cost) for each, cost in zip(changes, costs, strict=True)],
        held_from=held.get(before.id, 0),
        held_to=held.get(after.id, 0),
    )


async def _parts(
    work: Work, items: list[ItemForm] | None, entitlements: list[EntitledForm] | None
) -> dict[str, Any]:
    """Read those parts that were sent."""
    metered = [each.meter_key for each in items or ()]
    found = await known(work, metered, [each.feature_key for each in entitlements or ()])
    parts: dict[str, Any] = {}
    if items is not None:
        parts["items"] = read_items(items, found)
    if entitlements is not None:
        parts["entitlements"] = read_entitlements(entitlements, found)
    return parts


async def _interval(work: Work, request: UpdatePlan) -> Interval:
    """Put what was sent of the interval over what is there, which nobody changes meanwhile."""
    plan = await finding.plan(work, request.plan_key, lock=True)
    now = await finding.draft_or_none(work, plan)
    if now is None:
        [now] = await finding.versions(work, plan, limit=1)
    unit = IntervalUnit(request.interval) if request.interval else now.interval.unit
    return Interval(unit, request.interval_count or now.interval.count)


async def _version(work: Work, plan: Plan, number: int | None) -> PlanVersion:
    """Return this version, which may be the draft; without a number the draft, or the newest."""
    draft = await finding.draft_or_none(work, plan)
    if draft and number in (None, draft.number):
        return draft
    if number is None:
        [newest] = await finding.versions(work, plan, limit=1)
        return newest
    return await finding.version(work, plan.key, number)


async def _shown(work: Work, plan_key: str, number: int | None = None) -> PlanDetails:
    """Show a plan. To projects, only versions that have taken effect: others are not sold yet."""
    plan, staff = await finding.plan(work, plan_key), work.caller.is_platform
    heads = await finding.heads(work, plan, limit=VERSIONS_SHOWN_MAX)
    visible = [each for each in heads if staff or _has_begun(each, work.now)]
    if not staff and not visible:
        raise PlanNotFound(plan_key)
    shown = await _asked(work, plan, number)
    if shown and not staff and not _has_begun(shown.head, work.now):
        raise PlanVersionNotFound(plan_key, str(number))
    draft = await finding.draft_or_none(work, plan) if staff else None
    return PlanDetails(
        **plan_members(plan),
        version=version_view(shown, work.now, for_staff=staff) if shown else None,
        draft=version_view(draft, work.now, for_staff=True) if draft else None,
        versions=heads_view(visible, plan, work.now),
    )


async def _asked(work: Work, plan: Plan, number: int | None) -> PlanVersion | None:
    """Return the version with this number, or what is sold now, or was when it was archived."""
    if number is not None:
        return await finding.version(work, plan.key, number)
    return await finding.in_effect(work, plan)


def _has_begun(head: Head, now: datetime) -> bool:
    return head.effective_at is not None and head.effective_at <= now


OPERATIONS = (
    archive_product,
    create_plan,
    update_plan,
    publish_plan,
    archive_plan,
    list_plans,
    get_plan,
    compare_plan_versions,
)
