"""What staff can ask about revenue: what recurs and how it moved, what was earned, what is owed."""

from fractions import Fraction

from core import payments
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.kernel.ids import is_id
from core.kernel.money import Asset, Money
from core.kernel.rounding import whole_units
from core.operations.errors import NotAllowed
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.revenue import asking, books, collections, movements, receivables, showing, trials
from core.revenue.calendar import Granularity
from core.revenue.shapes import (
    ConversionReport,
    GetConversionReport,
    GetReceivablesReport,
    GetRevenueReport,
    ListMrrMovements,
    MrrMovement,
    MrrMovementList,
    ReceivablesReport,
    RevenueReport,
)

CURRENCY = {"currency": "USD/2"}
QUARTER = {"start_on": "2026-01-01", "end_on": "2026-03-31"}


@operation(
    "GET /v1/reports/revenue",
    title="Get revenue report",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(NotAllowed,),
    examples=(
        Example(title="The last twelve months", arguments=CURRENCY),
        Example(title="A quarter, month by month", arguments=CURRENCY | QUARTER),
    ),
)
async def get_revenue_report(work: Work, request: GetRevenueReport) -> RevenueReport:
    """Tell MRR and its movements, churn, and what was earned, invoiced and collected, by span.

    Of all projects, in one currency. MRR is fees and seats of active and past due subscriptions,
    by the month, less recurring discounts, without trials, usage and taxes. Everything else is from
    the ledger. Staff only. docs/reporting.md defines each figure.
    """
    asking.refuse_bound(work, "get_revenue_report")
    what = asking.asked(work, request, Granularity(request.granularity))
    moved = await movements.moved(work, what.asset, what.bounds)
    booked = await books.booked(work, what.asset, what.bounds)
    each = zip(what.spans, moved, booked, strict=True)
    return RevenueReport(
        currency=request.currency,
        time_zone=what.zone.key,
        as_of=work.now,
        granularity=request.granularity,
        spans=[showing.revenue_span(what.asset, *one) for one in each],
    )


@operation(
    "GET /v1/reports/mrr-movements",
    title="List MRR movements",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(NotAllowed, paging.InvalidCursor),
    examples=(
        Example(title="Since the first of this month", arguments=CURRENCY),
        Example(title="Of a quarter", arguments=CURRENCY | QUARTER),
    ),
)
async def list_mrr_movements(work: Work, request: ListMrrMovements) -> MrrMovementList:
    """List each subscription whose MRR is another at the end of these days than at their start.

    With the kind of movement, MRR before and after, and what happened to it last, by whose reason.
    What came and went in between is none. Without days: this month so far. Staff only.
    """
    asking.refuse_bound(work, "list_mrr_movements")
    what = asking.asked(work, request, Granularity.MONTH, whole=True)
    found = await movements.movements(
        work, what.asset, what.whole, after=_after(request.cursor), limit=request.limit + 1
    )
    page = paging.page(found, request.limit, lambda one: [one.project_id, one.subscription_id])
    return MrrMovementList(
        start_on=what.spans[0].first,
        end_on=what.spans[-1].last,
        time_zone=what.zone.key,
        items=[_movement(what.asset, each) for each in page.items],
        next_cursor=page.next_cursor,
    )


def _after(cursor: str | None) -> tuple[str, str] | None:
    key = paging.after(cursor, parts=2)
    if key is None:
        return None
    if not (is_id("prj", key[0]) and is_id("sub", key[1])):
        raise paging.InvalidCursor
    return key[0], key[1]


def _movement(asset: Asset, one: movements.Movement) -> MrrMovement:
    def money(value: Fraction) -> str:
        return Money(whole_units(value), asset).decimal

    return MrrMovement(
        project_id=one.project_id,
        subscription_id=one.subscription_id,
        kind=one.kind.value,
        mrr_before=money(one.before),
        mrr_after=money(one.after),
        amount=money(one.after - one.before),
        last_change=one.verb,
        last_change_at=one.at,
        why=one.why,
    )


@operation(
    "GET /v1/reports/receivables",
    title="Get receivables report",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(NotAllowed,),
    examples=(Example(title="What is owed in dollars", arguments=CURRENCY),),
)
async def get_receivables_report(work: Work, request: GetReceivablesReport) -> ReceivablesReport:
    """Tell what customers owe of invoices, by how many days it is past due, and who owes the most.

    Of all projects, in one currency, now. The total is what the books have as receivable. Staff
    only.
    """
    asking.refuse_bound(work, "get_receivables_report")
    asset, zone = Asset.parse(request.currency), asking.zone_of(request.time_zone)
    found = await receivables.receivables(work, asset, zone)
    return showing.receivables_report(asset, zone, work.now, found)


@operation(
    "GET /v1/reports/conversion",
    title="Get conversion report",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(NotAllowed,),
    examples=(Example(title="Trials and payments, by the month", arguments=CURRENCY),),
)
async def get_conversion_report(work: Work, request: GetConversionReport) -> ConversionReport:
    """Tell how many trials became paid subscriptions, and how payments came out, by span.

    And how many invoices were paid at the first try, by a later one, or not. Of all projects, in
    one currency. Trials count in the span in which they began, payments and invoices in the one in
    which they were first asked for. Staff only.
    """
    asking.refuse_bound(work, "get_conversion_report")
    what = asking.asked(work, request, Granularity(request.granularity))
    cohorts = await trials.cohorts(work, what.asset, what.bounds)
    paid = await payments.outcomes(work, what.asset, what.bounds)
    asked = await collections.collected(work, what.asset, what.bounds)
    each = zip(what.spans, cohorts, paid, asked, strict=True)
    return ConversionReport(
        currency=request.currency,
        time_zone=what.zone.key,
        as_of=work.now,
        granularity=request.granularity,
        spans=[showing.conversion_span(*one) for one in each],
    )


OPERATIONS = (
    get_revenue_report,
    list_mrr_movements,
    get_receivables_report,
    get_conversion_report,
)
