"""What a caller can ask about plans: what past usage costs by one, and what a change would do."""

from collections.abc import Sequence
from decimal import Decimal
from heapq import nlargest
from zoneinfo import ZoneInfo

from core import catalog, metering, pricing, projects
from core.arrears import Needs, needs, usage_in
from core.catalog import ItemKind
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Money
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.quoting import comparing, costing, simulating
from core.quoting.choosing import choose_book, choose_version
from core.quoting.plan_shapes import (
    NotRated,
    PreviewUsageCost,
    SimulatedChange,
    SimulatedProject,
    SimulatePriceChange,
    UsageCost,
    item_view,
)
from core.quoting.refusals import USAGE_REFUSED
from core.quoting.using import is_on_quarter_hour, users_among

AT_ONCE, AT_ONCE_ONE_BY_ONE = 1_000, 20
"""How many projects one answer looks at, and how many where each is read by itself."""
REFUSED_SHOWN = 20
NO_SUCH_VERSION = (
    catalog.PlanNotFound,
    catalog.PlanVersionNotFound,
    catalog.PlanArchived,
    catalog.NoPriceInCurrency,
)


@operation(
    "POST /v1/projects/{project_id}/usage/cost",
    title="Preview usage cost",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    also_scopes=("metering:read",),
    raises=(
        projects.ProjectNotFound,
        *NO_SUCH_VERSION,
        catalog.PriceBookNotFound,
        metering.TooManyTransactions,
        metering.SummaryTooLarge,
        metering.LevelForgotten,
        *USAGE_REFUSED,
    ),
    examples=(
        Example(title="Last month, by the plan on sale", arguments={"plan_key": "pro"}),
        Example(
            title="October, by the draft, with five seats",
            arguments={
                "plan_key": "pro",
                "draft": True,
                "start_at": "2026-10-01T00:00:00Z",
                "end_at": "2026-11-01T00:00:00Z",
                "currency": "USD/2",
                "seats": {"seats": 5},
            },
        ),
    ),
)
async def preview_usage_cost(work: Work, request: PreviewUsageCost) -> UsageCost:
    """Say what a project's real past usage would cost by a plan, item by item and tier by tier.

    The period is billed from start_at in intervals of the plan; an interval that end_at cuts is
    billed whole. Fees are included, set-up fees once. Discounts, credits and taxes are not.
    """
    zone = await projects.time_zone_of(work, work.project_id)
    version = await choose_version(work, request.plan_key, request.version, draft=request.draft)
    book = await choose_book(work, version, request.currency, request.price_book)
    period = costing.asked_period(request.start_at, request.end_at, zone=zone, now=work.now)
    parts = costing.parts_of(version, period, zone, work.now)
    _check_seats(version.items, request.seats)
    known: dict[tuple[str, Needs, costing.Part], pricing.Usage] = {}
    costs = []
    for item, part in costing.due_in(version, parts):
        used = costing.NOTHING
        if item.meter_key is not None:
            wanted = item.meter_key, needs(item.prices[book.key]), part
            if wanted not in known:
                meter = await metering.find_meter(work, item.meter_key)
                known[wanted] = await usage_in(work, meter, wanted[1], part.period, zone=zone)
            used = known[wanted]
        used = costing.usage_of(item, used, request.seats)
        costs.append(costing.cost_of(item, book, part, used))
    return UsageCost(
        plan_key=version.plan_key,
        version=version.number,
        draft=version.published_at is None,
        price_book=book.key,
        currency=str(book.asset),
        start_at=period.start_at,
        end_at=period.end_at,
        time_zone=zone.key,
        items=[item_view(each) for each in costs],
        recurring=costing.total(costs, book, ItemKind.RECURRING).decimal,
        usage=costing.total(costs, book, ItemKind.USAGE).decimal,
        one_time=costing.total(costs, book, ItemKind.ONE_TIME).decimal,
        total=costing.total(costs, book).decimal,
    )


def _check_seats(items: Sequence[catalog.Item], seats: dict[str, Decimal]) -> None:
    counted = {each.key for each in items if each.kind is not ItemKind.USAGE}
    for key in seats:
        if key not in counted:
            known = ", ".join(sorted(counted)) or "none"
            raise invalid(f"seats.{key}", f"must name an item that is not usage: {known}")


@operation(
    "POST /v1/plans/{plan_key}/simulation",
    title="Simulate price change",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    also_scopes=("metering:read",),
    raises=(*NO_SUCH_VERSION, paging.InvalidCursor),
    examples=(
        Example(title="The draft, against last month", arguments={"plan_key": "pro"}),
        Example(
            title="One version against another",
            arguments={"plan_key": "pro", "from_version": 1, "to_version": 2, "currency": "USD/2"},
        ),
    ),
)
async def simulate_price_change(work: Work, request: SimulatePriceChange) -> SimulatedChange:
    """Say what a draft would do to real customers: who would pay less, who more, and in total.

    Compares with the version each project holds; where nobody holds the plan, with the one on sale,
    for all who used what it meters. Months are those of UTC, and fees are counted for one. Projects
    come in portions: while next_cursor is not null, ask again with it and add the answers up.
    """
    draft = request.to_version is None
    new = await choose_version(work, request.plan_key, request.to_version, draft=draft)
    book = await choose_book(work, new, request.currency, None)
    period = costing.asked_period(
        request.start_at, request.end_at, zone=ZoneInfo("UTC"), now=work.now
    )
    if not is_on_quarter_hour(period):
        raise invalid("start_at", "must lie on a quarter hour, and so must end_at")
    place = comparing.place_of(request.cursor)
    compared = await comparing.whom(work, request.plan_key, request.from_version, place)
    after = simulating.quoted(work, new, book, period)
    before = {
        each.id: simulating.quoted(
            work, each, await choose_book(work, each, str(book.asset), None), period
        )
        for each in compared.versions
    }
    quotes = [*before.values(), after]
    meters = await simulating.find_meters(work, quotes)
    at_once = AT_ONCE if simulating.only_sums(meters, quotes) else AT_ONCE_ONE_BY_ONE
    found, last = await comparing.next_of(work, compared, place, at_once)
    if compared.kind == "users":
        used = await users_among(
            work, [each.project_id for each in found], list(meters.values()), period
        )
        found = [each for each in found if each.project_id in used]
    told = await simulating.simulate(work, found, before, after)
    return _view(told, compared, after, last, limit=request.limit)


def _view(
    told: simulating.Simulated,
    compared: comparing.Compared,
    after: simulating.Quoted,
    last: comparing.Place | None,
    *,
    limit: int,
) -> SimulatedChange:
    asset, period = after.book.asset, after.parts

    def text(amount: int) -> str:
        return Money(amount, asset).decimal

    paid, would = sum(each.before for each in told.changes), sum(e.after for e in told.changes)
    changes = [each.change for each in told.changes]
    return SimulatedChange(
        plan_key=after.version.plan_key,
        to_version=after.version.number,
        to_draft=after.version.published_at is None,
        currency=str(asset),
        start_at=period[0].period.start_at,
        end_at=period[-1].period.end_at,
        compared=compared.kind,
        projects=len(told.changes) + len(told.refused),
        winners=sum(each < 0 for each in changes),
        losers=sum(each > 0 for each in changes),
        unchanged=changes.count(0),
        before_total=text(paid),
        after_total=text(would),
        change_total=text(would - paid),
        largest=[
            SimulatedProject(
                project_id=each.project_id,
                from_version=each.from_version,
                before=text(each.before),
                after=text(each.after),
                change=text(each.change),
            )
            for each in nlargest(limit, told.changes, key=lambda each: abs(each.change))
            if each.change
        ],
        not_rated=[
            NotRated(project_id=project_id, code=error.code, reason=str(error))
            for project_id, error in told.refused[:REFUSED_SHOWN]
        ],
        not_rated_count=len(told.refused),
        next_cursor=paging.cursor_of(last) if last else None,
    )
