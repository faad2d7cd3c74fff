"""What people and banks do at a provider, done in the same words at the fake and at the sandbox."""

from typing import Any, Protocol

import httpx2
import stripe

from core.payments import (
    Checkout,
    DisputeState,
    PaymentDeclined,
    PaymentGateway,
    Refund,
)
from mcp_server.adapters.stripe import StripeGateway, open_gateway
from mcp_server.adapters.stripe.wire import Httpx2Client, open_http
from mcp_server.sandbox import SandboxApp, create_sandbox
from tests.fakes.gateway import FakeGateway
from tests.stripe.checked import Checked
from tests.world import FrozenClock

KEY = "sk_test_of_the_tests"
BASE = "http://sandbox.internal"
LINES_LOST = 3
"""The SDK tries twice more by itself, so that three answers are lost before anybody hears of it."""


class People(Protocol):
    """A provider, the gateway to it, and whoever else is there."""

    gateway: PaymentGateway
    clock: FrozenClock

    async def leave_method(self, customer_id: str, kind: str = "pays") -> str: ...
    async def pay(self, checkout: Checkout, kind: str = "pays") -> None: ...
    async def pay_later(self, checkout: Checkout, *, bounces: bool = False) -> None: ...
    async def wait_for_banks(self) -> None: ...
    async def wait_for_payout(self) -> None: ...
    async def decide(self, dispute_id: str, state: DisputeState) -> None: ...
    def lose_an_answer(self) -> None: ...
    async def close(self) -> None: ...


class AtTheFake:
    """Nobody but the test is there."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.gateway = FakeGateway(self.clock)
        self._later: list[Any] = []

    async def leave_method(self, customer_id: str, kind: str = "pays") -> str:
        decline = DECLINES.get(kind)
        return self.gateway.provider.leave_method(customer_id, decline=decline).id

    async def pay(self, checkout: Checkout, kind: str = "pays") -> None:
        paid = self.gateway.provider.pay(checkout.id)
        if kind == "disputes":
            self.gateway.provider.dispute(paid.payment_id or "")
        if kind == "inquires":
            self.gateway.provider.dispute(paid.payment_id or "", inquiry=True)
        if kind == "refunds fail":
            self._later.append(lambda: self._fail_refunds(paid.payment_id or ""))

    def _fail_refunds(self, payment_id: str) -> None:
        for each in list(self.gateway.provider.all(Refund)):
            if each.payment_id == payment_id:
                self.gateway.provider.fail_refund(each.id)

    async def pay_later(self, checkout: Checkout, *, bounces: bool = False) -> None:
        provider = self.gateway.provider
        provider.pay_later(checkout.id)
        do = provider.bounce if bounces else provider.settle
        self._later.append(lambda: do(checkout.id))

    async def wait_for_banks(self) -> None:
        for do in self._later:
            do()
        self._later.clear()

    async def wait_for_payout(self) -> None:
        self.clock.advance(days=3)
        self.gateway.provider.pay_out()

    async def decide(self, dispute_id: str, state: DisputeState) -> None:
        self.gateway.provider.decide(dispute_id, state)

    def lose_an_answer(self) -> None:
        self.gateway.lost_answers = 1

    async def close(self) -> None:
        pass


class AtTheSandbox:
    """The adapter, the SDK and the sandbox, each request checked on its way."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.made: SandboxApp = create_sandbox(
            path=None, now=lambda: self.clock.now().timestamp(), url=BASE, secret_key=KEY
        )
        self._http = open_http(transport=httpx2.ASGITransport(self.made.app))
        self._lines = Lossy(self._http)
        self.gateway: StripeGateway = open_gateway(
            KEY, base=BASE, http=self._lines, clock=self.clock
        )
        self.sdk = stripe.StripeClient(
            KEY, http_client=Httpx2Client(self._http), base_addresses={"api": BASE}
        )

    async def leave_method(self, customer_id: str, kind: str = "pays") -> str:
        methods = self.sdk.v1.payment_methods
        return (await methods.attach_async(CARDS[kind], {"customer": customer_id})).id

    async def pay(self, checkout: Checkout, kind: str = "pays") -> None:
        await self._confirm(checkout, CARDS[kind])

    async def pay_later(self, checkout: Checkout, *, bounces: bool = False) -> None:
        end = "insufficientFunds" if bounces else "success"
        await self._confirm(checkout, f"pm_usBankAccount_{end}")

    async def _confirm(self, checkout: Checkout, method: str) -> None:
        # As the page does it that people see.
        answer = await self._http.post(
            f"{BASE}/v1/payment_pages/{checkout.id}/confirm",
            data={"payment_method": method},
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert answer.status_code == 200, answer.text

    async def forget_customer(self, customer_id: str) -> None:
        """Delete a customer as somebody with the provider's own pages would."""
        await self.sdk.v1.customers.delete_async(customer_id)

    async def archive_meter(self, meter_id: str) -> None:
        await self.sdk.v1.billing.meters.deactivate_async(meter_id)

    async def get(self, path: str) -> httpx2.Response:
        return await self._http.get(BASE + path, headers={"Authorization": f"Bearer {KEY}"})

    @property
    def asked(self) -> list[str]:
        """The addresses that the adapter asked, in their order."""
        return self._lines.asked

    async def wait_for_banks(self) -> None:
        self.made.sandbox.advance(60)
        self.clock.advance(seconds=60)

    async def wait_for_payout(self) -> None:
        self.clock.advance(days=3)
        self.made.sandbox.do_due()

    async def decide(self, dispute_id: str, state: DisputeState) -> None:
        word = "winning_evidence" if state == DisputeState.WON else "losing_evidence"
        evidence: Any = {"evidence": {"uncategorized_text": word}, "submit": True}
        await self.sdk.v1.disputes.update_async(dispute_id, evidence)

    def lose_an_answer(self) -> None:
        self._lines.lost = LINES_LOST

    async def close(self) -> None:
        await self.gateway.close()
        self.made.sandbox.close()


class Lossy(Checked):
    """What is asked arrives, is checked, and is done; some answers do not come back."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        super().__init__(http)
        self.lost = 0
        self.asked: list[str] = []

    async def request_async(self, *args: Any, **named: Any) -> Any:
        self.asked.append(args[1])
        answer = await super().request_async(*args, **named)
        if self.lost:
            self.lost -= 1
            raise stripe.APIConnectionError("lost", should_retry=True)  # type: ignore[no-untyped-call]
        return answer

    async def sleep_async(self, secs: float) -> None:
        """Wait for nothing between tries."""


CARDS = {
    "pays": "pm_card_visa",
    "declines": "pm_card_chargeCustomerFail",
    "asks": "pm_card_authenticationRequired",
    "disputes": "pm_card_createDispute",
    "inquires": "pm_card_createDisputeInquiry",
    "refunds fail": "pm_card_refundFail",
}
DECLINES = {
    "declines": PaymentDeclined(
        reason="Your card was declined.",
        provider_code="card_declined",
        decline_code="generic_decline",
    ),
    "asks": PaymentDeclined(
        reason="Your card was declined. This transaction requires authentication.",
        provider_code="authentication_required",
        decline_code="authentication_required",
    ),
}
