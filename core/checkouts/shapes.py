"""What is sent to the operations on checkouts, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core import payments
from core.checkouts.model import Checkout, State
from core.kernel.money import Money
from core.operations.fields import AssetCode, Code, Identifier, Line, WalletId
from core.operations.operation import ProjectRequest, Result

QUANTITY_MAX = 100

CheckoutId = Annotated[str, Identifier("chk")]
ReturnUrl = Annotated[str, Line(1000, r"^https?://")]


class Returning(ProjectRequest):
    success_url: ReturnUrl | None = Field(
        None, description="Where people come back to, at an allowed origin."
    )
    cancel_url: ReturnUrl | None = Field(None, description="And who change their mind.")


class CreateCheckout(Returning):
    pack_key: Annotated[Code, Field(examples=["starter"])] | None = Field(
        None, description="See list_credit_packs."
    )
    plan_key: Code | None = Field(None, description="Or a plan; see list_plans.")
    quantity: int = Field(1, ge=1, le=QUANTITY_MAX, description="Of packs.")
    quantities: dict[str, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default_factory=dict, max_length=50, description="Of a plan's items: {'seats': 5}."
    )
    wallet_id: WalletId | None = Field(None, description="Which gets the credits.")
    promotion_code: Annotated[str, Line(40)] | None = Field(
        None, description="Of packs, as it was typed."
    )
    keep_payment_method: bool = Field(
        default=False,
        description="For later payments: admins and owners only.",
    )


class CreatePaymentMethodSetup(Returning):
    currency: AssetCode = Field(description="What later payments will be in, as in USD/2.")


class CreatePortalSession(ProjectRequest):
    return_url: ReturnUrl | None = Field(
        None, description="Where people come back to; leave out for our own page."
    )


class GetCheckout(ProjectRequest):
    checkout_id: CheckoutId


class CheckoutView(Result):
    id: str
    project_id: str
    mode: Literal["payment", "setup", "portal"]
    state: Literal["opening", "open", "complete", "expired", "refused"]
    url: str | None
    """Send the person who pays here. Null until the page is there, and once it is over."""
    expires_at: datetime
    refusal: str | None
    """Why the payment provider gives no page, in its own words."""
    payment_id: str | None
    payment_status: (
        Literal["expected", "pending", "failed", "succeeded", "underpaid", "canceled"] | None
    )
    """Credits are granted once it is succeeded; pending means days; underpaid, that too little came
    and none were granted."""
    failure: str | None
    """Why the last try to pay failed. Another can be made while the page is open."""
    pack_id: str | None
    quantity: int
    price: str | None
    currency: str | None
    discount_id: str | None
    discount: str | None
    """What a promotion code took off; price is what is left to pay."""
    invoice_id: str | None
    """What is paid on the page; null of what sells credits."""
    credits: str | None
    bonus_credits: str | None
    asset: str | None
    wallet_id: str | None
    transaction_id: str | None
    """What booked the money and granted the credits."""
    user_id: str | None
    """The person for whom it was asked; null when no person did."""
    created_at: datetime
    closed_at: datetime | None


class PortalSession(Result):
    id: str
    project_id: str
    state: Literal["opening", "open", "complete", "expired", "refused"]
    url: str | None
    """Send somebody who may see what was paid here, at once: it is good for a few minutes."""
    expires_at: datetime


def checkout_view(
    checkout: Checkout, record: payments.PaymentRecord | None, now: datetime
) -> CheckoutView:
    """Show a checkout with the payment that is to come of it."""
    off = checkout.discount
    bought = _bought(record) if record else _NOTHING | {"currency": checkout.asset}
    return CheckoutView(
        id=checkout.id,
        project_id=checkout.project_id,
        mode=checkout.mode.value,
        state=checkout.state.value,
        url=checkout.address(now),
        expires_at=checkout.expires_at,
        refusal=checkout.refusal["reason"] if checkout.refusal else None,
        payment_id=checkout.payment_id,
        pack_id=checkout.pack_id,
        quantity=checkout.quantity,
        discount_id=checkout.discount_id,
        discount=Money(off, record.sale.price.asset).decimal if off and record else None,
        user_id=checkout.user_id,
        created_at=checkout.created_at,
        closed_at=checkout.closed_at,
        **bought,
    )


_NOTHING: dict[str, Any] = dict.fromkeys(
    (
        *("payment_status", "failure", "price", "currency", "credits", "bonus_credits"),
        *("asset", "wallet_id", "transaction_id", "invoice_id"),
    )
)


def _bought(record: payments.PaymentRecord) -> dict[str, Any]:
    sale = record.sale
    return {
        "payment_status": record.status.value,
        "failure": record.failure.reason if record.failure else None,
        "price": sale.price.decimal,
        "currency": str(sale.price.asset),
        "invoice_id": sale.invoice_id,
        "transaction_id": record.transaction_id,
    } | (_granted(sale) if sale.wallet_id else dict.fromkeys(_GRANTED))


_GRANTED = ("credits", "bonus_credits", "asset", "wallet_id")


def _granted(sale: payments.Sale) -> dict[str, str | None]:
    return {
        "credits": sale.credits.decimal,
        "bonus_credits": sale.bonus.decimal,
        "asset": str(sale.credits.asset),
        "wallet_id": sale.wallet_id,
    }


def portal_session(checkout: Checkout, now: datetime) -> PortalSession:
    over = checkout.state is State.OPEN and now >= checkout.expires_at
    return PortalSession(
        id=checkout.id,
        project_id=checkout.project_id,
        state="expired" if over else checkout.state.value,
        url=checkout.address(now),
        expires_at=checkout.expires_at,
    )
