"""People who subscribe, done in the same words at the fake and at the sandbox."""

from typing import Any, Protocol

from core.payments import CustomerDraft, PriceDraft, ProductDraft
from core.stepping import BillingProvider, ProviderSubscription
from tests.fakes.billing import FakeBilling
from tests.stripe.people import AtTheFake, AtTheSandbox

DAY = 86_400


class Subscribers(Protocol):
    """A provider that bills, the gateway to it, and whoever subscribes there."""

    gateway: Any

    async def subscribe(
        self, customer_id: str, price_id: str, quantity: int = 1, *, trial_days: int = 0
    ) -> ProviderSubscription: ...
    async def cancel(self, subscription_id: str) -> None: ...
    async def cancel_at_end(self, subscription_id: str) -> None: ...
    async def pause(self, subscription_id: str) -> None: ...
    async def resume(self, subscription_id: str) -> None: ...
    async def change(self, subscription_id: str, price_id: str, quantity: int) -> None: ...
    async def break_card(self, customer_id: str) -> None: ...
    async def wait(self, days: int) -> None: ...
    async def close(self) -> None: ...


class SubscribersAtTheFake(AtTheFake):
    def __init__(self) -> None:
        super().__init__()
        self.billing = FakeBilling(self.gateway.provider)

    async def subscribe(
        self, customer_id: str, price_id: str, quantity: int = 1, *, trial_days: int = 0
    ) -> ProviderSubscription:
        return self.billing.subscribe(customer_id, {price_id: quantity}, trial_days=trial_days)

    async def cancel(self, subscription_id: str) -> None:
        self.billing.cancel(subscription_id)

    async def cancel_at_end(self, subscription_id: str) -> None:
        self.billing.cancel_at_end(subscription_id)

    async def pause(self, subscription_id: str) -> None:
        self.billing.pause(subscription_id)

    async def resume(self, subscription_id: str) -> None:
        self.billing.resume(subscription_id)

    async def change(self, subscription_id: str, price_id: str, quantity: int) -> None:
        self.billing.change(subscription_id, {price_id: quantity})

    async def break_card(self, customer_id: str) -> None:
        self.billing.broken.add(customer_id)

    async def wait(self, days: int) -> None:
        self.clock.advance(days=days)
        self.billing.catch_up()


class SubscribersAtTheSandbox(AtTheSandbox):
    async def subscribe(
        self, customer_id: str, price_id: str, quantity: int = 1, *, trial_days: int = 0
    ) -> ProviderSubscription:
        asked: Any = {
            "customer": customer_id,
            "items": [{"price": price_id, "quantity": quantity}],
            "default_payment_method": await self.leave_method(customer_id),
        }
        if trial_days:
            asked["trial_period_days"] = trial_days
        made = await self.sdk.v1.subscriptions.create_async(asked)
        return await self.gateway.read_subscription(made.id)

    async def cancel(self, subscription_id: str) -> None:
        await self.sdk.v1.subscriptions.cancel_async(subscription_id)

    async def cancel_at_end(self, subscription_id: str) -> None:
        ends: Any = {"cancel_at_period_end": True}
        await self.sdk.v1.subscriptions.update_async(subscription_id, ends)

    async def pause(self, subscription_id: str) -> None:
        await self.sdk.v1.subscriptions.pause_async(subscription_id, {"type": "subscription"})

    async def resume(self, subscription_id: str) -> None:
        same: Any = {"billing_cycle_anchor": {"type": "unchanged"}}
        await self.sdk.v1.subscriptions.resume_async(subscription_id, same)

    async def change(self, subscription_id: str, price_id: str, quantity: int) -> None:
        [item] = (await self.gateway.read_subscription(subscription_id)).items
        asked: Any = {
            "items": [{"id": item.id, "price": price_id, "quantity": quantity}],
            "proration_behavior": "always_invoice",
        }
        await self.sdk.v1.subscriptions.update_async(subscription_id, asked)

    async def break_card(self, customer_id: str) -> None:
        method_id = await self.leave_method(customer_id, "declines")
        listed = await self.sdk.v1.subscriptions.list_async({"customer": customer_id})
        changed: Any = {"default_payment_method": method_id}
        for each in listed.data:
            await self.sdk.v1.subscriptions.update_async(each.id, changed)

    async def wait(self, days: int) -> None:
        self.clock.advance(days=days, hours=1)
        self.made.sandbox.do_due()


async def shelved(gateway: Any, unit: Any, key: str = "monthly") -> str:
    """Put a monthly price up, and return the provider's name for it."""
    product = await gateway.save_product(ProductDraft(name="Pro"), key=f"{key}:product")
    draft = PriceDraft(product_id=product.id, unit=unit, interval="month")
    return str((await gateway.save_price(draft, key=key)).id)


async def customer_of(gateway: Any, project_id: str = "prj_1") -> str:
    draft = CustomerDraft(name="Acme", email="a@example.com", metadata={"project_id": project_id})
    return str((await gateway.save_customer(draft, key=f"cus:{project_id}")).id)


def billing(gateway: Any) -> BillingProvider:
    """Return the gateway as core.stepping sees it: mypy holds both to the port here."""
    provider: BillingProvider = gateway
    return provider
