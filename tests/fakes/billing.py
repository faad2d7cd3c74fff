"""A provider that bills subscriptions by itself, and what customers and its staff do there."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.kernel.money import Money
from core.payments import Payment, PaymentState, Price, Window
from core.stepping import (
    ProviderInvoice,
    ProviderItem,
    ProviderLine,
    ProviderSettlement,
    ProviderSubscription,
)
from mcp_server.sandbox.intervals import next_boundary
from tests.fakes.provider import FakeProvider

HOUR = timedelta(hours=1)
LIVES = ("trialing", "active", "past_due", "unpaid")


@dataclass
class FakeBilling:
    """What is billed at a `FakeProvider`, each step told in the provider's order."""

    provider: FakeProvider
    broken: set[str] = field(default_factory=set)
    """Customers whose payments fail."""
    tax_percent: int = 0

    def subscribe(
        self, customer_id: str, prices: Mapping[str, int], *, trial_days: int = 0
    ) -> ProviderSubscription:
        """Subscribe as one does on a page, or as staff do by hand."""
        now = self.now()
        trial_end = now + timedelta(days=trial_days) if trial_days else None
        asset = self._unit(next(iter(prices))).asset
        subscription = ProviderSubscription(
            **self.provider.made("sub"),
            state="trialing" if trial_end else "incomplete",
            customer_id=customer_id,
            asset=asset,
            items=(),
            starts_at=now,
            anchor_at=trial_end or now,
            trial_start_at=now if trial_end else None,
            trial_ends_at=trial_end,
        )
        end = trial_end or self._after(next(iter(prices)), now, now)
        subscription = replace(subscription, items=self._items(prices, now, end))
        self.provider.keep(subscription, "customer.subscription.created")
        free = trial_end is not None
        self._bill(subscription, "subscription_create", free=free)
        return self.find(subscription.id)

    def change(self, subscription_id: str, prices: Mapping[str, int]) -> ProviderSubscription:
        """Have other prices, or another number, from now on; what it costs is billed at once."""
        before = self.find(subscription_id)
        start, end = before.items[0].start_at, before.items[0].end_at
        now, left = self.now(), before.items[0].end_at - self.now()
        share = (left.total_seconds(), (end - start).total_seconds())
        lines = [self._prorated(each, -1, share, now) for each in before.items]
        items = self._items(prices, start, end)
        lines += [self._prorated(each, 1, share, now) for each in items]
        after = self.provider.keep(replace(before, items=items), "customer.subscription.updated")
        self._invoice(after, "subscription_update", tuple(lines))
        return self.find(subscription_id)

    def catch_up(self) -> None:
        """Do what has become due: trials end, periods begin."""
        found = [each.id for each in self.provider.all(ProviderSubscription)]
        for each in found:
            while self._step(self.find(each)):
                pass

    def _step(self, subscription: ProviderSubscription) -> bool:
        ends = subscription.items[0].end_at
        if subscription.state not in LIVES or ends > self.provider.clock.now():
            return False
        if subscription.cancel_at and subscription.cancel_at <= ends:
            self.cancel(subscription.id)
            return False
        price_id = subscription.items[0].price_id
        following = self._after(price_id, subscription.anchor_at, ends)
        items = tuple(replace(each, start_at=ends, end_at=following) for each in subscription.items)
        state = "active" if subscription.state == "trialing" else subscription.state
        moved = replace(subscription, items=items, state=state)
        self.provider.keep(moved, "customer.subscription.updated")
        self._bill(moved, "subscription_cycle")
        return True

    def warn(self, subscription_id: str) -> None:
        self.provider.keep(self.find(subscription_id), "customer.subscription.trial_will_end")

    def cancel_at_end(self, subscription_id: str) -> ProviderSubscription:
        one = self.find(subscription_id)
        ending = replace(one, cancel_at=one.items[0].end_at)
        return self.provider.keep(ending, "customer.subscription.updated")

    def cancel(self, subscription_id: str) -> ProviderSubscription:
        ended = replace(self.find(subscription_id), state="canceled", ended_at=self.now())
        return self.provider.keep(ended, "customer.subscription.deleted")

    def pause(self, subscription_id: str) -> ProviderSubscription:
        paused = replace(self.find(subscription_id), state="paused")
        return self.provider.keep(paused, "customer.subscription.paused")

    def resume(self, subscription_id: str) -> ProviderSubscription:
        resumed = replace(self.find(subscription_id), state="active")
        return self.provider.keep(resumed, "customer.subscription.resumed")

    def pause_collection(self, subscription_id: str, *, paused: bool) -> ProviderSubscription:
        one = replace(self.find(subscription_id), collection_paused=paused)
        return self.provider.keep(one, "customer.subscription.updated")

    def become(self, subscription_id: str, state: str) -> ProviderSubscription:
        """Have it be in any state: what the provider's own rules came to."""
        ended = self.now() if state in {"canceled", "incomplete_expired"} else None
        one = replace(self.find(subscription_id), state=state, ended_at=ended)
        return self.provider.keep(one, "customer.subscription.updated")

    def pay(self, invoice_id: str, *, elsewhere: bool = False) -> ProviderInvoice:
        """Pay what is open, at the provider or (elsewhere) by a bank transfer it knows of."""
        invoice = self.provider.find(ProviderInvoice, invoice_id)
        payment_id = None
        if not elsewhere:
            payment = Payment(
                **self.provider.made("pi"),
                state=PaymentState.NEEDS_CONFIRMATION,
                amount=invoice.due,
                received=Money(0, invoice.due.asset),
                customer_id=invoice.customer_id,
            )
            payment_id = self.provider.charge(payment).id
        settlement = ProviderSettlement(
            id=self.provider.new("inpay"), amount=invoice.due, payment_id=payment_id, is_paid=True
        )
        return self._paid(replace(invoice, settlements=(settlement,), paid=invoice.due))

    # -- What it reads -------------------------------------------------------------------------

    def find(self, subscription_id: str) -> ProviderSubscription:
        return self.provider.find(ProviderSubscription, subscription_id)

    def invoices(self, subscription_id: str) -> list[ProviderInvoice]:
        """Return the invoices of a subscription, the oldest first."""
        found = self.provider.all(ProviderInvoice)
        return [each for each in found if each.subscription_id == subscription_id][::-1]

    def now(self) -> datetime:
        return self.provider.clock.now().replace(microsecond=0)

    def _unit(self, price_id: str) -> Money:
        unit = self.provider.find(Price, price_id).unit
        assert unit is not None, "a price that costs something whole"
        return unit

    def _after(self, price_id: str, anchor: datetime, at: datetime) -> datetime:
        cost = self.provider.find(Price, price_id).cost
        interval = (cost and cost.interval) or "month"
        recurring = {"interval": interval, "interval_count": cost.interval_count if cost else 1}
        found = next_boundary(int(anchor.timestamp()), recurring, int(at.timestamp()))
        return datetime.fromtimestamp(found, UTC)

    def _items(
        self, prices: Mapping[str, int], start: datetime, end: datetime
    ) -> tuple[ProviderItem, ...]:
        return tuple(
            ProviderItem(
                id=self.provider.new("si"),
                price_id=price_id,
                product_id=self.provider.find(Price, price_id).product_id,
                quantity=quantity,
                start_at=start,
                end_at=end,
            )
            for price_id, quantity in prices.items()
        )

    # -- What it bills -------------------------------------------------------------------------

    def _bill(self, one: ProviderSubscription, reason: str, *, free: bool = False) -> None:
        lines = tuple(
            self._line(each, 0 if free else self._unit(each.price_id).amount) for each in one.items
        )
        self._invoice(one, reason, lines)

    def _line(self, item: ProviderItem, unit: int) -> ProviderLine:
        quantity = item.quantity or 0
        return ProviderLine(
            price_id=item.price_id,
            quantity=item.quantity,
            amount=Money(unit * quantity, self._unit(item.price_id).asset),
            start_at=item.start_at,
            end_at=item.end_at,
        )

    def _prorated(
        self, item: ProviderItem, sign: int, share: tuple[float, float], now: datetime
    ) -> ProviderLine:
        left, whole = map(int, share)
        line = self._line(item, self._unit(item.price_id).amount)
        part = Money(sign * (line.amount.amount * left // whole), line.amount.asset)
        return replace(line, amount=part, start_at=now, prorated=True)

    def _invoice(
        self, one: ProviderSubscription, reason: str, lines: tuple[ProviderLine, ...]
    ) -> None:
        asset, net = one.asset, sum(each.amount.amount for each in lines)
        tax = net * self.tax_percent // 100
        total = Money(net + tax, asset)
        invoice = ProviderInvoice(
            **self.provider.made("in"),
            state="draft",
            reason=reason,
            customer_id=one.customer_id,
            subscription_id=one.id,
            number=None,
            total=total,
            tax=Money(tax, asset),
            paid=Money(0, asset),
            due=Money(max(0, total.amount), asset),
            lines=lines,
        )
        self.provider.keep(replace(one, latest_invoice_id=invoice.id))
        self.provider.keep(invoice, "invoice.created")
        issued = replace(invoice, state="open", number=f"FAKE-{invoice.id[-4:]}")
        self.provider.keep(issued, "invoice.finalized")
        if not issued.due.amount:
            self._paid(issued)
        elif one.customer_id in self.broken:
            self._fail(issued)
        else:
            self.pay(issued.id)

    def _paid(self, invoice: ProviderInvoice) -> ProviderInvoice:
        paid = replace(
            invoice,
            state="paid",
            due=Money(0, invoice.total.asset),
            paid_at=self.now(),
            next_attempt_at=None,
        )
        self.provider.keep(paid, "invoice.paid")
        self.provider.keep(paid, "invoice.payment_succeeded")
        one = self.find(invoice.subscription_id or "")
        waits = {"incomplete", "past_due", "unpaid"}
        if one.latest_invoice_id == invoice.id and one.state in waits:
            self.provider.keep(replace(one, state="active"), "customer.subscription.updated")
        return paid

    def _fail(self, invoice: ProviderInvoice) -> None:
        failed = replace(
            invoice, attempts=invoice.attempts + 1, next_attempt_at=self.now() + timedelta(days=3)
        )
        self.provider.keep(failed, "invoice.payment_failed")
        one = self.find(invoice.subscription_id or "")
        if one.state == "active":
            self.provider.keep(replace(one, state="past_due"), "customer.subscription.updated")


class FakeSubscriptions:
    """The part of the gateway that reads what a provider bills by itself."""

    provider: FakeProvider

    def _read(self, kind: Any, object_id: str) -> Any:
        raise NotImplementedError

    def _within(self, kind: Any, window: Window) -> list[Any]:
        raise NotImplementedError

    def _answering(self) -> None:
        raise NotImplementedError

    async def read_subscription(self, subscription_id: str) -> ProviderSubscription:
        found: ProviderSubscription = self._read(ProviderSubscription, subscription_id)
        return found

    async def read_invoice(self, invoice_id: str) -> ProviderInvoice:
        found: ProviderInvoice = self._read(ProviderInvoice, invoice_id)
        return found

    async def subscriptions(self) -> AsyncIterator[ProviderSubscription]:
        self._answering()
        for each in list(self.provider.all(ProviderSubscription)):
            yield each

    async def invoices_of(self, subscription_id: str) -> AsyncIterator[ProviderInvoice]:
        self._answering()
        for each in list(self.provider.all(ProviderInvoice)):
            if each.subscription_id == subscription_id:
                yield each

    async def invoices_in(self, window: Window) -> AsyncIterator[ProviderInvoice]:
        for each in self._within(ProviderInvoice, window):
            yield each
