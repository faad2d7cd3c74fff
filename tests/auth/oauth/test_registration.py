"""RFC 7591: a program introduces itself, and what it may say."""

import pytest
from sqlalchemy import func, select

from auth import tables
from auth.jobs import forget_expired
from core.kernel.caller import SYSTEM
from tests.auth.oauth.program import CALLBACK, Oauth

pytestmark = pytest.mark.anyio


async def test_a_program_without_a_secret_is_given_none(oauth: Oauth) -> None:
    """RFC 7591 §3.2.1."""
    members = oauth.members(application_type="native", scope="wallets:read openid")
    response = await oauth.http.post("/oauth/register", json=members | {"logo_uri": "https://a/b"})

    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    assert told.pop("client_id").startswith("cli_")
    assert told == {
        "client_id_issued_at": int(oauth.world.clock.now().timestamp()),
        "client_name": "A program",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "wallets:read",
        "application_type": "native",
    }


async def test_a_program_that_leaves_its_method_out_is_given_a_secret(oauth: Oauth) -> None:
    """RFC 7591 §2: the default is client_secret_basic."""
    members = {"client_name": "A program", "redirect_uris": [CALLBACK], "scope": None}
    told = (await oauth.http.post("/oauth/register", json=members)).json()

    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["client_secret"].startswith("bus_")
    assert told["client_secret_expires_at"] == 0


async def test_a_wrong_registration_is_refused_in_the_words_of_the_rfc(oauth: Oauth) -> None:
    """RFC 7591 §3.2.2."""
    members = oauth.members(redirect_uris=["javascript:alert(1)"])
    response = await oauth.http.post("/oauth/register", json=members)

    assert response.status_code == 400
    assert response.json() == {
        "error": "invalid_redirect_uri",
        "error_description": "A redirect URI must use https, or http to localhost.",
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"{" + b" " * 40_000 + b"}"])
async def test_what_is_no_json_object_is_refused(oauth: Oauth, body: bytes) -> None:
    """RFC 7591 §3.1."""
    json = {"Content-Type": "application/json"}
    response = await oauth.http.post("/oauth/register", content=body, headers=json)

    assert response.status_code == 400
    assert response.json()["error"] in {"invalid_client_metadata", "invalid_request"}


async def test_a_form_is_no_registration(oauth: Oauth) -> None:
    """A page of another site can send a form without asking the browser, and JSON it cannot."""
    response = await oauth.http.post("/oauth/register", data={"client_name": "x"})

    assert response.json()["error"] == "invalid_request"


async def test_one_sender_registers_twenty_programs_an_hour(oauth: Oauth) -> None:
    """RFC 7591 §5: the endpoint is open, and must not fill the database."""
    members = oauth.members()
    statuses = [
        (await oauth.http.post("/oauth/register", json=members)).status_code for _ in range(21)
    ]
    assert statuses == [201] * 20 + [429]

    oauth.world.clock.advance(minutes=3)
    assert (await oauth.http.post("/oauth/register", json=members)).status_code == 201


async def test_a_home_full_of_addresses_is_one_sender(oauth: Oauth) -> None:
    """RFC 7591 §5: whoever has an IPv6 network has more addresses than we have rows."""
    statuses = []
    for number in range(21):
        async with oauth.from_address(f"2001:db8:0:7::{number:x}") as http:
            response = await http.post("/oauth/register", json=oauth.members())
            statuses.append(response.status_code)
    async with oauth.from_address("2001:db8:0:8::1") as http:
        statuses.append((await http.post("/oauth/register", json=oauth.members())).status_code)

    assert statuses == [201] * 20 + [429, 201]


async def test_a_program_that_nobody_lets_in_is_forgotten_after_thirty_days(oauth: Oauth) -> None:
    unused = (await oauth.register())["client_id"]
    used, _ = await oauth.sign_in()
    oauth.world.clock.advance(days=30)

    assert (await oauth.ask(unused)).status_code == 400
    assert (await oauth.ask(used)).status_code == 303
    async with oauth.world.database.begin(SYSTEM) as work:
        await forget_expired(work)
        left = await work.execute(select(tables.clients.c.id))
        assert left.scalars().all() == [used]


async def test_what_has_expired_is_forgotten_and_nothing_that_still_counts(oauth: Oauth) -> None:
    client_id, tokens = await oauth.sign_in()
    await oauth.refresh(client_id, tokens["refresh_token"])
    await oauth.pending(client_id)
    oauth.world.clock.advance(days=2)

    async with oauth.world.database.begin(SYSTEM) as work:
        await forget_expired(work)
        left = {
            table.name: (await work.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (
                tables.requests,
                tables.codes,
                tables.access_tokens,
                tables.refresh_tokens,
                tables.grants,
            )
        }

    assert left == {
        "auth_requests": 0,
        "auth_codes": 0,
        "auth_access_tokens": 0,
        "auth_refresh_tokens": 2,
        "auth_grants": 1,
    }
    assert (await oauth.refresh(client_id, tokens["refresh_token"])).status_code == 400
    assert "grant.revoked" in await oauth.told()


async def test_a_program_does_not_introduce_itself_by_a_card_number(oauth: Oauth) -> None:
    members = oauth.members() | {"client_name": "Buy with 4242 4242 4242 4242"}
    answer = await oauth.http.post("/oauth/register", json=members)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert "4242" not in answer.text
