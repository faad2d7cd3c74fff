"""Tokens carried where they do not belong, and consent used for somebody else."""

import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import select

from core.db.schema import metadata
from core.kernel.caller import SYSTEM
from tests import servers
from tests.stories.agent import CALLBACK, Agent
from tests.stories.browser import Browser, Choice, Form
from tests.stories.serving import Served, serving
from tests.stories.test_agent_signs_in import USE, stock

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

EVIL = "https://evil.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The S256 challenge of RFC 7636's own example."""


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Served]:
    """Another company's installation, with people and projects of the same names."""
    folder = tmp_path / "other"
    folder.mkdir()
    async with serving(servers.sqlite_url(folder), folder) as served:
        yield served


async def signed_in(served: Served) -> Agent:
    """Let the operator's agent in, and return it with its tokens."""
    agent = Agent(served, served.operator, Choice("all"))
    async with agent.connected():
        pass
    return agent


async def get(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=20) as http:
        return await http.get(url, headers=headers)


# -- Token passthrough ----------------------------------------------------------------------------


async def test_a_token_of_another_issuer_opens_nothing(served: Served, other: Served) -> None:
    theirs = (await signed_in(other)).token

    for token in (theirs, "eyJhbGciOiJub25lIn0.eyJhdWQiOiJidXJzYXIifQ.", "bua_" + "x" * 43):
        refusal = await served.post("whoami", {}, token)
        api = await get(f"{served.base}/v1/whoami", Authorization=f"Bearer {token}")
        assert (refusal.status_code, api.status_code) == (401, 401)
        assert 'error="invalid_token"' in refusal.headers["www-authenticate"]


async def test_a_token_is_good_for_the_audience_it_was_made_for_alone(served: Served) -> None:
    token = (await signed_in(served)).token

    accepted = await served.post("whoami", {}, token)
    elsewhere = await get(f"{served.base}/v1/whoami", Authorization=f"Bearer {token}")
    in_the_url = await get(f"{served.base}/v1/whoami?access_token={token}")

    assert accepted.status_code == 200
    assert elsewhere.status_code == 401
    assert in_the_url.status_code == 401


async def test_a_token_is_carried_nowhere_and_kept_nowhere(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    await stock(served)
    with destinations() as reached:
        agent = Agent(served, served.operator, Choice("all"))
        async with agent.connected() as connected:
            await connected.do("charge_usage", project_id=served.acme, **USE)
            await connected.do("invite_member", project_id=served.acme, **INVITED)

    assert agent.keychain.tokens
    secrets = [agent.token, str(agent.keychain.tokens.refresh_token)]
    assert reached == {("127.0.0.1", urlsplit(served.base).port)}
    kept, logged = await everything_kept(served), "".join(capfd.readouterr())
    assert "charge_usage" in logged
    for secret in secrets:
        assert len(secret) > 40
        assert secret not in kept
        assert secret not in logged


INVITED = {"email": "zoe@acme.example", "role": "viewer"}


async def everything_kept(served: Served) -> str:
    """Return every value in the database, as text."""
    async with served.installation.database.read(SYSTEM) as work:
        tables = [(await work.execute(select(each))).all() for each in metadata.tables.values()]
    return repr(tables)


_reached: list[set[Any]] = []


def _hear(event: str, facts: tuple[Any, ...]) -> None:
    if event == "socket.connect" and facts[0].family in {socket.AF_INET, socket.AF_INET6}:
        for each in _reached:
            each.add(facts[1])


@cache
def _listen() -> None:
    """Once: a hook cannot be taken out again."""
    sys.addaudithook(_hear)


@contextmanager
def destinations() -> Iterator[set[Any]]:
    """Listen for every address that this process, client and server, connects to."""
    _listen()
    heard: set[Any] = set()
    _reached.append(heard)
    try:
        yield heard
    finally:
        _reached.remove(heard)


# -- Confused deputy ------------------------------------------------------------------------------


async def register(served: Served, redirect_uri: str) -> str:
    """Register a program that has the same name as the one that is trusted."""
    members = {
        "client_name": "Test agent",
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": "none",
    }
    async with httpx2.AsyncClient(timeout=20) as http:
        answer = await http.post(f"{served.base}/oauth/register", json=members)
    return str(answer.json()["client_id"])


def request_of(served: Served, client_id: str, redirect_uri: str) -> httpx2.URL:
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "scope": "wallets:read",
        "state": "s",
        "resource": served.mcp,
    }
    return httpx2.URL(f"{served.base}/oauth/authorize", params=parameters)


async def visit(browser: Browser, url: str | httpx2.URL) -> httpx2.Response:
    """Open a link in a browser that is signed in, and follow it as far as our own pages go."""
    async with httpx2.AsyncClient(cookies=browser.cookies, timeout=20) as http:
        answer = await http.get(url)
        while answer.is_redirect and urlsplit(answer.headers["location"]).netloc == "":
            answer = await http.get(answer.url.join(answer.headers["location"]))
        browser.cookies = http.cookies
        return answer


async def test_consent_given_to_one_program_is_asked_again_for_another_of_its_name(
    served: Served,
) -> None:
    trusted = await signed_in(served)
    impostor = await register(served, EVIL)

    answer = await visit(trusted.browser, request_of(served, impostor, EVIL))

    assert answer.status_code == 200, "a page, and no redirect with a code"
    assert '<strong class="host">evil.example</strong>' in answer.text
    assert "Nobody has checked the name" in answer.text
    assert answer.headers["content-security-policy"].count("frame-ancestors 'none'") == 1


async def test_a_trusted_programs_id_leads_nowhere_but_to_its_own_address(served: Served) -> None:
    trusted = await signed_in(served)
    assert trusted.keychain.client
    client_id = trusted.keychain.client.client_id

    for redirect_uri in (EVIL, "http://127.0.0.1:49152/other", CALLBACK + "/../x", CALLBACK + "?a"):
        answer = await visit(trusted.browser, request_of(served, client_id, redirect_uri))
        assert answer.status_code == 400, redirect_uri
        assert "location" not in answer.headers
        assert "<form" not in answer.text


async def test_a_program_cannot_redeem_the_code_that_another_was_given(served: Served) -> None:
    trusted = await signed_in(served)
    impostor = await register(served, CALLBACK)
    assert trusted.keychain.client
    url = request_of(served, trusted.keychain.client.client_id, CALLBACK)
    told = await trusted.browser.authorize(str(url), CALLBACK)
    form = {
        "grant_type": "authorization_code",
        "client_id": impostor,
        "code": told["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }

    async with httpx2.AsyncClient(timeout=20) as http:
        answer = await http.post(f"{served.base}/oauth/token", data=form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_request_that_somebody_else_began_cannot_be_approved(served: Served) -> None:
    victim = (await signed_in(served)).browser
    attacker = Browser(served.member)
    began = await visit(attacker, request_of(served, await register(served, EVIL), EVIL))
    request_id = parse_qs(urlsplit(str(began.url)).query)["next"][0].rpartition("=")[2]

    url = f"{served.base}/oauth/consent?request={request_id}"
    answer, own = await visit(victim, url), await visit(attacker, url)

    assert answer.status_code == 404
    assert "<form" not in answer.text
    assert own.status_code == 200, "whoever began it may go on"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_cannot_press_the_button(served: Served, site: str) -> None:
    victim = (await signed_in(served)).browser
    page = await visit(victim, request_of(served, await register(served, EVIL), EVIL))
    form = Form(page.text)
    values = {**form.values, "project_id": "all", "decision": "allow"}
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}

    async with httpx2.AsyncClient(cookies=victim.cookies, timeout=20) as http:
        answer = await http.post(page.url.join(form.action), data=values, headers=headers)

    assert answer.status_code == 403
    assert "location" not in answer.headers
