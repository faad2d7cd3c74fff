"""The payment gateway over Stripe: `core.payments.PaymentGateway`, part by part."""

import logging
from collections.abc import Mapping

import httpx2
import stripe

from core.kernel.clock import Clock
from core.payments import Limits
from mcp_server.adapters.circuit import Circuit
from mcp_server.adapters.stripe.calling import API_VERSION, NETWORK_RETRIES, Calls
from mcp_server.adapters.stripe.checkouts import CheckoutsAtStripe
from mcp_server.adapters.stripe.currencies import LIMITS
from mcp_server.adapters.stripe.customers import CustomersAtStripe
from mcp_server.adapters.stripe.history import HistoryAtStripe
from mcp_server.adapters.stripe.methods import MethodsAtStripe
from mcp_server.adapters.stripe.payments import PaymentsAtStripe
from mcp_server.adapters.stripe.reading import Reader
from mcp_server.adapters.stripe.settlements import SettlementsAtStripe
from mcp_server.adapters.stripe.shelf import ShelfAtStripe
from mcp_server.adapters.stripe.subscriptions import SubscriptionsAtStripe
from mcp_server.adapters.stripe.tariffs import TariffsAtStripe
from mcp_server.adapters.stripe.usage import UsageAtStripe
from mcp_server.adapters.stripe.wire import Httpx2Client, open_http

LIVE_KEYS = ("sk_live_", "rk_live_")
logging.getLogger("stripe").setLevel(logging.WARNING)  # below, it writes whole requests


class StripeGateway(
    CustomersAtStripe,
    ShelfAtStripe,
    TariffsAtStripe,
    CheckoutsAtStripe,
    PaymentsAtStripe,
    MethodsAtStripe,
    HistoryAtStripe,
    SettlementsAtStripe,
    SubscriptionsAtStripe,
    UsageAtStripe,
):
    """Everything we ask of Stripe, with one account's key. Close it when the process ends."""

    name = "stripe"

    @property
    def limits(self) -> Limits:
        return LIMITS

    @property
    def circuits(self) -> Mapping[str, Circuit]:
        """The circuit breaker of each host, by what it is for."""
        return {"api": self._calls.api, "meter events": self._calls.meter_events}

    async def close(self) -> None:
        await self._calls.close()


def open_gateway(
    secret_key: str,
    *,
    installation: str = "",
    base: str | None = None,
    http: Httpx2Client | None = None,
    clock: Clock | None = None,
) -> StripeGateway:
    """Make a gateway for one account; nothing is called yet.

    `base` is another address than Stripe's own, such as the sandbox's. Everything goes there then.
    `installation` is written on all that is made, and what carries another one carries no names.
    """
    if not secret_key:
        raise ValueError("a secret key of Stripe is needed")
    # Telemetry would write a file beside the user's, and tell Stripe about this machine.
    stripe.enable_telemetry = False
    if stripe.api_version != API_VERSION:
        raise RuntimeError(
            f"the installed SDK speaks {stripe.api_version}, and this is written for {API_VERSION}"
        )
    client = http or Httpx2Client(open_http(use_proxies=base is None))
    sdk = stripe.StripeClient(
        secret_key,
        stripe_version=API_VERSION,
        max_network_retries=NETWORK_RETRIES,
        http_client=client,
        base_addresses=None
        if base is None
        else {"api": base, "files": base, "connect": base, "meter_events": base},
    )
    reader = Reader(live=secret_key.startswith(LIVE_KEYS), installation=installation)
    return StripeGateway(Calls(sdk, client, reader), clock)


def client_over(transport: httpx2.AsyncBaseTransport) -> Httpx2Client:
    """Reach Stripe's stand-in in this process, over no network."""
    return Httpx2Client(open_http(transport=transport))
