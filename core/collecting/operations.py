"""What a caller can do about collection: pay an invoice now, get a page to pay on, look back."""

from datetime import datetime

from core import bills, checkouts, payers, payments, projects
from core.collecting import beginning, finding
from core.collecting.errors import CollectionUnderWay
from core.collecting.opening import open_page
from core.collecting.shapes import (
    CollectInvoice,
    CollectionAttempt,
    CollectionAttemptList,
    CreateInvoiceCheckout,
    ListCollectionAttempts,
    attempt_view,
)
from core.db import paging
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.errors import NotAllowed
from core.operations.given import given
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

ONE = {"invoice_id": "invc_01jd3x8k5vq2m7r9t4w6y0z1ab"}
_PAYABLE = (
    projects.ProjectNotFound,
    bills.InvoiceNotFound,
    bills.InvoiceNotInState,
    payments.CurrencyNotTaken,
    payments.AmountTooSmall,
    payments.AmountTooLarge,
    payments.AmountNotPayable,
)


def _asking(attempt: CollectionAttempt, _now: datetime) -> Errand | None:
    if attempt.state != "paying":
        return None
    return beginning.errand_of(attempt.project_id, attempt.id)


async def _asked(work: Work, before: CollectionAttempt) -> CollectionAttempt:
    return attempt_view(await finding.find(work, before.id))


@operation(
    "POST /v1/projects/{project_id}/invoices/{invoice_id}/collections",
    title="Collect invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.SPEND,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(*_PAYABLE, payers.MethodNotFound),
    examples=(
        Example(title="Pay it now", arguments=ONE),
        Example(
            title="With this card",
            arguments=ONE | {"method_id": "pmt_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        ),
    ),
    afterwards=Afterwards(errand=_asking, answer=_asked),
)
async def collect_invoice(work: Work, request: CollectInvoice) -> CollectionAttempt:
    """Have what is due of an invoice paid now, with a kept payment method.

    An attempt under way is answered, not repeated. failed says why. needs_action: a person must
    pay at the checkout's url, which owner and admins are mailed too. While it is paying or
    processing, ask list_collection_attempts.
    """
    if request.method_id is not None:
        method = await payers.find_method(work, request.method_id)
        if method.detached_at:
            raise payers.MethodNotFound(request.method_id)
    invoice = await beginning.owed(work, request.invoice_id)
    if limits := given(payments.Limits):
        limits.require(beginning.due(invoice))
    attempt = await beginning.collect(work, invoice.id, method_id=request.method_id, anew=True)
    return attempt_view(attempt)


def _opening(checkout: checkouts.CheckoutView, _now: datetime) -> Errand | None:
    if checkout.state != "opening":
        return None
    return checkouts.errand_to_open(checkout.project_id, checkout.id)


async def _opened(work: Work, before: checkouts.CheckoutView) -> checkouts.CheckoutView:
    page = checkouts.unless_refused(await checkouts.find(work, before.id))
    return await _shown(work, page)


async def _shown(work: Work, page: checkouts.Checkout) -> checkouts.CheckoutView:
    record = await payments.find(work, page.payment_id or "")
    return checkouts.checkout_view(page, record, work.real_now)


@operation(
    "POST /v1/projects/{project_id}/invoices/{invoice_id}/checkouts",
    title="Create invoice checkout",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    raises=(
        *_PAYABLE,
        CollectionUnderWay,
        NotAllowed,
        checkouts.ReturnUrlNotAllowed,
        payments.ProviderRefused,
        payments.ProviderUnavailable,
    ),
    examples=(Example(title="A page to pay it on", arguments=ONE),),
    afterwards=Afterwards(errand=_opening, answer=_opened),
)
async def create_invoice_checkout(
    work: Work, request: CreateInvoiceCheckout
) -> checkouts.CheckoutView:
    """Open a page of the payment provider where a person pays what is due of one invoice.

    Give its url to that person; card data is entered there and never here. A page that is open
    for it already is answered again. Ask get_checkout whether it is paid.
    """
    if request.keep_payment_method:
        checkouts.require_keeper(work, "create_invoice_checkout")
    invoice = await beginning.owed(work, request.invoice_id)
    if limits := given(payments.Limits):
        limits.require(beginning.due(invoice))
    page = await open_page(
        work,
        invoice,
        keep_method=request.keep_payment_method,
        success_url=request.success_url,
        cancel_url=request.cancel_url,
    )
    return await _shown(work, page)


@operation(
    "GET /v1/projects/{project_id}/collection-attempts",
    title="List collection attempts",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Of one invoice", arguments=ONE),),
)
async def list_collection_attempts(
    work: Work, request: ListCollectionAttempts
) -> CollectionAttemptList:
    """List how it was tried to have a project's invoices paid, newest first, and what came of it.

    Money that came without the payment provider is not among them; see get_invoice.
    """
    key = paging.after(request.cursor, parts=1)
    if key is not None and not is_id("col", key[0]):
        raise paging.InvalidCursor
    found = await finding.list_before(
        work,
        key[0] if key else None,
        request.limit + 1,
        invoice_id=request.invoice_id,
        state=request.state,
    )
    shown = paging.page(found, request.limit, lambda attempt: [attempt.id])
    return CollectionAttemptList(
        items=[*map(attempt_view, shown.items)], next_cursor=shown.next_cursor
    )


OPERATIONS = (collect_invoice, create_invoice_checkout, list_collection_attempts)
