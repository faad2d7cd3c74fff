"""A sandbox that answers on a socket, and the real SDK pointed at it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.kernel.clock import SystemClock
from mcp_server.adapters.stripe.wire import open_http
from mcp_server.sandbox import Deliverer, Sandbox, Webhook
from mcp_server.sandbox.serving import served
from tests.stripe.checked import Checked

SECRET = "whsec_of_the_snapshots"
THIN_SECRET = "whsec_of_the_notifications"
OLD_SECRET = "whsec_that_is_being_replaced"


@dataclass
class OutsideClock:
    """Everybody's clock, put forward by hand: retries become due without anybody waiting."""

    ahead: timedelta = timedelta()
    system: SystemClock = field(default_factory=SystemClock)

    def __call__(self) -> float:
        return (self.system.now() + self.ahead).timestamp()

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass(frozen=True)
class Heard:
    """A webhook that arrived, byte for byte."""

    path: str
    body: bytes
    signature: str


@dataclass
class Ears:
    """The endpoints that the sandbox delivers to, and what they answer."""

    heard: list[Heard] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """What the next deliveries are answered; then 200."""

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{rest:path}", self._hear, methods=["POST"])])

    async def _hear(self, http: Request) -> Response:
        signature = http.headers["stripe-signature"]
        self.heard.append(Heard(http.url.path, await http.body(), signature))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)


@dataclass
class Place:
    """The sandbox, everybody's clock, the SDK, the ears, and a browser without script."""

    url: str
    sandbox: Sandbox
    deliverer: Deliverer
    clock: OutsideClock
    stripe: stripe.StripeClient
    http: httpx2.AsyncClient
    ears: Ears
    key: str

    @property
    def v1(self) -> Any:
        return self.stripe.v1

    @property
    def v2(self) -> Any:
        return self.stripe.v2

    async def event_types(self) -> list[str]:
        """Name everything that was told so far, in its order."""
        found = await self.v1.events.list_async({"limit": 100})
        return [each.type async for each in found.auto_paging_iter()][::-1]

    async def customer(self, **given: Any) -> Any:
        return await self.v1.customers.create_async({"email": "ada@example.com", **given})

    async def saved(self, method: str = "pm_card_visa") -> tuple[Any, Any]:
        """Make a customer with a saved payment method."""
        customer = await self.customer()
        return customer, await self.v1.payment_methods.attach_async(
            method, {"customer": customer.id}
        )

    async def pay(self, method: str = "pm_card_visa", **given: Any) -> Any:
        asked = {"amount": 2000, "currency": "usd", "payment_method": method, "confirm": True}
        return await self.v1.payment_intents.create_async({**asked, **given})

    async def checkout(self, **given: Any) -> Any:
        """Open a payment page for two packs of $20."""
        product = await self.v1.products.create_async({"name": "Pack"})
        asked = {"product": product.id, "unit_amount": 2000, "currency": "usd"}
        price = await self.v1.prices.create_async(asked)
        return await self.v1.checkout.sessions.create_async(
            {
                "mode": "payment",
                "line_items": [{"price": price.id, "quantity": 2}],
                "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "https://shop.example/cancel",
                **given,
            }
        )

    async def press(self, url: str, **fields: str) -> httpx2.Response:
        return await self.http.post(url, data=fields)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    clock, ears = OutsideClock(), Ears()
    inside = httpx2.AsyncClient(transport=httpx2.ASGITransport(ears.app))
    webhooks = (
        Webhook(url="http://app.internal/stripe/webhook", secrets=(SECRET, OLD_SECRET)),
        Webhook(url="http://app.internal/stripe/thin", secrets=(THIN_SECRET,)),
    )
    async with inside, served(now=clock, webhooks=webhooks, client=inside) as one:
        http = open_http(use_proxies=False)
        addresses: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), one.url)
        client = stripe.StripeClient(
            one.secret_key,
            http_client=Checked(http),
            base_addresses=addresses,
            max_network_retries=0,
        )
        yield Place(
            url=one.url,
            sandbox=one.sandbox,
            deliverer=one.deliverer,
            clock=clock,
            stripe=client,
            http=http,
            ears=ears,
            key=one.secret_key,
        )
        await http.aclose()
