"""A service that an operator registered signs in by itself, until it is shut out."""

import asyncio
import json
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.cli.program import installed

pytestmark = pytest.mark.anyio


async def test_a_registered_service_gets_tokens_until_it_is_shut_out(tmp_path: Path) -> None:
    here = installed(tmp_path)
    await here.run("demo")
    words = ("register-service", "Billing", "--role", "member", "--project", "acme")
    service = json.loads((await here.run(*words, "--scope", "wallets:read", "--json")).out)
    secret = service["client_id"], service["client_secret"]

    async with here.serving(), httpx.AsyncClient(base_url=here.url) as client:
        grant = {"grant_type": "client_credentials", "resource": f"{here.url}/v1"}
        token = (await client.post("/oauth/token", data=grant, auth=secret)).json()
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        me = (await client.get("/v1/whoami", headers=bearer)).json()
        assert (me["kind"], me["role"], me["scopes"]) == ("service", "member", ["wallets:read"])
        await here.run("revoke-client", service["client_id"])
        # Another process looks up what it knows of a token at least once a second.
        for _ in range(100):
            await asyncio.sleep(0.1)
            if (await client.get("/v1/whoami", headers=bearer)).status_code == 401:
                break
        else:
            pytest.fail("the token of a service that was shut out is still good after ten seconds")
        assert (await client.post("/oauth/token", data=grant, auth=secret)).status_code == 401


async def test_a_service_without_a_possible_role_is_refused(tmp_path: Path) -> None:
    here = installed(tmp_path)
    await here.run("migrate")

    ended = await here.run("register-service", "X", "--role", "owner")

    assert ended.code == 2
    assert "operator" in ended.err
