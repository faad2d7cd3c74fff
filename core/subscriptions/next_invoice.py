"""Show what would be billed of a subscription next: its fees, and what was used so far."""

from datetime import datetime
from typing import Any

from core import arrears, metering, projects
from core.db.work import Work
from core.invoicing import Line
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Money
from core.lifecycles import Due, fall_due
from core.operations.operation import Effect, Example, Result, operation
from core.operations.scopes import Toolset
from core.subscriptions import keeping, renewing
from core.subscriptions.errors import SubscriptionNotFound
from core.subscriptions.shapes import BillView, NamedSubscription, bill_view

BILLS = {Due.RENEW, Due.CONVERT, Due.CANCEL}


class UsageLineView(Result):
    kind: str
    description: str
    start_at: datetime | None
    end_at: datetime | None
    quantity: str | None
    amount: str
    explained: list[str]


class NextInvoice(Result):
    """What is billed next, before discounts of usage, and before taxes."""

    subscription_id: str
    currency: str
    due_at: datetime | None
    """When its period is over; nothing where it is not billed by itself."""
    bill: BillView | None
    """The fees of what follows."""
    usage: list[UsageLineView]
    """As if the period ended now."""
    usage_total: str


@operation(
    "GET /v1/projects/{project_id}/subscriptions/{subscription_id}/next-invoice",
    title="Preview invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(
        projects.ProjectNotFound,
        SubscriptionNotFound,
        metering.TooManyTransactions,
        metering.SummaryTooLarge,
        metering.LevelForgotten,
    ),
    examples=(
        Example(
            title="What comes next",
            arguments={"subscription_id": "sub_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        ),
    ),
)
async def preview_invoice(work: Work, request: NamedSubscription) -> NextInvoice:
    """Show what a subscription is billed next: fees of the next period, and usage so far.

    Usage is rated as the invoice will be: without what a wallet was charged, less what was billed
    before, with what came late of earlier periods. Nothing is written.
    """
    one = await keeping.find(work, request.subscription_id)
    due = one.due()
    bill = None
    if due is not None and due[1] in BILLS:
        decided = fall_due(one, await renewing.facts_of(work, one, due[1], None))
        bill = bill_view(decided.bill) if decided.bill else None
    lines = (await arrears.preview(work, one.id)).lines
    total = Money(sum(each.amount.amount for each in lines), one.asset)
    return NextInvoice(
        subscription_id=one.id,
        currency=str(one.asset),
        due_at=due[0] if due else None,
        bill=bill,
        usage=[_view(each) for each in lines],
        usage_total=total.decimal,
    )


def _view(line: Line) -> UsageLineView:
    told: dict[str, Any] = {name: getattr(line, name) for name in ("description", "quantity")}
    period = line.period
    return UsageLineView(
        kind=str(line.kind),
        start_at=period.start_at if period else None,
        end_at=period.end_at if period else None,
        amount=line.amount.decimal,
        explained=_explained(line),
        **told,
    )


def _explained(line: Line) -> list[str]:
    rules = line.explanation.get("rules") or {}
    return [*line.explanation.get("explained", ()), *rules.get("explained", ())]


OPERATIONS = (preview_invoice,)
