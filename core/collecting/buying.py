"""Buy on a page of the provider: a credit pack, or a plan, which begins once its page is paid.

A plan is not sold in the provider's own subscription mode: what is owed, and when, is decided
here alone, and the page pays the first invoice. See docs/decisions.
"""

from core import bills, catalog, checkouts, entitlements, payments, selling, subscriptions
from core.collecting import beginning
from core.collecting.opening import open_page
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.errors import invalid
from core.operations.given import given
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset


@operation(
    "POST /v1/projects/{project_id}/checkouts",
    title="Create checkout",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    raises=(
        *checkouts.BUYING,
        catalog.PlanNotFound,
        catalog.PlanVersionNotFound,
        catalog.PlanArchived,
        catalog.NoPriceInCurrency,
        selling.QuantityForNothing,
        subscriptions.AlreadySubscribed,
        entitlements.PlanHeldBySubscription,
        bills.LegalEntityNotFound,
        bills.InvoiceNotInState,
    ),
    examples=(
        Example(title="Buy two packs", arguments={"pack_key": "starter", "quantity": 2}),
        Example(
            title="Subscribe with five seats",
            arguments={"plan_key": "pro", "quantities": {"seats": 5}},
        ),
    ),
    guesses=lambda request: request.promotion_code is not None,
    afterwards=checkouts.OPENED,
)
async def create_checkout(work: Work, request: checkouts.CreateCheckout) -> checkouts.CheckoutView:
    """Open a page of the payment provider where a person pays for a credit pack, or subscribes.

    Give its url to that person. What is paid for comes once, whoever comes back: ask
    get_checkout, also while url is null. A plan begins when its first invoice is paid, and keeps
    what pays it: admins and owners only. Send an idempotency key.
    """
    if (request.pack_key is None) == (request.plan_key is None):
        raise invalid("pack_key", "or plan_key is required, and not both")
    if request.plan_key is not None:
        return await _subscribe(work, request.plan_key, request)
    if request.quantities:
        raise invalid("quantities", "is for a plan")
    return await checkouts.buy_pack(work, request.pack_key or "", request)


async def _subscribe(
    work: Work, plan_key: str, request: checkouts.CreateCheckout
) -> checkouts.CheckoutView:
    """Draw up the subscription, and open a page on which its first invoice is paid.

    One that begins with a free trial has no invoice yet: on its page a method is left for it.
    """
    checkouts.require_keeper(work, "create_checkout")
    if request.quantity != 1:
        raise invalid("quantity", "is of packs; say quantities of a plan's items")
    if request.promotion_code is not None:
        raise invalid("promotion_code", "is for packs; redeem it first, with redeem_promotion_code")
    wanted = subscriptions.Wanted(
        plan_key=plan_key,
        quantities=request.quantities,
        wallet_id=request.wallet_id,
        when_paid=True,
    )
    begun = await subscriptions.create(work, wanted)
    owed = [
        each for each in await subscriptions.of_subscription(work, begun.id) if each.paid_at is None
    ]
    if not owed:
        return await checkouts.set_up(work, begun.asset, request)
    invoice_id = owed[0].invoice_id
    if invoice_id is None:
        raise bills.LegalEntityNotFound("default")
    invoice = await beginning.owed(work, invoice_id)
    if limits := given(payments.Limits):
        limits.require(beginning.due(invoice))
    page = await open_page(
        work,
        invoice,
        keep_method=True,
        success_url=request.success_url,
        cancel_url=request.cancel_url,
    )
    record = await payments.find(work, page.payment_id or "")
    return checkouts.checkout_view(page, record, work.real_now)


OPERATIONS = (create_checkout,)
