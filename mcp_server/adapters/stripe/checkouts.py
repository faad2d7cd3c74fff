"""Checkout sessions: pages of Stripe's on which a customer pays, or leaves a payment method."""

from dataclasses import replace
from typing import Any

from core.payments import (
    Checkout,
    CheckoutDraft,
    CheckoutLine,
    CheckoutMode,
    CheckoutState,
    ProviderRefused,
)
from mcp_server.adapters.stripe.calling import Part, given, options, texts
from mcp_server.adapters.stripe.currencies import LIMITS


class CheckoutsAtStripe(Part):
    async def open_checkout(self, draft: CheckoutDraft, *, key: str) -> Checkout:
        draft = replace(draft, metadata=self._read.marked(draft.metadata))
        fields = _session(draft)
        told = await self._calls.ask(
            "open a checkout",
            lambda: self._v1.checkout.sessions.create_async(fields, options(key)),
        )
        return self._read.checkout(told)

    async def read_checkout(self, checkout_id: str) -> Checkout:
        whole = {"expand": ["setup_intent"]}
        told = await self._calls.ask(
            "read a checkout",
            lambda: self._v1.checkout.sessions.retrieve_async(checkout_id, whole),
        )
        return self._read.checkout(told)

    async def expire_checkout(self, checkout_id: str, *, key: str) -> Checkout:
        try:
            told = await self._calls.ask(
                "expire a checkout",
                lambda: self._v1.checkout.sessions.expire_async(checkout_id, {}, options(key)),
            )
        except ProviderRefused:
            # Only an open one can be expired. What became of it is what the caller needs.
            found = await self.read_checkout(checkout_id)
            if found.state == CheckoutState.OPEN:
                raise
            return found
        return self._read.checkout(told)


def _session(draft: CheckoutDraft) -> dict[str, Any]:
    expires_at = draft.expires_at
    fields = given(
        mode=draft.mode.value,
        customer=draft.customer_id,
        client_reference_id=draft.reference,
        success_url=draft.success_url,
        cancel_url=draft.cancel_url,
        expires_at=int(expires_at.timestamp()) if expires_at else None,
        metadata=texts(draft.metadata),
    )
    return fields | _MODES[draft.mode](draft)


def _payment(draft: CheckoutDraft) -> dict[str, Any]:
    payment = given(
        metadata=texts(draft.metadata),
        setup_future_usage="off_session" if draft.keep_method else None,
    )
    return _lines(draft) | given(payment_intent_data=payment or None)


def _setup(draft: CheckoutDraft) -> dict[str, Any]:
    metadata = texts(draft.metadata)
    return given(
        currency=draft.currency.code.lower() if draft.currency else None,
        setup_intent_data={"metadata": metadata} if metadata else None,
    )


def _subscription(draft: CheckoutDraft) -> dict[str, Any]:
    subscription = given(
        billing_mode={"type": "flexible"},
        trial_period_days=draft.trial_days,
        metadata=texts(draft.metadata),
    )
    return _lines(draft) | {"subscription_data": subscription}


_MODES = {
    CheckoutMode.PAYMENT: _payment,
    CheckoutMode.SETUP: _setup,
    CheckoutMode.SUBSCRIPTION: _subscription,
}


def _lines(draft: CheckoutDraft) -> dict[str, Any]:
    return given(
        line_items=[_line(each) for each in draft.lines],
        allow_promotion_codes=draft.promotion_codes or None,
    )


def _line(line: CheckoutLine) -> dict[str, Any]:
    if line.price_id:
        return {"price": line.price_id, "quantity": line.quantity}
    if line.unit is None or not line.name:
        raise ValueError("a line of a checkout has a price, or a name and an amount")
    unit = LIMITS.require(line.unit)
    price = {
        "currency": unit.asset.code.lower(),
        "unit_amount": unit.amount,
        "product_data": {"name": line.name},
    }
    return {"price_data": price, "quantity": line.quantity}
