"""A payment gateway with nobody behind it. It keeps its promises, and fails as it is told to."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from core.kernel.clock import Clock
from core.kernel.errors import EngineError
from core.kernel.money import Money
from core.payments import (
    Checkout,
    CheckoutDraft,
    CheckoutMode,
    CheckoutState,
    Cost,
    Customer,
    CustomerDraft,
    Dispute,
    ItemPriceDraft,
    Limits,
    Meter,
    MeterDraft,
    MeteredPriceDraft,
    Method,
    OffSessionDraft,
    PaidState,
    Payment,
    PaymentState,
    Payout,
    PortalDraft,
    Price,
    PriceDraft,
    ProcessorTransaction,
    Product,
    ProductDraft,
    Provided,
    ProviderEvent,
    ProviderKeyReused,
    ProviderObjectMissing,
    ProviderRefused,
    ProviderUnavailable,
    Refund,
    RefundDraft,
    RefundState,
    Seen,
    UsageDraft,
    Window,
)
from mcp_server.adapters.stripe.currencies import LIMITS
from tests.fakes.billing import FakeSubscriptions
from tests.fakes.provider import FakeProvider

STREAM_MAX = 100
R = TypeVar("R")
P = TypeVar("P", bound=Provided)


class FakeGateway(FakeSubscriptions):
    """The port over a `FakeProvider`, whose methods say what people and banks do."""

    name = "stripe"

    def __init__(self, clock: Clock, limits: Limits = LIMITS) -> None:
        self.provider = FakeProvider(clock)
        self.away = False
        """Nobody answers, and nothing happens."""
        self.lost_answers = 0
        """So many of the next changes happen, but their answers do not arrive."""
        self.failures: list[EngineError] = []
        """What to raise, one for each of the next calls, instead of doing anything."""
        self.asked: list[tuple[str, str]] = []
        """Every change that was asked for: its name and its key."""
        self.usage: dict[str, UsageDraft] = {}
        """What was counted, by the names of its events."""
        self.told_usage: list[tuple[str, UsageDraft]] = []
        """What was sent and arrived, however often, and how."""
        self.limits = limits
        self._answers: dict[str, tuple[Any, Any]] = {}

    def forget_keys(self) -> None:
        """Let a day go by: what is asked again under a key of before is done again."""
        self._answers.clear()

    # -- Customers --------------------------------------------------------------------------------

    async def save_customer(self, draft: CustomerDraft, *, key: str) -> Customer:
        return self._change("save_customer", key, draft, lambda: self._saved_customer(draft))

    async def read_customer(self, customer_id: str) -> Customer:
        return self._read(Customer, customer_id)

    async def open_portal(self, draft: PortalDraft, *, key: str) -> str:
        def opened() -> str:
            self.provider.find(Customer, draft.customer_id)
            return f"https://provider.test/portal/{self.provider.new('bps')}"

        return self._change("open_portal", key, draft, opened)

    def _saved_customer(self, draft: CustomerDraft) -> Customer:
        if draft.id is None:
            fresh = Customer(**self._made("cus", draft.metadata), name=draft.name)
            return self.provider.keep(replace(fresh, email=draft.email), "customer.created")
        known = self.provider.find(Customer, draft.id)
        changed = replace(
            known,
            name=draft.name or known.name,
            email=draft.email or known.email,
            metadata={**known.metadata, **draft.metadata},
        )
        return self.provider.keep(changed, "customer.updated")

    # -- Shelf ------------------------------------------------------------------------------------

    async def save_product(self, draft: ProductDraft, *, key: str) -> Product:
        def saved() -> Product:
            if draft.id is None:
                fresh = Product(**self._made("prod", draft.metadata), name=draft.name, active=True)
                return self.provider.keep(fresh, "product.created")
            known = self.provider.find(Product, draft.id)
            changed = replace(known, name=draft.name, active=True)
            return self.provider.keep(changed, "product.updated")

        return self._change("save_product", key, draft, saved)

    async def save_price(self, draft: PriceDraft, *, key: str) -> Price:
        def saved() -> Price:
            self.provider.find(Product, draft.product_id)
            price = Price(
                **self._made("price", draft.metadata),
                product_id=draft.product_id,
                unit=draft.unit,
                active=True,
                cost=Cost(
                    asset=draft.unit.asset,
                    unit=str(draft.unit.amount),
                    interval=draft.interval,
                    interval_count=draft.interval_count,
                ),
                recurring=draft.interval is not None,
            )
            return self.provider.keep(price, "price.created")

        self.limits.require(draft.unit)
        return self._change("save_price", key, draft, saved)

    async def save_item_price(self, draft: ItemPriceDraft, *, key: str) -> Price:
        def saved() -> Price:
            cost = draft.cost
            self.provider.find(Product, draft.product_id)
            if cost.meter_id:
                self.provider.find(Meter, cost.meter_id)
            is_whole = cost.unit is not None and "." not in cost.unit
            price = Price(
                **self._made("price", draft.metadata),
                product_id=draft.product_id,
                unit=Money(int(cost.unit or 0), cost.asset) if is_whole else None,
                active=True,
                cost=cost,
                meter_id=cost.meter_id,
                recurring=cost.interval is not None,
            )
            return self.provider.keep(price, "price.created")

        return self._change("save_item_price", key, draft, saved)

    async def save_metered_price(self, draft: MeteredPriceDraft, *, key: str) -> Price:
        priced = ItemPriceDraft(
            product_id=draft.product_id, cost=draft.cost, metadata=draft.metadata
        )
        return await self.save_item_price(priced, key=key)

    async def restore_price(self, price_id: str, *, key: str) -> Price:
        def restored() -> Price:
            on = replace(self.provider.find(Price, price_id), active=True)
            return self.provider.keep(on, "price.updated")

        return self._change("restore_price", key, price_id, restored)

    async def read_product(self, product_id: str) -> Product:
        return self._read(Product, product_id)

    async def read_price(self, price_id: str) -> Price:
        return self._read(Price, price_id)

    async def prices_of(self, product_id: str) -> AsyncIterator[Price]:
        self._answering()
        own = [each for each in self.provider.all(Price) if each.product_id == product_id]
        for each in sorted(own, key=lambda price: not price.active):
            yield each

    async def products_in(self, window: Window) -> AsyncIterator[Product]:
        for each in self._within(Product, window):
            yield each

    async def archive_product(self, product_id: str, *, key: str) -> Product:
        archived: Product = self._archive("archive_product", Product, product_id, key)
        return archived

    async def archive_price(self, price_id: str, *, key: str) -> Price:
        archived: Price = self._archive("archive_price", Price, price_id, key)
        return archived

    def _archive(self, name: str, kind: Any, object_id: str, key: str) -> Any:
        def archived() -> Any:
            off = replace(self.provider.find(kind, object_id), active=False)
            return self.provider.keep(off, f"{kind.__name__.lower()}.updated")

        return self._change(name, key, object_id, archived)

    # -- Checkouts --------------------------------------------------------------------------------

    async def open_checkout(self, draft: CheckoutDraft, *, key: str) -> Checkout:
        return self._change("open_checkout", key, draft, lambda: self._opened(draft))

    async def read_checkout(self, checkout_id: str) -> Checkout:
        return self._read(Checkout, checkout_id)

    async def expire_checkout(self, checkout_id: str, *, key: str) -> Checkout:
        def expired() -> Checkout:
            checkout = self.provider.find(Checkout, checkout_id)
            is_open = checkout.state == CheckoutState.OPEN
            return self.provider.expire(checkout_id) if is_open else checkout

        return self._change("expire_checkout", key, checkout_id, expired)

    def _opened(self, draft: CheckoutDraft) -> Checkout:
        self.provider.find(Customer, draft.customer_id)
        amounts = [self._unit(line.price_id, line.unit, line.quantity) for line in draft.lines]
        fresh = self._made("cs", draft.metadata)
        checkout = Checkout(
            **fresh,
            mode=draft.mode,
            state=CheckoutState.OPEN,
            paid=PaidState.NOTHING_DUE if draft.mode == CheckoutMode.SETUP else PaidState.UNPAID,
            url=f"https://provider.test/pay/{fresh['id']}",
            reference=draft.reference,
            customer_id=draft.customer_id,
            total=Money(sum(each.amount for each in amounts), amounts[0].asset)
            if amounts
            else None,
            discount=Money(0, amounts[0].asset) if amounts else None,
            expires_at=draft.expires_at,
        )
        self.provider.details[checkout.id] = draft
        return self.provider.keep(checkout)

    def _unit(self, price_id: str | None, unit: Money | None, quantity: int) -> Money:
        each = self.provider.find(Price, price_id).unit if price_id else unit
        assert each is not None, "a line has a price"
        return Money(each.amount * quantity, each.asset)

    # -- Payments ---------------------------------------------------------------------------------

    async def pay_off_session(self, draft: OffSessionDraft, *, key: str) -> Payment:
        def paid() -> Payment:
            method = self.provider.find(Method, draft.method_id)
            if method.customer_id != draft.customer_id:
                raise ProviderRefused("The payment method is another customer's.")
            payment = Payment(
                **self._made("pi", draft.metadata),
                state=PaymentState.NEEDS_CONFIRMATION,
                amount=draft.amount,
                received=Money(0, draft.amount.asset),
                customer_id=draft.customer_id,
                method_id=draft.method_id,
            )
            return self.provider.charge(payment)

        self.limits.require(draft.amount)
        return self._change("pay_off_session", key, draft, paid)

    async def read_payment(self, payment_id: str) -> Payment:
        return self._read(Payment, payment_id)

    async def cancel_payment(self, payment_id: str, *, key: str) -> Payment:
        def canceled() -> Payment:
            payment = self.provider.find(Payment, payment_id)
            if payment.state in {PaymentState.CANCELED, PaymentState.SUCCEEDED}:
                return payment
            if payment.state == PaymentState.PROCESSING:
                raise ProviderRefused("The payment is processing.")
            off = replace(payment, state=PaymentState.CANCELED, canceled_reason="abandoned")
            return self.provider.keep(off, "payment_intent.canceled")

        return self._change("cancel_payment", key, payment_id, canceled)

    async def refund(self, draft: RefundDraft, *, key: str) -> Refund:
        return self._change("refund", key, draft, lambda: self._refunded(draft))

    async def read_refund(self, refund_id: str) -> Refund:
        return self._read(Refund, refund_id)

    async def read_dispute(self, dispute_id: str) -> Dispute:
        return self._read(Dispute, dispute_id)

    def _refunded(self, draft: RefundDraft) -> Refund:
        payment = self.provider.find(Payment, draft.payment_id)
        given = payment.refunded.amount if payment.refunded else 0
        left = Money(payment.received.amount - given, payment.amount.asset)
        amount = draft.amount or left
        if not 0 < amount.amount <= left.amount:
            raise ProviderRefused(
                f"Refund amount ({amount}) is greater than unrefunded amount ({left}).",
                param="amount",
            )
        moved = self.provider.move("refund", "refund", -amount, self.provider.new("re"))
        self.provider.kept[payment.id] = replace(
            payment, refunded=Money(given + amount.amount, amount.asset)
        )
        refund = Refund(
            **self._made("re", draft.metadata) | {"id": moved.source_id},
            state=RefundState.SUCCEEDED,
            amount=amount,
            payment_id=payment.id,
            charge_id=payment.charge_id,
            reason=draft.reason,
            processor_transaction_id=moved.id,
        )
        return self.provider.keep(refund, "refund.created")

    # -- Methods ----------------------------------------------------------------------------------

    async def list_methods(self, customer_id: str) -> Sequence[Method]:
        self._answering()
        self.provider.find(Customer, customer_id)
        return [each for each in self.provider.all(Method) if each.customer_id == customer_id]

    async def read_method(self, method_id: str) -> Method:
        return self._read(Method, method_id)

    async def set_default_method(self, customer_id: str, method_id: str, *, key: str) -> Customer:
        def chosen() -> Customer:
            customer = self.provider.find(Customer, customer_id)
            if self.provider.find(Method, method_id).customer_id != customer_id:
                raise ProviderRefused("The payment method is another customer's.")
            changed = replace(customer, default_method_id=method_id)
            return self.provider.keep(changed, "customer.updated")

        return self._change("set_default_method", key, (customer_id, method_id), chosen)

    async def detach_method(self, method_id: str, *, key: str) -> Method:
        def detached() -> Method:
            method = self.provider.find(Method, method_id)
            if method.customer_id is None:
                return method
            customer = self.provider.kept.get(method.customer_id)
            if isinstance(customer, Customer) and customer.default_method_id == method_id:
                self.provider.kept[customer.id] = replace(customer, default_method_id=None)
            return self.provider.keep(replace(method, customer_id=None), "payment_method.detached")

        return self._change("detach_method", key, method_id, detached)

    # -- History and settlements ------------------------------------------------------------------

    async def read_event(self, event_id: str) -> ProviderEvent:
        self._answering()
        for event in self.provider.events:
            if event.id == event_id:
                return event
        raise ProviderObjectMissing(event_id)

    async def read_thin_event(self, event_id: str) -> ProviderEvent:
        return await self.read_event(event_id)

    async def events_since(
        self, after: str | None, *, since: datetime | None = None, types: Sequence[str] = ()
    ) -> AsyncIterator[ProviderEvent]:
        ids = [each.id for each in self.provider.events]
        if after is not None and after not in ids:
            raise ProviderObjectMissing(after)
        for event in self.provider.events[ids.index(after) + 1 if after else 0 :]:
            self._answering()
            late = since is None or event.occurred_at >= since
            if late and (not types or event.type in types):
                yield event

    async def checkouts_in(self, window: Window) -> AsyncIterator[Checkout]:
        for each in self._within(Checkout, window):
            yield each

    async def payments_in(self, window: Window) -> AsyncIterator[Payment]:
        for each in self._within(Payment, window):
            yield each

    async def refunds_in(self, window: Window) -> AsyncIterator[Refund]:
        for each in self._within(Refund, window):
            yield each

    async def disputes_in(self, window: Window) -> AsyncIterator[Dispute]:
        for each in self._within(Dispute, window):
            yield each

    def seen(self, snapshot: Mapping[str, Any]) -> Seen | None:
        return self.provider.snapshot(str(snapshot.get("as_of")))

    async def read_processor_transaction(self, transaction_id: str) -> ProcessorTransaction:
        return self._read(ProcessorTransaction, transaction_id)

    async def processor_transactions_in(
        self, window: Window
    ) -> AsyncIterator[ProcessorTransaction]:
        for each in self._within(ProcessorTransaction, window):
            yield each

    async def read_payout(self, payout_id: str) -> Payout:
        return self._read(Payout, payout_id)

    async def payouts_in(self, window: Window) -> AsyncIterator[Payout]:
        for each in self._within(Payout, window):
            yield each

    async def paid_out_by(self, payout_id: str) -> AsyncIterator[ProcessorTransaction]:
        self._read(Payout, payout_id)
        for each in self.provider.all(ProcessorTransaction):
            if payout_id in {each.metadata.get("payout"), each.source_id}:
                yield each

    # -- Usage ------------------------------------------------------------------------------------

    async def save_meter(self, draft: MeterDraft, *, key: str) -> Meter:
        def saved() -> Meter:
            for each in self.provider.all(Meter):
                if each.event_name == draft.event_name:
                    return each
            fresh = Meter(**self._made("mtr", {}), event_name=draft.event_name, active=True)
            return self.provider.keep(fresh, "billing.meter.created")

        return self._change("save_meter", key, draft, saved)

    async def send_usage(self, usage: UsageDraft) -> None:
        self._answering()
        self.told_usage.append(("alone", usage))
        self.provider.find(Customer, usage.customer_id)
        self.usage.setdefault(usage.id, usage)
        self._lose()

    async def stream_usage(self, usage: Sequence[UsageDraft]) -> None:
        if len(usage) > STREAM_MAX:
            raise ValueError(f"at most {STREAM_MAX} events can be streamed at once")
        self._answering()
        for each in usage:
            self.told_usage.append(("stream", each))
            self.usage.setdefault(each.id, each)
        self._lose()

    async def withdraw_usage(self, event_name: str, usage_id: str, *, key: str) -> None:
        def withdrawn() -> None:
            if self.usage.pop(usage_id, None) is None:
                raise ProviderObjectMissing(usage_id)

        self._change("withdraw_usage", key, (event_name, usage_id), withdrawn)

    # -- How it answers ---------------------------------------------------------------------------

    def _read(self, kind: type[P], object_id: str) -> P:
        self._answering()
        return self.provider.find(kind, object_id)

    def _within(self, kind: type[P], window: Window) -> list[P]:
        self._answering()
        return [
            each for each in self.provider.all(kind) if window.start <= each.created_at < window.end
        ]

    def _made(self, prefix: str, metadata: Mapping[str, str]) -> dict[str, Any]:
        return self.provider.made(prefix) | {"metadata": dict(metadata)}

    def _answering(self) -> None:
        if self.away:
            raise ProviderUnavailable
        if self.failures:
            raise self.failures.pop(0)

    def _change(self, name: str, key: str, draft: object, make: Callable[[], R]) -> R:
        """Do it once for a key. A decline is an answer too, and is given again."""
        self.asked.append((name, key))
        self._answering()
        if key not in self._answers:
            try:
                answer: Any = make()
            except EngineError as error:
                answer = error
            self._answers[key] = ((name, draft), answer)
        asked, answer = self._answers[key]
        if asked != (name, draft):
            raise ProviderKeyReused
        self._lose()
        if isinstance(answer, EngineError):
            raise replace(answer)
        kept: R = answer
        return kept

    def _lose(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise ProviderUnavailable
