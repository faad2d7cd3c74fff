"""What a caller can do about money that goes back: refund a payment, see refunds and disputes."""

from datetime import datetime

from core import payments, projects
from core.db import paging
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.fields import money
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, RateClass, operation
from core.operations.scopes import Toolset
from core.settling import finding, refunding
from core.settling.errors import (
    AlreadyRefunded,
    DisputeNotFound,
    PaymentDisputed,
    PaymentNotRefundable,
    RefundAnswered,
    RefundNotFound,
    RefundTooLarge,
)
from core.settling.model import Refund, RefundState
from core.settling.shapes import (
    DisputeList,
    DisputeView,
    GetDispute,
    GetRefund,
    ListDisputes,
    ListRefunds,
    RefundList,
    RefundPayment,
    RefundView,
    dispute_view,
    refund_view,
)

PAYMENT = "pay_01jd3x8k5vq2m7r9t4w6y0z1ab"
REFUND = "rfd_01jd3x8k5vq2m7r9t4w6y0z1ab"


def _asked(refund: RefundView, _now: datetime) -> Errand | None:
    return refunding.errand_of(refund.project_id, refund.id) if refund.state == "asked" else None


async def _answer(work: Work, before: RefundView) -> RefundView:
    """Tell how the refund stands now, or why the provider gives nothing back."""
    refund = await finding.find_refund(work, before.id)
    if refund.state is RefundState.REFUSED and refund.refusal:
        told = refund.refusal
        param = told.get("param") or "the request"
        raise payments.ProviderRefused(told["reason"], told.get("provider_code"), param)
    return await _shown(work, refund)


async def _shown(work: Work, refund: Refund) -> RefundView:
    return refund_view(refund, await payments.find(work, refund.payment_id))


@operation(
    "POST /v1/projects/{project_id}/payments/{payment_id}/refunds",
    title="Refund payment",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    rate=RateClass.SENSITIVE,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        payments.PaymentNotFound,
        PaymentNotRefundable,
        RefundTooLarge,
        AlreadyRefunded,
        PaymentDisputed,
        payments.ProviderRefused,
        payments.ProviderUnavailable,
    ),
    examples=(
        Example(
            title="Give a part back",
            arguments={
                "payment_id": PAYMENT,
                "amount": "2.50",
                "reason": "requested_by_customer",
            },
        ),
    ),
    afterwards=Afterwards(errand=_asked, answer=_answer),
)
async def refund_payment(work: Work, request: RefundPayment) -> RefundView:
    """Give money of a payment back, all that is left of it or a part, and take back the credits.

    The credits that go with the part are taken: what that payment granted first, then what the
    wallet has, never below its floor; what was spent shows as credits_lost. Send an idempotency
    key: the same key never refunds twice. While state is asked, ask get_refund again.
    """
    record = await payments.find(work, request.payment_id)
    amount = money(request.amount, record.received.asset) if request.amount else None
    refund = await refunding.begin(work, record.id, amount, request.reason)
    return refund_view(refund, record)


@operation(
    "POST /v1/projects/{project_id}/refunds/{refund_id}/retry",
    title="Retry refund",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    rate=RateClass.SENSITIVE,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        RefundNotFound,
        RefundAnswered,
        PaymentDisputed,
        payments.ProviderRefused,
        payments.ProviderUnavailable,
    ),
    examples=(Example(title="Ask again", arguments={"refund_id": REFUND}),),
    afterwards=Afterwards(errand=_asked, answer=_answer),
)
async def retry_refund(work: Work, request: GetRefund) -> RefundView:
    """Ask the payment provider again for a refund that it has not answered.

    It asks by itself for two days, then gives up (event refund.given_up) and state stays asked.
    Money never goes back twice: it is the same refund, and is looked for there first.
    """
    return await _shown(work, await refunding.retry(work, request.refund_id))


@operation(
    "GET /v1/projects/{project_id}/refunds",
    title="List refunds",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Of one payment", arguments={"payment_id": PAYMENT}),),
)
async def list_refunds(work: Work, request: ListRefunds) -> RefundList:
    """List a project's refunds, newest first, also those that were made at the payment provider."""
    before = _before(request.cursor, "rfd")
    found = await finding.list_refunds_before(
        work, before, request.limit + 1, payment_id=request.payment_id
    )
    shown = paging.page(found, request.limit, lambda each: [each.id])
    items = [await _shown(work, each) for each in shown.items]
    return RefundList(items=items, next_cursor=shown.next_cursor)


@operation(
    "GET /v1/projects/{project_id}/refunds/{refund_id}",
    title="Get refund",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, RefundNotFound),
    examples=(Example(title="One refund", arguments={"refund_id": REFUND}),),
)
async def get_refund(work: Work, request: GetRefund) -> RefundView:
    """Look at one refund: how far it is, what was taken back for it, and why it failed if it did.

    A refund that succeeded can still fail, days later, when the bank sends the money back; then
    the credits that were taken for it are given back.
    """
    return await _shown(work, await finding.find_refund(work, request.refund_id))


@operation(
    "GET /v1/projects/{project_id}/disputes",
    title="List disputes",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Of one payment", arguments={"payment_id": PAYMENT}),),
)
async def list_disputes(work: Work, request: ListDisputes) -> DisputeList:
    """List the payments that a project's customers have had their banks take back, newest first.

    While one is open, the credits it is about are frozen. It is answered at the payment provider,
    before evidence_due_at.
    """
    before = _before(request.cursor, "dsp")
    found = await finding.list_disputes_before(
        work, before, request.limit + 1, payment_id=request.payment_id
    )
    shown = paging.page(found, request.limit, lambda each: [each.id])
    items = [dispute_view(each, await payments.find(work, each.payment_id)) for each in shown.items]
    return DisputeList(items=items, next_cursor=shown.next_cursor)


@operation(
    "GET /v1/projects/{project_id}/disputes/{dispute_id}",
    title="Get dispute",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, DisputeNotFound),
    examples=(
        Example(title="One dispute", arguments={"dispute_id": "dsp_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
)
async def get_dispute(work: Work, request: GetDispute) -> DisputeView:
    """Look at one dispute: its status, what is frozen, and what was taken back if it was lost."""
    dispute = await finding.find_dispute(work, request.dispute_id)
    return dispute_view(dispute, await payments.find(work, dispute.payment_id))


def _before(cursor: str | None, prefix: str) -> str | None:
    key = paging.after(cursor, parts=1)
    if key is not None and not is_id(prefix, key[0]):
        raise paging.InvalidCursor
    return key[0] if key else None


OPERATIONS = (
    refund_payment,
    retry_refund,
    list_refunds,
    get_refund,
    list_disputes,
    get_dispute,
)
