"""What staff can ask of reconciliations: have one made, and see what it found."""

from datetime import timedelta

from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.kernel.ids import is_id
from core.operations.errors import NotAllowed, invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.payments import Window
from core.reconciling import reports
from core.reconciling.errors import ReconciliationNotFound
from core.reconciling.reconciling import DAYS, begin
from core.reconciling.shapes import (
    DifferenceList,
    DifferenceView,
    ListDifferences,
    ListReconciliations,
    ReconcilePayments,
    ReconciliationList,
    ReconciliationRequest,
    ReconciliationView,
)

REPORT = {"reconciliation_id": "rcn_01jd3x8k5vq2m7r9t4w6y0z1ab"}
DAYS_MAX = 30
"""The provider tells events for so long."""
PLACE = 9
"""Digits of a number in a cursor."""


@operation(
    "POST /v1/reconciliations",
    title="Reconcile payments",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(NotAllowed,),
    examples=(Example(title="The last two days", arguments={}),),
)
async def reconcile_payments(work: Work, request: ReconcilePayments) -> ReconciliationView:
    """Have the payment provider's lists compared with our books: every payment, refund and fee.

    Events that never reached us are fetched, and whatever they would have changed is changed. What
    differs after that is named: ask get_reconciliation until state is clean or different, then
    list_reconciliation_differences. The same is done every hour for the last two days.
    """
    _refuse_bound(work, "reconcile_payments")
    end = min(request.end_at or work.now, work.now)
    start = request.start_at or end - timedelta(days=DAYS)
    if start >= end:
        raise invalid("start_at", "must be before end_at and now")
    if end - start > timedelta(days=DAYS_MAX):
        raise invalid("start_at", f"must be at most {DAYS_MAX} days before end_at")
    return ReconciliationView.model_validate(await begin(work, Window(start=start, end=end)))


@operation(
    "GET /v1/reconciliations",
    title="List reconciliations",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor, NotAllowed),
    examples=(Example(title="The last one", arguments={"limit": 1}),),
)
async def list_reconciliations(work: Work, request: ListReconciliations) -> ReconciliationList:
    """List the comparisons with the payment provider, the latest first, and how each came out."""
    _refuse_bound(work, "list_reconciliations")
    key = paging.after(request.cursor, parts=1)
    if key is not None and not is_id("rcn", key[0]):
        raise paging.InvalidCursor
    before = key[0] if key else None
    found = await reports.list_reports(work, before, request.limit + 1)
    shown = paging.page(found, request.limit, lambda each: [each.id])
    items = [ReconciliationView.model_validate(each) for each in shown.items]
    return ReconciliationList(items=items, next_cursor=shown.next_cursor)


@operation(
    "GET /v1/reconciliations/{reconciliation_id}",
    title="Get reconciliation",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(ReconciliationNotFound, NotAllowed),
    examples=(Example(title="How it came out", arguments=REPORT),),
)
async def get_reconciliation(work: Work, request: ReconciliationRequest) -> ReconciliationView:
    """Look at one comparison with the payment provider: what was compared, and what differs."""
    _refuse_bound(work, "get_reconciliation")
    report = await reports.find_report(work, request.reconciliation_id)
    return ReconciliationView.model_validate(report)


@operation(
    "GET /v1/reconciliations/{reconciliation_id}/differences",
    title="List reconciliation differences",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(ReconciliationNotFound, paging.InvalidCursor, NotAllowed),
    examples=(Example(title="What differs", arguments=REPORT),),
)
async def list_reconciliation_differences(work: Work, request: ListDifferences) -> DifferenceList:
    """List every difference that one comparison found, each by its names on both sides.

    missing_here: the provider has it and we do not; missing_there: the other way round; amount and
    status: both have it, otherwise.
    """
    _refuse_bound(work, "list_reconciliation_differences")
    report = await reports.find_report(work, request.reconciliation_id)
    key = paging.after(request.cursor, parts=1)
    if key is not None and not (key[0].isascii() and key[0].isdigit() and len(key[0]) <= PLACE):
        raise paging.InvalidCursor
    after = int(key[0]) if key else 0
    found = await reports.list_differences(work, report.id, after, request.limit + 1)
    shown = paging.page(found, request.limit, lambda each: [str(each.number)])
    items = [
        DifferenceView(
            number=each.number,
            kind=each.kind,
            object=each.object,
            about_project_id=each.about_project_id,
            our_id=each.our_id,
            provider_id=each.external_id,
            ours=each.ours,
            theirs=each.theirs,
        )
        for each in shown.items
    ]
    return DifferenceList(items=items, next_cursor=shown.next_cursor)


def _refuse_bound(work: Work, name: str) -> None:
    """They are about all customers: staff who bound themselves to one see none of them."""
    if work.caller.project_id:
        raise NotAllowed(name, f"the platform role {PlatformRole.AUDITOR}, bound to no project")


OPERATIONS = (
    reconcile_payments,
    list_reconciliations,
    get_reconciliation,
    list_reconciliation_differences,
)
