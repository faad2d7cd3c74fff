"""Payments without the customer, what became of any payment, refunds and disputes."""

from core.payments import (
    Dispute,
    OffSessionDraft,
    Payment,
    PaymentState,
    ProviderRefused,
    Refund,
    RefundDraft,
)
from mcp_server.adapters.stripe.calling import Part, given, options
from mcp_server.adapters.stripe.currencies import LIMITS

WITH_CHARGE = {"expand": ["latest_charge"]}
"""The charge says what was refunded and disputed, and which processor transaction it made."""


class PaymentsAtStripe(Part):
    async def pay_off_session(self, draft: OffSessionDraft, *, key: str) -> Payment:
        amount = LIMITS.require(draft.amount)
        fields = given(
            amount=amount.amount,
            currency=amount.asset.code.lower(),
            customer=draft.customer_id,
            payment_method=draft.method_id,
            off_session=True,
            confirm=True,
            # Nobody is there who could be sent to another page.
            automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
            description=draft.description,
            metadata=self._marked(draft.metadata),
            expand=WITH_CHARGE["expand"],
        )
        told = await self._calls.ask(
            "pay off session",
            lambda: self._v1.payment_intents.create_async(fields, options(key)),
        )
        return self._read.payment(told)

    async def read_payment(self, payment_id: str) -> Payment:
        told = await self._calls.ask(
            "read a payment",
            lambda: self._v1.payment_intents.retrieve_async(payment_id, dict(WITH_CHARGE)),
        )
        return self._read.payment(told)

    async def cancel_payment(self, payment_id: str, *, key: str) -> Payment:
        fields = {"cancellation_reason": "abandoned", **WITH_CHARGE}
        try:
            told = await self._calls.ask(
                "cancel a payment",
                lambda: self._v1.payment_intents.cancel_async(payment_id, fields, options(key)),
            )
        except ProviderRefused:
            found = await self.read_payment(payment_id)
            if found.state not in {PaymentState.CANCELED, PaymentState.SUCCEEDED}:
                raise
            return found
        return self._read.payment(told)

    async def refund(self, draft: RefundDraft, *, key: str) -> Refund:
        fields = given(
            payment_intent=draft.payment_id,
            amount=draft.amount.amount if draft.amount else None,
            reason=draft.reason,
            metadata=self._marked(draft.metadata),
        )
        told = await self._calls.ask(
            "refund a payment", lambda: self._v1.refunds.create_async(fields, options(key))
        )
        return self._read.refund(told)

    async def read_refund(self, refund_id: str) -> Refund:
        told = await self._calls.ask(
            "read a refund", lambda: self._v1.refunds.retrieve_async(refund_id)
        )
        return self._read.refund(told)

    async def read_dispute(self, dispute_id: str) -> Dispute:
        told = await self._calls.ask(
            "read a dispute", lambda: self._v1.disputes.retrieve_async(dispute_id)
        )
        return self._read.dispute(told)
