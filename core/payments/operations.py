"""What a caller can do with payments: look at them."""

from core import projects
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.payments import records
from core.payments.missing import PaymentNotFound
from core.payments.records import Status
from core.payments.shapes import (
    TRIED,
    GetPayment,
    ListPayments,
    PaymentList,
    PaymentView,
    payment_view,
)

METHOD = {"method_id": "pmt_01jd3x8k5vq2m7r9t4w6y0z1ab"}


@operation(
    "GET /v1/projects/{project_id}/payments",
    title="List payments",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="What was paid", arguments={"status": "succeeded"}),),
)
async def list_payments(work: Work, request: ListPayments) -> PaymentList:
    """List a project's payments, newest first: what was paid, for what, and what went back of it.

    A pending payment was made by a method that takes days; its credits come when it succeeds. A
    failed one tells why, and may still succeed. For an underpaid one nothing was granted: an
    operator gives it back with refund_payment, or grants what it is worth with grant_credits.
    """
    key = paging.after(request.cursor, parts=1)
    if key is not None and not is_id("pay", key[0]):
        raise paging.InvalidCursor
    statuses = (Status(request.status),) if request.status else TRIED
    before = key[0] if key else None
    found = await records.list_before(work, before, request.limit + 1, statuses=statuses)
    shown = paging.page(found, request.limit, lambda record: [record.id])
    items = [payment_view(each) for each in shown.items]
    return PaymentList(items=items, next_cursor=shown.next_cursor)


@operation(
    "GET /v1/projects/{project_id}/payments/{payment_id}",
    title="Get payment",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, PaymentNotFound),
    examples=(
        Example(title="One payment", arguments={"payment_id": "pay_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
)
async def get_payment(work: Work, request: GetPayment) -> PaymentView:
    """Look at one payment: its state, why a try failed, and the transactions that booked it."""
    return payment_view(await records.find(work, request.payment_id))


OPERATIONS = (list_payments, get_payment)
