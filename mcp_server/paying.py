"""Choose who takes payments: Stripe, its stand-in on this machine, or nobody.

Whoever it is, the engine is given the same port, and the same endpoints hear what happened. The
stand-in is reached inside this process, over no network, and keeps everything in one file beside
the secrets, so that `serve` and `work` see the same. Only `serve` delivers its webhooks.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from starlette.types import ASGIApp

from core.inbox import Endpoint, WebhookVerifier
from core.kernel.clock import Clock
from mcp_server.adapters.stripe import Signatures, StripeGateway, client_over, open_gateway
from mcp_server.http import stripe_webhook
from mcp_server.http.health import Unfit
from mcp_server.sandbox import Deliverer, MayControl, SandboxApp, Webhook, create_sandbox
from mcp_server.secrets import InstallationKeys
from mcp_server.settings import STRIPE_WEBHOOK_SECRET, Secrets, Settings

SANDBOX_PATH = "/sandbox/stripe"
SANDBOX_FILE = "sandbox.db"
_INSIDE = "http://sandbox.internal"
"""The stand-in's address in this process; it is never looked up."""
_NO_KEY = "sk_test_none"
MARK = 16
"""Letters that tell one installation from another on an account that they share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """What payments are made through. Close it when the process ends."""

    gateway: StripeGateway
    verifiers: Mapping[Endpoint, WebhookVerifier]
    sandbox: SandboxApp | None = None

    async def probe(self) -> None:
        """Return while payments are not spared; for readiness, so nobody is asked."""
        if not self.gateway.circuits["api"].is_closed:
            raise Unfit("spared")

    async def close(self) -> None:
        await self.gateway.close()
        if self.sandbox:
            self.sandbox.sandbox.close()


def open_paying(
    settings: Settings, keys: InstallationKeys, clock: Clock, may_control: MayControl
) -> Paying:
    """Make the gateway that the settings name; nobody is called yet."""
    key = settings.stripe_secret_key.get_secret_value()
    if settings.has_sandbox:
        return _stand_in(settings, keys, clock, may_control)
    if not key:
        closed = client_over(httpx2.MockTransport(_closed))
        return Paying(gateway=open_gateway(_NO_KEY, base=_INSIDE, http=closed), verifiers={})
    secrets = {
        Endpoint.SNAPSHOT: settings.stripe_webhook_secrets,
        Endpoint.THIN: settings.stripe_thin_webhook_secrets,
    }
    return Paying(
        gateway=open_gateway(
            key,
            installation=_derived(keys, "installation")[:MARK],
            base=settings.stripe_api_base or None,
            clock=clock,
        ),
        verifiers={
            endpoint: _verifier(theirs, clock) for endpoint, theirs in secrets.items() if theirs
        },
    )


@asynccontextmanager
async def deliver_inside(sandbox: SandboxApp | None, app: ASGIApp) -> AsyncIterator[None]:
    """Deliver the stand-in's webhooks to the app of this process, by all of its layers.

    Not over the network: the public address may be that of a proxy which cannot be reached from
    here.
    """
    if sandbox is None:
        yield
        return
    inside = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=inside, trust_env=False) as client:
        delivering = asyncio.create_task(Deliverer(sandbox.sandbox, client).run())
        try:
            yield
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)


def _verifier(secrets: Secrets, clock: Clock) -> Signatures:
    return Signatures([each.get_secret_value() for each in secrets], clock)


def _stand_in(
    settings: Settings, keys: InstallationKeys, clock: Clock, may_control: MayControl
) -> Paying:
    key = f"sk_test_{_derived(keys, 'key')}"
    secrets = {
        endpoint: f"{STRIPE_WEBHOOK_SECRET}{_derived(keys, endpoint)}"
        for endpoint in stripe_webhook.PATHS
    }
    webhooks = {
        endpoint: Webhook(url=settings.public_url + path, secrets=(secrets[endpoint],))
        for endpoint, path in stripe_webhook.PATHS.items()
    }
    file = settings.secrets_dir.parent / SANDBOX_FILE
    file.touch(mode=0o600)  # it holds the webhooks' secrets
    made = create_sandbox(
        path=file,
        now=lambda: clock.now().timestamp(),
        url=settings.public_url + SANDBOX_PATH,
        secret_key=key,
        webhooks=(webhooks[Endpoint.SNAPSHOT], webhooks[Endpoint.THIN]),
        may_control=may_control,
    )
    inside = client_over(httpx2.ASGITransport(made.app))
    return Paying(
        gateway=open_gateway(key, base=_INSIDE, http=inside, clock=clock),
        verifiers={endpoint: Signatures([secret], clock) for endpoint, secret in secrets.items()},
        sandbox=made,
    )


def _derived(keys: InstallationKeys, purpose: str) -> str:
    """Make a secret that every process of the installation knows and nobody else does."""
    return hmac.new(keys.state, f"sandbox {purpose}".encode(), hashlib.sha256).hexdigest()[:48]


def _closed(_request: httpx2.Request) -> httpx2.Response:
    """Answer as Stripe does to whoever has no key."""
    error = {"type": "invalid_request_error", "message": "Payments are not set up here."}
    return httpx2.Response(401, json={"error": error})
