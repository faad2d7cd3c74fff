"""What a caller can do with checkouts: buy a pack, leave a payment method, look what was paid."""

from datetime import datetime
from typing import Any

from core import packs, payments, projects, wallets
from core.checkouts import finding, opening, reducing, returning
from core.checkouts.errors import (
    CheckoutNotFound,
    PromotionCodeRefused,
    PromotionCodeUnknown,
    ReturnUrlNotAllowed,
    WalletHoldsAnother,
)
from core.checkouts.following import errand_to_look
from core.checkouts.model import Checkout, Mode
from core.checkouts.shapes import (
    CheckoutView,
    CreateCheckout,
    CreatePaymentMethodSetup,
    CreatePortalSession,
    GetCheckout,
    PortalSession,
    Returning,
    checkout_view,
    portal_session,
)
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole, Role
from core.kernel.errors import EngineError
from core.kernel.money import LARGEST, Asset, Money
from core.operations.admitting import may, needed_role
from core.operations.errors import NotAllowed, invalid
from core.operations.given import given
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

CHECKOUT = {"checkout_id": "chk_01jd3x8k5vq2m7r9t4w6y0z1ab"}
FROM_PROVIDER = (payments.ProviderRefused, payments.ProviderUnavailable)
"""What the provider answers is an answer of ours: its own words, or that it does not answer."""


def _opening(checkout: CheckoutView | PortalSession, _now: datetime) -> Errand | None:
    if checkout.state != "opening":
        return None
    return opening.errand_of(checkout.project_id, checkout.id)


def _looking(checkout: CheckoutView, now: datetime) -> Errand | None:
    """Look at the page unless it is over and nothing more can come of it."""
    if checkout.state == "opening" or checkout.mode == "portal":
        return _opening(checkout, now)
    if checkout.state == "open" or (
        checkout.state == "complete" and checkout.payment_status == "pending"
    ):
        return errand_to_look(checkout.project_id, checkout.id, now)
    return None


async def _shown(work: Work, checkout: Checkout) -> CheckoutView:
    record = await payments.find(work, checkout.payment_id) if checkout.payment_id else None
    view = checkout_view(checkout, record, work.real_now)
    if checkout.mode is Mode.PAYMENT or may(create_portal_session, work.caller):
        return view
    # Whoever has this address changes what the project pays with: it is not for all who may look.
    return view.model_copy(update={"url": None})


async def _anew(work: Work, before: CheckoutView) -> CheckoutView:
    return await _shown(work, await finding.find(work, before.id))


async def _opened(work: Work, before: CheckoutView) -> CheckoutView:
    return await _shown(work, opening.unless_refused(await finding.find(work, before.id)))


async def _portal(work: Work, before: PortalSession) -> PortalSession:
    return portal_session(
        opening.unless_refused(await finding.find(work, before.id)), work.real_now
    )


OPENED = Afterwards(errand=_opening, answer=_opened)


BUYING: tuple[type[EngineError], ...] = (
    projects.ProjectNotFound,
    NotAllowed,
    packs.PackNotFound,
    packs.PackArchived,
    packs.PackNotOnSale,
    wallets.WalletNotFound,
    wallets.NoWalletForAsset,
    WalletHoldsAnother,
    PromotionCodeUnknown,
    PromotionCodeRefused,
    ReturnUrlNotAllowed,
    payments.CurrencyNotTaken,
    payments.AmountTooSmall,
    payments.AmountTooLarge,
    payments.AmountNotPayable,
    *FROM_PROVIDER,
)


async def buy_pack(work: Work, pack_key: str, request: CreateCheckout) -> CheckoutView:
    """Open a page to buy a pack on: for the operation, which stands where plans are known too."""
    if request.keep_payment_method:
        require_keeper(work, "create_checkout")
    pack = await packs.for_sale(work, pack_key)
    price, credits_, bonus = (
        _times(each, request.quantity) for each in (pack.price.money, pack.credits, pack.bonus)
    )
    wallet = await _wallet(work, request.wallet_id, pack.credits.asset)
    checkout_id = work.ids.new("chk")
    price, discounted = await _reduced(work, request, pack, price, checkout_id=checkout_id)
    if limits := given(payments.Limits):
        limits.require(price)
    sale = payments.Sale(
        purpose=payments.Purpose.PACK,
        source_id=checkout_id,
        wallet_id=wallet.id,
        credits=credits_,
        bonus=bonus,
        expires_after_days=pack.expires_after_days,
        price=price,
        pack_id=pack.id,
        quantity=request.quantity,
    )
    success, cancel = _returns(work, checkout_id, request.success_url, request.cancel_url)
    record = await payments.expect(work, sale)
    begun = await opening.begin(
        work,
        checkout_id,
        Mode.PAYMENT,
        payment_id=record.id,
        pack_id=pack.id,
        price_id=pack.price.external_id,
        quantity=request.quantity,
        keep_method=request.keep_payment_method,
        success_url=success,
        cancel_url=cancel,
        **discounted,
    )
    return checkout_view(begun, record, work.real_now)


@operation(
    "GET /v1/projects/{project_id}/checkouts/{checkout_id}",
    title="Get checkout",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, CheckoutNotFound),
    examples=(Example(title="Is it paid?", arguments=CHECKOUT),),
    afterwards=Afterwards(errand=_looking, answer=_anew),
)
async def get_checkout(work: Work, request: GetCheckout) -> CheckoutView:
    """Look how far a checkout is: ask again every few seconds while somebody pays.

    The payment provider is asked as well, so this tells what is true now, and credits that are paid
    for are granted at the latest when it says so. payment_status succeeded means they are there.
    """
    return await _shown(work, await finding.find(work, request.checkout_id))


@operation(
    "POST /v1/projects/{project_id}/payment-method-setups",
    title="Create payment method setup",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        ReturnUrlNotAllowed,
        payments.CurrencyNotTaken,
        *FROM_PROVIDER,
    ),
    examples=(Example(title="Keep a card", arguments={"currency": "USD/2"}),),
    afterwards=OPENED,
)
async def create_payment_method_setup(
    work: Work, request: CreatePaymentMethodSetup
) -> CheckoutView:
    """Open a page of the payment provider where a person leaves a payment method for later.

    Nothing is paid. Give its url to that person; get_checkout tells when it is complete, and
    list_payment_methods shows the method then. Card data is entered there and never here.
    """
    return await set_up(work, Asset.parse(request.currency), request)


async def set_up(work: Work, asset: Asset, back: Returning) -> CheckoutView:
    """Open a page to leave a method on, for later payments in this currency."""
    limits = given(payments.Limits)
    if limits and limits.asset(asset.code) != asset:
        raise payments.CurrencyNotTaken(str(asset), str(limits.asset(asset.code)))
    checkout_id = work.ids.new("chk")
    success, cancel = _returns(work, checkout_id, back.success_url, back.cancel_url)
    begun = await opening.begin(
        work, checkout_id, Mode.SETUP, asset=str(asset), success_url=success, cancel_url=cancel
    )
    return checkout_view(begun, None, work.real_now)


@operation(
    "POST /v1/projects/{project_id}/portal-sessions",
    title="Create portal session",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, ReturnUrlNotAllowed, *FROM_PROVIDER),
    examples=(Example(title="See invoices and cards", arguments={}),),
    afterwards=Afterwards(errand=_opening, answer=_portal),
)
async def create_portal_session(work: Work, request: CreatePortalSession) -> PortalSession:
    """Open the payment provider's own page about this project: receipts, and payment methods.

    Whoever has the url sees and changes them, so give it only to the person who asked, at once: it
    is good for a few minutes.
    """
    checkout_id = work.ids.new("chk")
    pages = given(returning.ReturnPages) or returning.NOWHERE
    back = pages.own(returning.ACCOUNT)
    if request.return_url:
        back = pages.require(request.return_url, "return_url")
    begun = await opening.begin(work, checkout_id, Mode.PORTAL, success_url=back, cancel_url=back)
    return portal_session(begun, work.real_now)


def keeps_methods(work: Work) -> bool:
    """Tell whether the caller may have a method kept for later."""
    return may(create_payment_method_setup, work.caller)


def require_keeper(work: Work, asked: str) -> None:
    """Let only those keep a method for later who may also have one left without a purchase."""
    if not keeps_methods(work):
        needed = f"{needed_role(create_payment_method_setup)}, to keep the payment method"
        raise NotAllowed(asked, needed)


async def _reduced(
    work: Work, request: CreateCheckout, pack: packs.Pack, price: Money, *, checkout_id: str
) -> tuple[Money, dict[str, Any]]:
    """Return what is left to pay after the promotion code, if one was sent, and what to note."""
    if request.promotion_code is None:
        return price, {}
    reduced = await reducing.reductions().hold(
        work, request.promotion_code, checkout_id=checkout_id, price=price
    )
    return reduced.price, {
        "discount_id": reduced.discount_id,
        "discount": price.amount - reduced.price.amount,
        "title": f"{request.quantity} x {pack.name}",
    }


def _times(money: Money, quantity: int) -> Money:
    if money.amount * quantity > LARGEST:
        raise invalid("quantity", f"makes more than {money.asset} can count")
    return Money(money.amount * quantity, money.asset)


async def _wallet(work: Work, wallet_id: str | None, asset: Asset) -> wallets.Wallet:
    """Return the wallet that shall get the credits, which must be able to hold them."""
    if wallet_id is None:
        return await wallets.default_wallet(work, asset)
    wallet = await wallets.find(work, wallet_id)
    if wallet.asset != asset:
        raise WalletHoldsAnother(wallet.id, str(wallet.asset), str(asset))
    return wallet


def _returns(
    work: Work, checkout_id: str, success_url: str | None, cancel_url: str | None
) -> tuple[str, str]:
    """Return where people come back to: what was named, if it may be, or our own pages."""
    pages = given(returning.ReturnPages) or returning.NOWHERE
    named = {"project_id": work.project_id, "checkout_id": checkout_id}
    success = pages.own(returning.SUCCESS, **named)
    cancel = pages.own(returning.CANCELED, **named)
    if success_url:
        success = pages.require(success_url, "success_url")
    if cancel_url:
        cancel = pages.require(cancel_url, "cancel_url")
    return success, cancel


OPERATIONS = (
    get_checkout,
    create_payment_method_setup,
    create_portal_session,
)
