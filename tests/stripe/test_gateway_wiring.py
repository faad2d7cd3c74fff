"""A whole installation: whoever takes its payments is told, and it hears of what was paid."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from core.kernel.money import Asset, Money
from core.payments import (
    CheckoutDraft,
    CheckoutLine,
    CheckoutMode,
    CustomerDraft,
    Limits,
    ProviderKeyRefused,
)
from mcp_server.paying import SANDBOX_PATH
from mcp_server.serving import build
from mcp_server.settings import Settings
from mcp_server.wiring import Installation, opened
from tests import servers
from tests.stories.serving import Served, serving
from tests.stripe.test_signatures import signed

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8000"
TEN = Money.of("10.00", Asset("USD", 2))


@asynccontextmanager
async def installed(folder: Path, **settings: Any) -> AsyncIterator[Installation]:
    chosen = Settings(
        database_url=servers.sqlite_url(folder), secrets_dir=folder / "secrets", **settings
    )
    async with opened(chosen) as installation:
        yield installation


@asynccontextmanager
async def door(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(build(installation), client=("127.0.0.1", 5000))
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


async def heard(served: Served, kind: str) -> list[dict[str, Any]]:
    """Wait until an event of a kind is in the inbox, and was looked at."""
    while True:
        listed = await served.ask("list_stripe_events", type=kind)
        found = [each for each in listed["items"] if each["state"] in {"handled", "ignored"}]
        if found:
            return found
        await asyncio.sleep(0.02)


async def test_without_an_account_one_pays_at_the_sandbox_and_it_is_heard(
    tmp_path: Path,
) -> None:
    async with serving(servers.sqlite_url(tmp_path), tmp_path) as served:
        gateway = served.installation.paying.gateway
        customer = await gateway.save_customer(CustomerDraft(name="Acme"), key="cus")
        draft = CheckoutDraft(
            mode=CheckoutMode.PAYMENT,
            customer_id=customer.id,
            reference="chk_1",
            success_url=f"{served.base}/",
            lines=(CheckoutLine(name="Credits", unit=TEN),),
        )
        checkout = await gateway.open_checkout(draft, key="chk_1")
        async with httpx2.AsyncClient(trust_env=False) as browser:
            page = await browser.get(checkout.url or "")

        assert page.status_code == 200
        assert "simulated" in page.text.lower()
        assert (checkout.url or "").startswith(served.base + SANDBOX_PATH)
        [told] = await heard(served, "customer.created")
        assert told["object_id"] == customer.id


async def test_whoever_is_no_operator_does_not_control_the_sandbox(tmp_path: Path) -> None:
    async with installed(tmp_path) as installation, door(installation) as client:
        assert (await client.get(f"{SANDBOX_PATH}/control")).status_code == 403


async def test_the_sandbox_answers_its_own_key_and_no_other(tmp_path: Path) -> None:
    async with installed(tmp_path) as installation, door(installation) as client:
        headers = {"Authorization": "Bearer sk_test_guessed"}
        answer = await client.get(f"{SANDBOX_PATH}/v1/customers", headers=headers)

    assert answer.status_code == 401


async def test_nobody_else_on_the_machine_reads_the_sandbox(tmp_path: Path) -> None:
    def rights() -> set[int]:
        return {each.stat().st_mode & 0o777 for each in tmp_path.glob("sandbox.db*")}

    async with installed(tmp_path):
        assert rights() == {0o600}


async def test_two_processes_of_one_installation_pay_at_the_same_sandbox(tmp_path: Path) -> None:
    async with installed(tmp_path) as serve, installed(tmp_path) as work:
        made = await serve.paying.gateway.save_customer(CustomerDraft(name="Acme"), key="cus")

        assert await work.paying.gateway.read_customer(made.id) == made


async def test_with_a_key_there_is_no_sandbox_and_every_secret_is_believed(
    tmp_path: Path,
) -> None:
    settings = {
        "stripe_secret_key": SecretStr("sk_test_1"),
        "stripe_webhook_secrets": (SecretStr("whsec_old"), SecretStr("whsec_new")),
    }
    async with installed(tmp_path, **settings) as installation, door(installation) as client:
        now = int(installation.clock.now().timestamp())
        paths = (f"{SANDBOX_PATH}/control", f"{SANDBOX_PATH}/v1/customers", "/stripe/webhook/thin")
        missing = [(await client.post(path)).status_code for path in paths]
        outcomes = []
        for secret in ("whsec_old", "whsec_new", "whsec_other"):
            body = b'{"object": "event", "id": "evt_%b", "type": "x", "created": 1, "data": {"object": {}}}' % secret.encode()  # fmt: skip  # noqa: E501
            headers = {"Stripe-Signature": signed(body, secret, at=now)}
            answer = await client.post("/stripe/webhook", content=body, headers=headers)
            outcomes.append(answer.status_code)

    assert missing == [404, 404, 404]
    assert outcomes == [200, 200, 400]


async def test_payments_can_be_left_out(tmp_path: Path) -> None:
    async with installed(tmp_path, stripe_sandbox=False) as installation:
        with pytest.raises(ProviderKeyRefused):
            await installation.paying.gateway.read_customer("cus_1")
        async with door(installation) as client:
            answer = await client.post("/stripe/webhook")

    assert answer.status_code == 404


async def test_a_stripe_that_is_spared_degrades_readiness_and_does_not_end_it(
    tmp_path: Path,
) -> None:
    async with installed(tmp_path) as installation, door(installation) as client:
        installation.paying.gateway.circuits["api"].failed(0, probe=True, jitter=0)
        answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "parts": {"database": "ok", "migrations": "ok", "memory": "ok", "stripe": "spared"},
    }


async def test_jobs_and_operations_are_given_the_gateway(tmp_path: Path) -> None:
    async with installed(tmp_path) as installation:
        gateway = installation.paying.gateway

        assert installation.runtime.ports["gateway"] is gateway
        assert installation.gate.given[Limits] is gateway.limits
