"""What a payment provider keeps, and what happens there without us: people pay, banks dispute."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from core.kernel.clock import Clock
from core.kernel.errors import EngineError
from core.kernel.money import Money
from core.payments import (
    Checkout,
    CheckoutMode,
    CheckoutState,
    Decline,
    Dispute,
    DisputeState,
    Method,
    PaidState,
    Payment,
    PaymentDeclined,
    PaymentState,
    Payout,
    ProcessorTransaction,
    Provided,
    ProviderEvent,
    ProviderObjectMissing,
    Refund,
    RefundState,
    Seen,
)

P = TypeVar("P", bound=Provided)
DISPUTE_FEE = 1500
_WORDS = {
    "Checkout": "checkout.session",
    "Payment": "payment_intent",
    "Method": "payment_method",
    "ProcessorTransaction": "balance_transaction",
    "ProviderInvoice": "invoice",
    "ProviderSubscription": "subscription",
}


@dataclass
class FakeProvider:
    """All that is there, by id, and a method for each thing that people and banks do."""

    clock: Clock
    kept: dict[str, Any] = field(default_factory=dict)
    events: list[ProviderEvent] = field(default_factory=list)
    """Everything that it would tell, the oldest first."""
    declines: dict[str, EngineError] = field(default_factory=dict)
    """What paying with a method comes to, by the id of the method; else it is paid."""
    details: dict[str, Any] = field(default_factory=dict)
    """The draft each checkout and payment was made of."""
    _snapshots: dict[str, Any] = field(default_factory=dict)
    _last: Counter[str] = field(default_factory=Counter)

    # -- What customers do ------------------------------------------------------------------------

    def leave_method(
        self, customer_id: str, *, last4: str = "4242", decline: EngineError | None = None
    ) -> Method:
        """Leave a card, which declines every payment with this error if there is one."""
        method = Method(
            **self.made("pm"),
            customer_id=customer_id,
            kind="card",
            brand="visa",
            last4=last4,
            expiry_month=12,
            expiry_year=2034,
        )
        if decline:
            self.declines[method.id] = decline
        return self.keep(method, "payment_method.attached")

    def pay(self, checkout_id: str) -> Checkout:
        """Finish a checkout as one does with a card that works."""
        checkout = self._open(checkout_id)
        if checkout.mode == CheckoutMode.SETUP:
            return self._finish_setup(checkout)
        payment = self._charged(self._begin(checkout))
        return self._finish(checkout, payment, PaidState.PAID)

    def pay_less(self, checkout_id: str, less: int, *, promoted: bool = False) -> Checkout:
        """Finish a checkout with so much less than its price, for a promotion or for no reason."""
        checkout = self._open(checkout_id)
        assert checkout.total is not None, "there is nothing to pay"
        off = Money(less, checkout.total.asset)
        total = Money(checkout.total.amount - less, off.asset)
        cheap = replace(checkout, total=total, discount=off if promoted else checkout.discount)
        return self._finish(cheap, self._charged(self._begin(cheap)), PaidState.PAID)

    def decline(self, checkout_id: str, reason: str = "Your card was declined.") -> Checkout:
        """Try to pay with a card that is declined; the page stays open."""
        checkout = self._open(checkout_id)
        declined = Decline(reason=reason, provider_code="card_declined")
        payment = replace(self._begin(checkout), state=PaymentState.NEEDS_METHOD, decline=declined)
        self.keep(payment, "payment_intent.payment_failed")
        return self.keep(replace(checkout, payment_id=payment.id))

    def cover(self, checkout_id: str) -> Checkout:
        """Finish a checkout with a promotion that covers all of it: nothing is charged."""
        checkout = self._open(checkout_id)
        assert checkout.total is not None, "there is nothing to pay"
        finished = replace(
            checkout,
            state=CheckoutState.COMPLETE,
            paid=PaidState.NOTHING_DUE,
            total=Money(0, checkout.total.asset),
            discount=checkout.total,
            url=None,
        )
        return self.keep(finished, "checkout.session.completed")

    def pay_later(self, checkout_id: str) -> Checkout:
        """Finish a checkout with a method that takes days; then `settle` it, or `bounce` it."""
        checkout = self._open(checkout_id)
        payment = self.keep(
            replace(self._begin(checkout), state=PaymentState.PROCESSING),
            "payment_intent.processing",
        )
        return self._finish(checkout, payment, PaidState.UNPAID)

    def settle(self, checkout_id: str) -> Checkout:
        checkout = self.find(Checkout, checkout_id)
        self._charged(self.find(Payment, checkout.payment_id or ""))
        paid = replace(checkout, paid=PaidState.PAID)
        return self.keep(paid, "checkout.session.async_payment_succeeded")

    def bounce(self, checkout_id: str) -> Checkout:
        checkout = self.find(Checkout, checkout_id)
        payment = self.find(Payment, checkout.payment_id or "")
        self.keep(
            replace(payment, state=PaymentState.NEEDS_METHOD), "payment_intent.payment_failed"
        )
        return self.keep(checkout, "checkout.session.async_payment_failed")

    def expire(self, checkout_id: str) -> Checkout:
        """Let a page run out."""
        left = replace(self._open(checkout_id), state=CheckoutState.EXPIRED, url=None)
        return self.keep(left, "checkout.session.expired")

    # -- What banks do ----------------------------------------------------------------------------

    def fail_refund(self, refund_id: str) -> Refund:
        """Have the bank send the money of a refund back, days after it succeeded."""
        refund = self.find(Refund, refund_id)
        payment = self.find(Payment, refund.payment_id or "")
        back = self.move("refund_failure", "refund_failure", refund.amount, refund.id)
        given = (payment.refunded or refund.amount).amount - refund.amount.amount
        self.kept[payment.id] = replace(payment, refunded=Money(given, refund.amount.asset))
        failed = replace(
            refund,
            state=RefundState.FAILED,
            failure_reason="lost_or_stolen_card",
            failure_transaction_id=back.id,
        )
        return self.keep(failed, "refund.failed")

    def dispute(
        self, payment_id: str, *, inquiry: bool = False, part: int | None = None
    ) -> Dispute:
        """Take a payment, or a part of it, back from us; or (inquiry) only ask about it."""
        payment = self.find(Payment, payment_id)
        self.kept[payment.id] = replace(payment, disputed=True)
        dispute = Dispute(
            **self.made("dp"),
            state=DisputeState.WARNING_NEEDS_RESPONSE if inquiry else DisputeState.NEEDS_RESPONSE,
            amount=payment.amount if part is None else Money(part, payment.amount.asset),
            payment_id=payment.id,
            charge_id=payment.charge_id or "",
            reason="fraudulent",
            evidence_due_at=self.clock.now() + timedelta(days=7),
        )
        told = self.keep(dispute, "charge.dispute.created")
        return told if inquiry else self._move_disputed(told, withdrawn=True)

    def decide(self, dispute_id: str, state: DisputeState) -> Dispute:
        """End a dispute: won, lost, or one of the other ends."""
        dispute = replace(self.find(Dispute, dispute_id), state=state)
        if state == DisputeState.WON:
            dispute = self._move_disputed(dispute, withdrawn=False)
        return self.keep(dispute, "charge.dispute.closed")

    def tell_of_charge(self, payment_id: str, event_type: str) -> None:
        """Tell of the charge of a payment, which nobody reads here."""
        payment = self.find(Payment, payment_id)
        shown = {"payment_intent": payment.id, "metadata": dict(payment.metadata)}
        self._tell(event_type, replace(payment, id=payment.charge_id or ""), **shown)

    def pay_out(self) -> Payout:
        """Send us everything that is there."""
        waiting = [
            each
            for each in self.all(ProcessorTransaction)
            if not each.metadata.get("payout") and each.kind != "payout"
        ]
        amount = Money(sum(each.net.amount for each in waiting), waiting[0].net.asset)
        payout = Payout(**self.made("po"), state="paid", amount=amount, arrives_at=self.clock.now())
        for each in waiting:
            self.kept[each.id] = replace(each, metadata={"payout": payout.id})
        self.move("payout", "payout", -amount, payout.id)
        return self.keep(payout, "payout.paid")

    # -- What is kept -----------------------------------------------------------------------------

    def made(self, prefix: str) -> dict[str, Any]:
        return {"id": self.new(prefix), "created_at": self._instant(), "live": False}

    def new(self, prefix: str) -> str:
        self._last[prefix] += 1
        return f"{prefix}_fake{self._last[prefix]:06}"

    def _instant(self) -> Any:
        return self.clock.now().replace(microsecond=0)  # it counts in whole seconds

    def find(self, kind: type[P], object_id: str) -> P:
        found = self.kept.get(object_id)
        if not isinstance(found, kind):
            raise ProviderObjectMissing(object_id)
        return found

    def all(self, kind: type[P]) -> Iterator[P]:
        """Everything of a kind, the newest first."""
        yield from reversed([each for each in self.kept.values() if isinstance(each, kind)])

    def keep(self, this: P, event: str | None = None) -> P:
        self.kept[this.id] = this
        if event:
            self._tell(event, this)
        return this

    def _tell(self, event_type: str, this: Any, **shown: Any) -> None:
        event_id, word = self.new("evt"), type(this).__name__
        about = {
            "id": this.id,
            "object": _WORDS.get(word, word.lower()),
            "as_of": event_id,
            **shown,
        }
        self._snapshots[event_id] = this
        self.events.append(
            ProviderEvent(
                id=event_id,
                type=event_type,
                occurred_at=self._instant(),
                live=False,
                api_version="fake",
                object_type=about["object"],
                object_id=this.id,
                payload={
                    "id": event_id,
                    "object": "event",
                    "type": event_type,
                    "created": int(self._instant().timestamp()),
                    "livemode": False,
                    "api_version": "fake",
                    "data": {"object": about},
                },
            )
        )

    def snapshot(self, event_id: str) -> Seen | None:
        return self._snapshots.get(event_id)

    # -- How money moves --------------------------------------------------------------------------

    def charge(self, payment: Payment) -> Payment:
        """Try to take the money. A decline is remembered on the payment, and raised."""
        if declined := self.declines.get(payment.method_id or ""):
            self.keep(
                replace(payment, state=PaymentState.NEEDS_METHOD), "payment_intent.payment_failed"
            )
            raise (
                replace(declined, payment_id=payment.id, method_id=payment.method_id)
                if isinstance(declined, PaymentDeclined)
                else declined
            )
        return self._charged(payment)

    def _charged(self, payment: Payment) -> Payment:
        charge_id = self.new("ch")
        fee = payment.amount.amount * 29 // 1000 + 30
        moved = self.move("charge", "charge", payment.amount, charge_id, fee=fee)
        paid = replace(
            payment,
            state=PaymentState.SUCCEEDED,
            received=payment.amount,
            charge_id=charge_id,
            refunded=Money(0, payment.amount.asset),
            processor_transaction_id=moved.id,
        )
        return self.keep(paid, "payment_intent.succeeded")

    def move(
        self, kind: str, category: str, amount: Money, source_id: str, *, fee: int = 0
    ) -> ProcessorTransaction:
        transaction = ProcessorTransaction(
            **self.made("txn"),
            kind=kind,
            category=category,
            amount=amount,
            fee=Money(fee, amount.asset),
            net=Money(amount.amount - fee, amount.asset),
            source_id=source_id,
            state="available",
            available_at=self.clock.now() + timedelta(days=2),
        )
        return self.keep(transaction)

    def _move_disputed(self, dispute: Dispute, *, withdrawn: bool) -> Dispute:
        amount, fee = dispute.amount, DISPUTE_FEE if withdrawn else -DISPUTE_FEE
        moved = self.move(
            "adjustment",
            "dispute" if withdrawn else "dispute_reversal",
            -amount if withdrawn else amount,
            dispute.id,
            fee=fee,
        )
        transactions = (*dispute.processor_transactions, moved)
        word = "withdrawn" if withdrawn else "reinstated"
        return self.keep(
            replace(dispute, processor_transactions=transactions), f"charge.dispute.funds_{word}"
        )

    # -- How a checkout goes on -------------------------------------------------------------------

    def _open(self, checkout_id: str) -> Checkout:
        checkout = self.find(Checkout, checkout_id)
        assert checkout.state == CheckoutState.OPEN, "the page is closed"
        return checkout

    def _begin(self, checkout: Checkout) -> Payment:
        assert checkout.total is not None, "there is nothing to pay"
        method = self.leave_method(checkout.customer_id or "")
        if checkout.payment_id:
            tried = self.find(Payment, checkout.payment_id)
            return replace(tried, method_id=method.id, decline=None)
        return Payment(
            **self.made("pi") | {"metadata": checkout.metadata},
            state=PaymentState.NEEDS_CONFIRMATION,
            amount=checkout.total,
            received=Money(0, checkout.total.asset),
            customer_id=checkout.customer_id,
            method_id=method.id,
        )

    def _finish(self, checkout: Checkout, payment: Payment, paid: PaidState) -> Checkout:
        finished = replace(
            checkout, state=CheckoutState.COMPLETE, paid=paid, payment_id=payment.id, url=None
        )
        return self.keep(finished, "checkout.session.completed")

    def _finish_setup(self, checkout: Checkout) -> Checkout:
        method = self.leave_method(checkout.customer_id or "")
        finished = replace(
            checkout,
            state=CheckoutState.COMPLETE,
            paid=PaidState.NOTHING_DUE,
            setup_id=self.new("seti"),
            method_id=method.id,
            url=None,
        )
        return self.keep(finished, "checkout.session.completed")
